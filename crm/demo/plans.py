"""Service plans of the demo: agreed with some clients of each branch; of one the needs have changed since."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import cast

from clients.models import Client, NeedsInterview
from crm.core.clocks import at_local
from crm.core.models import User
from crm.demo.staffing import Crew
from tiers.models import ServiceItem, ServicePlan
from tiers.services.plans import Step, make_plan
from tiers.services.suggestions import plan_to_begin_with

#: Plans of each branch, and how many days ago the first was agreed.
_PLANS, _AGREED_AGO = 6, 40
_AIMS = ("稳健增值，控制回撤", "兼顾现金流与长期增长", "完善资产配置，定期回顾持仓")


def agree_plans(*, crew: Crew, today: date) -> int:
    """The wealthiest clients with needs on file; returns how many plans there are."""
    for branch in crew.branches:
        items = {item.public_id: item for item in ServiceItem.objects.of_branch(branch)}
        rows = Client.objects.served().contactable().filter(branch=branch, advisor__isnull=False)
        rows = rows.filter(pk__in=NeedsInterview.objects.present().values("client"))
        for place, client in enumerate(
            rows.select_related("branch", "advisor").order_by("-total_assets", "external_id")[:_PLANS]
        ):
            _agree(client, items, today - timedelta(days=_AGREED_AGO - 6 * place), place)
    return int(ServicePlan.objects.count())


def _agree(client: Client, items: dict[str, ServiceItem], day: date, place: int) -> None:
    advisor = cast(User, client.advisor)
    found = plan_to_begin_with(advisor, client, day)[:3]
    steps = [
        Step(purpose=one["purpose"], owner=advisor, item=items[one["item"]], period=one["period"]) for one in found
    ]
    steps.append(Step(purpose="回顾方案执行情况", owner=advisor, title="半年面谈", period="half_year"))
    # The last one is drawn up and waits for the client.
    agreed_on = None if place == _PLANS - 1 else day
    now = at_local(day, time(15, 30))
    made = make_plan(
        client=client, aim=_AIMS[place % len(_AIMS)], steps=steps, actor=advisor, now=now, agreed_on=agreed_on
    )
    # A later interview says something else: the plan rests on the one before.
    earlier = NeedsInterview.objects.filter(client=client, is_present=False).order_by("-taken_on", "-pk").first()
    if earlier is not None and made.agreed_on is not None:
        ServicePlan.objects.filter(pk=made.pk).update(basis=earlier)
