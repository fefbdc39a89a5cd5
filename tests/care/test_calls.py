"""Taking, trying, asking: who may make a call, when the next try is, and what a bad answer brings."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from care.errors import (
    AnswersMissing,
    CallNotOpen,
    CallTaken,
    FindingClosed,
    NoContactWanted,
    NotIndependent,
    NotTheClient,
    NotToday,
    OwnRequest,
    TooFewAttempts,
)
from care.models import Finding, FollowUpCall
from care.services import (
    approve_unable,
    close_finding,
    complete_call,
    propose_unable,
    record_attempt,
    refuse_unable,
    release_call,
    take_call,
)
from crm.core.errors import InvalidInput, StaleEdit
from crm.core.models import AuditEntry, Branch, User
from tests.doors import Staff
from tests.factories.care import GOOD_ANSWERS, NOW, FindingFactory, FollowUpCallFactory
from tests.factories.clients import ClientFactory

DAY = timedelta(days=1)


def tried(call: FollowUpCall, caller: User, *outcomes: str) -> datetime:
    """Try on one working day after the other; returns the moment of the last try."""
    moment = NOW
    for outcome in outcomes:
        call.refresh_from_db()
        moment = max(moment, datetime.combine(call.not_before, NOW.timetz()))
        record_attempt(actor=caller, call=take_call(actor=caller, call=call, now=moment), now=moment, outcome=outcome)
    call.refresh_from_db()
    return moment


# -- independence ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["advisor", "account_manager", "agent"])
def test_whoever_serves_or_solicits_clients_never_makes_a_call(branch: Branch, staff: Staff, role: str) -> None:
    person = staff(role)
    call = FollowUpCallFactory(branch=branch)

    with pytest.raises(NotIndependent):
        take_call(actor=person, call=call, now=NOW)

    call.refresh_from_db()
    assert (call.state, call.caller) == ("due", None)


@pytest.mark.parametrize("tie", ["advisor", "introducer"])
def test_a_caller_never_calls_a_client_whom_he_serves_or_introduced(branch: Branch, staff: Staff, tie: str) -> None:
    caller = staff("follow_up_caller")
    call = FollowUpCallFactory(client=ClientFactory(branch=branch, **{tie: caller}))

    with pytest.raises(NotIndependent):
        take_call(actor=caller, call=call, now=NOW)

    assert not FollowUpCall.objects.for_caller(caller).exists()
    assert FollowUpCall.objects.for_caller(staff("follow_up_caller")).exists()


def test_who_was_given_the_client_after_taking_the_call_cannot_finish_it_but_give_it_back(
    branch: Branch, staff: Staff
) -> None:
    caller = staff("follow_up_caller")
    call = take_call(actor=caller, call=FollowUpCallFactory(branch=branch), now=NOW)
    call.client.advisor = caller
    call.client.save()

    with pytest.raises(NotIndependent):
        complete_call(actor=caller, call=call, now=NOW, answers=GOOD_ANSWERS)
    with pytest.raises(NotIndependent):
        record_attempt(actor=caller, call=call, now=NOW, outcome="no_answer")

    assert release_call(actor=caller, call=call, now=NOW).caller is None


# -- taking ------------------------------------------------------------------------------------------------------------


def test_a_taken_call_is_in_the_hands_of_one(branch: Branch, staff: Staff) -> None:
    first, second = staff("follow_up_caller"), staff("follow_up_caller")
    call = FollowUpCallFactory(branch=branch)

    taken = take_call(actor=first, call=call, now=NOW)
    with pytest.raises(CallTaken):
        take_call(actor=second, call=call, now=NOW)
    with pytest.raises(CallTaken):
        record_attempt(actor=second, call=call, now=NOW, outcome="no_answer")

    assert (taken.state, taken.caller, taken.version) == ("in_progress", first, 2)
    assert AuditEntry.objects.get(action="call.take").client_ref == call.client.public_id


def test_taking_counts_the_version_on_from_what_is_stored(branch: Branch, staff: Staff) -> None:
    caller = staff("follow_up_caller")
    call = FollowUpCallFactory(branch=branch)
    stale = FollowUpCall.objects.get(pk=call.pk)
    release_call(actor=caller, call=take_call(actor=caller, call=call, now=NOW), now=NOW)

    assert take_call(actor=caller, call=stale, now=NOW).version == 4


def test_who_does_not_want_to_be_contacted_is_not_called(branch: Branch, staff: Staff) -> None:
    call = FollowUpCallFactory(client=ClientFactory(branch=branch, silent=True))

    with pytest.raises(NoContactWanted):
        take_call(actor=staff("follow_up_caller"), call=call, now=NOW)

    assert not FollowUpCall.objects.callable_on(date(2026, 6, 1)).exists()


@pytest.mark.parametrize("state", ["unable_proposed", "unable", "cancelled"])
def test_only_an_open_call_can_be_taken(branch: Branch, staff: Staff, state: str) -> None:
    call = FollowUpCallFactory(branch=branch, state=state)

    with pytest.raises(CallNotOpen):
        take_call(actor=staff("follow_up_caller"), call=call, now=NOW)


def test_a_missed_call_may_still_be_made(branch: Branch, staff: Staff) -> None:
    caller = staff("follow_up_caller")

    taken = take_call(actor=caller, call=FollowUpCallFactory(branch=branch, missed=True), now=NOW)

    assert complete_call(actor=caller, call=taken, now=NOW, answers=GOOD_ANSWERS).state == "done"


# -- attempts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["no_answer", "refused", "wrong_number", "not_client"])
def test_after_an_attempt_the_next_one_is_on_the_next_working_day(branch: Branch, staff: Staff, outcome: str) -> None:
    caller = staff("follow_up_caller")
    call = FollowUpCallFactory(branch=branch)
    friday = NOW + 4 * DAY

    attempt = record_attempt(
        actor=caller, call=take_call(actor=caller, call=call, now=friday), now=friday, outcome=outcome, note="忙音"
    )

    call.refresh_from_db()
    assert (attempt.number, attempt.day, attempt.outcome) == (1, date(2026, 6, 5), outcome)
    assert (call.state, call.caller, call.not_before, call.attempts_made) == ("due", None, date(2026, 6, 8), 1)
    with pytest.raises(NotToday):
        take_call(actor=caller, call=call, now=friday + DAY)
    assert take_call(actor=caller, call=call, now=friday + 3 * DAY).state == "in_progress"


def test_whom_one_has_reached_one_asks(branch: Branch, staff: Staff) -> None:
    caller = staff("follow_up_caller")
    call = take_call(actor=caller, call=FollowUpCallFactory(branch=branch), now=NOW)

    with pytest.raises(InvalidInput):
        record_attempt(actor=caller, call=call, now=NOW, outcome="reached")

    assert not call.attempts.exists()


def test_an_attempt_over_a_newer_version_is_refused(branch: Branch, staff: Staff) -> None:
    caller = staff("follow_up_caller")
    call = take_call(actor=caller, call=FollowUpCallFactory(branch=branch), now=NOW)

    with pytest.raises(StaleEdit):
        record_attempt(actor=caller, call=call, now=NOW, outcome="no_answer", version=1)


# -- answers and findings ----------------------------------------------------------------------------------------------


def test_a_call_is_done_when_all_five_questions_are_answered(branch: Branch, staff: Staff) -> None:
    caller = staff("follow_up_caller")
    call = take_call(actor=caller, call=FollowUpCallFactory(branch=branch), now=NOW)

    done = complete_call(actor=caller, call=call, now=NOW, answers=GOOD_ANSWERS, summary="无异常", version=2)

    assert (done.state, done.done_at, done.summary) == ("done", NOW, "无异常")
    assert done.answers.count() == 5
    assert [attempt.outcome for attempt in done.attempts.all()] == ["reached"]
    assert not Finding.objects.exists()


@pytest.mark.parametrize("missing", sorted(GOOD_ANSWERS))
def test_a_call_with_an_unanswered_question_is_not_done(branch: Branch, staff: Staff, missing: str) -> None:
    caller = staff("follow_up_caller")
    call = take_call(actor=caller, call=FollowUpCallFactory(branch=branch), now=NOW)

    with pytest.raises(AnswersMissing) as refusal:
        complete_call(actor=caller, call=call, now=NOW, answers={**GOOD_ANSWERS, missing: "maybe"})

    assert set(refusal.value.fields) == {missing}
    call.refresh_from_db()
    assert (call.state, call.attempts_made, call.answers.count()) == ("in_progress", 0, 0)


@pytest.mark.parametrize("question", sorted(set(GOOD_ANSWERS) - {"identity"}))
def test_each_bad_answer_opens_a_finding_for_compliance(branch: Branch, staff: Staff, question: str) -> None:
    caller = staff("follow_up_caller")
    call = take_call(actor=caller, call=FollowUpCallFactory(branch=branch), now=NOW)
    bad = "no" if GOOD_ANSWERS[question] == "yes" else "yes"

    complete_call(
        actor=caller,
        call=call,
        now=NOW,
        answers={**GOOD_ANSWERS, question: bad},
        notes={question: "客户说经理代为下单"},
    )

    finding = Finding.objects.get()
    assert (finding.state, finding.answer.question.code, finding.answer.answer) == ("open", question, bad)
    assert finding.answer.note == "客户说经理代为下单"


def test_somebody_else_is_not_asked_the_questions(branch: Branch, staff: Staff) -> None:
    caller = staff("follow_up_caller")
    call = take_call(actor=caller, call=FollowUpCallFactory(branch=branch), now=NOW)

    with pytest.raises(NotTheClient) as refusal:
        complete_call(actor=caller, call=call, now=NOW, answers={**GOOD_ANSWERS, "identity": "no"})

    assert set(refusal.value.fields) == {"identity"}
    call.refresh_from_db()
    assert (call.state, call.attempts_made, call.answers.count()) == ("in_progress", 0, 0)
    assert not Finding.objects.exists()


def test_a_call_is_completed_once(branch: Branch, staff: Staff) -> None:
    caller = staff("follow_up_caller")
    call = take_call(actor=caller, call=FollowUpCallFactory(branch=branch), now=NOW)
    complete_call(actor=caller, call=call, now=NOW, answers=GOOD_ANSWERS)

    with pytest.raises(CallNotOpen):
        complete_call(actor=caller, call=call, now=NOW, answers=GOOD_ANSWERS)

    assert call.answers.count() == 5


def test_compliance_concludes_a_finding_once(branch: Branch, staff: Staff) -> None:
    finding = FindingFactory(branch=branch)
    officer = staff("compliance")

    closed = close_finding(actor=officer, finding=finding, now=NOW, conclusion="查无实据", version=1)

    assert (closed.state, closed.closed_by, closed.conclusion) == ("closed", officer, "查无实据")
    with pytest.raises(FindingClosed):
        close_finding(actor=officer, finding=finding, now=NOW, conclusion="再查")


def test_the_caller_does_not_conclude_his_own_finding(branch: Branch) -> None:
    finding = FindingFactory(branch=branch)

    with pytest.raises(OwnRequest):
        close_finding(actor=finding.call.caller, finding=finding, now=NOW, conclusion="没事")


def test_findings_are_kept_from_the_clients_own_advisor(branch: Branch, staff: Staff) -> None:
    manager = staff("branch_manager")
    FindingFactory(branch=branch)
    own = FindingFactory(branch=branch)
    own.call.client.advisor = manager
    own.call.client.save()

    assert Finding.objects.visible_to(manager).count() == 1
    assert Finding.objects.visible_to(staff("compliance")).count() == 2
    assert not Finding.objects.visible_to(staff("advisor")).exists()


def test_the_trail_keeps_conclusions_from_the_clients_own_advisor(branch: Branch, staff: Staff) -> None:
    manager = staff("branch_manager")
    finding = FindingFactory(branch=branch)
    finding.call.client.advisor = manager
    finding.call.client.save()
    close_finding(actor=staff("compliance"), finding=finding, now=NOW, conclusion="经理代客操作属实")

    assert not AuditEntry.objects.visible_to(manager).filter(action="finding.close").exists()
    assert AuditEntry.objects.visible_to(staff("auditor")).filter(action="finding.close").exists()


# -- unable ------------------------------------------------------------------------------------------------------------


def test_a_call_counts_as_unable_after_three_days_of_trying_a_letter_and_a_second_pair_of_eyes(
    branch: Branch, staff: Staff
) -> None:
    caller, manager = staff("follow_up_caller"), staff("branch_manager")
    call = FollowUpCallFactory(branch=branch)
    last = tried(call, caller, "no_answer", "wrong_number", "refused", "written")

    proposed = propose_unable(actor=caller, call=call, now=last, reason="三次未接通,已发函")
    done = approve_unable(actor=manager, call=proposed, now=last)

    assert (done.state, done.unable_proposed_by, done.unable_approved_by) == ("unable", caller, manager)
    assert call.attempts.values_list("day", flat=True).distinct().count() == 4
    entry = AuditEntry.objects.get(action="call.approve_unable")
    assert (entry.actor, entry.reason) == (manager, "三次未接通,已发函")


@pytest.mark.parametrize(
    "outcomes",
    [(), ("no_answer", "no_answer", "written"), ("no_answer", "no_answer", "no_answer"), ("written",)],
)
def test_fewer_attempts_or_no_letter_are_not_enough(branch: Branch, staff: Staff, outcomes: tuple[str, ...]) -> None:
    caller = staff("follow_up_caller")
    call = FollowUpCallFactory(branch=branch)
    last = tried(call, caller, *outcomes)

    with pytest.raises(TooFewAttempts):
        propose_unable(actor=caller, call=call, now=last, reason="联系不上")


def test_a_client_who_wants_no_contact_need_not_be_tried(branch: Branch, staff: Staff) -> None:
    call = FollowUpCallFactory(client=ClientFactory(branch=branch, silent=True))

    proposed = propose_unable(actor=staff("follow_up_caller"), call=call, now=NOW, reason="客户要求免打扰")

    assert proposed.state == "unable_proposed"


def test_neither_who_asked_nor_who_tried_approves(branch: Branch, staff: Staff) -> None:
    first, second, manager = staff("follow_up_caller"), staff("follow_up_caller"), staff("branch_manager")
    call = FollowUpCallFactory(branch=branch)
    tried(call, first, "no_answer")
    last = tried(call, second, "no_answer", "no_answer", "written")
    proposed = propose_unable(actor=second, call=call, now=last, reason="联系不上")

    for person in (first, second):
        with pytest.raises(OwnRequest):
            approve_unable(actor=person, call=proposed, now=last)
        with pytest.raises(OwnRequest):
            refuse_unable(actor=person, call=proposed, now=last, reason="再试")

    assert approve_unable(actor=manager, call=proposed, now=last).state == "unable"


def test_the_database_holds_four_eyes_whatever_the_code_says(branch: Branch, staff: Staff) -> None:
    caller = staff("follow_up_caller")
    call = FollowUpCallFactory(branch=branch)

    with pytest.raises(IntegrityError), transaction.atomic():
        FollowUpCall.objects.filter(pk=call.pk).update(
            state="unable", unable_proposed_by=caller, unable_approved_by=caller
        )


def test_a_refused_request_sends_the_call_back_to_the_queue(branch: Branch, staff: Staff) -> None:
    caller, manager = staff("follow_up_caller"), staff("branch_manager")
    call = FollowUpCallFactory(client=ClientFactory(branch=branch), state="unable_proposed", unable_proposed_by=caller)

    again = refuse_unable(actor=manager, call=call, now=NOW, reason="再拨一次")

    assert (again.state, again.unable_proposed_by, again.not_before) == ("due", None, date(2026, 6, 1))
    with pytest.raises(CallNotOpen):
        approve_unable(actor=manager, call=call, now=NOW)


def test_nobody_gives_up_a_call_that_a_colleague_is_making(branch: Branch, staff: Staff) -> None:
    call = take_call(actor=staff("follow_up_caller"), call=FollowUpCallFactory(branch=branch), now=NOW)

    with pytest.raises(CallTaken):
        propose_unable(actor=staff("follow_up_caller"), call=call, now=NOW, reason="联系不上")


# -- who sees which calls ----------------------------------------------------------------------------------------------


def test_each_role_sees_the_calls_of_the_clients_it_sees(branch: Branch, other_branch: Branch, staff: Staff) -> None:
    advisor = staff("advisor")
    own = FollowUpCallFactory(client=ClientFactory(branch=branch, advisor=advisor))
    colleague = FollowUpCallFactory(branch=branch)
    stranger = FollowUpCallFactory(branch=other_branch)

    def seen(user: User) -> set[int]:
        return set(FollowUpCall.objects.visible_to(user).values_list("pk", flat=True))

    assert seen(advisor) == {own.pk}
    assert seen(staff("follow_up_caller")) == seen(staff("branch_manager")) == {own.pk, colleague.pk}
    assert seen(staff("compliance")) == {own.pk, colleague.pk, stranger.pk}
    assert seen(staff("administrator")) == set()
