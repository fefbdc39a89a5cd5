"""Pages of a long list without counting it and without offsets.

The order is given as columns that end in a unique one; the cursor is the signed values of the last row shown. Written as
``a <= x AND (a < x OR id < y)``, so that an index serves it (performance.md Part A §3: the other spelling cost 548 ms).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core import signing
from django.db.models import Model, Q, QuerySet

Row = TypeVar("Row", bound=Model)

_SALT = "crm.keyset"
#: Counting stops here; more is shown as "10,000+".
COUNT_CAP = 10_000


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of a list with the cursors to its neighbours (None where there is none)."""

    rows: list[Row]
    next: str | None
    previous: str | None


def page_of(queryset: QuerySet[Row], order: tuple[str, ...], *, cursor: str = "", size: int = 50) -> Page[Row]:
    """The page after (or before) ``cursor``. ``order`` names columns, each with "-" for descending, the last one unique.

    A cursor that is not ours, or belongs to another order, shows the first page: a list never fails for an old link.
    """
    place = _open(cursor, order)
    backwards = bool(place and place["back"])
    sequence = tuple(_turned(column) for column in order) if backwards else order
    wanted = queryset.order_by(*sequence)
    if place:
        wanted = wanted.filter(_after(sequence, place["at"]))
    found = list(wanted[: size + 1])
    more, rows = len(found) > size, found[:size]
    if backwards:
        rows.reverse()
    has_next = bool(rows) and (more if not backwards else True)
    has_previous = bool(rows) and (more if backwards else bool(place))
    return Page(
        rows,
        _seal(rows[-1], order, back=False) if has_next else None,
        _seal(rows[0], order, back=True) if has_previous else None,
    )


def belongs_to(cursor: str, order: tuple[str, ...]) -> bool:
    """Whether we have signed this cursor, and for this order."""
    return _open(cursor, order) is not None


def capped_count(queryset: QuerySet[Any], cap: int = COUNT_CAP) -> tuple[int, bool]:
    """How many rows, counted up to ``cap``; the flag says that there are more."""
    found = queryset.order_by()[: cap + 1].count()
    return min(found, cap), found > cap


def _turned(column: str) -> str:
    return column[1:] if column.startswith("-") else f"-{column}"


def _after(order: tuple[str, ...], at: list[Any]) -> Q:
    first, value = order[0].lstrip("-"), at[0]
    way = "lt" if order[0].startswith("-") else "gt"
    if len(order) == 1:
        return Q(**{f"{first}__{way}": value})
    beyond = Q(**{f"{first}__{way}": value})
    return Q(**{f"{first}__{way}e": value}) & (beyond | _after(order[1:], at[1:]))


def _seal(row: Model, order: tuple[str, ...], *, back: bool) -> str:
    at = [_value(row, column.lstrip("-")) for column in order]
    return signing.dumps({"o": list(order), "at": at, "back": back}, salt=_SALT, compress=True)


def _value(row: Model, path: str) -> Any:
    found: Any = row
    for part in path.split("__"):
        found = getattr(found, part)
    return found if isinstance(found, int | str | None) else str(found)


def _open(cursor: str, order: tuple[str, ...]) -> dict[str, Any] | None:
    if not cursor:
        return None
    try:
        place: dict[str, Any] = signing.loads(cursor, salt=_SALT)
    except signing.BadSignature:
        return None
    return place if place.get("o") == list(order) else None
