"""Service plans of the demo: agreed with some clients of each branch, with what became of their steps; of some the needs have
changed since."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import cast

from clients.models import Client, NeedsInterview
from crm.core.clocks import at_local
from crm.core.models import User
from crm.demo.staffing import Crew
from crm.roles import ADVISOR
from tiers.models import ServiceItem, ServicePlan
from tiers.services.plan_steps import drop_step, note_step
from tiers.services.plans import Step, make_plan
from tiers.services.suggestions import plan_to_begin_with

#: Plans of each branch, and how many days ago the first was agreed.
_PLANS, _AGREED_AGO = 6, 40
#: Of which of them a step is overdue.
_LATE = 3
#: Steps of their own beside the services: what, what for, and within how many days.
_OWN = (
    ("家庭资产清单", "掌握家庭资产全貌", 21),
    ("国债逆回购操作说明", "提高闲置资金收益", 10),
    ("子女教育金测算", "明确教育金缺口", 30),
    ("两融利率优惠复核", "降低融资成本", 14),
)
_AIMS = ("稳健增值，控制回撤", "兼顾现金流与长期增长", "完善资产配置，定期回顾持仓")


def agree_plans(*, crew: Crew, today: date) -> int:
    """The wealthiest clients with needs on file; returns how many plans there are."""
    for branch in crew.branches:
        items = {item.public_id: item for item in ServiceItem.objects.of_branch(branch)}
        rows = Client.objects.served().contactable().filter(branch=branch, advisor__isnull=False)
        rows = rows.filter(pk__in=NeedsInterview.objects.present().values("client"))
        rows = rows.select_related("branch", "advisor").order_by("-total_assets", "external_id")
        chosen = list(rows[:_PLANS])
        # Whoever looks at the demo as an advisor is the first one: something is to be done by him.
        if (own := rows.filter(advisor=crew.of(branch, ADVISOR)[0]).first()) is not None:
            chosen = [one for one in chosen if one.pk != own.pk][: _PLANS - 1]
            chosen.insert(_LATE, own)
        for place, client in enumerate(chosen):
            _agree(client, items, today - timedelta(days=_AGREED_AGO - 6 * place), place, today)
    return int(ServicePlan.objects.count())


def _agree(client: Client, items: dict[str, ServiceItem], day: date, place: int, today: date) -> None:
    advisor = cast(User, client.advisor)
    found = plan_to_begin_with(advisor, client, day)[:3]
    steps = [
        Step(purpose=one["purpose"], owner=advisor, item=items[one["item"]], period=one["period"]) for one in found
    ]
    steps.append(Step(purpose="回顾方案执行情况", owner=advisor, title="月度电话回顾", period="month"))
    title, purpose, within = _OWN[place % len(_OWN)]
    steps.append(Step(purpose=purpose, owner=advisor, title=title, due_on=day + timedelta(days=within)))
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
    if agreed_on is not None:
        _see_to(made, day, place, today)


def _see_to(plan: ServicePlan, day: date, place: int, today: date) -> None:
    """Of every second plan the step of its own was done, of one it was dropped; of the others it is open or overdue by now."""
    own, call = plan.steps.get(due_on__isnull=False), plan.steps.get(title="月度电话回顾")
    done = min(day + timedelta(days=4), today)
    if place % 2 == 0:
        note_step(step=own, day=done, word="已与客户核对并归档", actor=own.owner, now=at_local(done, time(17)))
    elif place == 1:
        drop_step(step=own, reason="客户表示暂不需要", actor=own.owner, now=at_local(done, time(17)))
    if place < 2:
        drop_step(step=call, reason="客户出国，本月略过", actor=call.owner, now=at_local(done, time(17, 30)))
