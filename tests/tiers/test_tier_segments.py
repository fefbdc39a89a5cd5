"""Segments that ask for tiers, promises, plans, bookings and commission: each finds whom a plain reading finds."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from clients.models import Client
from clients.segments import Context, compiled, fields_for, parse
from clients.services import AssetDay, put_asset_days
from crm.core.access import system_user
from crm.core.models import Branch, User
from tests.clients.segment_reading import disagreements
from tests.doors import Staff
from tests.factories.clients import ClientFactory
from tests.factories.needs import NeedsInterviewFactory
from tests.factories.services import PromiseFactory, ServiceItemFactory, put_in_tier
from tests.factories.tiers import ClientRateFactory, TierOverrideFactory
from tiers.models import Booking, PlanStep, RateLeak, ServiceDay, ServicePlan, TierState

NOW = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)
TODAY = date(2026, 6, 15)
DAYS = [TODAY + timedelta(days=n) for n in (-91, -31, -1, 0, 1, 30)]


def members(field: str, op: str, value: Any, user: User) -> set[int]:
    said = {"field": field, "op": op} | ({} if value is None else {"value": value})
    rule = compiled(parse({"all": [said]}, user), Context(user, NOW))
    return set(Client.objects.visible_to(user).filter(rule).values_list("pk", flat=True))


def test_the_tier_by_hand_and_the_way_down_find_whom_they_say(branch: Branch, staff: Staff) -> None:
    manager, crowd = staff("branch_manager"), {}
    for n, day in enumerate(DAYS):
        client = ClientFactory(branch=branch)
        put_in_tier(client, "gold", DAYS[0])
        TierState.objects.filter(client=client).update(below_since=day if n % 2 else None)
        if n in (1, 2):
            more: dict[str, Any] = {"state": "holding", "decided_by": manager, "decided_at": NOW, "valid_from": DAYS[0]}
            TierOverrideFactory(client=client, valid_to=DAYS[n + 3], **(more if n == 1 else {}))
        crowd[client.pk] = {
            "tier_below": day if n % 2 else None,
            "tier_by_hand": n == 1,
            "tier_by_hand_until": DAYS[4] if n == 1 else None,
        }

    assert disagreements(manager, NOW, TODAY, crowd) == []


def test_promises_and_bookings_find_whom_they_say(branch: Branch, staff: Staff) -> None:
    manager, crowd = staff("branch_manager"), {}
    greeting = ServiceItemFactory(company=branch.company, code="greeting")
    report = ServiceItemFactory(company=branch.company, code="report")
    slot = ServiceItemFactory(company=branch.company, code="pick-up", booked=True)
    for n, day in enumerate(DAYS):
        client = ClientFactory(branch=branch)
        same: dict[str, Any] = {"client": client, "opens_on": DAYS[0], "last_day": DAYS[-1]}
        PromiseFactory(**same, item=greeting, due_on=day)
        if n % 2:
            PromiseFactory(**same, item=report, due_on=DAYS[1], state="done", kept_on=day, proof="hand")
        if n % 3 == 0:
            PromiseFactory(**{**same, "last_day": DAYS[2]}, item=report, due_on=DAYS[1], state="missed")
        place = ServiceDay.objects.create(item=slot, branch=branch, day=day, places=1)
        Booking.objects.create(
            client=client, slot=place, at=time(9), tier_code="gold", confirm_by=day, asked_by=manager, asked_at=NOW,
            **({"state": "cancelled", "reason": "改期"} if n == 4 else {}),
        )  # fmt: skip
        crowd[client.pk] = {
            "promise_due": day,
            "promise_overdue": day < TODAY,
            "promised": ["greeting"],
            "promise_kept": day if n % 2 else None,
            "promise_missed": DAYS[2] if n % 3 == 0 else None,
            "booking": None if n == 4 else day,
        }

    assert disagreements(manager, NOW, TODAY, crowd, codes={"promised": ["greeting", "report"]}) == []


def test_service_plans_find_whom_they_say(branch: Branch, staff: Staff) -> None:
    manager, crowd = staff("branch_manager"), {}
    for n in range(6):
        client = ClientFactory(branch=branch)
        basis = NeedsInterviewFactory(client=client, goals=["growth"], is_present=False)
        NeedsInterviewFactory(client=client, goals=["growth"] if n == 1 else ["income"])
        states = [[], ["agreed"], ["agreed", "draft"], ["draft"], ["replaced"], ["agreed"]][n]
        for state in states:
            plan = ServicePlan.objects.create(
                client=client, state=state, aim="稳健增值", basis=basis, made_by=manager, made_at=NOW,
                agreed_on=None if state == "draft" else DAYS[n],
            )  # fmt: skip
            PlanStep.objects.create(plan=plan, position=1, title="月报", purpose="了解", due_on=DAYS[n], owner=manager)
        agreed = "agreed" in states
        crowd[client.pk] = {
            "plan": [state for state in states if state != "replaced"],
            "plan_agreed": DAYS[n] if agreed else None,
            "plan_to_look_at": agreed and n != 1,
            "plan_step": DAYS[n] if agreed else None,
        }

    assert disagreements(manager, NOW, TODAY, crowd, codes={"plan": ["agreed", "draft"]}) == []


def test_commission_finds_whom_it_says(branch: Branch, staff: Staff) -> None:
    manager, crowd, rows = staff("branch_manager"), {}, []
    done = {"decided_by": manager, "decided_at": NOW}
    for n in range(5):
        client = ClientFactory(branch=branch)
        if n:
            rows += [AssetDay(client.pk, TODAY - timedelta(days=back), 0, commission=n * 50_00) for back in (0, 29, 30)]
        if n in (1, 2):
            ClientRateFactory(client=client, state="approved", valid_from=DAYS[0], valid_to=DAYS[n + 1], **done)
        if n == 3:
            ClientRateFactory(client=client, product="FUND")
            RateLeak.objects.create(
                client=client, product="FUND", kind="below", applied="0.0001", due="0.0002", since=TODAY, day=TODAY
            )
        crowd[client.pk] = {
            "commission_30": Decimal(n * 100) if n else None,
            "commission_365": Decimal(n * 150) if n else None,
            "rate": ["A_SHARE"] if n == 2 else [],
            "rate_until": DAYS[3] if n == 2 else None,
            "rate_open": ["FUND"] if n == 3 else [],
            "leak": ["below"] if n == 3 else [],
        }
    put_asset_days(branch=branch, rows=rows, actor=system_user())

    codes = {"rate": ["A_SHARE", "FUND"], "rate_open": ["FUND", "BOND"], "leak": ["below", "above"]}
    assert disagreements(manager, NOW, TODAY, crowd, codes=codes) == []


def test_commission_tells_an_advisor_of_his_own_clients_only_and_nobody_else_at_all(
    branch: Branch, staff: Staff
) -> None:
    """A client in whose team he is has an advisor of his own: what he pays stays hidden, and its absence says nothing."""
    advisor, other = staff("advisor"), staff("advisor")
    own, team = ClientFactory(branch=branch, advisor=advisor), ClientFactory(branch=branch, advisor=other)
    team.team.create(member=advisor, since=TODAY)
    for client in (own, team):
        ClientRateFactory(
            client=client, state="approved", valid_to=DAYS[-1], decided_by=staff("branch_manager"), decided_at=NOW
        )
    put_asset_days(
        branch=branch, rows=[AssetDay(client.pk, TODAY, 0, commission=100_00) for client in (own, team)],
        actor=system_user(),
    )  # fmt: skip

    assert members("status", "in", ["active"], advisor) == {own.pk, team.pk}
    for field, op, value in (
        ("rate", "any", ["A_SHARE"]), ("rate_until", "filled", None), ("commission_30", "gte", "1"),
        ("commission_365", "lte", "1000"),
    ):  # fmt: skip
        assert members(field, op, value, advisor) == {own.pk}
    assert members("rate", "empty", None, advisor) == members("commission_30", "empty", None, advisor) == {team.pk}
    desk = set(fields_for(staff("front_desk")))
    assert not {"rate", "rate_until", "rate_open", "leak", "commission_30", "commission_365", "tier_by_hand"} & desk
    assert {"promise_due", "plan", "booking"} <= desk
    assert not {"promise_due", "plan", "booking"} & set(fields_for(staff("agent")))
