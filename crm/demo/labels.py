"""Tags of the demo: last night's behaviour tags, a catalogue of manual ones, and an invented CSI 300 to measure returns by."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import accumulate

from clients.models import Client, ClientTag, IndexLevel
from clients.services import compute_behaviour, create_tag, set_tag
from crm.core.access import system_user
from crm.demo.securities import market_walk, weekday_index
from crm.demo.staffing import Crew
from crm.roles import MANAGER

#: Name, meaning, colour, roles that may set it, one client in so many.
_CATALOGUE = (
    ("贵宾室客户", "在营业部贵宾室办理业务", 4, (), 23),
    ("企业主", "经营企业，可能有融资或对公业务需求", 3, (), 11),
    ("退休", "已退休，时间充裕，关注稳健产品", 2, (), 9),
    ("转介绍", "曾介绍亲友开户", 7, ("advisor", "account_manager", "branch_manager"), 17),
    ("慎用电话", "不喜欢电话打扰，先发微信", 6, (), 29),
)


def put_tags(crew: Crew, days: Sequence[date], *, seed: int, now: datetime) -> int:
    """Compute the newest day of both branches and let the managers' tags stand on some clients; returns how many tags."""
    _index(days, seed)
    for branch in crew.branches:
        compute_behaviour(branch=branch, day=days[-1], actor=system_user(), now=now)
        manager = crew.of(branch, MANAGER)[0]
        clients = list(Client.objects.served().filter(branch=branch).order_by("external_id"))
        for name, meaning, palette, setters, one_in in _CATALOGUE:
            values = {"name": name, "meaning": meaning, "palette": palette, "setters": list(setters)}
            tag = create_tag(values=values, branch=branch, actor=manager)
            maker = random.Random(f"{seed}:{branch.code}:{name}")
            chosen = [client for client in clients if maker.randrange(one_in) == 0]
            set_tag(tag=tag, clients=chosen, is_set=True, actor=manager, now=now)
    return int(ClientTag.objects.count())


def _index(days: Sequence[date], seed: int) -> None:
    """The walk that all demo securities share, from a made-up level; no quotation of anything."""
    places = weekday_index(list(days))
    steps = market_walk(seed, int(places.max()) + 1)
    levels = list(accumulate(steps.tolist(), lambda level, step: level * (1 + step), initial=3_900.0))
    IndexLevel.objects.bulk_create(
        [
            IndexLevel(index_code=IndexLevel.CSI300, day=day, level=Decimal(f"{levels[place + 1]:.2f}"))
            for day, place in zip(days, places.tolist(), strict=True)
        ]
    )
