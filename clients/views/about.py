"""A form about one client: his name over it, the way to it, and back to where it was opened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from clients.crumbs import Crumb, to_client
from clients.models import Client
from clients.querysets.scope import said_of, shown_name
from crm.core.forms.commands import CommandForm
from crm.core.views.commands import command


def about_client(
    request: HttpRequest,
    client: Client,
    form: CommandForm,
    do: Callable[[], Any],
    *,
    title: str | Promise,
    submit: str = "",
    back: str = "",
    done: Callable[[], str] | None = None,
    said: str = "",
    crumbs: list[Crumb] | None = None,
    template: str = "clients/form.html",
    more: dict[str, Any] | None = None,
) -> HttpResponse:
    """Show the form or carry it out: ``do`` calls the service, ``done`` says where to go then, without it ``back``.

    ``back`` is the client's page unless said otherwise; ``more`` is what else the template shows, and comes last.
    """
    where = back or client.get_absolute_url()
    context = {
        "client": client,
        "client_name": shown_name(client, request.user),
        "title": title,
        "submit": submit or _("Save"),
        "crumbs": crumbs if crumbs is not None else to_client(client, request.user),
        "back_url": where,
        **(more or {}),
    }
    return command(
        request,
        form,
        do=lambda _form: do(),
        done=done or (lambda: where),
        template=template,
        context=context,
        said=said_of(client, request.user, said or _("Saved.")),
    )
