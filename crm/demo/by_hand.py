"""Tiers by hand in the demo: one that holds, one that waits for its decision, one that was refused."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import cast

from clients.models import Client
from crm.core.clocks import at_local
from crm.core.models import User
from crm.demo.staffing import Crew
from crm.roles import ADVISOR, MANAGER
from tiers.models import TierOverride, TierState
from tiers.services.overrides import approve_override, reject_override, request_override

#: Days ago, days it is asked for, the reason, how it went, and what was said to it.
_STORIES = (
    (18, 60, "大额资金下周转入，已出具转账凭证", "approve", "凭证已核"),
    (1, 80, "家庭资产合计已达到上一等级", "wait", ""),
    (9, 45, "客户要求比照同事待遇", "reject", "不符合分级条件"),
)


def give_by_hand(*, crew: Crew, today: date) -> int:
    """Requests of advisors, through the services; returns how many rows there are."""
    for branch in crew.branches:
        manager = crew.of(branch, MANAGER)[0]
        settled = TierState.objects.filter(client__branch=branch, since__lt=today - timedelta(days=20))
        settled = settled.filter(tier__code__in=["ordinary", "silver", "gold"])
        own = Client.objects.served().filter(
            pk__in=settled.values("client"), advisor__in=crew.of(branch, ADVISOR), rates=None
        )
        clients = list(own.select_related("advisor", "branch").order_by("-total_assets", "pk")[: len(_STORIES)])
        for client, (days_ago, lasts, reason, ending, note) in zip(clients, _STORIES, strict=False):
            now = at_local(today - timedelta(days=days_ago), time(9, 20))
            present = settled.select_related("tier__programme").get(client=client).tier
            tier = present.programme.tiers.get(rank=present.rank + 1)
            row = request_override(
                client=client,
                tier=tier,
                reason=reason,
                valid_to=today + timedelta(days=lasts - days_ago),
                actor=cast(User, client.advisor),  # asked for above
                now=now,
            )
            if ending == "approve":
                approve_override(override=row, actor=manager, now=now, note=note)
            elif ending == "reject":
                reject_override(override=row, actor=manager, now=now, note=note)
    return TierOverride.objects.count()
