"""One list in time order over rows of several kinds, a page at a time, without reading all of any kind.

Each kind is asked once, for no more rows than a page holds; what comes back is put in order here. Kinds that a few fields tell
are asked together. The cursor is the sealed place of an entry: when it was, of which kind, which row. Days without an hour
count as their midnight.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import JSONObject

from crm.core.clocks import at_local, local_date
from crm.core.cursors import open_place, seal_place

_SALT = "crm.merged"


@dataclass(frozen=True)
class Strand:
    """Rows of one kind, and the columns that say when something happened to them.

    Of several columns the later ones happen no earlier than those before them (signed, then ended); an empty one has not
    happened. ``by_day``: the columns are days.

    ``told_by``: every field that is asked of a row, the columns too, and one key away ("advisor__id", "advisor__name"): no
    more is read then, in one statement with all strands that say so. Days and texts only.
    """

    key: str
    rows: QuerySet[Any]
    columns: tuple[str, ...]
    by_day: bool = False
    told_by: tuple[str, ...] = ()

    def mark(self, nth: int) -> str:
        """Names the kind and the column; settles the order of what happened at the same moment."""
        return f"{self.key}.{nth}"


@dataclass(frozen=True)
class Happened:
    """One entry of the list: what happened to ``row`` is its strand's ``nth`` column."""

    at: datetime
    strand: Strand
    nth: int
    row: Any

    @property
    def place(self) -> tuple[datetime, str, int]:
        return self.at, self.strand.mark(self.nth), self.row.pk


@dataclass(frozen=True)
class MergedPage:
    """One page, newest first, with the cursors to its neighbours (None where there is none)."""

    rows: list[Happened]
    next: str | None
    previous: str | None


@dataclass(frozen=True)
class _Ask:
    """What is wanted of each strand: between two moments, and on one side of a place."""

    since: datetime | None
    before: datetime
    place: tuple[datetime, str, int] | None
    backwards: bool

    def of(self, strand: Strand, nth: int) -> Q:
        """The condition on one column; said so that an index serves it."""
        column = strand.columns[nth]
        found = _compared(strand, column, "lt", self.before)
        if self.since is not None:
            found &= _compared(strand, column, "gte", self.since)
        if self.place is None:
            return found
        at, mark, pk = self.place
        own, way = strand.mark(nth), "gt" if self.backwards else "lt"
        if own == mark:
            beyond = _compared(strand, column, way, at) | Q(**{f"pk__{way}": pk})
            return found & _compared(strand, column, f"{way}e", at) & beyond
        shares = own > mark if self.backwards else own < mark
        return found & _compared(strand, column, f"{way}e" if shares else way, at)

    def takes(self, one: Happened) -> bool:
        """The same, of an entry that has been read."""
        if one.at >= self.before or (self.since is not None and one.at < self.since):
            return False
        return self.place is None or (one.place > self.place if self.backwards else one.place < self.place)


def merged(
    strands: Iterable[Strand], *, before: datetime, since: datetime | None = None, cursor: str = "", size: int = 50
) -> MergedPage:
    """The page after (or before) ``cursor`` of what happened before ``before``, and not earlier than ``since``.

    One statement a strand, and one for all that are told by a few fields. A cursor that is not ours shows the first page: a
    list never fails for an old link.
    """
    place, back = _open(cursor)
    ask = _Ask(since, before, place, back)
    wanted = list(strands)
    found = [one for strand in wanted if not strand.told_by for one in _read(strand, ask, size + 1)]
    found += _read_together([strand for strand in wanted if strand.told_by], ask, size + 1)
    found.sort(key=lambda one: one.place, reverse=not back)
    more, rows = len(found) > size, found[:size]
    if back:
        rows.reverse()
    has_next = bool(rows) and (back or more)
    has_previous = bool(rows) and (more if back else place is not None)
    return MergedPage(
        rows, _seal(rows[-1], back=False) if has_next else None, _seal(rows[0], back=True) if has_previous else None
    )


def is_ours(cursor: str) -> bool:
    """Whether we have signed this cursor, and for such a list."""
    return _open(cursor)[0] is not None


def _read(strand: Strand, ask: _Ask, limit: int) -> Iterator[Happened]:
    for row in _nearest(strand, ask, limit):
        yield from _happened(strand, ask, row)


def _read_together(strands: list[Strand], ask: _Ask, limit: int) -> Iterator[Happened]:
    """Of each strand as many rows as ``_read`` would take, all in one statement."""
    parts = []
    for place, strand in enumerate(strands):
        # Cut within its own strand, and by keys, since SQLite sorts and cuts no part of a union.
        kept = strand.rows.order_by().filter(pk__in=_nearest(strand, ask, limit).values("pk"))
        said = JSONObject(**{name: F(name) for name in strand.told_by})
        parts.append(kept.annotate(_place=Value(place), _said=said).values_list("_place", "pk", "_said"))
    if not parts:
        return
    for place, pk, said in parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]:
        strand = strands[place]
        yield from _happened(strand, ask, _row_of(strand.rows.model, pk, said))


def _row_of(model: type[Any], pk: int, said: dict[str, Any]) -> Any:
    """A row of the model with no more in it than was said; what is no field of it is a day."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    own = {name: value for name, value in said.items() if name in fields}
    row = model(pk=pk, **{name: fields[name].to_python(value) for name, value in own.items()})
    others: dict[str, dict[str, Any]] = {}
    for name in said.keys() - own.keys():
        path, _, field = name.partition("__")
        if field:
            others.setdefault(path, {})[field] = said[name]
        else:
            setattr(row, name, date.fromisoformat(said[name]) if said[name] else None)
    for path, values in others.items():
        related = model._meta.get_field(path).related_model
        setattr(row, path, related(**values) if values["id"] is not None else None)
    return row


def _nearest(strand: Strand, ask: _Ask, limit: int) -> QuerySet[Any]:
    """The rows of a strand that come next, no more than a page can show."""
    sign = "" if ask.backwards else "-"
    asked = [ask.of(strand, nth) for nth in range(len(strand.columns))]
    if len(asked) == 1:
        rows = strand.rows.filter(asked[0]).order_by(f"{sign}{strand.columns[0]}", f"{sign}pk")
    else:
        wanted = Q()
        for condition in asked:
            wanted |= condition
        # Of a row that is met twice the nearer place counts; the farther one comes along.
        turns = range(len(asked)) if ask.backwards else reversed(range(len(asked)))
        nearest = [(asked[nth], nth) for nth in turns]
        rows = strand.rows.filter(wanted).annotate(
            nearest_at=Case(*(When(one, then=F(strand.columns[nth])) for one, nth in nearest)),
            nearest_nth=Case(*(When(one, then=Value(nth)) for one, nth in nearest)),
        )
        rows = rows.order_by(f"{sign}nearest_at", f"{sign}nearest_nth", f"{sign}pk")
    return rows[:limit]


def _happened(strand: Strand, ask: _Ask, row: Any) -> Iterator[Happened]:
    """What happened to a row and is wanted."""
    for nth, column in enumerate(strand.columns):
        value = _value(row, column)
        if value is not None:
            entry = Happened(at_local(value, time()) if strand.by_day else value, strand, nth, row)
            if ask.takes(entry):
                yield entry


def _compared(strand: Strand, column: str, way: str, at: datetime) -> Q:
    if not strand.by_day:
        return Q(**{f"{column}__{way}": at})
    day = local_date(at)
    if at != at_local(day, time()):  # within the day: its midnight lies before
        way = {"lt": "lte", "gte": "gt"}.get(way, way)
    return Q(**{f"{column}__{way}": day})


def _value(row: Any, path: str) -> Any:
    for part in path.split("__"):
        row = getattr(row, part)
    return row


def _seal(one: Happened, *, back: bool) -> str:
    at, mark, pk = one.place
    return seal_place({"at": at.isoformat(), "mark": mark, "pk": pk, "back": back}, _SALT)


def _open(cursor: str) -> tuple[tuple[datetime, str, int] | None, bool]:
    if not cursor:
        return None, False
    held = open_place(cursor, _SALT)
    if held is None:
        return None, False
    return (datetime.fromisoformat(held["at"]), held["mark"], held["pk"]), bool(held["back"])
