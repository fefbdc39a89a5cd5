"""Pages of a long list without counting it and without offsets.

The order is given as columns that end in a unique one; the cursor is the sealed values of the last row shown. Written as
``a <= x AND (a < x OR id < y)``, so that an index serves it (performance.md Part A §3: the other spelling cost 548 ms).

A list that is narrowed is looked through in its order only for a short way. A condition that few rows meet, or that rows far
down the list meet (a tier follows from the assets by which the list is sorted), would otherwise be tried on row after row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Count, F, Max, Model, Q, QuerySet, Window
from django.db.models.functions import Coalesce
from django.utils.formats import number_format

from crm.core.cursors import open_place, seal_place

Row = TypeVar("Row", bound=Model)

_SALT = "crm.keyset"
#: Counting stops here; more is shown as "10,000+".
COUNT_CAP = 10_000
#: So many rows of a list are looked through in its order. One in twenty fills a page from them; fewer are found as a set.
FRONT = 1_000


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of a list with the cursors to its neighbours (None where there is none)."""

    rows: list[Row]
    next: str | None
    previous: str | None
    #: How many rows there are in all, on a first page that was found as a set; else None, and whoever wants to know counts.
    matching: int | None = None


def page_of(
    queryset: QuerySet[Row],
    order: tuple[str, ...],
    *,
    cursor: str = "",
    size: int = 50,
    among: QuerySet[Row] | None = None,
    counted: bool = False,
) -> Page[Row]:
    """The page after (or before) ``cursor``. ``order`` names columns, each with "-" for descending, the last one unique.

    ``among``: the rows of which ``queryset`` is a part, where an index has them in this order; then a page of a rare part is
    not looked for from the beginning of the list on. Costs one statement more, for a rare part two;
    with ``counted`` the latter counts the rows as well (for rows of few columns).
    A cursor that is not ours, or belongs to another order, shows the first page: a list never fails for an old link.
    """
    place = _open(cursor, order)
    backwards = bool(place and place["back"])
    sequence = tuple(_turned(column) for column in order) if backwards else order
    after = _after(sequence, place["at"]) if place else Q()
    whole = among.filter(after) if among is not None and _columns(among, sequence) else None
    found, matching = _first(queryset.filter(after), sequence, size + 1, whole, counted and not place)
    more, rows = len(found) > size, found[:size]
    if backwards:
        rows.reverse()
    has_next = bool(rows) and (more if not backwards else True)
    has_previous = bool(rows) and (more if backwards else bool(place))
    return Page(
        rows,
        _seal(rows[-1], order, back=False) if has_next else None,
        _seal(rows[0], order, back=True) if has_previous else None,
        matching,
    )


def _first(
    wanted: QuerySet[Row], sequence: tuple[str, ...], limit: int, among: QuerySet[Row] | None, counted: bool
) -> tuple[list[Row], int | None]:
    """The first rows of ``wanted``, and how many there are in all where that came along."""
    in_turn = wanted.order_by(*sequence)
    if among is None or wanted.query.where == among.query.where:
        return list(in_turn[:limit]), None
    names = [column.lstrip("-") for column in sequence]
    # Fetched and not compared with in place: the planner is to know how short the way is.
    edge = among.order_by(*sequence).values_list(*names)[FRONT : FRONT + 1].first()
    if edge is None:
        return list(in_turn[:limit]), None
    found = list(in_turn.filter(_after(tuple(_turned(column) for column in sequence), list(edge)))[:limit])
    return (found, None) if len(found) == limit else _as_set(wanted, sequence, limit, counted)


def _as_set(
    wanted: QuerySet[Row], sequence: tuple[str, ...], limit: int, counted: bool
) -> tuple[list[Row], int | None]:
    """All rows are found first and sorted then.

    What they are sorted by is said in a way that hangs on all of them and yet is the column itself. Else the planner believes
    that it meets the rows soon when it walks in the order, and tries them one by one.
    """
    first, *others = sequence
    column = F(first.lstrip("-"))
    known = Coalesce(column, Window(Max(column)))
    turned = known.desc() if first.startswith("-") else known.asc()
    if not counted:
        ids = list(wanted.order_by(turned, *others).values_list("pk", flat=True)[:limit])
        by_id = {row.pk: row for row in wanted.filter(pk__in=ids)}
        return [by_id[pk] for pk in ids if pk in by_id], None
    found: list[Any] = list(wanted.annotate(rows_in_all=Window(Count("*"))).order_by(turned, *others)[:limit])
    return found, found[0].rows_in_all if found else 0


def _columns(rows: QuerySet[Any], sequence: tuple[str, ...]) -> bool:
    """Whether the order is by columns of the rows themselves, which an index can hold."""
    own = {"pk"}.union(*({field.name, field.attname} for field in rows.model._meta.concrete_fields))
    return {column.lstrip("-") for column in sequence} <= own


def belongs_to(cursor: str, order: tuple[str, ...]) -> bool:
    """Whether we have sealed this cursor, and for this order."""
    return _open(cursor, order) is not None


def capped_count(queryset: QuerySet[Any], cap: int = COUNT_CAP) -> tuple[int, bool]:
    """How many rows, counted up to ``cap``; the flag says that there are more."""
    return capped(queryset.order_by()[: cap + 1].count(), cap)


def capped(count: int, cap: int = COUNT_CAP) -> tuple[int, bool]:
    """A count as it is shown: up to ``cap``; the flag says that there are more."""
    return min(count, cap), count > cap


def capped_text(count: int, more: bool = False) -> str:
    """A count up to the cap as people read it."""
    return number_format(count, force_grouping=True) + ("+" if more else "")


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
    return seal_place({"o": list(order), "at": at, "back": back}, _SALT)


def _value(row: Model, path: str) -> Any:
    found: Any = row
    for part in path.split("__"):
        found = getattr(found, part)
    return found if isinstance(found, int | str | None) else str(found)


def _open(cursor: str, order: tuple[str, ...]) -> dict[str, Any] | None:
    if not cursor:
        return None
    place = open_place(cursor, _SALT)
    return place if place is not None and place.get("o") == list(order) else None
