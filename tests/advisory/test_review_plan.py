"""When the holdings of which client are looked at next: the cycle, and what brings it forward."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from advisory.models import PortfolioReview
from advisory.services import plan_reviews, record_review
from advisory.services.review_plan import plan_due_reviews
from clients.models import Client
from crm.core.access import system_user
from crm.core.models import AuditEntry, Branch, ImportBatch
from tests.factories.advisory import AdvisorFactory, AgreementFactory, ReviewFactory
from tests.factories.clients import ClientFactory, HoldingFactory
from tests.factories.needs import NeedsInterviewFactory
from tests.factories.services import morning, put_in_tier

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 6, 1)


def plan(branch: Branch, day: date = MONDAY) -> dict[str, int]:
    found: dict[str, int] = plan_reviews(branch=branch, now=morning(day), actor=system_user())
    return found


def due(client: Client) -> tuple[date, list[str]]:
    row = PortfolioReview.objects.due().get(client=client)
    return row.due_on, [one.key for one in row.reasons]


def held(client: Client, *worth: int, day: date = MONDAY, cost: int | None = None) -> None:
    for place, value in enumerate(worth):
        name, code = f"证券{place}", f"60000{place}.SH"
        HoldingFactory(
            client=client, day=day, security_code=code, security_name=name, market_value=value, cost=cost or value
        )


@pytest.fixture
def client(branch: Branch) -> Client:
    """Under agreement since May: reviewed every half year."""
    made = ClientFactory(branch=branch, assessed=True)
    AgreementFactory(client=made, signed_on=date(2026, 5, 4))
    return made


def reviewed(client: Client, day: date, **said: Any) -> PortfolioReview:
    row: PortfolioReview = ReviewFactory(client=client, done=True, done_on=day, next_on=None, **said)
    return row


def test_tier_or_agreement_entitles_and_the_shorter_period_holds(branch: Branch, client: Client) -> None:
    private, both = ClientFactory(branch=branch), ClientFactory(branch=branch)
    put_in_tier(private, "private", date(2026, 5, 1))
    put_in_tier(both, "gold", date(2026, 5, 1))
    AgreementFactory(client=both, signed_on=date(2026, 5, 4))
    put_in_tier(ClientFactory(branch=branch), "silver", date(2026, 5, 1))

    plan(branch)

    assert due(private)[0] == date(2026, 8, 1)
    assert (due(both)[0], due(client)[0]) == (date(2026, 11, 4), date(2026, 11, 4))
    assert PortfolioReview.objects.count() == 3


def test_planning_twice_changes_nothing(branch: Branch, client: Client) -> None:
    held(client, 90, 10)

    first, second = plan(branch), plan(branch)

    assert (first, second) == ({"made": 1}, {})
    assert AuditEntry.objects.filter(action="review.plan").count() == 1


def test_first_reviews_that_are_late_already_are_spread_over_the_next_days(branch: Branch) -> None:
    for _number in range(3):
        put_in_tier(ClientFactory(branch=branch), "private", date(2020, 1, 1))

    plan(branch)

    days = list(PortfolioReview.objects.values_list("due_on", flat=True))
    assert len(set(days)) == 3
    assert all(MONDAY < day <= MONDAY + timedelta(days=90) for day in days)


def test_after_a_review_the_period_runs_from_it_or_from_the_day_that_was_named(branch: Branch, client: Client) -> None:
    other = ClientFactory(branch=branch)
    AgreementFactory(client=other, signed_on=date(2025, 5, 4))
    reviewed(client, date(2026, 5, 20))
    reviewed(other, date(2026, 5, 20)), PortfolioReview.objects.filter(client=other).update(next_on=date(2026, 7, 6))

    plan(branch)

    assert (due(client)[0], due(other)[0]) == (date(2026, 11, 20), date(2026, 7, 6))


# -- what brings a review forward --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("largest", "expected"), [(51, ["concentration:600000.SH"]), (50, [])])
def test_a_holding_above_the_bound_brings_the_review_forward(
    branch: Branch, client: Client, largest: int, expected: list[str]
) -> None:
    held(client, largest, 100 - largest)

    plan(branch)

    day, keys = due(client)
    assert (keys, day) == (expected, MONDAY + timedelta(days=7) if expected else date(2026, 11, 4))


@pytest.mark.parametrize(("tolerance", "expected"), [(9, ["loss:"]), (10, []), (None, [])])
def test_a_loss_beyond_what_the_client_can_bear_brings_it_forward(
    branch: Branch, client: Client, tolerance: int | None, expected: list[str]
) -> None:
    held(client, 45, 45, cost=50)
    NeedsInterviewFactory(client=client, loss_tolerance=tolerance, is_present=True)

    plan(branch)

    assert due(client)[1] == expected


def test_holdings_too_old_to_say_anything_bring_nothing_forward(branch: Branch, client: Client) -> None:
    held(client, 90, 10, day=MONDAY - timedelta(days=10))

    plan(branch)

    assert due(client)[1] == []


def test_a_grade_that_changed_or_ran_out_and_a_horizon_that_is_over_bring_it_forward(
    branch: Branch, client: Client
) -> None:
    reviewed(client, date(2026, 1, 5), risk_grade="C3")
    Client.objects.update(risk_grade="C2", risk_valid_until=MONDAY - timedelta(days=1))
    said = {"answered_on": {"horizon": "2025-05-04"}, "horizon": "short"}
    NeedsInterviewFactory(client=client, taken_on=date(2025, 5, 4), is_present=True, **said)

    plan(branch)

    day, keys = due(client)
    assert keys == ["grade_expired:2026-05-31", "horizon:2026-05-04", "grade_changed:C2"]
    assert day == MONDAY + timedelta(days=7)


def test_what_came_up_later_brings_the_planned_review_forward_once(branch: Branch, client: Client) -> None:
    plan(branch)
    held(client, 90, 10, day=MONDAY + timedelta(days=1))

    found = [plan(branch, MONDAY + timedelta(days=after)) for after in (1, 2, 3)]

    assert found == [{"moved": 1}, {}, {}]
    assert due(client) == (MONDAY + timedelta(days=8), ["concentration:600000.SH"])


def test_what_a_review_has_looked_at_brings_no_other_one_forward_for_a_while(branch: Branch) -> None:
    advisor = AdvisorFactory(user__branch=branch).user
    client = ClientFactory(branch=branch, advisor=advisor, assessed=True)
    AgreementFactory(client=client, signed_on=date(2026, 5, 4))
    held(client, 90, 10)
    plan(branch)
    row = PortfolioReview.objects.due().get(client=client)
    said = {"outcome": "no_change", "summary": "客户知悉", "next_on": date(2026, 12, 1)}
    record_review(review=row, actor=advisor, now=morning(MONDAY), **said)

    plan(branch, MONDAY + timedelta(days=1))
    soon = due(client)
    later = MONDAY + timedelta(days=90)
    held(client, 90, 10, day=later)
    plan(branch, later)

    assert soon == (date(2026, 12, 1), [])
    assert due(client) == (later + timedelta(days=7), ["concentration:600000.SH"])


# -- what ends ---------------------------------------------------------------------------------------------------------


def test_without_the_right_to_it_the_cycle_ends_and_an_agreed_day_stands(branch: Branch, client: Client) -> None:
    other = ClientFactory(branch=branch)
    ReviewFactory(client=other, opened_by=system_user(), due_on=MONDAY)
    plan(branch)
    client.advisory_agreements.update(ended_on=MONDAY)

    found = plan(branch, MONDAY + timedelta(days=1))

    assert found == {"closed": 1}
    assert PortfolioReview.objects.get(client=client).closed_as == "unentitled"
    assert PortfolioReview.objects.get(client=other).state == "due"


def test_of_a_client_who_wants_no_contact_or_left_nothing_is_due(branch: Branch, client: Client) -> None:
    other = ClientFactory(branch=branch)
    ReviewFactory(client=other, opened_by=system_user())
    plan(branch)
    Client.objects.filter(pk=client.pk).update(do_not_contact=True, do_not_contact_reason="客户要求")
    Client.objects.filter(pk=other.pk).update(status="closed", closed_on=MONDAY)

    plan(branch, MONDAY + timedelta(days=1))

    assert list(PortfolioReview.objects.values_list("state", "closed_as")) == [("closed", "client")] * 2


def test_the_sweep_looks_once_a_day_and_again_when_a_file_of_holdings_has_come(
    branch: Branch, client: Client, cost_of: Any
) -> None:
    now = morning(MONDAY)
    assert (plan_due_reviews(now), plan_due_reviews(now)) == (1, 0)
    held(client, 90, 10)
    assert plan_due_reviews(now) == 0

    batch = {"kind": "holdings", "branch": branch, "state": "applied", "applied_at": now, "file_name": "h.csv"}
    ImportBatch.objects.create(sha256="0" * 64, actor=system_user(), **batch)

    assert plan_due_reviews(now) == 1
    assert cost_of(lambda: plan_due_reviews(now)) <= 3


def test_planning_costs_the_same_for_one_client_and_for_ten(branch: Branch, client: Client, cost_of: Any) -> None:
    def more(count: int) -> None:
        for _number in range(count):
            one = ClientFactory(branch=branch, assessed=True)
            AgreementFactory(client=one, signed_on=date(2026, 5, 4))
            held(one, 90, 10)

    plan(branch)
    more(1)
    one = cost_of(lambda: plan(branch))
    more(9)
    ten = cost_of(lambda: plan(branch))

    assert ten == one
