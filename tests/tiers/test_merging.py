"""Two clients made one: a tier by hand that holds for one of them holds for the one who stays."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from clients.models import Client
from clients.services import approve_merge, ask_merge, undo_merge
from crm.core.clocks import local_date
from crm.core.models import Branch
from tests.doors import Staff
from tests.factories.clients import ClientFactory
from tests.factories.core import UserFactory
from tests.factories.services import programme_of, put_in_tier
from tests.factories.tiers import TierFactory, TierOverrideFactory
from tiers.models import Programme, TierOverride, TierState
from tiers.services.overrides import end_override

pytestmark = pytest.mark.django_db

OLD = date(2026, 1, 1)


def stand(branch: Branch, code: str) -> Client:
    client: Client = ClientFactory(branch=branch)
    put_in_tier(client, code, OLD)
    return client


def by_hand(client: Client, code: str, programme: Programme | None = None) -> TierOverride:
    """The client stands in a tier by hand from a day on, as an approval leaves it."""
    programme, today = programme or programme_of(client.branch), local_date(timezone.now())
    state = TierState.objects.get(client=client)
    tier = programme.tiers.get(code=code)
    TierState.objects.filter(client=client).update(tier=tier, earned=state.tier)
    made: TierOverride = TierOverrideFactory(
        client=client, before=state.tier, tier=tier, state="holding", valid_from=OLD, valid_to=today + timedelta(days=30),
        decided_by=UserFactory(branch=client.branch), decided_at=timezone.now(),
    )  # fmt: skip
    return made


def merge(staying: Client, leaving: Client, staff: Staff):
    asked = ask_merge(staying=staying, leaving=leaving, actor=staff("front_desk"), now=timezone.now(), reason="同一人")
    return approve_merge(record=asked, actor=staff("branch_manager"), now=timezone.now())


def codes(client: Client) -> tuple[str, str | None]:
    state = TierState.objects.select_related("tier", "earned").get(client=client)
    return state.tier.code, state.earned and state.earned.code


def test_a_tier_by_hand_of_the_leaving_client_holds_on_until_it_ends_and_the_undo_puts_both_back(
    branch: Branch, staff: Staff
) -> None:
    staying, leaving = stand(branch, "silver"), stand(branch, "ordinary")
    held = by_hand(leaving, "gold")

    record = merge(staying, leaving, staff)

    assert codes(staying) == ("gold", "silver")
    assert TierOverride.objects.holding().get(client=staying).pk == held.pk
    undo_merge(record=record, actor=staff("branch_manager"), now=timezone.now(), reason="不是同一人")
    assert (codes(staying), codes(leaving)) == (("silver", None), ("gold", "ordinary"))


def test_when_it_ends_the_client_returns_to_his_own_tier_by_rule(branch: Branch, staff: Staff) -> None:
    staying, leaving = stand(branch, "silver"), stand(branch, "ordinary")
    held = by_hand(leaving, "gold")
    merge(staying, leaving, staff)

    held.refresh_from_db()
    end_override(override=held, actor=staff("branch_manager"), now=timezone.now(), reason="到期前收回")

    assert codes(staying) == ("silver", None)


def test_of_two_tiers_by_hand_that_of_the_staying_client_stands(branch: Branch, staff: Staff) -> None:
    staying, leaving = stand(branch, "silver"), stand(branch, "ordinary")
    mine, other = by_hand(staying, "platinum"), by_hand(leaving, "gold")

    merge(staying, leaving, staff)

    assert codes(staying) == ("platinum", "silver")
    assert [row.pk for row in TierOverride.objects.holding()] == [mine.pk]
    assert TierOverride.objects.get(pk=other.pk).state == "ended"


def test_without_a_tier_by_hand_the_staying_clients_tier_stands(branch: Branch, staff: Staff) -> None:
    staying, leaving = stand(branch, "silver"), stand(branch, "gold")

    merge(staying, leaving, staff)

    assert codes(staying) == ("silver", None)


def test_a_client_never_graded_takes_the_tier_by_hand_over_as_it_is(branch: Branch, staff: Staff) -> None:
    staying, leaving = ClientFactory(branch=branch), stand(branch, "ordinary")
    by_hand(leaving, "gold")

    merge(staying, leaving, staff)

    assert codes(staying) == ("gold", "ordinary")


def test_a_tier_by_hand_that_the_staying_clients_programme_does_not_know_is_set_aside(
    branch: Branch, staff: Staff
) -> None:
    staying, leaving = stand(branch, "silver"), stand(branch, "ordinary")
    held = by_hand(leaving, "gold")
    strange = TierFactory(programme__company=branch.company, code="strange", rank=2)
    TierOverride.objects.filter(pk=held.pk).update(tier=strange)
    TierState.objects.filter(client=leaving).update(tier=strange, programme=strange.programme)

    record = merge(staying, leaving, staff)

    assert (codes(staying), TierOverride.objects.count()) == (("silver", None), 0)
    undo_merge(record=record, actor=staff("branch_manager"), now=timezone.now(), reason="不是同一人")
    assert TierOverride.objects.holding().get().client == leaving
