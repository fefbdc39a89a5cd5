"""A shorter period than the one under which the next review was set brings it forward; nothing else does."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils.translation import override

from advisory.models import PortfolioReview
from advisory.services import plan_reviews
from clients.models import Client
from crm.core.access import system_user
from crm.core.models import Branch
from tests.factories.advisory import AgreementFactory, ReviewFactory
from tests.factories.clients import ClientFactory
from tests.factories.services import morning, put_in_tier
from tiers.models import TierChange, TierState

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 6, 1)
LAST = date(2026, 5, 4)


def plan(branch: Branch, day: date = MONDAY) -> dict[str, int]:
    found: dict[str, int] = plan_reviews(branch=branch, now=morning(day), actor=system_user())
    return found


def due(client: Client) -> tuple[date, list[str]]:
    row = PortfolioReview.objects.due().get(client=client)
    return row.due_on, [one.key for one in row.reasons]


def moves(client: Client, code: str, day: date) -> None:
    """From the tier in which he stands to another one, with the step on file."""
    old = TierState.objects.get(client=client).tier
    state = put_in_tier(client, code, day)
    reason = "up" if state.tier.rank > old.rank else "down"
    TierChange.objects.create(
        client=client, old=old, new=state.tier, day=day, reason=reason, run=state.run, total=1, days=1
    )


def reviewed(client: Client, day: date, next_on: date) -> PortfolioReview:
    """Recorded on a day, when the day of the next one was named."""
    ReviewFactory(client=client, done=True, done_on=day, next_on=next_on)
    row: PortfolioReview = ReviewFactory(client=client, due_on=next_on, opened_by=system_user())
    PortfolioReview.objects.filter(pk=row.pk).update(planned_at=morning(day))
    return row


@pytest.fixture
def client(branch: Branch) -> Client:
    """Gold, reviewed once a year, lately on the fourth of May."""
    made: Client = ClientFactory(branch=branch)
    put_in_tier(made, "gold", date(2025, 1, 6))
    reviewed(made, LAST, date(2027, 5, 4))
    return made


def test_after_a_rise_in_tier_the_shorter_period_runs_from_the_last_review(branch: Branch, client: Client) -> None:
    moves(client, "private", date(2026, 5, 29))

    first, second = plan(branch), plan(branch, MONDAY + timedelta(days=1))

    assert (first, second) == ({"moved": 1}, {})
    assert due(client) == (date(2026, 8, 4), ["shorter_period:2026-05-29"])
    with override("en"):
        words = PortfolioReview.objects.due().get().reasons[0].words
    assert words == "Since 2026-05-29 a review is due every 3 months; before that it was every 12"


def test_where_that_day_is_over_the_review_is_due_soon_and_stays_so(branch: Branch, client: Client) -> None:
    PortfolioReview.objects.filter(state="done").update(done_on=date(2025, 12, 1))
    moves(client, "private", date(2026, 5, 29))

    found = [plan(branch, MONDAY + timedelta(days=after)) for after in (0, 1, 2)]

    assert found == [{"moved": 1}, {}, {}]
    assert due(client)[0] == MONDAY + timedelta(days=7)


def test_an_agreement_signed_since_shortens_the_period_too(branch: Branch, client: Client) -> None:
    AgreementFactory(client=client, signed_on=date(2026, 5, 29))

    plan(branch)

    assert due(client) == (date(2026, 11, 4), ["shorter_period:2026-05-29"])


@pytest.mark.parametrize("code", ["silver", "private"])
def test_who_had_the_shorter_period_all_along_keeps_the_day_that_was_named(
    branch: Branch, client: Client, code: str
) -> None:
    """By his tier before the last review, and whatever becomes of a tier with a longer period."""
    put_in_tier(client, "private", date(2025, 1, 6))
    AgreementFactory(client=client, signed_on=date(2025, 1, 6))
    if code == "silver":
        moves(client, code, date(2026, 5, 29))

    assert (plan(branch), due(client)) == ({}, (date(2027, 5, 4), []))


def test_a_rise_to_a_tier_of_the_same_period_changes_nothing(branch: Branch, client: Client) -> None:
    put_in_tier(client, "platinum", date(2025, 1, 6))
    moves(client, "diamond", date(2026, 5, 29))

    assert (plan(branch), due(client)) == ({}, (date(2027, 5, 4), []))


def test_of_two_steps_since_the_review_the_tier_before_both_counts(branch: Branch, client: Client) -> None:
    moves(client, "silver", date(2026, 5, 8))
    moves(client, "platinum", date(2026, 5, 29))

    plan(branch)

    assert due(client)[0] == date(2026, 11, 4)
    assert PortfolioReview.objects.due().get().reasons[0].bound == "12"


def test_the_first_review_comes_earlier_after_a_rise(branch: Branch) -> None:
    client = ClientFactory(branch=branch)
    put_in_tier(client, "gold", date(2026, 5, 4))
    plan(branch)
    moves(client, "private", MONDAY + timedelta(days=28))
    plan(branch, MONDAY + timedelta(days=29))

    assert due(client)[0] == date(2026, 9, 29)


def test_a_review_that_is_due_earlier_anyway_is_left_alone(branch: Branch, client: Client) -> None:
    PortfolioReview.objects.due().update(due_on=date(2026, 7, 6))
    moves(client, "private", date(2026, 5, 29))

    assert (plan(branch), due(client)) == ({}, (date(2026, 7, 6), []))


def test_bringing_forward_costs_the_same_for_one_rise_and_for_ten(branch: Branch, cost_of: Any) -> None:
    def rise(count: int, day: date) -> None:
        for _number in range(count):
            one = ClientFactory(branch=branch)
            put_in_tier(one, "gold", date(2025, 1, 6))
            reviewed(one, LAST, date(2027, 5, 4))
            moves(one, "private", day)

    rise(1, date(2026, 5, 26))
    plan(branch)
    rise(1, date(2026, 5, 27))
    one = cost_of(lambda: plan(branch))
    rise(10, date(2026, 5, 28))

    assert cost_of(lambda: plan(branch)) == one
