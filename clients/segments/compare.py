"""Comparisons as conditions: on a column of the client, on rows that belong to him, on how many there are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from math import ceil, floor
from typing import Any

from django.db.models import Count, DecimalField, Exists, OuterRef, Q, QuerySet, Value

from clients.segments.catalogue import Compile, Context
from clients.segments.kinds import Kind
from crm.core.clocks import day_bounds


def column(kind: Kind, path: str, *, instant: bool = False) -> Compile:
    """Comparisons with a column; ``instant``: a moment, compared by its local day."""

    def compile_(op: str, value: Any, context: Context) -> Q:
        return compare(kind, path, op, value, context, instant=instant)

    return compile_


def rows(
    kind: Kind,
    of: Callable[[Context], QuerySet[Any]],
    path: str,
    *,
    each: bool = False,
    instant: bool = False,
    by: str = "client",
) -> Compile:
    """Whether among rows that belong to the client (by ``by``) one compares so; for FLAG, whether there is one.

    ``each``: a row holds one code in ``path``, and the client's codes are those of all his rows.
    """

    def compile_(op: str, value: Any, context: Context) -> Q:
        own = of(context).filter(**{by: OuterRef("pk")})
        if kind is Kind.FLAG or (each and op == "filled"):
            return Q(Exists(own))
        if not each:
            return Q(Exists(own.filter(compare(kind, path, op, value, context, instant=instant))))
        if op == "any":
            return Q(Exists(own.filter(**{f"{path}__in": value})))
        found = Q()
        for code in value:
            found &= Q(Exists(own.filter(**{path: code})))
        return found

    return compile_


def counted(of: Callable[[Context], QuerySet[Any]], *, by: str = "client") -> Compile:
    """How many rows belong to the client, compared from zero on: found from the rows, whose clients are few, and not from
    the clients."""

    def more(least: int, context: Context) -> Q:
        if least <= 0:
            return ~Q(pk__in=[])
        # A row of nobody among them would make the denial find nobody.
        own = of(context).filter(**{f"{by}__isnull": False})
        many = own.order_by().values(by).annotate(found=Count("pk")).filter(found__gte=least)
        return Q(pk__in=many.values(by))

    def compile_(op: str, value: Any, context: Context) -> Q:
        low, high = {"gte": (value, None), "lte": (None, value), "between": (value, value)}[op]
        if op == "between":
            low, high = value
        found = more(ceil(Decimal(low)), context) if low is not None else ~Q(pk__in=[])
        return found & ~more(floor(Decimal(high)) + 1, context) if high is not None else found

    return compile_


def compare(kind: Kind, path: str, op: str, value: Any, context: Context, *, instant: bool = False) -> Q:
    """A comparison that denies nothing with the column ``path``."""
    if op == "filled":
        return _filled(kind, path)
    if kind is Kind.FLAG:
        return Q(**{path: True})
    if kind is Kind.TEXT:
        return Q(**{path if op == "is" else f"{path}__icontains": value})
    if kind in (Kind.CHOICE, Kind.ROWS):
        return Q(**{f"{path}__in": value})
    if kind is Kind.CODES:
        return _codes(path, op, value)
    if kind is Kind.BIRTHDAY:
        return _birthday(path, op, value, context.today)
    if kind is Kind.DAY:
        return _between(path, *span(op, value, context.today), instant=instant)
    return _numbers(kind, path, op, value)


def _filled(kind: Kind, path: str) -> Q:
    if kind in (Kind.TEXT, Kind.CHOICE, Kind.CODES):
        return Q(**{f"{path}__gt": ""})
    return Q(**{f"{path}__isnull": False})


def _codes(path: str, op: str, value: list[str]) -> Q:
    parts = [Q(**{f"{path}__has": code}) for code in value]
    found = parts[0]
    for part in parts[1:]:
        found = found & part if op == "all" else found | part
    return found


def _numbers(kind: Kind, path: str, op: str, value: Any) -> Q:
    if op == "between":
        return Q(**{f"{path}__gte": _number(kind, value[0]), f"{path}__lte": _number(kind, value[1])})
    return Q(**{f"{path}__{op}": _number(kind, value)})


def _number(kind: Kind, value: str) -> Any:
    """Money as it is; of other numbers the column must not cut off places or refuse what it could not hold itself."""
    return Decimal(value) if kind is Kind.MONEY else Value(Decimal(value), output_field=_WIDE)


_WIDE = DecimalField(max_digits=20, decimal_places=2)


# -- days --------------------------------------------------------------------------------------------------------------


def span(op: str, value: Any, today: date) -> tuple[date | None, date | None]:
    """First and last day that an operator of days means, both included; None: open."""
    month = today.replace(day=1)
    if op == "last_days":
        return today - timedelta(days=value), today
    if op == "longer_ago":
        return None, today - timedelta(days=value + 1)
    if op == "next_days":
        return today, today + timedelta(days=value)
    if op == "past":
        return None, today - timedelta(days=1)
    if op == "this_month":
        return month, (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    if op == "last_month":
        return (month - timedelta(days=1)).replace(day=1), month - timedelta(days=1)
    if op == "this_year":
        return today.replace(month=1, day=1), today.replace(month=12, day=31)
    if op == "on_or_after":
        return date.fromisoformat(value), None
    if op == "before":
        return None, date.fromisoformat(value) - timedelta(days=1)
    return date.fromisoformat(value[0]), date.fromisoformat(value[1])


def _between(path: str, first: date | None, last: date | None, *, instant: bool) -> Q:
    found = Q(**{f"{path}__isnull": False})
    if first is not None:
        found &= Q(**{f"{path}__gte": day_bounds(first)[0] if instant else first})
    if last is not None:
        found &= Q(**{f"{path}__lt": day_bounds(last)[1]} if instant else {f"{path}__lte": last})
    return found


def birthdays(op: str, value: int, today: date) -> dict[int, set[int]]:
    """Month → days of birth that an operator of birthdays means; born on 29 February is kept on the 28th in common years."""
    if op == "in_month":
        return {value: set(range(1, 32))}
    found: dict[int, set[int]] = {}
    for offset in range(min(value, 366) + 1):
        day = today + timedelta(days=offset)
        found.setdefault(day.month, set()).add(day.day)
        if (day.month, day.day) == (2, 28) and (day + timedelta(days=1)).month == 3:
            found[2].add(29)
    return found


def _birthday(path: str, op: str, value: int, today: date) -> Q:
    found = Q(pk__in=[])
    for month, days in birthdays(op, value, today).items():
        found |= Q(**{f"{path}__month": month, f"{path}__day__in": sorted(days)})
    return found


#: Nobody has ever been older.
_OLDEST = 200


def age(op: str, value: Any, context: Context) -> Q:
    """Whole years by the date of birth, else as handed in."""
    if op == "filled":
        return Q(birth_date__isnull=False) | Q(age_on_file__isnull=False)
    low, high = {"gte": (value, None), "lte": (None, value), "between": (value, value)}[op]
    if op == "between":
        low, high = value
    born, told = Q(birth_date__isnull=False), Q(birth_date__isnull=True, age_on_file__isnull=False)
    if low is not None:
        least = min(max(ceil(Decimal(low)), 0), _OLDEST)
        born &= Q(birth_date__lte=_years_before(context.today, least))
        told &= Q(age_on_file__gte=least)
    if high is not None:
        most = min(max(floor(Decimal(high)), -1), _OLDEST)
        born &= Q(birth_date__gt=_years_before(context.today, most + 1))
        told &= Q(age_on_file__lte=most)
    return born | told


def _years_before(day: date, years: int) -> date:
    """Born on this day or earlier: at least ``years`` old on ``day``. Who was born on 29 February waits for 1 March."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return date(day.year - years, 2, 28)
