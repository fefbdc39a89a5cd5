"""What a client wants: kept interview by interview, carried over, compared, corrected; on pages, over REST, in my day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from clients.errors import AlreadyCorrected, ClientClosed, ContactOfAnother, NothingAnswered
from clients.models import Channel, Client, NeedsInterview
from clients.questions import QUESTIONS, QuestionKey, Voice
from clients.services import link_needs, record_needs
from clients.services import needs as needs_service
from crm.core.errors import InvalidInput, StaleEdit
from crm.core.models import AuditEntry, Branch, User
from tests.doors import Staff
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


@pytest.mark.nodb
def test_a_client_may_wish_for_every_channel_that_the_house_speaks_by() -> None:
    spoken = [(value, str(label)) for value, label in Channel.choices if value != Channel.UNKNOWN]

    assert [(value, str(label)) for value, label in Voice.choices] == spoken


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
