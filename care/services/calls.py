"""Making a follow-up call: taking it, trying, asking, or showing that it was not possible."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from django.db.models import F
from django.utils.translation import gettext as _

from care.errors import (
    AnswersMissing,
    CallNotOpen,
    CallTaken,
    NoContactWanted,
    NotIndependent,
    NotTheClient,
    NotToday,
    OwnRequest,
    TooFewAttempts,
)
from care.models import CallAnswer, CallAttempt, Finding, FollowUpCall, ScriptQuestion
from crm.core import audit
from crm.core.clocks import Calendar, local_date
from crm.core.errors import InvalidInput, StaleEdit
from crm.core.models import User
from crm.core.policies import figures
from crm.core.service import service
from crm.core.versions import lock

State = FollowUpCall.State
Outcome = CallAttempt.Outcome
#: Roles that solicit or serve clients, and so never make follow-up calls (regulation.md §2; figures cannot change it).
SERVING_ROLES = ("advisor", "account_manager", "agent")
_TRIED = (Outcome.NO_ANSWER, Outcome.REFUSED, Outcome.WRONG_NUMBER, Outcome.NOT_CLIENT)


def is_independent(caller: User, call: FollowUpCall) -> bool:
    """Whether ``caller`` neither serves nor solicits clients, nor has to do with this one."""
    client = call.client
    return not caller.has_role(*SERVING_ROLES) and caller.pk not in (client.advisor_id, client.introducer_id)


@service("call.take")
def take_call(*, actor: User, call: FollowUpCall, now: datetime, version: int | None = None) -> FollowUpCall:
    """The caller takes a free call. Of two who reach for it, one conditional UPDATE lets one have it.

    Raises ``NotIndependent``, ``NoContactWanted``, ``NotToday``, ``CallNotOpen``, ``CallTaken``, ``StaleEdit``.
    """
    if not is_independent(actor, call):
        raise NotIndependent
    if call.client.do_not_contact:
        raise NoContactWanted
    today = local_date(now)
    free = FollowUpCall.objects.filter(
        pk=call.pk, state__in=[State.DUE, State.MISSED], caller=None, not_before__lte=today
    )
    if version is not None:
        free = free.filter(version=version)
    if not free.update(state=State.IN_PROGRESS, caller=actor, version=F("version") + 1, updated_at=now):
        _say_why_not(FollowUpCall.objects.get(pk=call.pk), actor, today)
    taken: FollowUpCall = FollowUpCall.objects.get(pk=call.pk)
    audit.record(actor, "call.take", taken)
    return taken


def _say_why_not(call: FollowUpCall, actor: User, today: date) -> None:
    if call.state == State.IN_PROGRESS:
        raise CallTaken(_("You are already making this call.") if call.caller_id == actor.pk else None)
    if call.state in (State.DUE, State.MISSED) and call.not_before > today:
        raise NotToday
    if call.state in (State.DUE, State.MISSED):
        raise StaleEdit
    raise CallNotOpen


@service("call.release")
def release_call(*, actor: User, call: FollowUpCall, now: datetime, version: int | None = None) -> FollowUpCall:
    """Give a taken call back to the queue."""
    row = _held(call, actor, version)
    row.state, row.caller = State.DUE, None
    row.save_changed(["state", "caller"])
    audit.record(actor, "call.release", row)
    return row


@service("call.record_attempt")
def record_attempt(
    *, actor: User, call: FollowUpCall, now: datetime, outcome: str, note: str = "", version: int | None = None
) -> CallAttempt:
    """Note a try that did not lead to the questions; the next one is on another working day.

    Raises ``CallNotOpen``, ``CallTaken``, ``StaleEdit`` and ``InvalidInput`` for "reached" (complete the call instead).
    """
    if outcome not in (*_TRIED, Outcome.WRITTEN):
        raise InvalidInput(fields={"outcome": _("When the client was reached, answer the questions instead.")})
    row = _own(call, actor, version)
    attempt = _attempt(row, actor, now, outcome, note)
    pause = figures(attempt.day, row.client.branch).days("visit.retry_after_days")
    row.not_before = Calendar.around(attempt.day).add_working_days(attempt.day, pause)
    row.state, row.caller = State.DUE, None
    row.save_changed(["attempts_made", "not_before", "state", "caller"])
    audit.record(actor, "call.record_attempt", row, after={"outcome": outcome, "number": attempt.number})
    return attempt


@service("call.complete")
def complete_call(
    *,
    actor: User,
    call: FollowUpCall,
    now: datetime,
    answers: Mapping[str, str],
    notes: Mapping[str, str] | None = None,
    summary: str = "",
    version: int | None = None,
) -> FollowUpCall:
    """The client was reached and asked: all questions of the script are answered by "yes" or "no".

    A bad answer opens a finding for compliance. Raises ``AnswersMissing``, ``NotTheClient``, ``CallNotOpen``, ``CallTaken``,
    ``StaleEdit``.
    """
    row = _own(call, actor, version)
    questions = list(ScriptQuestion.objects.filter(programme=row.programme, version=row.script_version))
    _check(questions, answers)
    _attempt(row, actor, now, Outcome.REACHED, "")
    given = CallAnswer.objects.bulk_create(
        CallAnswer(
            call=row,
            question=question,
            answer=answers[question.code],
            is_bad=answers[question.code] == question.bad_answer,
            note=(notes or {}).get(question.code, "")[:400],
        )
        for question in questions
    )
    bad = [answer for answer in given if answer.is_bad]
    Finding.objects.bulk_create(Finding(call=row, answer=answer, opened_at=now) for answer in bad)
    row.state, row.done_at, row.summary = State.DONE, now, summary
    row.save_changed(["state", "done_at", "summary", "attempts_made"])
    audit.record(actor, "call.complete", row, after={"answers": len(given), "bad": len(bad)})
    return row


def _check(questions: list[ScriptQuestion], answers: Mapping[str, str]) -> None:
    strange = set(answers) - {question.code for question in questions}
    if strange:
        raise InvalidInput(fields={code: _("The script has no such question.") for code in sorted(strange)})
    missing = {q.code: _("Answer yes or no.") for q in questions if answers.get(q.code) not in ("yes", "no")}
    if answers.get(ScriptQuestion.IDENTITY) == CallAnswer.Answer.NO:
        raise NotTheClient(fields={ScriptQuestion.IDENTITY: NotTheClient.message})
    if missing:
        raise AnswersMissing(fields=missing)


@service("call.propose_unable")
def propose_unable(
    *, actor: User, call: FollowUpCall, now: datetime, reason: str, version: int | None = None
) -> FollowUpCall:
    """After all attempts on different days and a letter, ask to count the call as unable.

    A client who does not want to be contacted is not tried at all: there the request alone is enough. Raises
    ``TooFewAttempts``, ``CallNotOpen``, ``NotIndependent``, ``StaleEdit``, and ``CallTaken`` while a colleague makes the call.
    """
    row = lock(FollowUpCall.objects.all(), pk=call.pk, version=version)
    if row.state not in (State.DUE, State.IN_PROGRESS, State.MISSED):
        raise CallNotOpen
    if not is_independent(actor, row):
        raise NotIndependent
    if row.caller_id not in (None, actor.pk):
        raise CallTaken
    if not row.client.do_not_contact and not all_attempts_made(row, local_date(now)):
        raise TooFewAttempts
    row.state, row.caller, row.unable_reason, row.unable_proposed_by = State.UNABLE_PROPOSED, None, reason, actor
    row.save_changed(["state", "caller", "unable_reason", "unable_proposed_by"])
    audit.record(actor, "call.propose_unable", row, reason=reason)
    return row


def all_attempts_made(call: FollowUpCall, today: date) -> bool:
    """Whether there were ``visit.max_attempts`` tries on different days, and a letter."""
    return attempts_wanting(call, today) == (0, False)


def attempts_wanting(call: FollowUpCall, today: date) -> tuple[int, bool]:
    """On how many more days the client is to be tried before the call may count as unable, and whether he is to be written to."""
    needed = figures(today, call.client.branch).integer("visit.max_attempts")
    tries = [(attempt.outcome, attempt.day) for attempt in call.attempts.all()]
    days = {day for outcome, day in tries if outcome in _TRIED}
    return max(0, needed - len(days)), all(outcome != Outcome.WRITTEN for outcome, _day in tries)


@service("call.approve_unable")
def approve_unable(*, actor: User, call: FollowUpCall, now: datetime, version: int | None = None) -> FollowUpCall:
    """Another person, who did not try himself, agrees that the call was not possible. Raises ``OwnRequest``, ``CallNotOpen``."""
    row = _proposed(call, actor, version)
    row.state, row.unable_approved_by = State.UNABLE, actor
    row.save_changed(["state", "unable_approved_by"])
    audit.record(actor, "call.approve_unable", row, reason=row.unable_reason)
    return row


@service("call.refuse_unable")
def refuse_unable(
    *, actor: User, call: FollowUpCall, now: datetime, reason: str, version: int | None = None
) -> FollowUpCall:
    """Another person wants one more try: the call goes back to the queue. Raises ``OwnRequest``, ``CallNotOpen``."""
    row = _proposed(call, actor, version)
    row.state, row.unable_proposed_by, row.not_before = State.DUE, None, local_date(now)
    row.save_changed(["state", "unable_proposed_by", "not_before"])
    audit.record(actor, "call.refuse_unable", row, reason=reason)
    return row


def _proposed(call: FollowUpCall, actor: User, version: int | None) -> FollowUpCall:
    row = lock(FollowUpCall.objects.all(), pk=call.pk, version=version)
    if row.state != State.UNABLE_PROPOSED:
        raise CallNotOpen
    if row.unable_proposed_by_id == actor.pk or row.attempts.filter(caller=actor).exists():
        raise OwnRequest
    return row


def _held(call: FollowUpCall, actor: User, version: int | None) -> FollowUpCall:
    """The call, locked, if it is in the actor's hands."""
    row = lock(FollowUpCall.objects.select_related("client", "programme"), pk=call.pk, version=version)
    if row.state != State.IN_PROGRESS:
        raise CallNotOpen
    if row.caller_id != actor.pk:
        raise CallTaken
    return row


def _own(call: FollowUpCall, actor: User, version: int | None) -> FollowUpCall:
    """The call in the actor's hands, if he may still make it."""
    row = _held(call, actor, version)
    # Asked again: since he took the call he may have been given the client, or another role.
    if not is_independent(actor, row):
        raise NotIndependent
    return row


def _attempt(row: FollowUpCall, actor: User, now: datetime, outcome: str, note: str) -> CallAttempt:
    row.attempts_made += 1
    return CallAttempt.objects.create(
        call=row,
        number=row.attempts_made,
        at=now,
        day=local_date(now),
        caller=actor,
        outcome=outcome,
        note=note,
    )
