"""Services of the demo: the catalogue, a quarter of promises kept and broken, bookings, preference segments with menus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, cast

from clients.models import Client
from clients.services import BatchItem, log_contacts
from clients.services.contact_batch import MOST
from crm.core.access import system_user
from crm.core.clocks import at_local, local_date
from crm.core.models import Branch, User
from crm.core.once import fingerprint
from crm.demo.staffing import Crew
from crm.roles import FRONT_DESK, MANAGER
from tiers.models import PreferenceSegment, Promise, Recipient, ServiceItem
from tiers.services.bookings import ask_booking, conclude_booking, confirm_booking
from tiers.services.catalogue import seed_catalogue
from tiers.services.market_events import call_round
from tiers.services.menus import Line, create_preference
from tiers.services.promise_plan import plan_promises
from tiers.services.promises import deliver, put_off_promise, waive_promise
from tiers.services.publications import create_publication, send_publication

#: The days of the sweep before today; a later one makes up for what lies between, and the next night for the rest.
_SWEEPS = (40, 22, 2)
#: Of the promises that a contact keeps, every so many is forgotten.
_NOT_KEPT = 6
#: Rule, tiers, names and menu of each preference segment.
_SEGMENTS: tuple[tuple[str, str, list[str], dict[str, Any], list[Line]], ...] = (
    (
        "稳健收益偏好",
        "Steady income",
        ["gold", "platinum"],
        {"any": [{"field": "needs_goals", "op": "any", "value": ["income", "preserve"]}]},
        [Line("report", "Weekly on bonds and income funds", "固收周报"), Line("event", "Wealth salon", "稳健理财沙龙")],
    ),
    (
        "交易活跃偏好",
        "Active traders",
        [],
        {"any": [{"field": "tag_turnover", "op": "in", "value": ["turnover.high", "turnover.short"]}]},
        [
            Line("report", "Strategy before the opening", "早盘策略"),
            Line("idea", "Sectors in motion", "热点板块提示"),
            Line("event", "Technical analysis class", "技术分析课堂"),
        ],
    ),
    (
        "高端配置偏好",
        "Allocation of the wealthy",
        ["diamond", "private"],
        {"all": [{"field": "do_not_contact", "op": "no"}]},
        [
            Line("idea", "Allocation of the quarter", "季度资产配置建议"),
            Line("event", "Dinner of exchange", "高端投资交流会"),
        ],
    ),
)
#: Kind, segment, title, text, risk of the product, and whether it goes out.
_PUBLICATIONS = (
    (
        "report", "稳健收益偏好", "固收周报：利率债配置窗口", "短端利率下行，建议关注三至五年期利率债。", "R2", True,
    ),
    ("idea", "高端配置偏好", "季度资产配置建议", "权益与固收维持均衡，关注红利资产。", "R3", False),
)  # fmt: skip
#: What is noted of a contact that keeps a promise, by its purpose.
_SPOKEN_OF = {
    "market": "说明近期市场变化及对客户持仓的影响，客户表示了解。",
    "product": "当面介绍配置方案与产品风险等级，客户将考虑后回复。",
    "service": "逐项检视持仓与集中度，客户认可现有安排。",
    "care": "送上生日祝福，客户致谢。",
}
_TITLES = {"send": "月度研究报告精选", "event": "季度投资策略沙龙"}


def give_services(*, crew: Crew, today: date, now: datetime) -> int:
    """Play a quarter: sweeps, sendings, an event, promises kept by contacts, put off and waived; returns how many are on file."""
    seed_catalogue(company=crew.company, actor=system_user())
    sweeps = [today - timedelta(days=days_ago) for days_ago in _SWEEPS]
    for day, following in pairwise([*sweeps, today]):
        for branch in crew.branches:
            plan_promises(branch=branch, now=at_local(day, time(8)), actor=system_user())
            _send(crew, branch, day)
            _keep_most(branch, day, following)
    for branch in crew.branches:
        _decide_some(crew.of(branch, MANAGER)[0], branch, today, now)
        _draw_segments(crew.of(branch, MANAGER)[0], branch)
        _publish(crew.of(branch, MANAGER)[0], branch, now)
        _call_round(crew.of(branch, MANAGER)[0], branch, today - timedelta(days=3))
        _book(crew.of(branch, FRONT_DESK)[0], branch, today, now)
    return int(Promise.objects.count())


def _send(crew: Crew, branch: Branch, day: date) -> None:
    manager = crew.of(branch, MANAGER)[0]
    for item in ServiceItem.objects.of_branch(branch).owed().filter(proof__in=["send", "event"]).order_by("code"):
        owed = Promise.objects.open_on(day).filter(item=item, client__branch=branch)
        if owed.exists():
            # Every fifth client was not reached.
            ids = list(owed.order_by("client__external_id").values_list("client__public_id", flat=True))
            deliver(
                item=item, branch=branch, clients=[name for place, name in enumerate(ids) if place % 5],
                title=_TITLES[item.proof], day=day, now=at_local(day, time(18)), actor=manager,
            )  # fmt: skip


def _keep_most(branch: Branch, day: date, following: date) -> None:
    """Advisors log the contact that keeps what falls due before the next sweep, all but every so many."""
    rows = Promise.objects.due().filter(client__branch=branch, item__proof="contact", client__advisor__isnull=False)
    rows = rows.filter(due_on__lte=following).order_by("due_on", "client__external_id", "item__code")
    said: dict[User, list[BatchItem]] = defaultdict(list)
    for place, row in enumerate(rows.select_related("client__advisor", "client__branch", "item")):
        if place % _NOT_KEPT:
            kept_on = min(max(row.opens_on, row.due_on - timedelta(days=place % 3), day), following)
            said[cast(User, row.client.advisor)].append(
                _spoken(row, at_local(kept_on, time(10 + place % 7, place % 60)))
            )
    for advisor, items in said.items():
        for start in range(0, len(items), MOST):
            log_contacts(items=items[start : start + MOST], actor=advisor, now=at_local(following, time(18)))


def _spoken(owed: Promise, at: datetime) -> BatchItem:
    """The contact that keeps a promise: about what its service is about, by a channel that counts for it."""
    purpose = next(iter(owed.item.purposes), "service")
    details = {
        "at": at,
        "channel": next(iter(owed.item.channels), "phone"),
        "purpose": purpose,
        "content": _SPOKEN_OF[purpose],
    }
    key = f"demo-owed-{owed.client.branch.code}-{owed.client.external_id}-{owed.item.code}-{owed.due_on}"
    return BatchItem(key, fingerprint("contact", key), owed.client, details)


def _decide_some(manager: User, branch: Branch, today: date, now: datetime) -> None:
    rows = Promise.objects.due().filter(client__branch=branch, due_on__gte=today)
    rows = rows.order_by("due_on", "client__external_id", "item__code")
    for place, row in enumerate(rows[:3]):
        if place == 0:
            waive_promise(promise=row, reason="客户婉拒，已说明权益", actor=manager, now=now)
        else:
            later = row.due_on + timedelta(days=10)
            put_off_promise(promise=row, due_on=later, reason="客户出差，约定改期", actor=manager, now=now)


def _draw_segments(manager: User, branch: Branch) -> None:
    for name_zh, name_en, tiers, rule, menu in _SEGMENTS:
        values = {"name_zh": name_zh, "name_en": name_en, "tier_codes": tiers, "rule": rule}
        create_preference(values=values, menu=menu, company=branch.company, branch=branch, actor=manager)


def _publish(manager: User, branch: Branch, now: datetime) -> None:
    """One report goes to those who like it steady, with those left out and those to be called; one idea is in preparation."""
    today = local_date(now)
    own = PreferenceSegment.objects.filter(branch=branch)
    for kind, segment, title, text, risk, is_sent in _PUBLICATIONS:
        values = {
            "kind": kind, "title": title, "text": text, "risk": risk, "valid_from": today,
            "valid_until": today + timedelta(days=14),
        }  # fmt: skip
        segments = [own.get(name_zh=segment)]
        row = create_publication(branch=branch, values=values, segments=segments, actor=manager, now=now)
        if is_sent and row.recipients.exclude(state=Recipient.State.LEFT_OUT).exists():
            send_publication(publication=row, actor=manager, now=now)


def _call_round(manager: User, branch: Branch, day: date) -> None:
    """The highest tiers are told of a change of the market; some have been spoken with by now."""
    morning = at_local(day, time(9))
    event = call_round(
        branch=branch, item=ServiceItem.objects.of_branch(branch).get(code="market_call"), name="央行下调存款准备金率",
        day=day, ask="说明对债券和银行股持仓的影响，了解近期资金安排。", due_on=day + timedelta(days=7),
        tier_codes=_highest(branch), actor=manager, now=morning,
    )  # fmt: skip
    rows = Promise.objects.due().filter(event=event, client__advisor__isnull=False).order_by("client__external_id")
    for row in rows.select_related("client__advisor", "client__branch", "item")[:5]:
        advisor = cast(User, row.client.advisor)
        log_contacts(
            items=[_spoken(row, morning + timedelta(hours=6))], actor=advisor, now=morning + timedelta(hours=8)
        )


def _highest(branch: Branch) -> set[str]:
    """The tiers of the four wealthiest clients: a small demo has nobody in the uppermost."""
    rows = Client.objects.served().contactable().filter(branch=branch, tier_state__tier__isnull=False)
    return set(rows.order_by("-total_assets", "external_id").values_list("tier_state__tier__code", flat=True)[:4])


def _book(desk: User, branch: Branch, today: date, now: datetime) -> None:
    """Yesterday's took place, tomorrow's is confirmed, the day after's waits."""
    clients = _entitled(branch)
    channel = ServiceItem.objects.of_branch(branch).get(code="green_channel")
    car = ServiceItem.objects.of_branch(branch).get(code="pick_up")
    earlier = at_local(today - timedelta(days=3), time(10))
    plans = ((channel, 2, earlier), (car, -1, now), (channel, -2, now), (channel, 0, now))
    for client, (item, days_ago, asked_at) in zip(clients, plans, strict=False):
        day = today - timedelta(days=days_ago)
        row = ask_booking(
            client=client, item=item, day=day, at=time(10, 30), where="MU5104" if item == car else "贵宾室",
            actor=desk, now=asked_at,
        )  # fmt: skip
        if days_ago != -2:
            confirm_booking(booking=row, actor=desk, now=asked_at)
        if days_ago > 0:
            conclude_booking(booking=row, came=True, actor=desk, now=now)


def _entitled(branch: Branch) -> Iterator[Client]:
    rows = Client.objects.served().contactable().filter(branch=branch, merged_into=None)
    tiers = ("diamond", "private")
    yield from rows.filter(tier_state__tier__code__in=tiers).order_by("-total_assets", "external_id")[:4]
