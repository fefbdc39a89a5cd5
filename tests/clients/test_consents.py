"""The register of what clients were told about their data and what they said: facts are added, and marketing obeys them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from care.services import find_audience, invite_segment, write_letters
from clients.errors import (
    ClientRestricted,
    ContactOfAnother,
    NoNotice,
    NothingToWithdraw,
    NoticeChanged,
    NoticeInForce,
    PurposeTellsOnly,
)
from clients.models import Client, ConsentRecord, DataPurpose, DataRequest, PrivacyNotice
from clients.services import change_notice, record_consent, write_notice
from clients.services.data_requests import approve_answer, check_identity, propose_answer, receive_request
from clients.services.segments import create_segment
from clients.services.told import told
from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput, MissingRight, StaleEdit
from crm.core.models import Attachment, AuditEntry, Branch, Outbound, User
from crm.core.outbound import send_due
from tests.doors import Api, Staff, Web
from tests.factories.clients import ClientFactory, ContactLogFactory
from tests.factories.consents import ConsentRecordFactory, PrivacyNoticeFactory
from tests.factories.files import PDF
from tests.factories.services import ServiceItemFactory
from tiers.gates import offering_q, passing_q

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
TODAY = date(2026, 6, 1)


@pytest.fixture
def client_(branch: Branch) -> Client:
    return ClientFactory(branch=branch)


@pytest.fixture
def desk(staff: Staff) -> User:
    return staff("front_desk")


def purpose(code: str = "marketing") -> DataPurpose:
    return DataPurpose.objects.get(code=code)


def say(client: Client, actor: User, answer: str, *, on: date = TODAY, code: str = "marketing", **more: Any) -> Any:
    said = {"channel": "counter", "now": NOW, **more}
    return record_consent(client=client, purpose=purpose(code), answer=answer, answered_on=on, actor=actor, **said)


# -- the register ------------------------------------------------------------------------------------------------------


def test_each_answer_is_a_new_fact_and_the_newest_by_day_stands(client_: Client, desk: User) -> None:
    PrivacyNoticeFactory()

    given = say(client_, desk, "given", on=date(2026, 5, 4))
    gone = say(client_, desk, "withdrawn", on=date(2026, 5, 20))
    late = say(client_, desk, "given", on=date(2026, 5, 5))  # a paper that turned up late

    rows = ConsentRecord.objects.filter(client=client_)
    assert list(rows.order_by("answered_on").values_list("answer", "is_present")) == [
        ("given", False),
        ("given", False),
        ("withdrawn", True),
    ]
    assert (given.notice, late.basis, gone.recorded_by) == (PrivacyNotice.objects.get(), "consent", desk)
    assert AuditEntry.objects.filter(action="consent.record", client_ref=client_.public_id).count() == 3


def test_nobody_agrees_to_what_he_was_not_told(client_: Client, desk: User) -> None:
    PrivacyNoticeFactory(effective_from=date(2026, 5, 10))

    with pytest.raises(NoNotice):
        say(client_, desk, "given", on=date(2026, 5, 9))

    assert say(client_, desk, "refused", on=date(2026, 5, 9)).notice is None
    assert say(client_, desk, "given", on=date(2026, 5, 10)).notice is not None


def test_the_branchs_own_notice_is_shown_before_the_companys(client_: Client, desk: User, branch: Branch) -> None:
    company = PrivacyNoticeFactory(effective_from=date(2026, 5, 1))
    own = PrivacyNoticeFactory(branch=branch, effective_from=date(2026, 3, 1))
    PrivacyNoticeFactory(branch=branch, effective_from=date(2026, 7, 1))

    assert say(client_, desk, "given").notice == own
    with pytest.raises(NoticeChanged):
        say(client_, desk, "given", notice=company)


@pytest.mark.parametrize(("code", "answer"), [("account", "given"), ("account", "withdrawn"), ("marketing", "told")])
def test_what_rests_on_the_contract_is_told_and_what_rests_on_consent_is_asked(
    client_: Client, desk: User, code: str, answer: str
) -> None:
    PrivacyNoticeFactory(purpose=purpose(code))

    with pytest.raises(PurposeTellsOnly):
        say(client_, desk, answer, code=code)


def test_only_a_consent_that_stands_is_withdrawn(client_: Client, desk: User) -> None:
    PrivacyNoticeFactory()
    with pytest.raises(NothingToWithdraw):
        say(client_, desk, "withdrawn")

    say(client_, desk, "given", on=date(2026, 5, 20))
    with pytest.raises(NothingToWithdraw):
        say(client_, desk, "withdrawn", on=date(2026, 5, 19))
    say(client_, desk, "withdrawn", on=date(2026, 5, 20))
    with pytest.raises(NothingToWithdraw):
        say(client_, desk, "withdrawn")


def test_a_day_to_come_and_a_contact_of_somebody_else_are_refused(client_: Client, desk: User, branch: Branch) -> None:
    other = ContactLogFactory(client=ClientFactory(branch=branch))

    with pytest.raises(InvalidInput):
        say(client_, desk, "refused", on=TODAY + timedelta(days=1))
    with pytest.raises(ContactOfAnother):
        say(client_, desk, "refused", contact=other)

    assert not ConsentRecord.objects.exists()


def test_a_refusal_is_taken_down_also_where_data_are_restricted_and_a_consent_is_not(
    client_: Client, desk: User
) -> None:
    PrivacyNoticeFactory()
    Client.objects.filter(pk=client_.pk).update(restricted_on=TODAY, restriction_reason="客户要求")

    with pytest.raises(ClientRestricted):
        say(client_, desk, "given")
    say(client_, desk, "refused")

    assert ConsentRecord.objects.get().answer == "refused"


def test_the_database_refuses_a_consent_without_a_notice_and_two_that_stand(client_: Client) -> None:
    made = ConsentRecordFactory(client=client_)

    for wrong in ({"answer": "given"}, {"answer": "told"}, {"basis": "contract"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ConsentRecord.objects.filter(pk=made.pk).update(**wrong)
    with pytest.raises(IntegrityError), transaction.atomic():
        ConsentRecordFactory(client=client_)


# -- notices and purposes ----------------------------------------------------------------------------------------------


def test_a_notice_is_put_right_until_it_is_in_force_and_then_only_followed(staff: Staff, branch: Branch) -> None:
    manager = staff("branch_manager")
    words = {"text": "甲", "kinds": "姓名", "retention": "三年", "effective_from": date(2026, 6, 10)}
    row = write_notice(purpose=purpose(), branch=branch, values=words, actor=manager, now=NOW)

    done = change_notice(notice=row, values={"text": "乙"}, actor=manager, now=NOW, version=1)
    with pytest.raises(StaleEdit):
        change_notice(notice=row, values={"text": "丙"}, actor=manager, now=NOW, version=1)
    with pytest.raises(NoticeInForce):
        change_notice(notice=row, values={"text": "丙"}, actor=manager, now=NOW + timedelta(days=9))

    assert (done.text, done.edition) == ("乙", 1)
    with pytest.raises(InvalidInput):  # one a day
        write_notice(purpose=purpose(), branch=branch, values=words, actor=manager, now=NOW)
    with pytest.raises(InvalidInput):  # never backdated
        write_notice(
            purpose=purpose(),
            branch=branch,
            values=words | {"effective_from": date(2026, 5, 31)},
            actor=manager,
            now=NOW,
        )


def test_a_manager_writes_for_his_branch_and_nobody_elses(staff: Staff, branch: Branch, other_branch: Branch) -> None:
    manager = staff("branch_manager")
    words = {"text": "甲", "kinds": "姓名", "retention": "三年", "effective_from": TODAY}

    for place in (None, other_branch):
        with pytest.raises(MissingRight):
            write_notice(purpose=purpose(), branch=place, values=words, actor=manager, now=NOW)

    assert write_notice(purpose=purpose(), branch=None, values=words, actor=staff("compliance"), now=NOW).edition == 1


@pytest.mark.django_db
# -- what follows for marketing ----------------------------------------------------------------------------------------


def _segment(manager: User) -> Any:
    rule = {"all": [{"field": "city", "op": "is", "value": "南京"}]}
    return create_segment(values={"name": "南京客户", "rule": rule}, actor=manager)


@pytest.mark.parametrize("answer", ["refused", "withdrawn"])
def test_who_refuses_marketing_is_left_out_of_a_round_with_the_reason(
    staff: Staff, branch: Branch, answer: str
) -> None:
    manager = staff("branch_manager")
    reached, silent = (ClientFactory(branch=branch, city="南京", email="a@example.com") for _n in range(2))
    ConsentRecordFactory(client=silent, answer=answer)

    found = find_audience(segment=_segment(manager), title="沙龙", branch=branch, reader=manager, now=timezone.now())

    assert ([one.pk for one in found.clients], found.left_out) == ([reached.pk], {"no_consent": 1})


def test_a_letter_that_waits_stays_here_when_its_client_withdraws(staff: Staff, branch: Branch) -> None:
    manager = staff("branch_manager")
    client = ClientFactory(branch=branch, city="南京", email="a@example.com")
    now = timezone.now()
    invite_segment(segment=_segment(manager), title="沙龙", branch=branch, actor=manager, now=now)
    write_letters(actor=system_user(), now=now)

    ConsentRecordFactory(client=client, answer="withdrawn")
    send_due(now)

    assert Outbound.objects.get().state != "sent"
    assert client.surveys.get().held_back == "no_consent"


def test_care_is_owed_to_nobody_who_refuses_marketing_and_other_services_are(branch: Branch) -> None:
    silent, other = ClientFactory(branch=branch), ClientFactory(branch=branch)
    ConsentRecordFactory(client=silent)
    given = ConsentRecordFactory(client=other, answer="given", notice=PrivacyNoticeFactory())

    care, service = (ServiceItemFactory(company=branch.company, kind=kind) for kind in ("care", "value_added"))

    assert list(Client.objects.filter(offering_q(care, TODAY))) == [given.client]
    assert Client.objects.filter(offering_q(service, TODAY)).count() == 2
    assert Client.objects.filter(passing_q(care, TODAY)).count() == 2  # what he books himself


def test_the_list_and_segments_narrow_to_what_was_said_to_marketing(staff: Staff, branch: Branch, web: Web) -> None:
    manager = staff("branch_manager")
    never, refused = ClientFactory(branch=branch), ClientFactory(branch=branch)
    ConsentRecordFactory(client=refused)
    rule = {"all": [{"field": "marketing", "op": "not_in", "value": ["refused", "withdrawn"]}]}
    segment = create_segment(values={"name": "可营销", "rule": rule}, actor=manager)

    page = web(manager).get("/clients/?marketing=refused")

    assert [row.pk for row in page.context["page"]] == [refused.pk]
    assert [row.pk for row in web(manager).get("/clients/?marketing=never").context["page"]] == [never.pk]
    assert list(segment.members(manager, timezone.now())) == [never]


def test_the_page_of_a_client_says_that_he_wants_no_marketing(staff: Staff, client_: Client, web: Web) -> None:
    browser = web(staff("branch_manager"))
    assert "No marketing" not in browser.get(client_.get_absolute_url()).content.decode()

    ConsentRecordFactory(client=client_)

    assert "No marketing" in browser.get(client_.get_absolute_url()).content.decode()


def test_a_granted_withdrawal_takes_back_every_consent(staff: Staff, client_: Client, desk: User) -> None:
    PrivacyNoticeFactory(purpose=purpose("sharing"))
    say(client_, desk, "given", code="sharing", on=date(2026, 5, 4))
    office, other = staff("compliance"), staff("compliance")
    request = receive_request(
        client=client_, kind=DataRequest.Kind.WITHDRAW, channel="app", received_on=TODAY, actor=desk, now=NOW
    )
    check_identity(request=request, identity="document", actor=office, now=NOW)
    propose_answer(request=request, grants=True, answer="已撤回。", actor=office)
    approve_answer(request=request, actor=other, now=NOW)

    standing = dict(ConsentRecord.objects.present().values_list("purpose__code", "answer"))
    assert standing == {"sharing": "withdrawn", "marketing": "refused"}


# -- pages and REST ----------------------------------------------------------------------------------------------------


def test_a_consent_is_recorded_on_the_page_with_its_evidence(client_: Client, desk: User, web: Web) -> None:
    notice = PrivacyNoticeFactory()
    browser = web(desk)
    url = f"/clients/{client_.public_id}/consents/{purpose().public_id}/"
    form = browser.get(url)
    assert notice.text in form.content.decode()
    today = local_date(timezone.now())

    answer = browser.post(
        url,
        {
            "form_token": "a",
            "answer": "given",
            "answered_on": today.isoformat(),
            "channel": "counter",
            "notice": notice.public_id,
            "file": SimpleUploadedFile("paper.pdf", PDF),
        },
    )

    assert answer.status_code == 302, answer.content.decode()[:3000]
    made = ConsentRecord.objects.get()
    assert (made.notice, Attachment.objects.get().owner_id) == (notice, made.public_id)
    tab = browser.get(f"/clients/{client_.public_id}/?tab=documents").content.decode()
    assert "Marketing messages" in tab and "paper.pdf" in tab
    shown = browser.get(f"/consents/{made.public_id}/").content.decode()
    assert notice.text in shown and "paper.pdf" in shown


def test_over_rest_facts_are_added_and_never_changed(client_: Client, desk: User, api: Api) -> None:
    PrivacyNoticeFactory()
    phone, today = api(desk), local_date(timezone.now()).isoformat()
    body = {
        "client": client_.public_id,
        "purpose": "marketing",
        "answer": "given",
        "answered_on": today,
        "channel": "app",
    }

    made = phone.post("/api/v1/consents/", body, format="json", headers={"idempotency-key": "a"})
    again = phone.post("/api/v1/consents/", body, format="json", headers={"idempotency-key": "a"})
    gone = phone.post(
        "/api/v1/consents/", body | {"answer": "withdrawn"}, format="json", headers={"idempotency-key": "b"}
    )

    assert [made.status_code, again.status_code, gone.status_code] == [201, 200, 201]
    url = f"/api/v1/consents/{made.json()['id']}/"
    assert (
        phone.patch(url, {"answer": "refused"}, format="json").status_code == 403
    )  # nobody holds a right to change one
    assert phone.delete(url).status_code == 403
    rows = phone.get(f"/api/v1/consents/?client={client_.public_id}&present=true").json()["results"]
    assert [row["answer"] for row in rows] == ["withdrawn"]


def test_over_rest_a_notice_in_force_stays_as_it_is(staff: Staff, api: Api) -> None:
    phone = api(staff("compliance"))
    row = PrivacyNoticeFactory()
    url = f"/api/v1/privacy-notices/{row.public_id}/"

    refused = phone.patch(url, {"text": "新"}, format="json", headers={"if-match": '"1"'})

    assert (refused.status_code, refused.json()["code"]) == (409, "notice_in_force")
    assert phone.patch(url, {"text": "新"}, format="json").status_code == 428


def test_an_agent_neither_sees_nor_narrows_by_consents(staff: Staff, branch: Branch, web: Web, api: Api) -> None:
    agent = staff("agent")
    client = ClientFactory(branch=branch, introducer=agent)
    row = ConsentRecordFactory(client=client)

    assert web(agent).get(f"/consents/{row.public_id}/").status_code == 403
    assert api(agent).get("/api/v1/consents/").status_code == 403
    assert len(web(agent).get("/clients/?marketing=never").context["page"]) == 1


def test_a_list_of_facts_costs_the_same_for_one_and_for_ten(
    staff: Staff, branch: Branch, api: Api, cost_of: Callable[[Callable[[], Any]], int]
) -> None:
    phone = api(staff("compliance"))
    ConsentRecordFactory(client__branch=branch)
    phone.get("/api/v1/consents/")
    one = cost_of(lambda: phone.get("/api/v1/consents/"))
    ConsentRecordFactory.create_batch(9, client__branch=branch)

    assert cost_of(lambda: phone.get("/api/v1/consents/")) == one


def test_the_client_is_told_what_he_agreed_to(client_: Client, staff: Staff) -> None:
    notice = PrivacyNoticeFactory()
    row = ConsentRecordFactory(client=client_, note="电话告知", notice=notice)

    words = str(told(client_, staff("compliance")))

    assert "电话告知" in words and str(row.purpose) in words and notice.text in words
