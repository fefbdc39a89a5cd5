"""Colleagues and branches as values: what somebody may choose depends on what he sees."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from clients.segments.catalogue import Compile, Context

if TYPE_CHECKING:
    from crm.core.models import User


def is_somebody(path: str) -> Compile:
    """Comparisons with the colleague in a column of the client."""

    def compile_(op: str, value: Any, context: Context) -> Q:
        return _named(path, op, value, context)

    return compile_


def by_somebody(of: Callable[[Context], QuerySet[Any]], path: str) -> Compile:
    """Whether among rows of the client one has a colleague so in ``path``."""

    def compile_(op: str, value: Any, context: Context) -> Q:
        own = of(context).filter(client=OuterRef("pk"))
        return Q(Exists(own if op == "filled" else own.filter(_named(path, op, value, context))))

    return compile_


def _named(path: str, op: str, value: Any, context: Context) -> Q:
    if op == "mine":
        return Q(**{f"{path}_id__in": context.user.scope.acting_ids})
    return Q(**{f"{path}__isnull": False}) if op == "filled" else Q(**{f"{path}__public_id__in": value})


def staff(user: User) -> Iterable[tuple[str, Any]]:
    """Colleagues whom the reader may see; read once a request, however many fields name one."""
    from crm.core.models import User as Staff

    known: list[tuple[str, Any]] | None = user.__dict__.get("_colleagues_seen")
    if known is None:
        people = Staff.objects.visible_to(user).active().order_by("name", "pk")
        rows = people.values_list("public_id", "name", "staff_number")[:500]
        known = [(pk, f"{name} ({number})") for pk, name, number in rows]
        user.__dict__["_colleagues_seen"] = known
    return known


def branches(user: User) -> Iterable[tuple[str, Any]]:
    from crm.core.models import Branch

    return [(row.public_id, row.name) for row in Branch.objects.nameable_by(user).order_by("code")]
