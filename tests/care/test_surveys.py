"""Surveys: whom we invite, that no token stays with us, and that a link works once."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from care.errors import OwnSurvey, SurveyClosed
from care.models import SurveyAnswer, SurveyInvitation
from care.services import answer_survey, expire_surveys, hand_out_link, invite_surveys
from care.services.surveys import find_open, token_hash
from crm.core.access import system_user
from crm.core.clocks import database_now
from crm.core.errors import InvalidInput
from crm.core.models import AuditEntry, Branch, Outbound, User
from crm.core.outbound import send_due
from tests.doors import Staff
from tests.factories.care import NOW, ClosedComplaintFactory, SurveyInvitationFactory, answered
from tests.factories.clients import ClientFactory, ContactPointFactory

DAY = timedelta(days=1)


def invite() -> int:
    invited: int = invite_surveys(actor=system_user(), now=NOW)
    return invited


def answer(token: str, **said: object) -> SurveyAnswer:
    given: dict[str, object] = {"satisfaction": 5, "recommendation": 9, **said}
    made: SurveyAnswer = answer_survey(actor=system_user(), token=token, now=NOW, **given)
    return made


def test_who_complained_is_invited_once_by_mail_and_only_the_hash_of_the_link_is_kept(branch: Branch) -> None:
    complaint = ClosedComplaintFactory(client__branch=branch)

    assert [invite(), invite()] == [1, 0]

    invitation, letter = SurveyInvitation.objects.get(), Outbound.objects.get()
    assert (invitation.complaint, invitation.sent_by_channel) == (complaint, "email")
    assert invitation.expires_at == NOW + 14 * DAY
    found = re.search(r"/s/([\w-]+)/", letter.body)
    assert found is not None
    token = found[1]
    assert len(token) >= 22, "128 bits"
    assert invitation.token_hash == token_hash(token)
    assert token not in str(SurveyInvitation.objects.values().get())
    assert token not in str(Outbound.objects.values().get()), "the letter is sealed at rest"
    assert token not in str(list(AuditEntry.objects.values()))


def test_a_reopened_complaint_that_is_closed_again_brings_a_second_invitation(branch: Branch) -> None:
    complaint = ClosedComplaintFactory(client__branch=branch)
    invite()
    complaint.rounds = 2
    complaint.save()

    assert invite() == 1


@pytest.mark.parametrize("state", ["withdrawn", "not_accepted", "transferred"])
def test_only_a_complaint_that_came_to_its_proper_end_brings_an_invitation(branch: Branch, state: str) -> None:
    ClosedComplaintFactory(client__branch=branch, state=state)

    assert invite() == 0


def test_a_complaint_closed_longer_ago_than_a_link_lives_brings_none(branch: Branch) -> None:
    ClosedComplaintFactory(client__branch=branch, closed_at=NOW - 15 * DAY)

    assert invite() == 0


def test_nobody_is_written_to_against_his_will_nor_without_an_address(branch: Branch) -> None:
    ClosedComplaintFactory(client=ClientFactory(branch=branch, silent=True, email="quiet@example.com"))
    ClosedComplaintFactory(client=ClientFactory(branch=branch))
    ClosedComplaintFactory(client=None, branch=branch, complainant_name="王女士", complainant_phone="13812345678")

    assert invite() == 3

    assert not Outbound.objects.exists()
    assert set(SurveyInvitation.objects.values_list("sent_by_channel", flat=True)) == {""}


def test_a_client_without_mail_gets_the_link_by_message(branch: Branch) -> None:
    ClosedComplaintFactory(client=ClientFactory(branch=branch, phone="+8613812348000"))

    invite()

    assert Outbound.objects.get().channel == "sms"


def test_the_day_that_the_client_reads_is_a_day_of_shanghai(branch: Branch) -> None:
    after_midnight = NOW.replace(hour=17)  # 01:00 of 2 June in Shanghai
    ClosedComplaintFactory(client__branch=branch)

    invite_surveys(actor=system_user(), now=after_midnight)

    assert "2026-06-16" in Outbound.objects.get().body


def test_nobody_hands_out_the_survey_about_his_own_work(branch: Branch, staff: Staff) -> None:
    desk, manager = staff("front_desk"), staff("branch_manager")
    complaint = ClosedComplaintFactory(client__branch=branch, handler=desk, proposed_by=desk, approved_by=manager)
    invitation = SurveyInvitationFactory(branch=branch, complaint=complaint, token="old")

    for judged in (desk, manager):
        with pytest.raises(OwnSurvey):
            hand_out_link(actor=judged, invitation=invitation, now=NOW)

    assert find_open("old", NOW) == invitation
    assert hand_out_link(actor=staff("front_desk"), invitation=invitation, now=NOW).url


def test_a_way_that_the_client_forbids_is_left_for_the_other_one(branch: Branch) -> None:
    client = ClientFactory(branch=branch, email="a@example.com", phone="+8613812348000", forbidden_channels="email")
    ClosedComplaintFactory(client=client)

    invite()

    assert Outbound.objects.get().channel == "sms"
    assert SurveyInvitation.objects.get().held_back == ""


@pytest.mark.parametrize("reason", ["do_not_contact", "forbidden_channel", "forbidden_points"])
def test_nobody_is_written_to_where_every_way_is_forbidden_and_the_reason_is_on_file(
    branch: Branch, staff: Staff, web: Callable[[User], Any], reason: str
) -> None:
    said = {
        "do_not_contact": {"silent": True},
        "forbidden_channel": {"forbidden_channels": "email sms"},
        "forbidden_points": {},
    }[reason]
    client = ClientFactory(branch=branch, email="a@example.com", phone="+8613812348000", **said)
    if reason == "forbidden_points":
        for kind, value in (("email", client.email), ("phone", client.phone)):
            ContactPointFactory(client=client, kind=kind, value=value, is_forbidden=True)
            ContactPointFactory(client=client, kind=kind, value=f"{value}0")
    ClosedComplaintFactory(client=client)

    invite()

    assert not Outbound.objects.exists()
    invitation = SurveyInvitation.objects.get()
    assert invitation.held_back == reason
    page = web(staff("branch_manager")).get(reverse("care:surveys")).content.decode()
    assert invitation.get_held_back_display() in page


def test_who_has_neither_address_nor_number_is_shown_as_such(
    branch: Branch, staff: Staff, web: Callable[[User], Any]
) -> None:
    ClosedComplaintFactory(client=ClientFactory(branch=branch, email="", phone=""))

    invite()

    invitation = SurveyInvitation.objects.get()
    assert invitation.held_back == "no_address"
    assert (
        invitation.get_held_back_display() in web(staff("branch_manager")).get(reverse("care:surveys")).content.decode()
    )


def test_a_message_of_the_night_waits_for_the_end_of_quiet_hours(branch: Branch) -> None:
    ClosedComplaintFactory(client=ClientFactory(branch=branch, phone="+8613812348000"))
    at_night = NOW.replace(hour=14)  # 22:00 in Shanghai

    invite_surveys(actor=system_user(), now=at_night)

    assert Outbound.objects.get().due_at == NOW.replace(day=2, hour=0, minute=30)


def test_a_message_that_meets_quiet_hours_on_its_way_waits_for_their_end(branch: Branch) -> None:
    client = ClientFactory(branch=branch, phone="+8613812348000")
    ClosedComplaintFactory(client=client)
    invite_surveys(actor=system_user(), now=NOW)
    type(client).objects.filter(pk=client.pk).update(quiet_from="09:00", quiet_until="14:00")

    send_due(NOW)

    message = Outbound.objects.get()
    assert (message.state, message.attempts, message.due_at) == ("queued", 0, NOW.replace(hour=6))
    assert SurveyInvitation.objects.get().held_back == ""

    send_due(message.due_at)
    assert Outbound.objects.get().state == "sent"


@pytest.mark.parametrize("why", ["do_not_contact", "expired", "replaced"])
def test_a_link_that_is_wanted_no_more_stays_in_the_house(branch: Branch, staff: Staff, why: str) -> None:
    now = database_now()
    complaint = ClosedComplaintFactory(client__branch=branch, closed_at=now - DAY)
    invite_surveys(actor=system_user(), now=now)
    if why == "do_not_contact":
        type(complaint.client).objects.update(do_not_contact=True, do_not_contact_reason="客户要求")
    elif why == "expired":
        SurveyInvitation.objects.update(expires_at=now - timedelta(minutes=1))
    else:
        hand_out_link(actor=staff("front_desk"), invitation=SurveyInvitation.objects.get(), now=now)

    send_due(now)

    letter = Outbound.objects.get()
    assert (letter.state, letter.last_error) == ("missed", why)


def test_a_link_that_is_still_wanted_leaves(branch: Branch) -> None:
    now = database_now()
    ClosedComplaintFactory(client__branch=branch, closed_at=now - DAY)
    invite_surveys(actor=system_user(), now=now)

    send_due(now)

    assert Outbound.objects.get().state == "sent"


def test_a_link_from_the_counter_replaces_the_one_before(branch: Branch, staff: Staff) -> None:
    invitation = SurveyInvitationFactory(branch=branch, token="old")

    link = hand_out_link(actor=staff("front_desk"), invitation=invitation, now=NOW)

    token = link.url.rstrip("/").rsplit("/", 1)[1]
    assert find_open(token, NOW) == invitation
    with pytest.raises(SurveyClosed):
        find_open("old", NOW)
    assert token not in str(list(AuditEntry.objects.values()))


def test_a_link_answers_once(branch: Branch) -> None:
    SurveyInvitationFactory(branch=branch, token="t")

    answer("t", satisfaction=2, recommendation=3, comment="处理太慢")
    with pytest.raises(SurveyClosed):
        answer("t")

    kept = SurveyAnswer.objects.get()
    assert (kept.satisfaction, kept.recommendation, kept.comment) == (2, 3, "处理太慢")
    assert kept.invitation.state == "answered"


def test_a_link_runs_out_to_the_second_and_is_then_closed_by_the_sweep(branch: Branch) -> None:
    SurveyInvitationFactory(branch=branch, token="t", expires_at=NOW)
    SurveyInvitationFactory(branch=branch, token="u", expires_at=NOW + timedelta(seconds=1))

    with pytest.raises(SurveyClosed):
        answer("t")
    assert [expire_surveys(actor=system_user(), now=NOW) for _again in range(2)] == [1, 0]

    assert dict(SurveyInvitation.objects.values_list("state").order_by("state").values_list("state", "token_hash")) == {
        "expired": token_hash("t"),
        "invited": token_hash("u"),
    }


def test_an_unknown_link_and_a_used_one_are_told_apart_by_nobody(branch: Branch) -> None:
    SurveyInvitationFactory(branch=branch, token="t")
    answer("t")

    refusals = []
    for token in ("t", "never-there", "", "\x00", "张" * 500):
        with pytest.raises(SurveyClosed) as refusal:
            find_open(token, NOW)
        refusals.append((refusal.value.code, str(refusal.value.message)))

    assert len(set(refusals)) == 1


@pytest.mark.parametrize(
    "said",
    [{"satisfaction": 0}, {"satisfaction": 6}, {"recommendation": -1}, {"recommendation": 11}, {"comment": "x" * 1001}],
)
def test_figures_outside_of_the_scales_leave_the_link_open(branch: Branch, said: dict[str, object]) -> None:
    SurveyInvitationFactory(branch=branch, token="t")

    with pytest.raises(InvalidInput):
        answer("t", **said)

    assert find_open("t", NOW).state == "invited"


def test_results_are_the_mean_and_promoters_less_detractors(branch: Branch) -> None:
    SurveyInvitationFactory(branch=branch)
    for satisfaction, recommendation in [(5, 10), (4, 9), (3, 8), (1, 6)]:
        answered(branch, satisfaction, recommendation)

    found = SurveyInvitation.objects.results()

    assert (found["asked"], found["answered"], found["satisfaction"], found["nps"]) == (5, 4, 3.25, 25)
    assert SurveyInvitation.objects.none().results()["nps"] is None


def test_a_survey_about_a_complaint_is_kept_from_the_one_complained_of(branch: Branch, staff: Staff) -> None:
    manager = staff("branch_manager")
    complaint = ClosedComplaintFactory(client__branch=branch, complained_of=manager)
    SurveyInvitationFactory(branch=branch, complaint=complaint)

    assert not SurveyInvitation.objects.visible_to(manager).exists()
    assert SurveyInvitation.objects.visible_to(staff("branch_manager")).exists()
    assert not SurveyInvitation.objects.visible_to(staff("advisor")).exists()
