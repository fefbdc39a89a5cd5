"""What a client wants: kept interview by interview, carried over, compared, corrected; on pages, over REST, in my day."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from clients.errors import AlreadyCorrected, ClientClosed, ContactOfAnother, NothingAnswered
from clients.models import Client, ContactLog, NeedsInterview
from clients.questions import QUESTIONS, QuestionKey
from clients.services import link_needs, record_needs
from clients.services import needs as needs_service
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput, StaleEdit
from crm.core.models import AuditEntry, Branch, User
from crm.workbench.queue import todays_items
from tests.doors import HTMX, Api, Staff, Web, token
from tests.factories.clients import ClientFactory, ContactLogFactory
from tests.factories.core import BranchFactory, UserFactory
from tests.factories.needs import NeedsInterviewFactory
from tests.racing import Meeting, on_postgresql, race

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
TODAY = date(2026, 6, 1)


@pytest.fixture
def client_(branch: Branch) -> Client:
    return ClientFactory(branch=branch)


def ask(client: Client, actor: User, days: int = 0, **said: Any) -> NeedsInterview:
    said.setdefault("answers", {})
    made: NeedsInterview = record_needs(client=client, actor=actor, now=NOW + timedelta(days=days), **said)
    return made


# -- the rule ----------------------------------------------------------------------------------------------------------


def test_every_question_has_a_key_for_its_refusal() -> None:
    assert [question.key for question in QUESTIONS] == list(QuestionKey.values)


def test_each_interview_is_a_row_and_the_newest_is_what_the_client_wants(client_: Client, staff: Staff) -> None:
    advisor = staff("advisor")
    first = ask(client_, advisor, answers={"goals": ["growth", "ipo"], "horizon": "short", "capital": Decimal(500_000)})

    second = ask(client_, advisor, 10, answers={"horizon": "long"})

    present = NeedsInterview.objects.present().get(client=client_)
    assert present == second
    assert (present.goals, present.horizon, present.capital) == (["growth", "ipo"], "long", Decimal(500_000))
    assert (present.day_of("horizon"), present.day_of("goals")) == (TODAY + timedelta(days=10), TODAY)
    assert second.differs(first) == ["horizon"]
    assert AuditEntry.objects.filter(action="needs.record", client_ref=client_.public_id).count() == 2


def test_confirming_the_rest_renews_its_day_and_changes_no_answer(client_: Client, staff: Staff) -> None:
    advisor = staff("advisor")
    first = ask(client_, advisor, answers={"goals": ["income"], "loss_tolerance": Decimal(10)})

    second = ask(client_, advisor, 30, confirmed=True)

    assert second.differs(first) == []
    assert second.day_of("goals") == second.day_of("loss_tolerance") == TODAY + timedelta(days=30)
    assert second.day_of("sectors") is None


def test_a_refusal_is_an_answer_and_a_later_answer_takes_its_place(client_: Client, staff: Staff) -> None:
    advisor = staff("advisor")
    ask(client_, advisor, answers={"capital": Decimal(9)})
    refused = ask(client_, advisor, 1, refused=["capital"])
    answered = ask(client_, advisor, 2, answers={"capital": Decimal(7)})

    assert (refused.capital, refused.refused, refused.answered) == (None, ["capital"], 1)
    assert (answered.capital, answered.refused) == (Decimal(7), [])


def test_a_wish_that_is_taken_back_is_on_file_as_a_change(client_: Client, staff: Staff) -> None:
    advisor = staff("advisor")
    first = ask(client_, advisor, answers={"sectors": ["bank"]})

    second = ask(client_, advisor, 1, answers={"sectors": []})

    assert second.differs(first) == ["sectors"]
    assert second.day_of("sectors") == TODAY + timedelta(days=1)


def test_an_interview_entered_late_joins_the_history_and_leaves_the_present_alone(
    client_: Client, staff: Staff
) -> None:
    advisor = staff("advisor")
    newer = ask(client_, advisor, answers={"horizon": "long"})

    ask(client_, advisor, answers={"horizon": "short"}, taken_on=TODAY - timedelta(days=9))

    assert NeedsInterview.objects.present().get(client=client_) == newer


def test_a_correction_takes_the_place_of_the_slip_and_keeps_it_on_file(client_: Client, staff: Staff) -> None:
    advisor = staff("advisor")
    slip = ask(client_, advisor, answers={"horizon": "long", "goals": ["ipo"]})

    right = ask(client_, advisor, answers={"horizon": "short"}, corrects=slip, reason="记错了", taken_on=slip.taken_on)

    assert NeedsInterview.objects.present().get(client=client_) == right
    assert right.goals == ["ipo"]
    assert NeedsInterview.objects.count() == 2
    with pytest.raises(AlreadyCorrected):
        ask(client_, advisor, answers={"horizon": "open"}, corrects=slip, reason="再改")
    with pytest.raises(InvalidInput):
        ask(client_, advisor, answers={"horizon": "open"}, corrects=right)


@pytest.mark.parametrize(
    "answers",
    [
        {"loss_tolerance": Decimal("100.1")},
        {"expected_return": Decimal(-1)},
        {"capital": Decimal(-1)},
        {"goals": ["nonsense"]},
        {"horizon": "tomorrow"},
        {"remarks": "x" * 501},
    ],
)
def test_what_cannot_be_is_refused_with_its_question(client_: Client, staff: Staff, answers: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        ask(client_, staff("advisor"), answers=answers)

    assert set(answers) <= set(refusal.value.fields) or "" in refusal.value.fields


def test_nothing_said_the_future_and_a_closed_client_are_refused(branch: Branch, client_: Client, staff: Staff) -> None:
    advisor = staff("advisor")
    with pytest.raises(NothingAnswered):
        ask(client_, advisor)
    with pytest.raises(NothingAnswered):
        ask(client_, advisor, answers={"goals": []})
    with pytest.raises(InvalidInput):
        ask(client_, advisor, answers={"goals": ["ipo"]}, taken_on=TODAY + timedelta(days=1))
    with pytest.raises(ClientClosed):
        ask(ClientFactory(branch=branch, closed=True), advisor, answers={"goals": ["ipo"]})


def test_an_unchanged_sheet_is_refused_as_such_and_points_at_the_tick(client_: Client, staff: Staff) -> None:
    """Who sends a filled-in sheet as it stands has not forgotten to answer."""
    advisor = staff("advisor")
    with pytest.raises(NothingAnswered) as first:
        ask(client_, advisor)
    ask(client_, advisor, answers={"goals": ["education"]})
    with pytest.raises(NothingAnswered) as again:
        ask(client_, advisor, days=1)

    assert str(first.value) == str(NothingAnswered.message)
    assert str(again.value) == str(NothingAnswered.unchanged) != str(first.value)
    assert ask(client_, advisor, days=1, confirmed=True).is_present


def test_a_sheet_made_from_an_older_one_is_refused(client_: Client, staff: Staff) -> None:
    advisor = staff("advisor")
    ask(client_, advisor, answers={"goals": ["ipo"]}, basis="")

    with pytest.raises(StaleEdit):
        ask(client_, advisor, answers={"goals": ["income"]}, basis="")


def test_the_database_keeps_one_present_interview(client_: Client) -> None:
    NeedsInterviewFactory(client=client_).full_clean()

    with pytest.raises(IntegrityError), transaction.atomic():
        NeedsInterviewFactory(client=client_)


def test_the_channel_wished_for_becomes_the_preferred_one(client_: Client, staff: Staff) -> None:
    ask(client_, staff("advisor"), answers={"channel": "wechat"})

    client_.refresh_from_db()
    assert client_.preferred_channel == "wechat"


def test_a_contact_is_named_once_and_only_one_of_the_same_client(client_: Client, staff: Staff) -> None:
    advisor = staff("advisor")
    row = ask(client_, advisor, answers={"goals": ["ipo"]})
    first, second = ContactLogFactory(client=client_), ContactLogFactory(client=client_)

    assert link_needs(interview=row, contact=first, actor=advisor)
    assert not link_needs(interview=row, contact=second, actor=advisor)
    with pytest.raises(ContactOfAnother):
        link_needs(interview=row, contact=ContactLogFactory(), actor=advisor)
    with pytest.raises(ContactOfAnother):
        ask(client_, advisor, answers={"goals": ["income"]}, contact=ContactLogFactory())


_ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "goals": st.lists(st.sampled_from(["growth", "ipo", "income"]), unique=True),
        "horizon": st.sampled_from(["", "short", "long"]),
        "loss_tolerance": st.none() | st.integers(0, 100).map(Decimal),
        "remarks": st.sampled_from(["", "a", "b"]),
    },
)
_TURN = st.tuples(_ANSWERS, st.sets(st.sampled_from(["capital", "horizon", "goals"])), st.booleans())


class TestHistory(TestCase):
    """However interviews follow each other, the newest row is the sum of what was said."""

    @settings(max_examples=40, deadline=None)
    @given(st.lists(_TURN, min_size=1, max_size=6))
    def test_the_present_sheet_is_the_last_word_on_every_question(self, turns: list[Any]) -> None:
        branch = BranchFactory()
        client, actor = ClientFactory(branch=branch), UserFactory(branch=branch, role="advisor")
        last: dict[str, Any] = {}
        for number, (answers, refused, confirmed) in enumerate(turns):
            for question in QUESTIONS:
                if question.key in refused:
                    last[question.key] = "refused"
                elif question.key in answers:
                    said = answers[question.key]
                    last[question.key] = question.empty if said in (None, "", []) else said
            try:
                ask(client, actor, number, answers=answers, refused=refused, confirmed=confirmed)
            except NothingAnswered:
                assert not NeedsInterview.objects.filter(client=client).exists() or not (
                    answers or refused or confirmed
                )

        found = NeedsInterview.objects.present().filter(client=client).first()
        for question in QUESTIONS:
            key, expected = question.key, last.get(question.key, question.empty)
            if expected == "refused":
                assert found is not None
                assert found.is_refused(key)
                assert found.answer(key) == question.empty
            else:
                held = found.answer(key) if found else question.empty
                assert (sorted(held) if isinstance(held, list) else held) == (
                    sorted(expected) if isinstance(expected, list) else expected
                )


@pytest.mark.django_db(transaction=True)
def test_two_interviews_at_once_leave_one_present() -> None:
    branch = BranchFactory()
    client, actor = ClientFactory(branch=branch), UserFactory(branch=branch, role="advisor")

    found = race(2, lambda n: ask(client, actor, answers={"remarks": f"{n}"}))

    assert [type(row) for row in found] == [NeedsInterview, NeedsInterview]
    assert NeedsInterview.objects.filter(client=client).count() == 2
    assert NeedsInterview.objects.present().filter(client=client).count() == 1


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_two_interviews_at_once_would_both_be_present(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin with the lock off: the database refuses the second present row, and somebody loses his words."""
    branch = BranchFactory()
    client, actor = ClientFactory(branch=branch), UserFactory(branch=branch, role="advisor")
    meeting, settle = Meeting(2), needs_service._settle
    monkeypatch.setattr(needs_service, "lock", lambda rows, **lookup: rows.get(**lookup))

    def meet(row: Client) -> None:
        meeting.wait()
        settle(row)

    monkeypatch.setattr(needs_service, "_settle", meet)

    found = race(2, lambda n: ask(client, actor, answers={"remarks": f"{n}"}))

    assert any(isinstance(row, IntegrityError) for row in found)


# -- pages -------------------------------------------------------------------------------------------------------------


def test_the_sheet_is_filled_in_one_go_and_shown_with_what_changed(client_: Client, staff: Staff, web: Web) -> None:
    browser, url = web(staff("front_desk")), f"/clients/{client_.public_id}/needs/"
    NeedsInterviewFactory(client=client_, taken_on=date(2026, 1, 5), answered_on={"goals": "2026-01-05"}, horizon="")
    page = browser.get(url)
    basis = re.search(r'name="basis" value="([^"]*)"', page.content.decode())

    answer = browser.post(
        url,
        {
            "form_token": token(page),
            "basis": basis and basis[1],
            "taken_on": local_date(timezone.now()).isoformat(),
            "answered_by": "self",
            "goals": ["growth", "pension"],
            "horizon": "long",
            "loss_tolerance": "12.5",
            "refused": ["capital"],
        },
    )

    assert answer.status_code == 302
    assert answer["Location"].endswith("?tab=needs")
    row = NeedsInterview.objects.present().get(client=client_)
    assert (row.goals, row.horizon, row.loss_tolerance, row.refused) == (
        ["growth", "pension"],
        "long",
        Decimal("12.5"),
        ["capital"],
    )
    text = browser.get(f"/clients/{client_.public_id}/?tab=needs").content.decode()
    assert "12.5%" in text
    assert "refused to provide" in text
    assert "before: Steady growth" in text


def test_an_unreadable_sheet_comes_back_with_what_was_said(client_: Client, staff: Staff, web: Web) -> None:
    browser, url = web(staff("front_desk")), f"/clients/{client_.public_id}/needs/"

    answer = browser.post(
        url,
        {
            "form_token": "a" * 26,
            "taken_on": "2026-06-01",
            "answered_by": "self",
            "loss_tolerance": "120",
            "remarks": "忙",
        },
    )

    assert answer.status_code == 400
    assert "忙" in answer.content.decode()
    assert not NeedsInterview.objects.exists()


def test_while_a_contact_is_logged_the_sheet_opens_in_place_and_the_contact_is_named(
    client_: Client, staff: Staff, web: Web
) -> None:
    advisor = staff("front_desk")
    browser, url = web(advisor), f"/clients/{client_.public_id}/needs/?inline=1"
    sheet = browser.get(url, headers=HTMX)
    assert "<html" not in sheet.content.decode()

    saved = browser.post(
        url,
        {
            "form_token": token(sheet),
            "taken_on": local_date(timezone.now()).isoformat(),
            "answered_by": "self",
            "goals": "ipo",
        },
        headers=HTMX,
    ).content.decode()
    row = NeedsInterview.objects.get()
    assert f'name="needs" value="{row.public_id}" form="contact-form"' in saved

    page = browser.get(f"/clients/{client_.public_id}/")
    browser.post(
        f"/clients/{client_.public_id}/contacts/",
        {"form_token": token(page), "channel": "phone", "content": "谈了需求", "needs": row.public_id},
        headers=HTMX,
    )
    row.refresh_from_db()
    assert row.contact == ContactLog.objects.get()


def test_a_foreign_client_a_foreign_interview_and_a_missing_right(
    client_: Client, other_branch: Branch, staff: Staff, web: Web
) -> None:
    stranger = NeedsInterviewFactory(client__branch=other_branch)
    browser, url = web(staff("front_desk")), f"/clients/{client_.public_id}/needs/"

    assert browser.get(f"/clients/{stranger.client.public_id}/needs/").status_code == 404
    assert browser.get(f"{url}?corrects={stranger.public_id}").status_code == 404
    assert web(staff("auditor")).get(url).status_code == 403


def test_an_agent_has_no_tab_of_needs(branch: Branch, staff: Staff, web: Web) -> None:
    agent = staff("agent")
    client = ClientFactory(branch=branch, introducer=agent)
    NeedsInterviewFactory(client=client, remarks="私房话")

    text = web(agent).get(f"/clients/{client.public_id}/?tab=needs").content.decode()

    assert "私房话" not in text
    assert '<a href="?tab=needs"' not in text


def test_the_tab_costs_the_same_for_one_interview_and_for_ten(
    client_: Client, staff: Staff, web: Web, cost_of: Any
) -> None:
    browser, url = web(staff("front_desk")), f"/clients/{client_.public_id}/?tab=needs"
    NeedsInterviewFactory(client=client_)
    browser.get(url)
    one = cost_of(lambda: browser.get(url))
    for n in range(9):
        NeedsInterviewFactory(client=client_, is_present=False, taken_on=date(2025, 1, 1 + n))

    assert cost_of(lambda: browser.get(url)) == one


@pytest.mark.parametrize(("query", "names"), [("fresh", {"甲新"}), ("stale", {"乙旧", "丙无"}), ("unknown", {"丙无"})])
def test_the_list_narrows_by_how_fresh_needs_are(
    branch: Branch, staff: Staff, web: Web, query: str, names: set[str]
) -> None:
    today = local_date(timezone.now())
    NeedsInterviewFactory(client__branch=branch, client__name="甲新", taken_on=today)
    NeedsInterviewFactory(client__branch=branch, client__name="乙旧", taken_on=today - timedelta(days=400))
    ClientFactory(branch=branch, name="丙无")

    text = web(staff("front_desk")).get(f"/clients/?needs={query}", headers=HTMX).content.decode()

    assert {name for name in ("甲新", "乙旧", "丙无") if f">{name}<" in text} == names


def test_my_day_names_own_clients_whose_needs_are_old_a_few_a_day(branch: Branch, staff: Staff) -> None:
    advisor, today = staff("advisor"), local_date(timezone.now())
    NeedsInterviewFactory(client=ClientFactory(branch=branch, advisor=advisor), taken_on=today)
    NeedsInterviewFactory(
        client=ClientFactory(branch=branch, advisor=advisor, total_assets=99), taken_on=today - timedelta(days=190)
    )
    ClientFactory.create_batch(7, branch=branch, advisor=advisor)
    ClientFactory(branch=branch, advisor=advisor, silent=True)
    ClientFactory(branch=branch)

    items = [item for item in todays_items(advisor, today) if item.kind == "needs"]

    assert len(items) == 5
    assert len({item.reason for item in items}) == 2, "one was asked long ago, the others never"
    assert {item.due_on for item in items} == {today}, "nobody promised anything, so nothing is overdue"


def test_my_day_does_not_name_a_client_twice_whom_a_contact_is_agreed_with(branch: Branch, staff: Staff) -> None:
    advisor, today = staff("advisor"), local_date(timezone.now())
    ClientFactory(branch=branch, advisor=advisor, name="今日约", next_contact_on=today)
    ClientFactory(branch=branch, advisor=advisor, name="下周约", next_contact_on=today + timedelta(days=7))
    ClientFactory(branch=branch, advisor=advisor, name="明年约", next_contact_on=today + timedelta(days=300))
    ClientFactory(branch=branch, advisor=advisor, name="没有约")

    items = todays_items(advisor, today)

    assert [(item.kind, item.title) for item in items if item.kind == "contact"] == [("contact", "今日约")]
    assert {item.title for item in items if item.kind == "needs"} == {"明年约", "没有约"}
    assert items[0].kind == "contact", "what was promised comes before what was not"


# -- REST --------------------------------------------------------------------------------------------------------------

URL = "/api/v1/needs-interviews/"


def test_an_interview_is_kept_over_rest_once_and_read_back_on_record(client_: Client, staff: Staff, api: Api) -> None:
    phone = api(staff("front_desk"))
    body = {
        "client": client_.public_id,
        "answers": {"goals": ["ipo"], "capital": "500000.00", "loss_tolerance": "8.0"},
        "refused": ["sectors"],
    }

    made = phone.post(URL, body, format="json", headers={"Idempotency-Key": "n1"})
    again = phone.post(URL, body, format="json", headers={"Idempotency-Key": "n1"})

    assert (made.status_code, again.status_code) == (201, 200)
    assert made.data["id"] == again.data["id"]
    assert (made.data["capital"], made.data["present"], made.data["refused"]) == ("500000.00", True, ["sectors"])
    shown = phone.get(f"{URL}{made.data['id']}/")
    assert json.loads(json.dumps(shown.data["answered_on"]))["goals"] == local_date(timezone.now()).isoformat()
    assert phone.get(URL, {"client": client_.public_id, "present": "true"}).data["results"][0]["id"] == made.data["id"]
    assert AuditEntry.objects.filter(action="needs.view").count() == 2


def test_rest_refuses_what_the_sheet_refuses(client_: Client, other_branch: Branch, staff: Staff, api: Api) -> None:
    phone, stranger = api(staff("front_desk")), NeedsInterviewFactory(client__branch=other_branch)

    def post(**body: Any) -> int:
        key = {"Idempotency-Key": repr(body)[:70]}
        return int(phone.post(URL, {"client": client_.public_id, **body}, format="json", headers=key).status_code)

    assert post() == 400
    assert post(answers={"goals": ["nonsense"]}) == 400
    assert post(answers={"loss_tolerance": "101"}) == 400
    assert post(client=stranger.client.public_id, answers={"goals": ["ipo"]}) == 400
    assert phone.post(URL, {}, format="json").status_code == 400
    assert phone.get(f"{URL}{stranger.public_id}/").status_code == 404
    assert api(staff("agent")).get(URL).status_code == 403
