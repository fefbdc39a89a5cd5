"""The way from the list of clients to a page about one of them, as breadcrumbs say it: the same on every page of every app."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse
from django.utils.translation import gettext as _

from clients.models import Client
from clients.querysets.scope import shown_name
from crm.core.models import User

#: A step of the way: its label and its address.
Crumb = dict[str, str]


def to_clients(list_url: str = "") -> list[Crumb]:
    """The list of clients; ``list_url`` is the list as somebody had narrowed it, if he came from there."""
    return [{"label": _("Clients"), "url": list_url or reverse("clients:list")}]


def to_client(client: Client, user: User | AnonymousUser, tab: str = "") -> list[Crumb]:
    """The client under the name that ``user`` may read; ``tab`` is the one of his tabs on which the page is found."""
    url = client.tab_url(tab) if tab else client.get_absolute_url()
    return [*to_clients(), {"label": shown_name(client, user), "url": url}]


def to_accounts(client: Client, user: User | AnonymousUser) -> list[Crumb]:
    """The client's tab of accounts and of what he may trade."""
    return [*to_client(client, user), {"label": _("Accounts and permissions"), "url": client.tab_url("accounts")}]
