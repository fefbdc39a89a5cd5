"""What stands on a menu reaches its people: whom by name and why not, one message for each, a call where he takes only calls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from clients.errors import ClientRestricted
from clients.models import Client
from crm.core import outbound
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput, StaleEdit
from crm.core.models import Attachment, AuditEntry, Branch, Outbound, Policy, User
from crm.core.outbound import send_due
from crm.workbench.queue import todays_items
from tests.factories.clients import ClientFactory, ContactPointFactory
from tests.factories.consents import ConsentRecordFactory
from tests.factories.files import PDF
from tests.factories.services import EntitlementFactory, PromiseFactory, ServiceItemFactory, put_in_tier
from tiers.errors import NobodyReached, NotToBeTold, PublicationOut, PublicationOver
from tiers.models import Delivery, PreferenceSegment, Promise, Publication, Recipient
from tiers.services.menus import Line, create_preference
from tiers.services.publication_messages import move_publications
from tiers.services.publications import (
    change_publication,
    create_publication,
    note_told,
    send_publication,
    withdraw_publication,
)

pytestmark = pytest.mark.django_db

Staff = Callable[..., User]
Web = Callable[[User], Browser]
Api = Callable[[User], APIClient]
OLD = date(2025, 1, 1)
LIST, REST = "/services/publications/", "/api/v1/publications/"
SEGMENT = {
    "name_en": "Locals", "name_zh": "本地客户", "tier_codes": ["gold"],
    "rule": {"all": [{"field": "city", "op": "is", "value": "上海"}]},
}  # fmt: skip
Reason = Recipient.Reason


@pytest.fixture
def boss(staff: Staff) -> User:
    return staff("branch_manager")


@pytest.fixture
def segment(branch: Branch, boss: User) -> PreferenceSegment:
    """Gold clients who live in Shanghai."""
    somebody(branch, city="北京")  # of the tier, and not of the segment
    made: PreferenceSegment = create_preference(
        values=SEGMENT, menu=[Line("report", "Banks", "银行业周报")], company=branch.company, branch=branch, actor=boss
    )
    return made


def somebody(branch: Branch, tier: str = "gold", **fields: Any) -> Client:
    made: Client = ClientFactory(
        **{"branch": branch, "city": "上海", "email": "a@example.com", "phone": "13900000001", **fields}
    )
    put_in_tier(made, tier, OLD)
    return made


def words(**more: Any) -> dict[str, Any]:
    today = local_date(timezone.now())
    return {
        "kind": "report", "title": "银行业周报第12期", "text": "净息差企稳，关注股息。", "valid_from": today,
        "valid_until": today + timedelta(days=7), **more,
    }  # fmt: skip


def draw(segment: PreferenceSegment, boss: User, **more: Any) -> Publication:
    made: Publication = create_publication(
        branch=boss.branch, values=words(**more), segments=[segment], actor=boss, now=timezone.now()
    )
    return made


def send(row: Publication, boss: User, now: datetime | None = None) -> Publication:
    sent: Publication = send_publication(publication=row, actor=boss, now=now or timezone.now())
    return sent


def states(row: Publication) -> dict[int, tuple[str, str]]:
    return {one.client_id: (one.state, one.reason) for one in row.recipients.all()}


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


def queued(client: Client, key: str) -> None:
    outbound.queue(
        purpose="survey.round", channel="email", address=client.email, subject="a", body="b", dedupe_key=key,
        due_at=timezone.now(), branch=client.branch, client_ref=client.public_id,
    )  # fmt: skip


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


def test_a_grade_that_runs_out_in_the_night_before_a_message_leaves_holds_it_back(
    branch: Branch, boss: User, segment: PreferenceSegment
) -> None:
    client = somebody(branch, risk_grade="C4", risk_valid_until=date(2099, 1, 1))
    row = send(draw(segment, boss, risk="R4"), boss)
    move_publications(timezone.now())

    Client.objects.filter(pk=client.pk).update(risk_grade="C2")
    send_due(timezone.now())

    assert states(row) == {client.pk: ("held", "risk")}


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


def test_a_message_that_has_left_keeps_one_promise_of_the_service_and_none_before(
    branch: Branch, boss: User, segment: PreferenceSegment
) -> None:
    item = ServiceItemFactory(company=branch.company, proof="send")
    EntitlementFactory(item=item, times=2)
    client = somebody(branch)
    today = local_date(timezone.now())
    first = PromiseFactory(client=client, item=item, due_on=today + timedelta(days=5))
    PromiseFactory(client=client, item=item, due_on=today + timedelta(days=40))
    row = send(draw(segment, boss, item=item), boss)
    move_publications(timezone.now())
    assert not Promise.objects.kept().exists()

    send_due(timezone.now())
    for _n in range(2):
        move_publications(timezone.now())

    assert list(Promise.objects.kept()) == [first]
    made = Delivery.objects.get()
    row.refresh_from_db()
    first.refresh_from_db()
    assert (row.delivery, made.clients, made.kept, first.delivery) == (made, 1, 1, made)


def test_an_invitation_keeps_no_promise_of_the_event_itself(
    branch: Branch, boss: User, segment: PreferenceSegment
) -> None:
    item = ServiceItemFactory(company=branch.company, proof="event")
    EntitlementFactory(item=item)
    PromiseFactory(client=somebody(branch), item=item)

    send(draw(segment, boss, kind="event", item=item), boss)
    for _n in range(2):
        move_publications(timezone.now())
        send_due(timezone.now())
    move_publications(timezone.now())

    assert Outbound.objects.get().state == "sent"
    assert not Promise.objects.kept().exists() and not Delivery.objects.exists()


def test_sent_again_it_goes_to_newcomers_alone(branch: Branch, boss: User, segment: PreferenceSegment) -> None:
    client = somebody(branch)
    row = send(draw(segment, boss), boss)
    move_publications(timezone.now())
    newcomer = somebody(branch)

    send(row, boss)
    move_publications(timezone.now())

    assert states(row) == {client.pk: ("written", ""), newcomer.pk: ("written", "")}
    assert Outbound.objects.count() == 2


def test_what_changed_between_sending_and_writing_holds_a_message_back(
    branch: Branch, boss: User, segment: PreferenceSegment
) -> None:
    silent, closed, much = somebody(branch), somebody(branch), somebody(branch)
    row = send(draw(segment, boss), boss)
    Client.objects.filter(pk=silent.pk).update(do_not_contact=True, do_not_contact_reason="不愿联系")
    Client.objects.filter(pk=closed.pk).update(status="closed", closed_on=local_date(timezone.now()))
    for n in range(3):
        queued(much, f"other:{n}")

    move_publications(timezone.now())

    assert states(row) == {
        silent.pk: ("held", "do_not_contact"), closed.pk: ("held", "not_served"), much.pk: ("held", "too_often"),
    }  # fmt: skip
    assert not Outbound.objects.filter(purpose="publication").exists()


def test_two_publications_of_one_morning_do_not_slip_under_the_number_that_a_client_may_get(
    branch: Branch, boss: User, segment: PreferenceSegment
) -> None:
    client = somebody(branch)
    for n in range(2):
        queued(client, f"other:{n}")
    first, second = send(draw(segment, boss), boss), draw(segment, boss, title="第二份")

    assert states(first)[client.pk][0] == "chosen"
    assert states(second)[client.pk] == ("left_out", "too_often")


def test_a_message_withdrawn_or_unwanted_before_it_left_stays_here(
    branch: Branch, boss: User, segment: PreferenceSegment, staff: Staff
) -> None:
    client, other = somebody(branch), somebody(branch)
    caller = somebody(branch, forbidden_channels="email sms", advisor=staff("advisor"))
    row = send(draw(segment, boss), boss)
    move_publications(timezone.now())
    Client.objects.filter(pk=other.pk).update(do_not_contact=True, do_not_contact_reason="不愿联系")
    mine = Outbound.objects.get(client_ref=other.public_id)
    outbound.deliver(mine.pk, timezone.now())
    assert states(row)[other.pk] == ("held", "do_not_contact")

    withdraw_publication(publication=row, reason="数据有误", actor=boss, now=timezone.now())
    send_due(timezone.now())

    assert states(row) == {
        client.pk: ("held", "withdrawn"), other.pk: ("held", "do_not_contact"), caller.pk: ("held", "withdrawn"),
    }  # fmt: skip
    assert not Outbound.objects.filter(state="sent").exists()
    with pytest.raises(PublicationOver):
        send(row, boss)


def test_a_sweep_that_dies_in_between_leaves_the_row_to_be_written_and_the_next_writes_one_message(
    branch: Branch, boss: User, segment: PreferenceSegment, monkeypatch: pytest.MonkeyPatch
) -> None:
    somebody(branch)
    row = send(draw(segment, boss), boss)

    def dies(**_message: Any) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(outbound, "queue", dies)
        with pytest.raises(KeyboardInterrupt):
            move_publications(timezone.now())
    assert (row.recipients.get().state, Outbound.objects.count()) == ("chosen", 0)

    for _n in range(2):
        move_publications(timezone.now())
    assert (row.recipients.get().state, Outbound.objects.count()) == ("written", 1)


def test_quiet_hours_put_a_text_message_off_and_lose_none(
    branch: Branch, boss: User, segment: PreferenceSegment
) -> None:
    somebody(branch, email="")
    night = (timezone.now() + timedelta(days=1)).replace(
        hour=15, minute=30, second=0, microsecond=0
    )  # 23:30 in Shanghai
    row = send(draw(segment, boss), boss, night)
    move_publications(night)

    message = Outbound.objects.get()

    assert (message.channel, message.state) == ("sms", "queued")
    assert message.due_at > night + timedelta(hours=8)
    assert row.recipients.get().state == "written"


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


# -- pages -------------------------------------------------------------------------------------------------------------


def test_a_manager_takes_a_line_of_the_menu_sees_by_name_whom_it_reaches_and_sends_it(
    branch: Branch, boss: User, segment: PreferenceSegment, web: Web
) -> None:
    somebody(branch, name="张三丰")
    somebody(branch, name="不愿联", silent=True)
    browser, today = web(boss), local_date(timezone.now())
    assert f"menu={segment.public_id}" in browser.get(reverse("tiers:preferences")).content.decode()

    form = browser.get(f"{LIST}new/", {"menu": segment.public_id, "line": "0"}).context["form"]
    assert (form.initial["title"], form.initial["segments"]) == ("银行业周报", [segment.public_id])
    said = {
        "form_token": "a", "kind": "report", "title": "银行业周报第12期", "text": "净息差企稳", "link": "",
        "segments": segment.public_id, "item": "", "risk": "", "valid_from": today, "valid_until": today,
        "upload": SimpleUploadedFile("周报.pdf", PDF),
    }  # fmt: skip
    refused = browser.post(f"{LIST}new/", {**said, "upload": SimpleUploadedFile("周报.pdf", b"MZ")})
    assert (refused.status_code, list(refused.context["form"].errors)) == (400, ["upload"])
    made = browser.post(f"{LIST}new/", said)
    assert made.status_code == 302, made.context["form"].errors
    row = Publication.objects.get()
    page = browser.get(row.get_absolute_url()).content.decode()
    left_out = browser.get(row.get_absolute_url(), {"reason": "do_not_contact"}).content.decode()

    assert made.status_code == 302 and made["Location"] == row.get_absolute_url()
    assert "张三丰" in page and "不愿联" in page and "周报.pdf" in page and "Must not be contacted" in page
    assert "不愿联" in left_out and "张三丰" not in left_out
    confirm = browser.get(f"{row.get_absolute_url()}send/").content.decode()
    assert "1 client is written to." in confirm and not Outbound.objects.exists()
    sent = browser.post(f"{row.get_absolute_url()}send/", {"form_token": "b", "version": row.version})
    assert sent.status_code == 302
    move_publications(timezone.now())
    assert Outbound.objects.count() == 1
    tab = browser.get(Client.objects.get(name="张三丰").get_absolute_url(), {"tab": "services"}).content.decode()
    assert "银行业周报第12期" in tab
    assert browser.get(reverse("core:attachment", args=[Attachment.objects.get().public_id])).status_code == 200


def test_an_advisor_sees_of_a_publication_his_own_clients_and_none_in_preparation(
    branch: Branch, boss: User, segment: PreferenceSegment, staff: Staff, web: Web, api: Api
) -> None:
    advisor = staff("advisor")
    somebody(branch, name="自家客", advisor=advisor)
    somebody(branch, name="别家客")
    row = draw(segment, boss)
    assert web(advisor).get(row.get_absolute_url()).status_code == 404
    send(row, boss)

    page = web(advisor).get(row.get_absolute_url()).content.decode()
    told = api(advisor).get(f"{REST}{row.public_id}/recipients/").data["results"]

    assert "自家客" in page and "别家客" not in page
    assert len(told) == 1 and api(advisor).get(f"{REST}{row.public_id}/").data["counts"] == {"chosen": 1}
    assert web(advisor).get(f"{row.get_absolute_url()}send/").status_code == 403


def test_lists_cost_the_same_for_one_and_for_ten(
    branch: Branch, boss: User, segment: PreferenceSegment, web: Web, cost_of: Any
) -> None:
    somebody(branch)
    row, browser = draw(segment, boss), web(boss)
    pages = (LIST, row.get_absolute_url())
    for page in pages:
        browser.get(page)
    one = [cost_of(lambda page=page: browser.get(page)) for page in pages]

    for _n in range(9):
        somebody(branch)
    for n in range(5):
        draw(segment, boss, title=f"第{n}期")
    change_publication(publication=row, values={}, actor=boss, now=timezone.now())

    assert [cost_of(lambda page=page: browser.get(page)) for page in pages] == one


# -- REST --------------------------------------------------------------------------------------------------------------


def test_publications_over_rest(branch: Branch, boss: User, segment: PreferenceSegment, staff: Staff, api: Api) -> None:
    advisor = staff("advisor")
    somebody(branch)
    calls = somebody(branch, forbidden_channels="email sms", advisor=advisor)
    phone, today = api(boss), local_date(timezone.now())
    said = {
        "kind": "idea", "title": "季度配置", "text": "增配债券", "segments": [segment.public_id],
        "valid_from": str(today), "valid_until": str(today),
    }  # fmt: skip

    made = phone.post(REST, said, format="json", headers={"Idempotency-Key": "a"})
    again = phone.post(REST, said, format="json", headers={"Idempotency-Key": "a"})
    url = f"{REST}{made.data['id']}/"
    unseen = phone.patch(url, {"title": "新"}, format="json")
    changed = phone.patch(url, {"title": "新"}, format="json", headers={"If-Match": '"1"'})
    sent = phone.post(f"{url}send/", {}, format="json", headers={"Idempotency-Key": "b", "If-Match": '"2"'})
    rows = phone.get(f"{url}recipients/", {"state": "call"}).data["results"]
    told = api(advisor).post(
        f"{url}told/", {"recipient": rows[0]["id"]}, format="json", headers={"Idempotency-Key": "c"}
    )
    over = phone.post(
        f"{url}withdraw/", {"reason": "更正"}, format="json", headers={"Idempotency-Key": "d", "If-Match": '"3"'}
    )

    assert (made.status_code, again.status_code, unseen.status_code, changed.status_code) == (201, 200, 428, 200)
    assert (made.data["state"], made.data["counts"]) == ("draft", {"call": 1, "chosen": 1})
    assert (sent.status_code, sent.data["state"]) == (201, "sent")
    assert [row["client"] for row in rows] == [calls.public_id]
    assert (told.status_code, told.data["state"]) == (201, "told")
    assert (over.status_code, over.data["counts"]) == (201, {"held": 1, "told": 1})
    assert [row["reached"] for row in phone.get(REST).data["results"]] == [1]


def test_the_sweep_waits_where_the_branch_leaves_menus_out(
    branch: Branch, boss: User, segment: PreferenceSegment
) -> None:
    somebody(branch)
    row = send(draw(segment, boss), boss)
    Policy.objects.filter(policy_key_id="module.preferences").update(value=False)

    move_publications(timezone.now())

    assert row.recipients.get().state == "chosen" and not Outbound.objects.exists()


@pytest.mark.parametrize(("kind", "state"), [("value_added", ("left_out", "no_consent")), ("basic", ("chosen", ""))])
def test_who_refused_marketing_gets_what_belongs_to_a_basic_service_and_nothing_else(
    branch: Branch, boss: User, segment: PreferenceSegment, kind: str, state: tuple[str, str]
) -> None:
    silent = somebody(branch)
    ConsentRecordFactory(client=silent)
    item = ServiceItemFactory(company=branch.company, kind=kind, proof="send")
    EntitlementFactory(item=item, tier_code="gold")

    assert states(draw(segment, boss, item=item)) == {silent.pk: state}


def test_a_withdrawal_after_sending_holds_the_message_back(
    branch: Branch, boss: User, segment: PreferenceSegment
) -> None:
    client = somebody(branch)
    row = send(draw(segment, boss), boss)
    move_publications(timezone.now())

    ConsentRecordFactory(client=client)
    send_due(timezone.now())

    assert states(row) == {client.pk: ("held", "no_consent")}
