"""Classes of investors: applying with proof, deciding by a second person, ending, running out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from clients.conditions import Condition
from clients.days import refuse_wrong_days
from clients.errors import (
    ClassDecided,
    ClassNotInForce,
    ClassWaiting,
    ClientClosed,
    ConditionsNotMet,
    ProofMissing,
)
from clients.models import Client, InvestorClass, InvestorClassification
from clients.months import add_months
from clients.querysets.investors import STATED, class_conditions
from crm.core import attachments, audit
from crm.core.access import system_user
from crm.core.checked import check
from crm.core.clocks import local_date
from crm.core.errors import FourEyes, InvalidInput
from crm.core.jobs import due
from crm.core.models import Attachment, User
from crm.core.policies import figures
from crm.core.service import service
from crm.core.taken import unless_taken
from crm.core.versions import lock

State = InvestorClassification.State
End = InvestorClassification.EndReason
#: The class whose notice has to be recorded (办法 Art. 12, 25).
_RECORDED = frozenset({InvestorClass.C})


@service("investor.apply")
def apply_for_class(
    *,
    client: Client,
    wanted: str,
    applied_on: date,
    stated: Mapping[str, Any],
    actor: User,
    now: datetime,
    notice_reference: str = "",
) -> InvestorClassification:
    """Take down a written application to be a professional investor. ``stated``: those of ``STATED`` that the client gave.

    Raises ``ClientClosed``, ``ClassWaiting`` and ``InvalidInput``.
    """
    if unknown := sorted(set(stated) - set(STATED)):
        raise TypeError(f"not for an application: {', '.join(unknown)}")
    owner = _owner(client)
    today = local_date(now)
    refuse_wrong_days({"applied_on": applied_on}, today)
    if InvestorClassification.objects.waiting().filter(client=owner).exists():
        raise ClassWaiting
    said = {name: value for name, value in stated.items() if value not in (None, "")}
    row = InvestorClassification(
        client=owner,
        wanted=wanted,
        applied_on=applied_on,
        notice_reference=notice_reference.strip(),
        requested_by=actor,
        requested_at=now,
        found=_stored(class_conditions(owner, wanted, said, today, figures(today, owner.branch))),
        **said,
    )
    check(row)
    with unless_taken(InvestorClassification, "one_waiting_classification", refusal=ClassWaiting()):
        row.save()
    audit.record(actor, "investor.apply", row, after=_told(row), client=owner)
    return row


@service("investor.attach_proof")
def attach_proof(*, classification: InvestorClassification, upload: UploadedFile[bytes], actor: User) -> Attachment:
    """Add a file that proves what the application states. Raises ``ClassDecided``, ``FileRefused`` and ``ClientRestricted``."""
    _owner(classification.client, closed_too=True)
    row = _locked(classification)
    if row.state != State.WAITING:
        raise ClassDecided
    stored = attachments.store(upload, owner=row, actor=actor)
    audit.record(actor, "investor.attach_proof", row, after={"attachment": stored.public_id}, client=row.client)
    return stored


@service("investor.approve")
def approve_class(
    *,
    classification: InvestorClassification,
    actor: User,
    now: datetime,
    note: str = "",
    version: int | None = None,
) -> InvestorClassification:
    """Put a class in force; what was in force before ends. Classes B and C hold ``professional.review_months``.

    Every condition has to hold today, a proof has to be on file, and for class C the recording of the notice. Raises
    ``FourEyes``, ``ClassDecided``, ``StaleEdit``, ``ConditionsNotMet``, ``ProofMissing`` and ``ClientClosed``.
    """
    owner = _owner(classification.client)
    row, today = _waiting(classification, actor, version), local_date(now)
    known = figures(today, owner.branch)
    found = class_conditions(owner, row.wanted, {name: getattr(row, name) for name in STATED}, today, known)
    if missing := [condition for condition in found if not condition.holds]:
        raise ConditionsNotMet(fields={c.key: f"{c.label}: {c.word}. {c.why}" for c in missing})
    _refuse_unproved(row)
    for before in InvestorClassification.objects.in_force().filter(client=owner):
        _end(before, End.REPLACED, today, actor)
    row.found, row.valid_from = _stored(found), today
    months = known.months("professional.review_months")
    row.valid_until = None if row.wanted == InvestorClass.A else add_months(today, months)
    _decide(row, State.APPROVED, actor, now, note, more=("found", "valid_from", "valid_until"))
    _set_class(owner, row.wanted, row.valid_until)
    audit.record(actor, "investor.approve", row, after=_told(row), reason=note, client=owner)
    return row


@service("investor.refuse")
def refuse_class(
    *,
    classification: InvestorClassification,
    actor: User,
    now: datetime,
    note: str,
    version: int | None = None,
) -> InvestorClassification:
    """Turn an application down, saying why. Raises ``FourEyes``, ``ClassDecided`` and ``StaleEdit``."""
    if not note.strip():
        raise InvalidInput(fields={"note": _("Say why.")})
    _owner(classification.client, closed_too=True)
    row = _waiting(classification, actor, version)
    _decide(row, State.REFUSED, actor, now, note)
    audit.record(actor, "investor.refuse", row, after=_told(row), reason=note, client=row.client)
    return row


@service("investor.withdraw")
def withdraw_application(
    *, classification: InvestorClassification, actor: User, now: datetime, version: int | None = None
) -> InvestorClassification:
    """Take an undecided application back. Raises ``ClassDecided``, ``StaleEdit`` and ``ClientRestricted``."""
    _owner(classification.client, closed_too=True)
    row = _locked(classification, version)
    if row.state != State.WAITING:
        raise ClassDecided
    row.state = State.WITHDRAWN
    row.save_changed(["state"])
    audit.record(actor, "investor.withdraw", row, after=_told(row), client=row.client)
    return row


@service("investor.return_to_ordinary")
def return_to_ordinary(
    *,
    classification: InvestorClassification,
    reason: str,
    note: str,
    actor: User,
    now: datetime,
    version: int | None = None,
) -> InvestorClassification:
    """End a class in force: the client asked for it, or no longer meets its conditions. Raises ``ClassNotInForce``."""
    if reason not in (End.ASKED, End.UNFIT):
        raise InvalidInput(fields={"reason": _("Choose one of the reasons.")})
    owner = _owner(classification.client, closed_too=True)
    row = _locked(classification, version)
    if row.state != State.APPROVED:
        raise ClassNotInForce
    _end(row, reason, local_date(now), actor, note)
    _set_class(owner, InvestorClass.ORDINARY, None)
    return row


@service("investor.expire")
def expire_classes(*, actor: User, now: datetime) -> int:
    """Let classes end whose last day is over; the clients are ordinary again. Run twice it finds nothing. Returns how many."""
    today, ended = local_date(now), 0
    for pk, client_id in InvestorClassification.objects.run_out(today).values_list("pk", "client_id"):
        owner = lock(Client.objects.all(), pk=client_id, closed_too=True)
        row = lock(InvestorClassification.objects.select_related("client"), pk=pk)
        if row.state != State.APPROVED or row.valid_until is None or row.valid_until >= today:
            continue
        _end(row, End.EXPIRED, today, actor)
        _set_class(owner, InvestorClass.ORDINARY, None)
        ended += 1
    return ended


@due("clients.expire_investor_classes")
def expire_due_classes(now: datetime) -> int:
    return expire_classes(actor=system_user(), now=now)


def _owner(client: Client, *, closed_too: bool = False) -> Client:
    """The client, locked: his class changes one step at a time, always before his applications are locked."""
    owner: Client = lock(Client.objects.select_related("branch"), pk=client.pk)
    if owner.status == Client.Status.CLOSED and not closed_too:
        raise ClientClosed
    return owner


def _locked(classification: InvestorClassification, version: int | None = None) -> InvestorClassification:
    rows = InvestorClassification.objects.select_related("client__branch")
    return lock(rows, pk=classification.pk, version=version)


def _waiting(classification: InvestorClassification, actor: User, version: int | None) -> InvestorClassification:
    row = _locked(classification, version)
    if row.state != State.WAITING:
        raise ClassDecided
    if row.requested_by_id == actor.pk:
        raise FourEyes
    return row


def _refuse_unproved(row: InvestorClassification) -> None:
    missing = {}
    if not Attachment.objects.of(row).exists():
        missing["proof"] = _("Attach the proof first.")
    if row.wanted in _RECORDED and not row.notice_reference:
        missing["notice_reference"] = _("The recording of the notice is missing.")
    if missing:
        raise ProofMissing(fields=missing)


def _decide(
    row: InvestorClassification, state: str, actor: User, now: datetime, note: str, more: tuple[str, ...] = ()
) -> None:
    row.state, row.decided_by, row.decided_at, row.decision_note = state, actor, now, note.strip()
    row.save_changed(["state", "decided_by", "decided_at", "decision_note", *more])


def _end(row: InvestorClassification, reason: str, today: date, actor: User, note: str = "") -> None:
    row.state, row.end_reason, row.ended_on = State.ENDED, reason, today
    row.save_changed(["state", "end_reason", "ended_on"])
    audit.record(actor, "investor.end", row, after=_told(row), reason=note, client=row.client)


def _set_class(owner: Client, found: str, until: date | None) -> None:
    owner.investor_class, owner.investor_class_until = found, until
    owner.save_changed(["investor_class", "investor_class_until"])


def _stored(found: list[Condition]) -> list[dict[str, Any]]:
    return [condition.stored() for condition in found]


def _told(row: InvestorClassification) -> dict[str, Any]:
    names = ("wanted", "state", "applied_on", "valid_from", "valid_until", "end_reason")
    unmet = [c["key"] for c in row.found if c["outcome"] in ("not_met", "unknown")]
    return {**{name: getattr(row, name) for name in names}, "not_met": unmet}
