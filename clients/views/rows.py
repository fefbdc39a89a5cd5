"""What the pages of clients ask of a request: the signed-in actor, and the client he may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone

from clients.models import Client
from crm.core.clocks import local_date
from crm.core.models import User
from crm.core.views.places import actor_of


def today() -> date:
    return local_date(timezone.now())


def visible_client(
    request: HttpRequest, public_id: str, *beside: str, tags: bool = False, along: Mapping[str, Any] | None = None
) -> Client:
    """The client, if the caller may see him; 404 for a foreign one as for none.

    ``beside``: rows to fetch along with him, ``tags``: his tags as well, ``along``: what else is asked in the same statement.
    """
    user = actor_of(request)
    rows = Client.objects.visible_to(user).with_margin_ratio().with_hold(user)
    rows = rows.select_related("branch", "advisor", "introducer", *beside)
    if tags:
        rows = rows.with_tags()
    if along:
        rows = rows.annotate(**along)
    return get_object_or_404(rows, public_id=public_id)


def ticked_clients(user: User, ids: Iterable[str]) -> Any:
    """The clients in reach whose rows were ticked. What is no public id names nobody; PostgreSQL would take no NUL."""
    return Client.objects.visible_to(user).filter(public_id__in=[one for one in ids if one.isalnum()])
