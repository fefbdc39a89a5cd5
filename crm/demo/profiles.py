"""Families, further numbers, people who speak for firms, what firms want to raise, and the stage of every client."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from clients.models import Client
from clients.services import (
    add_contact_person,
    add_contact_point,
    add_document,
    add_financing_need,
    add_relation,
    found_household,
    grade_stages,
    join_household,
    set_stage,
)
from crm.core.access import system_user
from crm.core.models import Branch, User
from crm.demo.people import make_people
from crm.demo.staffing import Crew
from crm.roles import FRONT_DESK, MANAGER

#: So many of a thousand persons are in a household of the demo, have further numbers, hold a passport beside the card.
_FAMILIES, _POINTS, _PASSPORTS = 30, 40, 12
_POSITIONS = ("财务总监", "董事会秘书", "总经理", "投资部经理")
_NEEDS = (
    ("bonds", 80_000_000, "拟发行公司债补充流动资金"),
    ("ipo", None, "计划三年内申报北交所上市"),
    ("pledge", 30_000_000, "控股股东股票质押融资"),
    ("merger", 120_000_000, "寻找上下游并购标的"),
    ("refinancing", 200_000_000, "拟定向增发"),
)


def draw_profiles(*, crew: Crew, seed: int, today: date, now: datetime) -> int:
    """Put the rows of profiles on file; returns how many. Ends with the night's grading of stages."""
    made = 0
    for branch in crew.branches:
        maker = random.Random(f"{seed}:profiles:{branch.code}")
        clerk = crew.of(branch, FRONT_DESK)[0]
        persons = list(_of(branch, "person"))
        made += _families(persons, maker, clerk, now)
        made += _points(persons, maker, clerk, now)
        made += _passports(persons, maker, clerk, today, now)
        made += _firms(branch, maker, clerk, seed, today, now)
        grade_stages(branch=branch, actor=system_user(), now=now)
        _by_hand(persons, maker, crew.of(branch, MANAGER)[0], today, now)
    return made


def _of(branch: Branch, kind: str) -> Any:
    return Client.objects.filter(branch=branch, kind=kind).exclude(status="closed").order_by("external_id")


def _families(persons: list[Client], maker: random.Random, clerk: User, now: datetime) -> int:
    """Couples, each in a household of its own."""
    married = [client for client in persons if client.marital_status == "已婚"]
    men, women = ([client for client in married if client.sex == sex] for sex in ("male", "female"))
    count = min(len(persons) * _FAMILIES // 1000, len(men), len(women))
    couples = list(zip(maker.sample(men, count), maker.sample(women, count), strict=True))
    for one, two in couples:
        add_relation(client=one, values={"kind": "spouse", "other": two, "source": "client"}, actor=clerk, now=now)
        home = found_household(client=one, name=f"{one.name[:1]}家", actor=clerk, now=now)
        join_household(household=home, client=two, actor=clerk, now=now)
    return 3 * len(couples)


def _points(persons: list[Client], maker: random.Random, clerk: User, now: datetime) -> int:
    chosen = maker.sample(persons, len(persons) * _POINTS // 1000)
    for place, client in enumerate(chosen):
        values: dict[str, Any] = {"kind": "wechat", "value": f"wx_{client.external_id}", "label": "微信"}
        if place % 3 == 0:
            values = {
                "kind": "phone",
                "value": f"1700{maker.randrange(10_000_000):07d}",
                "label": "单位",
                "is_forbidden": True,
            }
        add_contact_point(client=client, values={**values, "source": "client"}, actor=clerk, now=now)
    return len(chosen)


def _passports(persons: list[Client], maker: random.Random, clerk: User, today: date, now: datetime) -> int:
    chosen = maker.sample(persons, len(persons) * _PASSPORTS // 1000)
    for client in chosen:
        values = {
            "kind": "passport",
            "number": f"E{maker.randrange(10_000_000, 99_999_999)}",
            "issued_by": "国家移民管理局",
            "valid_until": today + timedelta(days=maker.randrange(-200, 3000)),
        }
        add_document(client=client, values=values, actor=clerk, now=now)
    return len(chosen)


def _firms(branch: Branch, maker: random.Random, clerk: User, seed: int, today: date, now: datetime) -> int:
    firms = list(_of(branch, "institution"))
    people = iter(make_people(2 * len(firms), seed=f"{seed}:{branch.code}:firms", today=today, ages=(28, 58)))
    made = 0
    for place, firm in enumerate(firms):
        for number in range(1 + place % 2):
            person = next(people)
            values = {
                "name": person.name,
                "position": _POSITIONS[(place + number) % len(_POSITIONS)],
                "phone": person.mobile,
                "email": person.email,
                "is_decision_maker": number == 0,
                "source": "client",
            }
            add_contact_person(client=firm, values=values, actor=clerk, now=now)
            made += 1
        if place % 2 == 0:
            add_financing_need(client=firm, values=_need(place // 2, maker, today), actor=clerk, now=now)
            made += 1
    return made


def _need(place: int, maker: random.Random, today: date) -> dict[str, Any]:
    kind, amount, note = _NEEDS[place % len(_NEEDS)]
    values: dict[str, Any] = {
        "kind": kind,
        "amount": None if amount is None else Decimal(amount),
        "expected_on": today + timedelta(days=maker.randrange(60, 700)),
        "note": note,
    }
    if place % 3 == 1:
        values |= {"status": "handed_on", "handed_to": "投资银行部"}
    return values


def _by_hand(persons: list[Client], maker: random.Random, manager: User, today: date, now: datetime) -> None:
    """A few clients whose stage the manager knows better than the rule."""
    for client in maker.sample(persons, min(3, len(persons))):
        set_stage(
            client=client,
            stage="at_risk",
            reason="客户表示考虑转户，需主动回访",
            until=today + timedelta(days=30),
            actor=manager,
            now=now,
        )
