"""Advisors' profiles, hand-overs and advisory agreements."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advisory.errors import (
    AgreementEnded,
    AgreementInForce,
    AgreementNumberTaken,
    CancelPeriodOver,
    MayNotServe,
    NoLicence,
    NoRiskGrade,
    NotAnAdvisor,
    NotEnoughPlaces,
    NothingToHandOver,
)
from advisory.models import AdvisorProfile, AdvisoryAgreement, HandOver
from advisory.services import (
    cancel_agreement,
    change_profile,
    end_agreement,
    hand_over,
    preview_hand_over,
    sign_agreement,
)
from clients.models import Client
from crm.core.errors import InvalidInput, StaleEdit
from crm.core.models import AuditEntry, Branch, User
from tests.doors import Staff
from tests.factories.advisory import AdvisorFactory, AgreementFactory
from tests.factories.clients import ClientFactory

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
TODAY = date(2026, 6, 1)
LICENCE = {
    "licence_kind": "investment_advisor",
    "licence_number": "S9990621000001",
    "licence_valid_until": date(2028, 1, 1),
}


@pytest.fixture
def manager(staff: Staff) -> User:
    return staff("branch_manager")


# -- profiles ----------------------------------------------------------------------------------------------------------


def test_an_advisor_gets_his_profile_with_his_licence(staff: Staff, manager: User) -> None:
    user = staff("advisor")

    change_profile(user=user, values={**LICENCE, "capacity": 80}, actor=manager)

    assert AdvisorProfile.objects.get(user=user).capacity == 80
    assert AuditEntry.objects.filter(action="advisor.change_profile").count() == 1


def test_only_an_advisor_gets_a_profile(staff: Staff, manager: User) -> None:
    with pytest.raises(NotAnAdvisor):
        change_profile(user=staff("front_desk"), values=LICENCE, actor=manager)


def test_a_profile_edited_over_a_newer_version_is_refused(branch: Branch, manager: User) -> None:
    profile = AdvisorFactory(user__branch=branch)
    change_profile(user=profile.user, values={"capacity": 5}, actor=manager, version=1)

    with pytest.raises(StaleEdit):
        change_profile(user=profile.user, values={"capacity": 6}, actor=manager, version=1)


@pytest.mark.parametrize("days", [(None, TODAY), (TODAY, None), (TODAY, TODAY - timedelta(days=1))])
def test_leave_needs_a_first_and_a_last_day(branch: Branch, manager: User, days: tuple[date, date]) -> None:
    profile = AdvisorFactory(user__branch=branch)

    with pytest.raises(InvalidInput):
        change_profile(user=profile.user, values={"leave_from": days[0], "leave_until": days[1]}, actor=manager)


@pytest.mark.nodb
@pytest.mark.parametrize(("number", "usual"), [("S9990621000001", True), ("S999", False), ("S99906210000０1", False)])
def test_an_unusual_licence_number_is_noticed(number: str, usual: bool) -> None:
    assert AdvisorProfile(licence_number=number).has_usual_number is usual


@pytest.mark.nodb
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(valid=st.dates(), today=st.dates(), kind=st.sampled_from(AdvisorProfile.LicenceKind.values))
def test_who_may_advise_holds_the_right_licence_to_its_last_day(valid: date, today: date, kind: str) -> None:
    profile = AdvisorProfile(licence_kind=kind, licence_valid_until=valid)

    assert profile.may_advise(today) == (kind == "investment_advisor" and today <= valid)


def test_an_advisor_sees_himself_and_the_manager_his_branch(
    branch: Branch, other_branch: Branch, manager: User, staff: Staff
) -> None:
    mine = AdvisorFactory(user__branch=branch)
    AdvisorFactory(user__branch=branch)
    AdvisorFactory(user__branch=other_branch)

    assert AdvisorProfile.objects.visible_to(manager).count() == 2
    assert AdvisorProfile.objects.visible_to(staff("compliance", branch=None)).count() == 3
    assert list(AdvisorProfile.objects.visible_to(mine.user)) == [mine]


# -- hand-over ---------------------------------------------------------------------------------------------------------


def test_all_served_clients_go_to_the_taker_with_history_and_trail(branch: Branch, manager: User, staff: Staff) -> None:
    giver, taker = staff("account_manager", is_active=False), AdvisorFactory(user__branch=branch)
    clients = ClientFactory.create_batch(3, branch=branch, advisor=giver)
    gone = ClientFactory(branch=branch, advisor=giver, closed=True)

    (row,) = hand_over(giver=giver, taker=taker.user, branch=branch, actor=manager, now=NOW, reason="离职")

    assert (row.clients, row.giver, row.taker) == (3, giver, taker.user)
    assert set(Client.objects.exclude(pk=gone.pk).values_list("advisor_id", flat=True)) == {taker.user_id}
    assert Client.objects.get(pk=gone.pk).advisor == giver
    entry = AuditEntry.objects.get(action="handover.apply")
    assert sorted(entry.object_ids) == sorted(client.public_id for client in clients)


def test_chosen_clients_go_and_the_others_stay(branch: Branch, manager: User, staff: Staff) -> None:
    giver, taker = staff("advisor"), AdvisorFactory(user__branch=branch)
    goes, stays = ClientFactory.create_batch(2, branch=branch, advisor=giver)

    hand_over(giver=giver, taker=taker.user, branch=branch, actor=manager, now=NOW, reason="调整", clients=[goes.pk])

    assert Client.objects.get(pk=stays.pk).advisor == giver
    assert Client.objects.get(pk=goes.pk).advisor == taker.user


def test_a_client_of_somebody_else_cannot_be_handed_over(branch: Branch, manager: User, staff: Staff) -> None:
    giver, taker = staff("advisor"), AdvisorFactory(user__branch=branch)
    foreign = ClientFactory(branch=branch, advisor=staff("advisor"))

    with pytest.raises(NothingToHandOver):
        hand_over(
            giver=giver, taker=taker.user, branch=branch, actor=manager, now=NOW, reason="x", clients=[foreign.pk]
        )


def test_a_full_taker_is_refused_and_nobody_moves(branch: Branch, manager: User, staff: Staff) -> None:
    giver, taker = staff("advisor"), AdvisorFactory(user__branch=branch, capacity=2)
    ClientFactory.create_batch(3, branch=branch, advisor=giver)

    with pytest.raises(NotEnoughPlaces):
        hand_over(giver=giver, taker=taker.user, branch=branch, actor=manager, now=NOW, reason="离职")

    assert Client.objects.filter(advisor=giver).count() == 3


@pytest.mark.parametrize("trait", [{"expired": True}, {"on_leave": True}, {"accepts_clients": False}])
def test_nobody_takes_over_without_licence_or_when_away(branch: Branch, manager: User, staff: Staff, trait) -> None:
    giver, taker = staff("advisor"), AdvisorFactory(user__branch=branch, **trait)
    ClientFactory(branch=branch, advisor=giver)

    with pytest.raises(MayNotServe):
        hand_over(giver=giver, taker=taker.user, branch=branch, actor=manager, now=NOW, reason="离职")


def test_a_hand_over_by_matching_moves_only_the_orphans_into_free_places(branch: Branch, manager: User) -> None:
    giver = AdvisorFactory(user__branch=branch)
    full = AdvisorFactory(user__branch=branch, capacity=1, risk_grades=["C1"])
    careful = AdvisorFactory(user__branch=branch, capacity=2, risk_grades=["C1"])
    bold = AdvisorFactory(user__branch=branch, capacity=2, risk_grades=["C5"])
    kept = ClientFactory(branch=branch, advisor=full.user, risk_grade="C5")
    quiet = ClientFactory(branch=branch, advisor=giver.user, risk_grade="C1")
    keen = ClientFactory(branch=branch, advisor=giver.user, risk_grade="C5")

    rows = hand_over(giver=giver.user, taker=None, branch=branch, actor=manager, now=NOW, reason="离职")

    served = dict(Client.objects.values_list("pk", "advisor_id"))
    assert served == {kept.pk: full.user_id, quiet.pk: careful.user_id, keen.pk: bold.user_id}
    assert sorted(row.taker_id for row in rows) == sorted([careful.user_id, bold.user_id])


def test_a_hand_over_by_matching_needs_a_place_for_everybody(branch: Branch, manager: User) -> None:
    giver = AdvisorFactory(user__branch=branch)
    AdvisorFactory(user__branch=branch, capacity=1)
    ClientFactory.create_batch(2, branch=branch, advisor=giver.user)

    seen = preview_hand_over(giver=giver.user, taker=None, branch=branch, now=NOW)
    assert (seen.clients, seen.without_place, seen.fits) == (2, 1, False)
    with pytest.raises(NotEnoughPlaces):
        hand_over(giver=giver.user, taker=None, branch=branch, actor=manager, now=NOW, reason="离职")
    assert not HandOver.objects.exists()


def test_an_empty_book_and_a_missing_reason_are_refused(branch: Branch, manager: User, staff: Staff) -> None:
    giver, taker = staff("advisor"), AdvisorFactory(user__branch=branch)

    with pytest.raises(NothingToHandOver):
        hand_over(giver=giver, taker=taker.user, branch=branch, actor=manager, now=NOW, reason="离职")
    with pytest.raises(InvalidInput):
        hand_over(giver=giver, taker=taker.user, branch=branch, actor=manager, now=NOW, reason=" ")


# -- agreements --------------------------------------------------------------------------------------------------------


def sign(client: Client, actor: User, **said: object) -> AdvisoryAgreement:
    values = {"number": "TG-1", "signed_on": TODAY, "risk_disclosure": "2026-01", **said}
    return sign_agreement(client=client, actor=actor, now=NOW, **values)


def test_a_signed_agreement_may_be_cancelled_for_five_working_days(branch: Branch) -> None:
    advisor = AdvisorFactory(user__branch=branch).user
    client = ClientFactory(branch=branch, assessed=True, advisor=advisor)

    made = sign(client, advisor)

    # 2026-06-01 is a Monday; the fifth working day after it is the Monday of the next week.
    assert (made.advisor, made.cancel_until) == (advisor, date(2026, 6, 8))
    assert list(AdvisoryAgreement.objects.in_force(TODAY)) == [made]


def test_no_agreement_without_licence_or_risk_grade(branch: Branch) -> None:
    lapsed, advisor = AdvisorFactory(user__branch=branch, expired=True).user, AdvisorFactory(user__branch=branch).user

    with pytest.raises(NoLicence):
        sign(ClientFactory(branch=branch, assessed=True, advisor=lapsed), lapsed)
    with pytest.raises(NoLicence):
        sign(ClientFactory(branch=branch, assessed=True), advisor)
    with pytest.raises(NoRiskGrade):
        sign(ClientFactory(branch=branch, advisor=advisor), advisor)


def test_a_client_has_one_agreement_in_force_and_a_number_is_given_once(branch: Branch) -> None:
    advisor = AdvisorFactory(user__branch=branch).user
    client, other = ClientFactory.create_batch(2, branch=branch, assessed=True, advisor=advisor)
    sign(client, advisor)

    with pytest.raises(AgreementInForce):
        sign(client, advisor, number="TG-2")
    with pytest.raises(AgreementNumberTaken):
        sign(other, advisor)


def test_no_agreement_is_signed_tomorrow(branch: Branch) -> None:
    advisor = AdvisorFactory(user__branch=branch).user
    client = ClientFactory(branch=branch, assessed=True, advisor=advisor)

    with pytest.raises(InvalidInput):
        sign(client, advisor, signed_on=TODAY + timedelta(days=1))


def test_a_cancellation_counts_by_the_day_it_came_in(branch: Branch, manager: User) -> None:
    on_time, late = AgreementFactory(client__branch=branch), AgreementFactory(client__branch=branch)
    later = NOW + timedelta(days=20)

    done = cancel_agreement(agreement=on_time, received_on=date(2026, 6, 8), actor=manager, now=later)
    with pytest.raises(CancelPeriodOver):
        cancel_agreement(agreement=late, received_on=date(2026, 6, 9), actor=manager, now=later)

    assert done.ended_on == date(2026, 6, 8)
    assert list(AdvisoryAgreement.objects.in_force(date(2026, 6, 8))) == [late]


def test_an_agreement_ends_once_with_a_reason_and_not_before_it_began(branch: Branch, manager: User) -> None:
    agreement = AgreementFactory(client__branch=branch)
    end = {"agreement": agreement, "actor": manager, "now": NOW}

    with pytest.raises(InvalidInput):
        end_agreement(ended_on=date(2026, 5, 31), reason="期满", **end)
    with pytest.raises(InvalidInput):
        end_agreement(ended_on=TODAY, reason="", **end)
    end_agreement(ended_on=TODAY, reason="期满", **end)
    with pytest.raises(AgreementEnded):
        end_agreement(ended_on=TODAY, reason="期满", **end)
