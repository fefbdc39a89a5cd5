"""Reviewing what a client holds (持仓检视): wanted, recorded as it was told, answered by the client, corrected without losing
the first wording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from advisory.errors import (
    NothingProposed,
    NotReviewed,
    ReviewCorrected,
    ReviewNotRecorded,
    ReviewSettled,
)
from advisory.models import PortfolioReview, ReviewAnswer, ReviewLine
from advisory.services.proposals import grounds_for, grounds_of, refuse_lines
from advisory.services.review_look import look_at
from clients.days import AHEAD
from clients.models import Client, ContactLog
from clients.services import log_contact
from clients.suitability import highest_risk
from crm.core import audit
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput
from crm.core.models import User
from crm.core.policies import figures
from crm.core.service import service
from crm.core.versions import lock

State, Outcome, Answer = PortfolioReview.State, PortfolioReview.Outcome, PortfolioReview.Answer
#: The purpose under which a review is spoken about: the promise of one is kept by it (``tiers.catalogue``).
_PURPOSE = ContactLog.Purpose.PRODUCT


@dataclass(frozen=True)
class Line:
    """One line of a proposal as it was said; ``share`` in per cent of the holding, ``amount`` in yuan."""

    direction: str
    security_code: str
    security_name: str
    reason: str
    product_grade: str = ""
    share: Decimal | None = None
    amount: Decimal | None = None


@dataclass(frozen=True)
class Told:
    """In which contact it was told: one on file, or a new one with its channel and words."""

    channel: str = ""
    words: str = ""
    contact: ContactLog | None = None

    @property
    def is_said(self) -> bool:
        return bool(self.contact or self.channel or self.words.strip())


@service("review.open")
def open_review(*, client: Client, actor: User, now: datetime) -> PortfolioReview:
    """Review a client beside the cycle: the review that is due is drawn to today, or one is made. Raises ``NotReviewed``."""
    row: Client = lock(Client.objects.all(), pk=client.pk)
    if row.status not in (Client.Status.ACTIVE, Client.Status.DORMANT) or row.do_not_contact:
        raise NotReviewed
    today = local_date(now)
    review = PortfolioReview.objects.due().select_for_update(of=("self",)).filter(client=row).first()
    if review is None:
        review = PortfolioReview.objects.create(client=row, due_on=today, opened_by=actor)
    elif review.due_on > today:
        review.due_on, review.opened_by = today, actor
        review.save_changed(["due_on", "opened_by"])
    audit.record(actor, "review.open", review, after={"due_on": review.due_on}, client=row)
    return review


@service("review.record")
def record_review(
    *,
    review: PortfolioReview,
    outcome: str,
    summary: str,
    actor: User,
    now: datetime,
    next_on: date,
    lines: Sequence[Line] = (),
    told: Told | None = None,
    answer: str = "",
    version: int | None = None,
) -> PortfolioReview:
    """Record a review as it was told, and name the day of the next one.

    A proposal needs lines, the contact in which it was told, and the client's answer; it is advice, and needs a licensed actor,
    an agreement in force and a valid risk grade. What is held and what deviates is kept as found today. A new contact is
    logged, and keeps what the client is owed by it. Raises ``ReviewSettled``, ``NoLicence``, ``NoAgreement``, ``NoRiskGrade``,
    ``NotSuitable``, ``InvalidInput``, ``StaleEdit``.
    """
    told, today = told or Told(), local_date(now)
    client, row = _locked(review, version)
    if row.state != State.DUE:
        raise ReviewSettled
    look = look_at(client, today)
    _refuse(outcome, summary, lines, told, answer, next_on, today)
    grounds = grounds_for(client, look, actor, today) if outcome == Outcome.PROPOSAL else None
    if grounds is not None:
        refuse_lines(lines, grounds)
    row.state, row.done_on, row.done_by = State.DONE, today, actor
    row.outcome, row.summary, row.answer, row.next_on = outcome, summary.strip(), answer, next_on
    row.picture, row.found = look.picture(), [one.as_json() for one in look.deviations]
    row.risk_grade, row.agreement = client.risk_grade, grounds.agreement if grounds else None
    row.highest_risk = highest_risk(client, today, figures(today, client.branch).json("suitability.match"))
    row.save_changed(
        ["state", "done_on", "done_by", "outcome", "summary", "answer", "next_on", "picture", "found", "risk_grade",
         "highest_risk", "agreement"]
    )  # fmt: skip
    _write_lines(row, lines)
    if told.is_said:
        _note(row, told, answer, actor, now)
    PortfolioReview.objects.create(client=client, due_on=next_on, opened_by=actor)
    after = {"outcome": outcome, "lines": len(lines), "answer": answer, "next_on": next_on}
    audit.record(actor, "review.record", row, after=after, client=client)
    return row


@service("review.answer")
def note_answer(
    *, review: PortfolioReview, answer: str, told: Told, actor: User, now: datetime, version: int | None = None
) -> PortfolioReview:
    """Note what the client says to a proposal after all; what he said before stays on file.

    Raises ``ReviewNotRecorded``, ``ReviewCorrected``, ``NothingProposed``, ``InvalidInput``, ``StaleEdit``.
    """
    client, row = _locked(review, version)
    _refuse_unrecorded(row)
    if row.outcome != Outcome.PROPOSAL:
        raise NothingProposed
    if not answer:
        raise InvalidInput(fields={"answer": _("Say what the client answered.")})
    before, row.answer = row.answer, answer
    row.save_changed(["answer"])
    _note(row, told, answer, actor, now)
    audit.record(actor, "review.answer", row, before={"answer": before}, after={"answer": answer}, client=client)
    return row


@service("review.correct")
def correct_review(
    *,
    review: PortfolioReview,
    outcome: str,
    summary: str,
    reason: str,
    actor: User,
    now: datetime,
    lines: Sequence[Line] = (),
    version: int | None = None,
) -> PortfolioReview:
    """Write the corrected review as a new row that names the old one; the old wording stays on file (留痕).

    Day, reviewer, contact, answer and what was looked at stay as they were, and lines are held against what the client's grade,
    permissions and holdings were on that day. Raises ``ReviewNotRecorded``, ``ReviewCorrected``, ``NoLicence``,
    ``NotSuitable``, ``InvalidInput``, ``StaleEdit``.
    """
    client, old = _locked(review, version)
    _refuse_unrecorded(old)
    if not reason.strip():
        raise InvalidInput(fields={"reason": _("Say why the review is corrected.")})
    if outcome == Outcome.PROPOSAL and old.outcome != Outcome.PROPOSAL:
        raise InvalidInput(fields={"outcome": _("What was not proposed then is proposed in a review of its own.")})
    _refuse_words(outcome, summary, lines)
    if outcome == Outcome.PROPOSAL:
        refuse_lines(lines, grounds_of(old, actor, local_date(now)))
    made = _reworded(old, outcome=outcome, summary=summary.strip())
    made.corrects, made.correction_reason = old, reason.strip()[:200]
    made.save()
    old.save_changed([])
    _write_lines(made, lines)
    after = {"corrects": old.public_id, "outcome": outcome, "lines": len(lines)}
    audit.record(actor, "review.correct", made, after=after, reason=reason, client=client)
    return made


def _reworded(old: PortfolioReview, *, outcome: str, summary: str) -> PortfolioReview:
    looked_at = ("picture", "found", "risk_grade", "highest_risk", "agreement", "next_on")
    kept = ("client", "state", "due_on", "causes", "opened_by", "done_on", "done_by", *looked_at)
    return PortfolioReview(
        **{name: getattr(old, name) for name in kept},
        outcome=outcome,
        summary=summary,
        answer=old.answer if outcome == Outcome.PROPOSAL else "",
        first_ref=old.answers_ref,
    )


def _locked(review: PortfolioReview, version: int | None) -> tuple[Client, PortfolioReview]:
    """The client first, as everywhere: whoever merges or restricts him is waited for."""
    client: Client = lock(Client.objects.select_related("branch"), pk=review.client_id)
    row: PortfolioReview = lock(PortfolioReview.objects.all(), pk=review.pk, version=version)
    row.client = client
    return client, row


def _refuse_unrecorded(row: PortfolioReview) -> None:
    if row.state != State.DONE:
        raise ReviewNotRecorded
    if PortfolioReview.objects.filter(corrects=row).exists():
        raise ReviewCorrected


def _refuse(
    outcome: str, summary: str, lines: Sequence[Line], told: Told, answer: str, next_on: date, today: date
) -> None:
    _refuse_words(outcome, summary, lines)
    wrong: dict[str, str] = {}
    if outcome == Outcome.PROPOSAL:
        if not told.is_said:
            wrong["told"] = _("Say in which contact the proposal was told, or what was said.")
        if not answer:
            wrong["answer"] = _("Say what the client answered.")
    elif answer:
        wrong["answer"] = _("Nothing was proposed, so there is nothing to answer.")
    if next_on <= today:
        wrong["next_on"] = _("Name a day after today.")
    elif next_on > today + 2 * AHEAD:
        wrong["next_on"] = _("The next review lies at most two years ahead.")
    if wrong:
        raise InvalidInput(fields=wrong)


def _refuse_words(outcome: str, summary: str, lines: Sequence[Line]) -> None:
    wrong: dict[str, str] = {}
    if not summary.strip():
        wrong["summary"] = _("Say how the holdings were assessed.")
    if outcome == Outcome.PROPOSAL and not lines:
        wrong["lines"] = _("A proposal needs at least one line.")
    if outcome == Outcome.NO_CHANGE and lines:
        wrong["lines"] = _("With no change needed there are no lines.")
    if wrong:
        raise InvalidInput(fields=wrong)


def _write_lines(row: PortfolioReview, lines: Sequence[Line]) -> None:
    ReviewLine.objects.bulk_create(
        ReviewLine(
            review=row,
            position=place,
            direction=line.direction,
            security_code=line.security_code.strip().upper(),
            security_name=line.security_name.strip(),
            product_grade=line.product_grade,
            share=line.share,
            amount=line.amount,
            reason=line.reason.strip(),
        )
        for place, line in enumerate(lines, 1)
    )


def _note(row: PortfolioReview, told: Told, answer: str, actor: User, now: datetime) -> None:
    """Keep in which contact it was told; the answers belong to the first wording."""
    first = row if not row.first_ref else PortfolioReview.objects.get(public_id=row.first_ref)
    contact = told.contact
    if contact is not None and contact.client_id != row.client_id:
        raise InvalidInput(fields={"contact": _("This contact was with another client.")})
    if contact is None:
        if not told.channel or not told.words.strip():
            raise InvalidInput(fields={"told": _("Say by which channel it was told, and what was said.")})
        details = {"purpose": _PURPOSE}
        contact = log_contact(
            client=row.client, channel=told.channel, content=told.words, actor=actor, now=now, details=details
        )
    ReviewAnswer.objects.create(review=first, answer=answer, contact=contact, noted_by=actor, noted_at=now)


def answers_of(row: PortfolioReview) -> Any:
    """Every answer to a review, in whichever wording, the oldest first."""
    rows = ReviewAnswer.objects.filter(review__public_id=row.answers_ref).select_related("contact", "noted_by")
    return rows.order_by("pk")
