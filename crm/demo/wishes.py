"""What the demo clients want: one or two interviews for two clients in three, in keeping with risk grade, age and assets."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from clients.models import Client, NeedsInterview
from clients.questions import QUESTIONS, Hour, Restriction, Sector, Service, Style, Voice

#: Of a hundred clients so many have been asked, and of those so many twice.
_ASKED, _TWICE = 66, 40
_GOALS = {
    "C1": ("preserve", "idle_cash", "income"),
    "C2": ("income", "preserve", "growth"),
    "C3": ("growth", "income", "pension", "education", "ipo"),
    "C4": ("growth", "high_growth", "ipo", "education"),
    "C5": ("high_growth", "growth", "ipo"),
}
#: Loss that a client bears and return that he hopes for, in per cent, by risk grade.
_LOSS = {"C1": (0, 3), "C2": (2, 8), "C3": (5, 15), "C4": (10, 25), "C5": (15, 40)}
_RETURN = {"C1": (2, 4), "C2": (3, 6), "C3": (5, 10), "C4": (8, 18), "C5": (12, 30)}
_PRODUCTS = {
    "C1": ("repo", "bond", "wealth"),
    "C2": ("bond", "wealth", "fund", "repo"),
    "C3": ("fund", "share", "etf", "wealth"),
    "C4": ("share", "etf", "fund", "stock_connect", "margin"),
    "C5": ("share", "margin", "option", "private_fund", "stock_connect"),
}
_REMARKS = (
    *("",) * 4,
    "工作时间不便接听，请先发微信。",
    "近期有购房计划，资金可能转出。",
    "希望每月收到一次持仓分析。",
    "由子女协助操作手机，重要事项请电话告知。",
)


def ask_needs(*, seed: int, today: date) -> int:
    """Write the interviews of both branches; returns how many."""
    maker = random.Random(f"{seed}:needs")
    rows: list[NeedsInterview] = []
    clients = Client.objects.exclude(advisor=None).exclude(status="closed").order_by("branch__code", "external_id")
    for client in clients.only(
        "pk", "advisor_id", "risk_grade", "total_assets", "opened_on", "preferred_channel", "kind"
    ):
        if maker.randrange(100) < _ASKED:
            rows += _interviews(client, maker, today)
    NeedsInterview.objects.bulk_create(rows, batch_size=500)
    return len(rows)


def _interviews(client: Client, maker: random.Random, today: date) -> Iterator[NeedsInterview]:
    known_for = (today - client.opened_on).days if client.opened_on else 400
    first = today - timedelta(days=maker.randrange(1, max(2, min(known_for, 420))))
    said = _said(client, maker)
    twice = maker.randrange(100) < _TWICE and (today - first).days > 60
    yield _row(client, said, first, {}, is_present=not twice)
    if twice:
        later = first + timedelta(days=maker.randrange(45, (today - first).days))
        changed = {key: value for key, value in _said(client, maker).items() if maker.randrange(4) == 0}
        yield _row(client, {**said, **changed}, later, {key: first.isoformat() for key in said if key not in changed})


def _row(
    client: Client, said: dict[str, Any], day: date, carried: dict[str, str], *, is_present: bool = True
) -> NeedsInterview:
    refused = [key for key, value in said.items() if value == "refused"]
    answers = {key: value for key, value in said.items() if value != "refused"}
    days = {q.key: carried.get(q.key, day.isoformat()) for q in QUESTIONS if q.key in said}
    return NeedsInterview(
        client=client,
        taken_on=day,
        taken_by_id=client.advisor_id or 0,  # clients without one were left out
        answered_by="contact_person" if client.kind == "institution" else "self",
        refused=refused,
        answered_on=days,
        is_present=is_present,
        **answers,
    )


def _said(client: Client, maker: random.Random) -> dict[str, Any]:
    grade = client.risk_grade or "C3"

    def some(choices: Any, most: int) -> list[str]:
        return maker.sample(list(choices), maker.randrange(1, most + 1))

    worth = int(client.total_assets)
    capital = max(10_000, worth * maker.choice((20, 50, 80, 100, 150)) // 100 // 10_000 * 10_000)
    said: dict[str, Any] = {
        "goals": some(_GOALS[grade], 2),
        "horizon": maker.choice(("short", "medium", "medium", "long", "very_long", "open")),
        "capital": "refused" if maker.randrange(8) == 0 else Decimal(capital),
        "expected_return": Decimal(maker.randint(*_RETURN[grade])),
        "loss_tolerance": "refused" if maker.randrange(12) == 0 else Decimal(maker.randint(*_LOSS[grade])),
        "products": some(_PRODUCTS[grade], 3),
        "channel": maker.choice((client.preferred_channel or Voice.PHONE, *Voice.values[:2])),
        "hours": some(Hour.values, 2),
        "services": some(Service.values[:-1], 3),
    }
    if maker.randrange(3):
        said |= {"sectors": some(Sector.values, 3), "style": maker.choice(Style.values)}
    if maker.randrange(3) == 0:
        said["restrictions"] = some(Restriction.values, 2)
    if remark := maker.choice(_REMARKS):
        said["remarks"] = remark
    return said
