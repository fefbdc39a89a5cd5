"""Who asks, by which means, and which branch a page speaks about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from django.http import Http404, HttpRequest
from django.utils import timezone

from crm.core.clocks import local_date
from crm.core.models import Branch, User
from crm.core.modules import ModuleOff, left_out_of_route


def actor_of(request: HttpRequest) -> User:
    """Who asks; login is required by middleware."""
    return cast(User, request.user)


def by_htmx(request: HttpRequest) -> bool:
    """Whether a script of the page asks, which puts the answer into the page; a person's own click is no such thing."""
    return bool(getattr(request, "htmx", False))


@dataclass(frozen=True)
class Place:
    """The branch chosen, and those that could be chosen instead."""

    branch: Branch
    choices: list[Branch]


def place_of(request: HttpRequest) -> Place:
    """The branch named in the address, else one's own, else the first; none that is not one's own to see, and only such as
    keep the part to which the page belongs. Raises ``ModuleOff`` for one that leaves it out.
    """
    user = actor_of(request)
    rows = list(Branch.objects.visible_to(user).open().select_related("company").order_by("code"))
    kept = _keeping(request, user, rows)
    asked = request.GET.get("branch", "")
    if asked:
        found = [row for row in rows if row.public_id == asked]
    else:
        found = [row for row in kept if row.pk == user.branch_id] or kept[:1] or rows[:1]
    if not found:
        raise Http404
    if found[0] not in kept:
        raise ModuleOff(ModuleOff.at_this_branch)
    return Place(found[0], kept if len(kept) > 1 else [])


def _keeping(request: HttpRequest, user: User, rows: list[Branch]) -> list[Branch]:
    """Those of the branches that keep the part to which the page belongs."""
    match = request.resolver_match
    # Of one's own branch alone the middleware has asked.
    if match is None or (not user.scope.sees_company and all(row.pk == user.branch_id for row in rows)):
        return rows
    off = left_out_of_route(match.view_name, [row.pk for row in rows], local_date(timezone.now()))
    return [row for row in rows if row.pk not in off]
