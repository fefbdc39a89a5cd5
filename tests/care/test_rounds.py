"""Rounds: a saved segment is asked once, as it is at that moment, and nobody is written to against the rules of the house."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from care.errors import NobodyToInvite
from care.models import SurveyInvitation, SurveyRound
from care.services import answer_survey, find_audience, hand_out_link, invite_segment, invite_surveys, write_letters
from care.services.rounds import Audience
from clients.models import Client, Segment
from clients.services.segments import create_segment, delete_segment
from crm.core.access import system_user
from crm.core.clocks import database_now
from crm.core.errors import InvalidInput
from crm.core.models import AuditEntry, Branch, Outbound, Policy, User
from crm.core.outbound import send_due
from tests.doors import Api, Staff, Web
from tests.factories.care import ClosedComplaintFactory, SurveyInvitationFactory
from tests.factories.clients import ClientFactory, ContactPointFactory

NEW, ROUNDS = "/care/surveys/rounds/new/", "/api/v1/survey-rounds/"
ABOUT = "季度策略会"


@pytest.fixture
def manager(staff: Staff) -> User:
    return staff("branch_manager")


@pytest.fixture
def segment(manager: User) -> Segment:
    """Everybody who lives in Nanjing."""
    rule = {"all": [{"field": "city", "op": "is", "value": "南京"}]}
    made: Segment = create_segment(values={"name": "南京客户", "rule": rule}, actor=manager)
    return made


def somebody(branch: Branch, **fields: Any) -> Client:
    made: Client = ClientFactory(**{"branch": branch, "city": "南京", "email": "a@example.com", **fields})
    return made


def look(segment: Segment, branch: Branch, reader: User) -> Audience:
    return find_audience(segment=segment, title=ABOUT, branch=branch, reader=reader, now=database_now())


def ask(segment: Segment, branch: Branch, actor: User, title: str = ABOUT) -> SurveyRound:
    made: SurveyRound = invite_segment(segment=segment, title=title, branch=branch, actor=actor, now=database_now())
    return made


def write() -> int:
    written: int = write_letters(actor=system_user(), now=database_now())
    return written


def test_each_client_of_the_segment_is_invited_once_and_gets_one_letter_whose_link_works(
    branch: Branch, manager: User, segment: Segment
) -> None:
    client = somebody(branch)
    somebody(branch, city="上海")

    ask(segment, branch, manager)
    assert [write(), write()] == [1, 0]

    letter = Outbound.objects.get()
    found = re.search(r"/s/([\w-]+)/", letter.body)
    assert found is not None and ABOUT in letter.body
    answer = answer_survey(
        actor=system_user(), token=found[1], now=database_now(), satisfaction=4, recommendation=9, comment=""
    )
    assert (answer.invitation.client, answer.invitation.round.title) == (client, ABOUT)
    assert found[1] not in str(list(AuditEntry.objects.values()))


def test_a_round_asked_again_invites_only_those_who_came_into_the_segment_since(
    branch: Branch, manager: User, segment: Segment
) -> None:
    somebody(branch)
    first = ask(segment, branch, manager)
    newcomer = somebody(branch)

    again = ask(segment, branch, manager, title=f" {ABOUT} ")

    assert (again.pk, again.members, again.left_out) == (first.pk, 2, {"already": 1})
    assert SurveyInvitation.objects.count() == 2
    assert SurveyInvitation.objects.filter(round=first).latest("pk").client == newcomer


REASONS: dict[str, dict[str, Any]] = {
    "do_not_contact": {"silent": True},
    "no_address": {"email": ""},
    "forbidden_channel": {"forbidden_channels": "email sms"},
    "not_served": {"closed": True},
    "forbidden_points": {},
}


@pytest.mark.parametrize("reason", REASONS)
def test_who_may_not_be_written_to_is_counted_with_the_reason_and_not_invited(
    branch: Branch, manager: User, segment: Segment, reason: str
) -> None:
    somebody(branch)
    client = somebody(branch, **REASONS[reason])
    if reason == "forbidden_points":
        ContactPointFactory(client=client, kind="email", value=client.email, is_forbidden=True)

    seen, made = look(segment, branch, manager), ask(segment, branch, manager)

    assert (seen.members, len(seen.clients), seen.left_out) == (2, 1, {reason: 1})
    assert (made.members, made.left_out) == (2, {reason: 1})
    assert not SurveyInvitation.objects.filter(client=client).exists()


@pytest.mark.nodb
def test_whatever_stands_against_a_letter_can_be_counted_in_a_round() -> None:
    """Quiet hours alone only put a letter off."""
    assert set(SurveyInvitation.HeldBack.values) - {"quiet_hours"} <= set(SurveyRound.LeftOut.values)


def test_who_still_has_a_survey_to_answer_is_not_asked_about_something_else(
    branch: Branch, manager: User, segment: Segment
) -> None:
    somebody(branch)
    ask(segment, branch, manager, title="交易软件")

    assert look(segment, branch, manager).left_out == {"still_open": 1}
    SurveyInvitation.objects.update(state="answered")
    assert look(segment, branch, manager).left_out == {}


def test_a_survey_that_the_reader_may_not_see_counts_as_a_message_and_nobody_has_two_at_once(
    branch: Branch, other_branch: Branch, manager: User, segment: Segment, staff: Staff
) -> None:
    later = timezone.now() + timedelta(days=5)
    about_him = ClosedComplaintFactory(client=somebody(branch), branch=branch, complained_of=manager)
    SurveyInvitationFactory(branch=branch, client=about_him.client, complaint=about_him, expires_at=later)
    SurveyInvitationFactory(branch=other_branch, client=somebody(branch), expires_at=later)

    assert look(segment, branch, manager).left_out == {"too_often": 2}
    assert look(segment, branch, staff("branch_manager")).left_out == {"still_open": 1, "too_often": 1}


def test_who_had_as_many_messages_as_the_house_allows_is_left_in_peace(
    branch: Branch, manager: User, segment: Segment
) -> None:
    client = somebody(branch)
    for number in range(3):
        Outbound.objects.create(
            purpose="test", channel="email", client_ref=client.public_id, dedupe_key=f"m{number}", due_at=timezone.now()
        )

    assert look(segment, branch, manager).left_out == {"too_often": 1}
    Outbound.objects.filter(dedupe_key="m0").update(state="failed")
    assert look(segment, branch, manager).left_out == {}
    Outbound.objects.filter(dedupe_key="m0").update(state="sent", created_at=timezone.now() - timedelta(days=8))
    assert look(segment, branch, manager).left_out == {}


def test_restricted_clients_and_those_of_other_branches_belong_to_no_round(
    branch: Branch, manager: User, segment: Segment
) -> None:
    client = somebody(branch)
    Client.objects.filter(pk=client.pk).update(restricted_on=timezone.now().date(), restriction_reason="客户要求")
    ClientFactory(city="南京", email="b@example.com")

    assert look(segment, branch, manager) == Audience(0, [], {})


def test_a_segment_above_the_figure_is_refused(branch: Branch, manager: User, segment: Segment) -> None:
    Policy.objects.filter(policy_key="survey.round_limit").update(value=1)
    somebody(branch)
    assert look(segment, branch, manager).members == 1
    somebody(branch)

    with pytest.raises(InvalidInput):
        ask(segment, branch, manager)

    assert not SurveyRound.objects.exists()


def test_figures_and_contact_points_are_read_once_for_all_letters_of_a_branch(
    branch: Branch, manager: User, segment: Segment
) -> None:
    def read(count: int, title: str) -> list[int]:
        for _number in range(count):
            somebody(branch)
        ask(segment, branch, manager, title=title)
        with CaptureQueriesContext(connection) as seen:
            assert write() == count
        tables = ("core_policy", "clients_contactpoint", "core_branch")
        return [sum(f'FROM "{table}"' in one["sql"] for one in seen) for table in tables]

    one = read(1, "一")
    SurveyInvitation.objects.update(state="answered")
    Client.objects.update(city="")

    assert read(5, "二") == one


def test_a_new_round_that_would_invite_nobody_is_refused_and_one_that_was_begun_goes_on(
    branch: Branch, manager: User, segment: Segment, web: Web, api: Api
) -> None:
    somebody(branch, silent=True)
    said = {"segment": segment.public_id, "title": ABOUT}

    with pytest.raises(NobodyToInvite):
        ask(segment, branch, manager)
    page = web(manager).post(NEW, {**said, "form_token": "t"})
    told = api(manager).post(ROUNDS, said, format="json", headers={"Idempotency-Key": "a"})

    assert (page.status_code, told.status_code, told.json()["code"]) == (409, 409, "nobody_to_invite")
    assert "Nobody of this segment can be written to now." in page.content.decode()
    assert not SurveyRound.objects.exists()

    somebody(branch)
    begun = ask(segment, branch, manager)
    assert ask(segment, branch, manager).pk == begun.pk


def test_who_turns_silent_before_the_letter_is_written_gets_none_and_the_reason_is_on_file(
    branch: Branch, manager: User, segment: Segment
) -> None:
    silent, moved, hidden = somebody(branch), somebody(branch), somebody(branch)
    ask(segment, branch, manager)
    Client.objects.filter(pk=silent.pk).update(do_not_contact=True, do_not_contact_reason="客户要求")
    Client.objects.filter(pk=moved.pk).update(email="")
    Client.objects.filter(pk=hidden.pk).update(restricted_on=timezone.now().date(), restriction_reason="客户要求")

    write()

    held = dict(SurveyInvitation.objects.values_list("client", "held_back"))
    assert held == {silent.pk: "do_not_contact", moved.pk: "no_address", hidden.pk: "restricted"}
    assert not Outbound.objects.exists()


def test_a_letter_that_is_on_its_way_stays_when_the_client_is_restricted(
    branch: Branch, manager: User, segment: Segment
) -> None:
    client = somebody(branch)
    ask(segment, branch, manager)
    write()
    Client.objects.filter(pk=client.pk).update(restricted_on=timezone.now().date(), restriction_reason="客户要求")

    send_due(database_now())

    assert (Outbound.objects.get().state, Outbound.objects.get().last_error) == ("missed", "restricted")


def test_a_link_handed_out_at_the_counter_needs_no_letter_any_more(
    branch: Branch, manager: User, segment: Segment
) -> None:
    somebody(branch)
    ask(segment, branch, manager)
    hand_out_link(actor=manager, invitation=SurveyInvitation.objects.get(), now=database_now())

    assert write() == 0


def test_a_round_outlives_its_segment(branch: Branch, manager: User, segment: Segment, web: Web) -> None:
    somebody(branch)
    ask(segment, branch, manager)

    delete_segment(segment=segment, actor=manager)

    page = web(manager).get(reverse("care:survey_rounds")).content.decode()
    assert ABOUT in page and "南京客户" in page


# -- pages -------------------------------------------------------------------------------------------------------------


def token_of(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page.rpartition('id="audience"')[2])
    assert found is not None
    return found[1]


def test_a_manager_chooses_sees_the_counts_confirms_and_finds_the_round(
    branch: Branch, manager: User, segment: Segment, web: Web
) -> None:
    somebody(branch)
    somebody(branch, silent=True)
    browser, said = web(manager), {"segment": segment.public_id, "title": ABOUT}

    assert segment.name in browser.get(NEW).content.decode()
    seen = browser.get(NEW, said)
    page = seen.content.decode()
    assert (seen.context["found"].members, seen.context["found"].invited) == (2, 1)
    assert [(row["code"], row["clients"]) for row in seen.context["found"].reasons] == [("do_not_contact", 1)]
    assert str(SurveyRound.LeftOut.DO_NOT_CONTACT.label) in page
    assert not SurveyRound.objects.exists(), "a look writes nothing"

    sent = [browser.post(NEW, {**said, "form_token": token_of(page)}) for _twice in range(2)]

    assert [answer.status_code for answer in sent] == [302, 302]
    assert SurveyInvitation.objects.count() == 1
    entry = AuditEntry.objects.get(action="survey.invite_segment")
    assert entry.after["invited"] == 1
    listed = browser.get(reverse("care:survey_rounds")).content.decode()
    assert ABOUT in listed and segment.name in listed
    found = browser.get(reverse("care:surveys"), {"round": SurveyRound.objects.get().public_id}).content.decode()
    assert ABOUT in found


def test_a_segment_of_a_colleague_cannot_be_asked_and_a_refusal_is_said_on_the_page(
    branch: Branch, manager: User, segment: Segment, staff: Staff, web: Web
) -> None:
    somebody(branch)
    other, said = staff("branch_manager"), {"segment": segment.public_id, "title": ABOUT}

    assert web(other).post(NEW, {**said, "form_token": "t"}).status_code == 400
    assert "found" not in web(other).get(NEW, said).context
    Policy.objects.filter(policy_key="survey.round_limit").update(value=0)
    assert web(manager).get(NEW, said).context["choice"].errors["segment"]
    refused = web(manager).post(NEW, {**said, "form_token": "t"})
    assert refused.status_code == 400 and refused.context["form"].errors["segment"]
    assert not SurveyRound.objects.exists()


def test_the_public_page_asks_for_what_the_round_is_about(branch: Branch, manager: User, segment: Segment) -> None:
    somebody(branch)
    made = ask(segment, branch, manager)
    SurveyInvitationFactory(
        branch=branch, round=made, occasion="round", token="tok", expires_at=timezone.now() + timedelta(days=1)
    )

    page = Browser().get("/s/tok/").content.decode()
    wrong = Browser().post("/s/tok/", {"satisfaction": "9"})

    assert ABOUT in page
    assert wrong.status_code == 400 and ABOUT in wrong.content.decode()


def test_the_list_of_rounds_costs_the_same_for_one_and_for_ten(
    branch: Branch, manager: User, segment: Segment, web: Web, cost_of: Any
) -> None:
    browser = web(manager)
    somebody(branch)
    ask(segment, branch, manager, title="一")
    one = cost_of(lambda: browser.get(reverse("care:survey_rounds")))
    for number in range(9):
        somebody(branch)
        ask(segment, branch, manager, title=f"第{number}次")

    assert cost_of(lambda: browser.get(reverse("care:survey_rounds"))) == one


# -- REST --------------------------------------------------------------------------------------------------------------


def test_a_segment_is_looked_at_and_asked_over_rest_once_for_each_key(
    branch: Branch, manager: User, segment: Segment, staff: Staff, api: Api
) -> None:
    somebody(branch)
    somebody(branch, email="")
    phone, said = api(manager), {"segment": segment.public_id, "title": ABOUT}

    seen = phone.get(f"{ROUNDS}preview/", said)
    keyless = phone.post(ROUNDS, said, format="json")
    made = phone.post(ROUNDS, said, format="json", headers={"Idempotency-Key": "a"})
    again = phone.post(ROUNDS, said, format="json", headers={"Idempotency-Key": "a"})
    other = phone.post(ROUNDS, said, format="json", headers={"Idempotency-Key": "b"})

    assert seen.data == {"members": 2, "invited": 1, "left_out": {"no_address": 1}}
    assert (keyless.status_code, made.status_code, again.status_code, other.status_code) == (400, 201, 200, 201)
    assert (made.data["invited"], made.data["left_out"]) == (1, {"no_address": 1})
    assert (other.data["id"], other.data["invited"]) == (made.data["id"], 1)
    listed = phone.get("/api/v1/surveys/", {"round": made.data["id"]}).data["results"]
    assert [(row["round"], row["occasion"]) for row in listed] == [(made.data["id"], "round")]


def test_a_round_is_seen_in_its_branch_alone_and_asked_by_who_may(
    branch: Branch, other_branch: Branch, manager: User, segment: Segment, staff: Staff, api: Api
) -> None:
    other_manager = staff("branch_manager", branch=other_branch)
    somebody(branch)
    made = ask(segment, branch, manager)
    said = {"segment": segment.public_id, "title": ABOUT}

    assert api(other_manager).get(f"{ROUNDS}{made.public_id}/").status_code == 404
    assert api(other_manager).get(ROUNDS).data["results"] == []
    foreign = api(other_manager).post(ROUNDS, said, format="json", headers={"Idempotency-Key": "a"})
    assert foreign.status_code == 400 and foreign.data["fields"].keys() == {"segment"}
    assert api(staff("front_desk")).get(f"{ROUNDS}{made.public_id}/").data["title"] == ABOUT
    assert (
        api(staff("front_desk")).post(ROUNDS, said, format="json", headers={"Idempotency-Key": "a"}).status_code == 403
    )
    assert api(staff("front_desk")).get(f"{ROUNDS}preview/", said).status_code == 403
    assert api(staff("advisor")).get(ROUNDS).status_code == 403


def test_a_complaint_still_brings_its_own_survey_without_a_round(branch: Branch) -> None:
    now = database_now()
    ClosedComplaintFactory(client__branch=branch, closed_at=now - timedelta(hours=1))

    invite_surveys(actor=system_user(), now=now)

    assert Outbound.objects.get().purpose == "survey.complaint"
    assert SurveyInvitation.objects.get().round is None
