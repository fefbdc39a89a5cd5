"""What stands on a menu reaches its people: whom by name and why not, one message for each, a call where he takes only calls."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from clients.errors import ClientRestricted
from clients.models import Client
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput, StaleEdit
from crm.core.models import AuditEntry, Branch, Outbound, Policy, User
from crm.core.outbound import send_due
from crm.workbench.queue import todays_items
from tests.doors import Staff, Web
from tests.factories.clients import ContactPointFactory
from tests.factories.consents import ConsentRecordFactory
from tests.factories.publications import OLD, SEGMENT, draw, queued, send, somebody, states, words
from tests.factories.services import EntitlementFactory, PromiseFactory, ServiceItemFactory, put_in_tier
from tiers.errors import NobodyReached, NotToBeTold, PublicationOut, PublicationOver
from tiers.models import PreferenceSegment, Publication, Recipient
from tiers.services.menus import Line, create_preference
from tiers.services.publication_messages import move_publications
from tiers.services.publications import (
    change_publication,
    create_publication,
    note_told,
    send_publication,
)

pytestmark = pytest.mark.django_db

Reason = Recipient.Reason


def test_a_publication_reaches_the_clients_of_its_segment_with_one_message_each_however_often_the_sweep_runs(
    branch: Branch, other_branch: Branch, boss: User, segment: PreferenceSegment
) -> None:
    client = somebody(branch, name="张三丰")
    for stranger in ({"tier": "silver"}, {"city": "南京"}):
        somebody(branch, **stranger)
    somebody(other_branch)

    row = draw(segment, boss, link="https://example.com/12")
    assert (states(row), Outbound.objects.count()) == ({client.pk: ("chosen", "")}, 0)

    send(row, boss)
    for _n in range(3):
        move_publications(timezone.now())

    letter = Outbound.objects.get()
    assert (letter.channel, letter.address, letter.subject) == ("email", "a@example.com", "银行业周报第12期")
    assert "净息差企稳" in letter.body and "https://example.com/12" in letter.body
    assert states(row) == {client.pk: ("written", "")}
    send_due(timezone.now())
    move_publications(timezone.now())
    assert states(row) == {client.pk: ("sent", "")}
    assert "张三丰" not in str(list(AuditEntry.objects.values("after", "reason")))


AGAINST: dict[str, dict[str, Any]] = {
    "do_not_contact": {"silent": True},
    "no_address": {"email": "", "phone": ""},
    "forbidden_channel": {"forbidden_channels": "email sms phone"},
    "not_served": {"closed": True},
    "no_advisor": {"forbidden_channels": "email sms"},
    "forbidden_points": {"phone": ""},
    "too_often": {},
    "risk": {"risk_grade": "C2", "risk_valid_until": date(2099, 1, 1)},
    "not_entitled": {},
    "condition": {},
}


@pytest.mark.parametrize("reason", AGAINST)
def test_who_may_not_have_it_is_left_out_by_name_with_the_reason(
    branch: Branch, boss: User, segment: PreferenceSegment, reason: str
) -> None:
    fit = {"risk_grade": "C3", "risk_valid_until": date(2099, 1, 1)}
    reached, client = somebody(branch, **fit), somebody(branch, **{**fit, **AGAINST[reason]})
    more: dict[str, Any] = {"risk": "R3"} if reason == "risk" else {}
    if reason == "forbidden_points":
        ContactPointFactory(client=client, kind="email", value=client.email, is_forbidden=True)
    if reason == "too_often":
        for n in range(3):
            queued(client, f"other:{n}")
    if reason == "not_entitled":
        more = {"item": ServiceItemFactory(company=branch.company, proof="send")}
        EntitlementFactory(item=more["item"], tier_code="gold")
        client.tier_state.delete()
        put_in_tier(client, "gold", OLD)
        segment.tier_codes = ["gold", "silver"]
        segment.save()
        put_in_tier(client, "silver", OLD)
    if reason == "condition":
        more = {"item": ServiceItemFactory(company=branch.company, proof="send", gate="professional")}
        EntitlementFactory(item=more["item"], tier_code="gold")
        Client.objects.filter(pk=reached.pk).update(investor_class="B", investor_class_until=None)

    row = draw(segment, boss, **more)

    assert states(row) == {reached.pk: ("chosen", ""), client.pk: ("left_out", reason)}


@pytest.mark.nodb
def test_whatever_stands_against_a_message_has_a_reason_to_be_noted() -> None:
    """Quiet hours alone only put a message off."""
    against = {"restricted", "do_not_contact", "forbidden_channel", "forbidden_points", "no_address"}
    assert against <= set(Reason.values)


@pytest.mark.parametrize(("grade", "risk", "reached"), [("C3", "R3", True), ("C4", "R3", True), ("C2", "R3", False)])
def test_a_risk_grade_suits_the_product_of_its_number_and_those_below(
    branch: Branch, boss: User, segment: PreferenceSegment, grade: str, risk: str, reached: bool
) -> None:
    client = somebody(branch, risk_grade=grade, risk_valid_until=date(2099, 1, 1))

    row = draw(segment, boss, risk=risk)

    assert states(row)[client.pk][0] == ("chosen" if reached else "left_out")


def test_how_far_a_grade_reaches_is_the_figure_of_the_house(
    branch: Branch, boss: User, segment: PreferenceSegment
) -> None:
    careful = {"C1": "R1", "C2": "R2", "C3": "R2", "C4": "R3", "C5": "R5"}
    Policy.objects.filter(policy_key_id="suitability.match").update(value=careful)
    client = somebody(branch, risk_grade="C3", risk_valid_until=date(2099, 1, 1))

    assert states(draw(segment, boss, risk="R3"))[client.pk] == ("left_out", "risk")
    assert states(draw(segment, boss, risk="R2"))[client.pk] == ("chosen", "")


def test_a_grade_that_has_run_out_suits_nothing_and_a_professional_may_have_anything(
    branch: Branch, boss: User, segment: PreferenceSegment
) -> None:
    over = somebody(branch, risk_grade="C5", risk_valid_until=date(2020, 1, 1))
    professional = somebody(branch, risk_grade="", risk_valid_until=None, investor_class="A")

    assert states(draw(segment, boss, risk="R1")) == {over.pk: ("left_out", "risk"), professional.pk: ("chosen", "")}


def test_who_takes_only_calls_is_in_the_day_of_his_advisor_until_he_was_told_once(
    branch: Branch, boss: User, segment: PreferenceSegment, staff: Staff, web: Web
) -> None:
    advisor, colleague = staff("advisor"), staff("advisor")
    item = ServiceItemFactory(company=branch.company, proof="send")
    EntitlementFactory(item=item)
    client = somebody(branch, forbidden_channels="email sms", advisor=advisor, name="李四海")
    promise = PromiseFactory(client=client, item=item)
    row = send(draw(segment, boss, item=item), boss)
    move_publications(timezone.now())
    (recipient,) = row.recipients.all()
    today = local_date(timezone.now())

    mine = [one for one in todays_items(advisor, today) if one.kind == "publication"]
    assert [(one.title, one.url) for one in mine] == [
        ("李四海", reverse("tiers:publication_told", args=[row.public_id, recipient.public_id]))
    ]
    assert not [one for one in todays_items(colleague, today) if one.kind == "publication"]
    assert web(colleague).get(mine[0].url).status_code == 404
    told = web(advisor).post(mine[0].url, {"form_token": "a"})

    recipient.refresh_from_db()
    promise.refresh_from_db()
    assert (told.status_code, recipient.state, recipient.told_by) == (302, "told", advisor)
    assert (promise.state, promise.proof, promise.kept_by) == ("done", "send", advisor)
    assert not [one for one in todays_items(advisor, today) if one.kind == "publication"]
    assert not Outbound.objects.exists()
    with pytest.raises(NotToBeTold):
        note_told(recipient=recipient, actor=advisor, now=timezone.now())


def test_who_wants_no_contact_any_more_or_whose_data_are_only_stored_leaves_the_day_and_is_not_told(
    branch: Branch, boss: User, segment: PreferenceSegment, staff: Staff
) -> None:
    advisor, today = staff("advisor"), local_date(timezone.now())
    client = somebody(branch, forbidden_channels="email sms", advisor=advisor)
    row = send(draw(segment, boss), boss)
    recipient = row.recipients.get()

    Client.objects.filter(pk=client.pk).update(restricted_on=today, restriction_reason="法院要求")

    assert not [one for one in todays_items(advisor, today) if one.kind == "publication"]
    with pytest.raises(ClientRestricted):
        note_told(recipient=recipient, actor=boss, now=timezone.now())


def test_sent_again_it_goes_to_newcomers_alone(branch: Branch, boss: User, segment: PreferenceSegment) -> None:
    client = somebody(branch)
    row = send(draw(segment, boss), boss)
    move_publications(timezone.now())
    newcomer = somebody(branch)

    send(row, boss)
    move_publications(timezone.now())

    assert states(row) == {client.pk: ("written", ""), newcomer.pk: ("written", "")}
    assert Outbound.objects.count() == 2


def test_once_sent_its_words_stay_and_a_stale_page_writes_nothing(
    branch: Branch, boss: User, segment: PreferenceSegment
) -> None:
    somebody(branch)
    row = draw(segment, boss)
    change_publication(publication=row, values={"title": "新标题"}, actor=boss, now=timezone.now(), version=1)
    with pytest.raises(StaleEdit):
        send_publication(publication=row, actor=boss, now=timezone.now(), version=1)
    send(row, boss)

    with pytest.raises(PublicationOut):
        change_publication(publication=row, values={"title": "又一个"}, actor=boss, now=timezone.now())


def test_nothing_is_drawn_up_or_sent_that_makes_no_sense(
    branch: Branch, other_branch: Branch, boss: User, segment: PreferenceSegment, staff: Staff
) -> None:
    today, foreign = local_date(timezone.now()), staff("branch_manager", branch=other_branch)
    theirs = create_preference(
        values=SEGMENT,
        menu=[Line("report", "a", "甲")],
        company=other_branch.company,
        branch=other_branch,
        actor=foreign,
    )
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("valid_until", {"valid_until": today - timedelta(days=1), "valid_from": today - timedelta(days=3)}),
        ("title", {"title": " "}),
        ("link", {"link": "javascript:alert(1)"}),
        ("item", {"item": ServiceItemFactory(company=branch.company, ends_on=today - timedelta(days=1))}),
    ]
    for field, more in wrong:
        with pytest.raises(InvalidInput) as refusal:
            draw(segment, boss, **more)
        assert field in refusal.value.fields
    for segments in ([], [theirs]):
        with pytest.raises(InvalidInput) as refusal:
            create_publication(branch=branch, values=words(), segments=segments, actor=boss, now=timezone.now())
        assert "segments" in refusal.value.fields
    with pytest.raises(InvalidInput):
        draw(segment, boss, kind="service")
    with pytest.raises(NobodyReached):
        send(draw(segment, boss), boss)
    later = draw(segment, boss, valid_from=today + timedelta(days=2))
    somebody(branch)
    with pytest.raises(PublicationOver):
        send(later, boss)


def test_an_audience_above_the_limit_is_refused(branch: Branch, boss: User, segment: PreferenceSegment) -> None:
    Policy.objects.filter(policy_key_id="outbound.publication_limit").update(value=1)
    for _n in range(2):
        somebody(branch)

    with pytest.raises(InvalidInput) as refusal:
        draw(segment, boss)

    assert "segments" in refusal.value.fields and not Publication.objects.exists()


@pytest.mark.parametrize(("kind", "state"), [("value_added", ("left_out", "no_consent")), ("basic", ("chosen", ""))])
def test_who_refused_marketing_gets_what_belongs_to_a_basic_service_and_nothing_else(
    branch: Branch, boss: User, segment: PreferenceSegment, kind: str, state: tuple[str, str]
) -> None:
    silent = somebody(branch)
    ConsentRecordFactory(client=silent)
    item = ServiceItemFactory(company=branch.company, kind=kind, proof="send")
    EntitlementFactory(item=item, tier_code="gold")

    assert states(draw(segment, boss, item=item)) == {silent.pk: state}
