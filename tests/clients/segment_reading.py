"""The comparisons of segments read aloud, for one fact of one client at a time; shares no code with the product.

A fact of which a client may have several (days of calls, names of contact persons) is a list: one of them is enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from clients.models import Client
from clients.segments import Context, compiled, parse
from clients.segments.catalogue import SegmentField, field_of
from clients.segments.kinds import OPERATORS, Kind
from crm.core.models import User

_DENIALS = {
    "empty": "filled",
    "not_in": "in",
    "none": "any",
    "is_not": "is",
    "no": "yes",
    "not_last_days": "last_days",
}


def holds(kind: Kind, op: str, value: Any, fact: Any, today: date) -> bool:
    """Whether a client of whom ``fact`` is on file meets the comparison."""
    if op in _DENIALS:
        return not holds(kind, _DENIALS[op], value, fact, today)
    if op == "filled":
        return fact not in (None, "", [])
    if op == "yes":
        return bool(fact)
    if kind is Kind.CODES:
        return bool(set(fact) & set(value)) if op == "any" else set(value) <= set(fact)
    if isinstance(fact, list):
        return any(holds(kind, op, value, each, today) for each in fact)
    if fact is None or fact == "":
        return False
    if kind is Kind.TEXT:
        return bool(fact == value if op == "is" else value.lower() in fact.lower())
    if kind in (Kind.CHOICE, Kind.ROWS):
        return fact in value
    if kind is Kind.BIRTHDAY:
        return _birthday(op, value, fact, today)
    if kind is Kind.DAY:
        return _day(op, value, fact, today)
    if op == "between":
        return Decimal(value[0]) <= fact <= Decimal(value[1])
    return bool(fact >= Decimal(value) if op == "gte" else fact <= Decimal(value))


def _birthday(op: str, value: int, born: date, today: date) -> bool:
    if op == "in_month":
        return born.month == value
    for offset in range(min(value, 366) + 1):
        day = today + timedelta(days=offset)
        leap = (day.year % 4 == 0 and day.year % 100 != 0) or day.year % 400 == 0
        kept = (2, 28) if (born.month, born.day) == (2, 29) and not leap else (born.month, born.day)
        if kept == (day.month, day.day):
            return True
    return False


def _day(op: str, value: Any, day: date, today: date) -> bool:
    ago = (today - day).days
    last = today.replace(day=1) - timedelta(days=1)
    return {
        "last_days": lambda: 0 <= ago <= value,
        "longer_ago": lambda: ago > value,
        "next_days": lambda: 0 <= -ago <= value,
        "past": lambda: ago > 0,
        "this_month": lambda: (day.year, day.month) == (today.year, today.month),
        "last_month": lambda: (day.year, day.month) == (last.year, last.month),
        "this_year": lambda: day.year == today.year,
        "on_or_after": lambda: day >= date.fromisoformat(value),
        "before": lambda: day < date.fromisoformat(value),
        "between": lambda: date.fromisoformat(value[0]) <= day <= date.fromisoformat(value[1]),
    }[op]()


_TEXTS = ("张", "张三", "上海", "hai", "%", "_")


def samples(kind: Kind, op: str, today: date, codes: list[str], texts: tuple[str, ...] = _TEXTS) -> list[Any]:
    """Values for a comparison, the usual boundaries among them; None where it takes no value."""
    if OPERATORS[kind][op].shape == "nothing":
        return [None]
    if kind in (Kind.MONEY, Kind.NUMBER):
        amounts = (
            ["-100", "0", "100", "150", "200"] if kind is Kind.MONEY else ["0", "1", "2", "18", "35.5", "36", "65"]
        )
        return (
            [[low, high] for low in amounts for high in amounts if Decimal(low) <= Decimal(high)]
            if op == "between"
            else list(amounts)
        )
    if kind is Kind.DAY and op in ("on_or_after", "before", "between"):
        days = [(today + timedelta(days=n)).isoformat() for n in (-91, -30, 0, 1, 30)]
        return [[low, high] for low in days for high in days if low <= high] if op == "between" else list(days)
    if kind in (Kind.DAY, Kind.BIRTHDAY):
        return [1, 2, 6, 12] if op == "in_month" else [0, 1, 14, 15, 29, 30, 31, 45, 90, 366]
    if kind is Kind.TEXT:
        return list(texts)
    return [codes[:1], codes[:2], codes]


def disagreements(
    user: User,
    now: datetime,
    today: date,
    crowd: Mapping[int, Mapping[str, Any]],
    *,
    texts: tuple[str, ...] = _TEXTS,
    codes: Mapping[str, list[str]] | None = None,
) -> list[Any]:
    """Conditions that find others among the clients of ``crowd`` than the plain reading does: field by field as each of them
    has it in his facts, with every comparison that the field knows. ``codes``: values to try, where not the field's first."""
    wrong: list[Any] = []
    everybody = Client.objects.visible_to(user).filter(pk__in=crowd)
    for key in next(iter(crowd.values())):
        field = field_of(key)
        assert field is not None, key
        facts = {pk: said[key] for pk, said in crowd.items()}
        values = (codes or {}).get(key) or _first_codes(field, user)
        for op in set(field.operators()) - {"mine"}:
            for value in samples(field.kind, op, today, values, texts):
                said = {"field": key, "op": op} | ({} if value is None else {"value": value})
                rule = compiled(parse({"all": [said]}, user), Context(user, now))
                found = set(everybody.filter(rule).values_list("pk", flat=True))
                wanted = {pk for pk, fact in facts.items() if holds(field.kind, op, value, fact, today)}
                if found != wanted:
                    wrong.append((said, sorted(found - wanted), sorted(wanted - found)))
    return wrong


def _first_codes(field: SegmentField, user: User) -> list[str]:
    return [code for code, _label in field.choices(user)][:4] if field.choices else []
