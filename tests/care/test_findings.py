"""What a finding changes in the service of the client: his needs are asked again, and it shows whether they were."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from care.models import Finding
from care.services import ask_needs, complete_call, take_call
from clients.asked_again import Reason
from clients.models import Client, QuestionToAsk
from clients.services import approve_merge, ask_merge, ask_needs_again, record_needs, score_clients
from clients.services.standing import restrict_client
from crm.core.clocks import local_date
from crm.core.models import AuditEntry, Branch, Delegation, User
from crm.workbench.queue import questions_to_ask
from tests.doors import Api, Staff, Web
from tests.factories.care import GOOD_ANSWERS, NOW, FindingFactory, FollowUpCallFactory, answered
from tests.factories.clients import ClientFactory

pytestmark = pytest.mark.django_db

FINDINGS = "/api/v1/findings/"
WORDS = "客户说投资目标变了"


@pytest.fixture
def client(branch: Branch, staff: Staff) -> Client:
    """A client whose needs were asked last month."""
    found: Client = ClientFactory(branch=branch, advisor=staff("advisor"), next_contact_on=None)
    interview(found, days_ago=30)
    return found


@pytest.fixture
def finding(branch: Branch, client: Client) -> Finding:
    call = FollowUpCallFactory(branch=branch, client=client, state="done", done_at=timezone.now(), caller=None)
    made: Finding = FindingFactory(branch=branch, call=call)
    return made


def interview(client: Client, days_ago: int = 0) -> None:
    now: Any = timezone.now()
    advisor: Any = client.advisor
    day = local_date(now) - timedelta(days=days_ago)
    record_needs(client=client, answers={"horizon": "long"}, confirmed=True, actor=advisor, now=now, taken_on=day)


def want(web: Web, user: User, finding: Finding, token: str = "t", version: int = 1, **more: Any) -> int:
    url = reverse("care:finding_needs", args=[finding.public_id])
    answer = web(user).post(url, {"form_token": token, "version": version, "reason": WORDS, **more})
    return answer.status_code


def asked_of(client: Client) -> list[str]:
    advisor: Any = client.advisor
    return [item.reason for item in questions_to_ask(advisor, local_date(timezone.now()))]


def test_a_finding_has_the_needs_asked_again_and_shows_that_they_were_taken(
    web: Web, staff: Staff, client: Client, finding: Finding
) -> None:
    manager = staff("branch_manager")
    url, day = reverse("care:finding_needs", args=[finding.public_id]), local_date(timezone.now())
    before = web(manager).get(reverse("care:findings")).content.decode()
    assert web(manager).get(url).status_code == 200

    assert want(web, manager, finding) == 302

    assert asked_of(client) == [f"Needs interview to be asked again, because of: follow-up call of {day}: {WORDS}"]
    score_clients([client.pk], day)
    assert len(asked_of(client)) == 1, "weighing anew does not answer it: the needs on file are fresh"
    waits = web(manager).get(reverse("care:findings")).content.decode()
    interview(client, days_ago=3)
    late = asked_of(client)
    interview(client)
    done = web(manager).get(reverse("care:findings")).content.decode()

    assert url in before and url not in waits
    assert "Wanted again" in waits and "Taken again" in done
    assert (len(late), asked_of(client)) == (1, [])
    entry = AuditEntry.objects.get(action="finding.ask_needs")
    assert (entry.actor, entry.reason) == (manager, WORDS)


def test_it_is_wanted_once_for_each_finding_and_two_findings_name_both_reasons(
    web: Web, staff: Staff, branch: Branch, client: Client, finding: Finding
) -> None:
    officer = staff("compliance")
    call = FollowUpCallFactory(branch=branch, client=client, state="done", done_at=timezone.now(), caller=None)
    other = FindingFactory(branch=branch, call=call)

    first = [want(web, officer, finding), want(web, officer, finding), want(web, officer, finding, "u", version=2)]
    second = want(web, officer, other, "v", reason="风险偏好变了")

    assert (first, second) == ([302, 302, 409], 302)
    assert all(words in asked_of(client)[0] for words in (WORDS, "风险偏好变了"))
    assert AuditEntry.objects.filter(action="finding.ask_needs").count() == 2


def test_the_advisor_reads_the_words_and_the_day_and_never_the_answer(
    web: Web, staff: Staff, client: Client, finding: Finding
) -> None:
    want(web, staff("branch_manager"), finding)
    advisor: Any = client.advisor

    page = web(advisor).get(reverse("overview:brief", args=[client.public_id])).content.decode()

    assert WORDS in page
    assert str(finding.answer.question) not in page
    assert web(advisor).get(reverse("care:finding_needs", args=[finding.public_id])).status_code == 403


def test_who_left_or_wants_no_contact_is_not_asked(web: Web, staff: Staff, client: Client, finding: Finding) -> None:
    manager = staff("branch_manager")
    Client.objects.filter(pk=client.pk).update(do_not_contact=True, do_not_contact_reason="客户要求")
    silent = want(web, manager, finding)
    gone = {"do_not_contact": False, "do_not_contact_reason": "", "status": "closed"}
    Client.objects.filter(pk=client.pk).update(**gone, closed_on=local_date(timezone.now()))

    assert (silent, want(web, manager, finding, "u")) == (409, 409)
    finding.refresh_from_db()
    assert (finding.needs_asked_at, finding.version) == (None, 1)
    assert want(web, manager, finding, "v", reason=" ") == 400


def test_the_button_stands_only_where_the_needs_may_be_asked(
    web: Web, staff: Staff, client: Client, finding: Finding
) -> None:
    officer, url = staff("compliance"), reverse("care:finding_needs", args=[finding.public_id])
    rows, today = Client.objects.filter(pk=client.pk), local_date(timezone.now())

    def offered(**fields: Any) -> bool:
        rows.update(**fields)
        shown = url in web(officer).get(reverse("care:findings")).content.decode()
        assert shown == Finding.objects.select_related("call__client").get().needs_may_be_asked
        return shown

    assert offered()
    assert not offered(do_not_contact=True, do_not_contact_reason="客户要求")
    assert not offered(
        do_not_contact=False, do_not_contact_reason="", restricted_on=today, restriction_reason="客户要求"
    )
    assert offered(restricted_on=None, restriction_reason="")
    assert not offered(status="closed", closed_on=today)


def test_nobody_asks_about_his_own_client_or_beyond_his_branch(
    web: Web, staff: Staff, other_branch: Branch, client: Client, finding: Finding
) -> None:
    manager = staff("branch_manager")
    Client.objects.filter(pk=client.pk).update(advisor=manager)

    assert want(web, manager, finding) == 404
    assert want(web, staff("branch_manager", branch=other_branch), finding) == 404


def test_rest_lists_findings_and_has_the_needs_asked_once(
    api: Api, staff: Staff, client: Client, finding: Finding
) -> None:
    phone, url = api(staff("compliance")), f"{FINDINGS}{finding.public_id}/ask-needs/"

    def send(key: str, version: int, **said: Any) -> Any:
        return phone.post(url, said, format="json", headers={"Idempotency-Key": key, "If-Match": f'"{version}"'})

    late, first, same = send("a", 7, reason=WORDS), send("b", 1, reason=WORDS), send("b", 1, reason=WORDS)
    again = send("c", 2, reason=WORDS)
    interview(client)
    row = phone.get(FINDINGS).data["results"][0]

    assert [answer.status_code for answer in (late, first, same, again)] == [412, 201, 200, 409]
    assert (first["ETag"], first.data["needs_since"]) == ('"2"', None)
    assert (row["id"], row["needs_since"]) == (finding.public_id, local_date(timezone.now()).isoformat())
    assert api(staff("head_office")).post(url, {"reason": WORDS}, format="json").status_code == 403
    assert api(client.advisor).get(FINDINGS).status_code == 403  # type: ignore[arg-type]  # the fixture gives one


def test_of_two_clients_made_one_the_reason_for_asking_again_goes_along(branch: Branch, staff: Staff) -> None:
    manager, second = staff("branch_manager"), staff("compliance")
    leaving, staying = ClientFactory(branch=branch), ClientFactory(branch=branch)
    now = timezone.now()
    QuestionToAsk.objects.create(client=staying, item="needs", asked_for_by=manager, asked_for_at=now)
    ask_needs_again(client=leaving, reason=Reason(WORDS), actor=manager, now=now)

    asked = ask_merge(leaving=leaving, staying=staying, reason="同一人", actor=manager, now=now)
    approve_merge(record=asked, actor=second, now=now)

    question = QuestionToAsk.objects.open().get(client=staying)
    assert (question.asked_for_at, WORDS in question.words) == (now, True)


def test_of_two_clients_made_one_who_were_both_to_be_asked_again_no_reason_is_lost_and_the_later_wish_counts(
    branch: Branch, staff: Staff
) -> None:
    manager, second = staff("branch_manager"), staff("compliance")
    leaving, staying = ClientFactory(branch=branch), ClientFactory(branch=branch)
    now = timezone.now()
    ask_needs_again(client=staying, reason=Reason("目标变了"), actor=second, now=now - timedelta(days=3))
    ask_needs_again(client=leaving, reason=Reason(WORDS), actor=manager, now=now - timedelta(days=1))

    asked = ask_merge(leaving=leaving, staying=staying, reason="同一人", actor=manager, now=now)
    approve_merge(record=asked, actor=second, now=now)

    question = QuestionToAsk.objects.open().get(client=staying)
    assert all(words in question.words for words in (WORDS, "目标变了"))
    assert (question.asked_for_by, question.asked_for_at) == (manager, now - timedelta(days=1))


def test_why_is_read_in_the_readers_language_and_in_full_however_many_findings_there_are(
    web: Web, staff: Staff, branch: Branch, client: Client
) -> None:
    manager, day = staff("branch_manager"), local_date(timezone.now())
    words = [f"{number}{'很长的说明' * 31}" for number in range(4)]
    for number, said in enumerate(words):
        call = FollowUpCallFactory(branch=branch, client=client, state="done", done_at=timezone.now(), caller=None)
        with translation.override("zh-hans" if number % 2 else "en"):
            ask_needs(actor=manager, finding=FindingFactory(branch=branch, call=call), now=timezone.now(), reason=said)

    with translation.override("en"):
        english = asked_of(client)[0]
    with translation.override("zh-hans"):
        chinese = asked_of(client)[0]

    assert english.endswith("; ".join(f"follow-up call of {day}: {said}" for said in words))
    assert chinese.endswith("；".join(f"{day} 回访：{said}" for said in words))


# -- never who serves the client ---------------------------------------------------------------------------------------


def shown(answer: Any) -> str:
    assert answer.status_code == 200
    return re.sub(r'(csrfmiddlewaretoken"|nonce=|X-CSRFToken)[^>]*', "", answer.content.decode())


def test_who_stands_in_for_the_clients_advisor_sees_no_finding_about_him(
    branch: Branch, client: Client, staff: Staff, web: Web, api: Api
) -> None:
    manager, today = staff("branch_manager"), local_date(timezone.now())
    Delegation.objects.create(absent=client.advisor, deputy=manager, first_day=today, last_day=today, reason="休假")
    browser, phone = web(manager), api(manager)
    before, told = shown(browser.get("/care/findings/")), phone.get(FINDINGS).json()

    call = FollowUpCallFactory(branch=branch, client=client, state="done", done_at=timezone.now())
    finding = FindingFactory(branch=branch, call=call)

    assert shown(browser.get("/care/findings/")) == before
    assert phone.get(FINDINGS).json() == told
    assert api(staff("branch_manager")).get(f"{FINDINGS}{finding.public_id}/").status_code == 200


def test_a_client_restricted_to_storage_is_among_neither_findings_nor_surveys_of_the_branch(
    branch: Branch, staff: Staff, web: Web, api: Api
) -> None:
    manager, client = staff("branch_manager"), ClientFactory(branch=branch)
    pages = {url: shown(web(manager).get(url)) for url in ("/care/findings/", "/care/surveys/")}
    FindingFactory(
        branch=branch, call=FollowUpCallFactory(branch=branch, client=client, state="done", done_at=timezone.now())
    )
    answered(branch, 1, 0, "再也不来了", client=client)

    restrict_client(client=client, reason="删除请求", actor=staff("compliance"), now=timezone.now())

    assert {url: shown(web(manager).get(url)) for url in pages} == pages
    officer = api(staff("compliance"))
    assert all(officer.get(url).json()["results"] for url in (FINDINGS, "/api/v1/surveys/"))


def test_a_manager_who_serves_the_client_does_not_read_in_the_trail_how_a_call_ended(
    branch: Branch, staff: Staff, web: Web
) -> None:
    manager, caller = staff("branch_manager"), staff("follow_up_caller")
    call = FollowUpCallFactory(branch=branch, client=ClientFactory(branch=branch, advisor=manager))
    taken = take_call(actor=caller, call=call, now=NOW)
    complete_call(actor=caller, call=taken, now=NOW, answers={**GOOD_ANSWERS, "operated_by_staff": "yes"})
    entry = AuditEntry.objects.get(action="call.complete")

    assert entry.after == {"answers": 5, "bad": 1}
    assert web(manager).get(f"/audit/{entry.public_id}/").status_code == 404
    assert not web(manager).get("/audit/?action=call.complete").context["page"].rows
    assert web(staff("branch_manager")).get(f"/audit/{entry.public_id}/").status_code == 200
