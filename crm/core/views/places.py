"""Who asks, and which branch a page speaks about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from django.http import Http404, HttpRequest
from django.utils import timezone

from crm.core.clocks import local_date
from crm.core.models import Branch, User
from crm.core.modules import demand_route_at


def actor_of(request: HttpRequest) -> User:
    """Who asks; login is required by middleware."""
    return cast(User, request.user)


@dataclass(frozen=True)
class Place:
    """The branch chosen, and those that could be chosen instead."""

    branch: Branch
    choices: list[Branch]


def place_of(request: HttpRequest) -> Place:
    """The branch named in the address, else one's own, else the first; none that is not one's own to see.

    Raises ``ModuleOff`` where that branch leaves out the part to which the page belongs; of one's own the middleware has asked.
    """
    user = actor_of(request)
    rows = list(Branch.objects.visible_to(user).open().select_related("company").order_by("code"))
    asked = request.GET.get("branch", "")
    if asked:
        found = [row for row in rows if row.public_id == asked]
    else:
        found = [row for row in rows if row.pk == user.branch_id] or rows[:1]
    if not found:
        raise Http404
    if found[0].pk != user.branch_id and request.resolver_match is not None:
        demand_route_at(request.resolver_match.view_name, found[0], local_date(timezone.now()))
    return Place(found[0], rows if len(rows) > 1 else [])
