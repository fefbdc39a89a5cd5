"""The register of what clients were told about their data and what they said: facts are added, never changed.

Purposes and notices are reference data. A notice may be put right until it is in force; then it is only followed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from clients.days import refuse_wrong_days
from clients.errors import ContactOfAnother, NoNotice, NothingToWithdraw, NoticeChanged, NoticeInForce, PurposeTellsOnly
from clients.models import Client, ConsentRecord, ContactLog, DataPurpose, PrivacyNotice
from crm.core import attachments, audit
from crm.core.checked import check
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput, MissingRight
from crm.core.models import Branch, User
from crm.core.service import service
from crm.core.taken import unless_taken
from crm.core.versions import hold, lock

Answer = ConsentRecord.Answer
_PURPOSES = Path(__file__).resolve().parent.parent / "purposes.toml"
_PURPOSE_WORDS = ("name_en", "name_zh", "basis", "is_sensitive", "is_active", "order")
_NOTICE_WORDS = ("effective_from", "text", "kinds", "retention")


# -- what a client says ------------------------------------------------------------------------------------------------


@service("consent.record")
def record_consent(
    *,
    client: Client,
    purpose: DataPurpose,
    answer: str,
    answered_on: date,
    channel: str,
    actor: User,
    now: datetime,
    notice: PrivacyNotice | None = None,
    contact: ContactLog | None = None,
    upload: UploadedFile[bytes] | None = None,
    note: str = "",
) -> ConsentRecord:
    """Add what the client was told, agreed to, refused or withdrew on a day; the newest by day stands.

    He was shown the notice in force on that day; ``notice`` is the one that the writer had before him. A refusal or withdrawal
    is taken down also from a client whose data are restricted to storage, and without a notice. Raises ``InvalidInput``,
    ``PurposeTellsOnly``, ``NoNotice``, ``NoticeChanged``, ``NothingToWithdraw``, ``ContactOfAnother`` and ``FileRefused``.
    """
    is_against = answer in ConsentRecord.AGAINST
    row: Client = lock(Client.objects.select_related("branch"), pk=client.pk, closed_too=is_against)
    if row.merged_into_id is not None or row.erased_on is not None:
        row.refuse_change()
    refuse_wrong_days({"answered_on": answered_on}, local_date(now))
    shown = PrivacyNotice.objects.filter(purpose=purpose).in_force(answered_on, row.branch).get(purpose.pk)
    if notice is not None and notice != shown:
        raise NoticeChanged
    if contact is not None and contact.client_id != row.pk:
        raise ContactOfAnother
    _refuse_answer(row, purpose, answer, answered_on, shown)
    made = ConsentRecord(
        client=row,
        purpose=purpose,
        basis=purpose.basis,
        answer=answer,
        answered_on=answered_on,
        channel=channel,
        notice=shown,
        contact=contact,
        note=note.strip()[:300],
        recorded_by=actor,
        recorded_at=now,
    )
    check(made, exclude=["client", "purpose", "notice", "contact", "recorded_by"])
    made.save()
    if upload is not None:
        attachments.store(upload, owner=made, actor=actor)
    _settle(row, purpose)
    made.refresh_from_db(fields=["is_present"])
    after = {"purpose": purpose.code, "answer": answer, "answered_on": answered_on, "channel": channel}
    after |= {"notice": shown.public_id if shown else ""}
    audit.record(actor, "consent.record", made, after=after, reason=made.note, client=row)
    return made


def _refuse_answer(
    client: Client, purpose: DataPurpose, answer: str, answered_on: date, shown: PrivacyNotice | None
) -> None:
    """What cannot be said of this purpose, or not on that day."""
    if purpose.asks == (answer == Answer.TOLD):
        raise PurposeTellsOnly
    if shown is None and answer not in ConsentRecord.AGAINST:
        raise NoNotice
    before = ConsentRecord.objects.standing_on(client, purpose, answered_on)
    if answer == Answer.WITHDRAWN and (before is None or before.answer != Answer.GIVEN):
        raise NothingToWithdraw


def _settle(client: Client, purpose: DataPurpose) -> None:
    """Mark the newest as the present one. The caller holds the client's lock."""
    rows = ConsentRecord.objects.filter(client=client, purpose=purpose)
    newest = rows.order_by("-answered_on", "-pk").values_list("pk", flat=True)[0]
    rows.filter(is_present=True).exclude(pk=newest).update(is_present=False)
    rows.filter(pk=newest, is_present=False).update(is_present=True)


def withdraw_all(*, client: Client, answered_on: date, channel: str, actor: User, now: datetime, note: str) -> int:
    """Take back every consent of the client that stands, and refuse marketing if he was never asked. Returns how many facts."""
    present = ConsentRecord.objects.present().filter(client=client).select_related("purpose")
    standing = {row.purpose: row for row in present}
    marketing = DataPurpose.objects.filter(code=DataPurpose.MARKETING).first()
    told = {purpose: Answer.WITHDRAWN for purpose, row in standing.items() if row.answer == Answer.GIVEN}
    if marketing is not None and marketing.asks and marketing not in standing:
        told[marketing] = Answer.REFUSED
    for purpose, answer in told.items():
        given = standing.get(purpose)
        record_consent(
            client=client,
            purpose=purpose,
            answer=answer,
            answered_on=max(answered_on, given.answered_on) if given else answered_on,
            channel=channel,
            actor=actor,
            now=now,
            note=note,
        )
    return len(told)


# -- reference data ----------------------------------------------------------------------------------------------------


@service("purpose.create")
def create_purpose(*, code: str, values: Mapping[str, Any], actor: User) -> DataPurpose:
    """A further purpose. Raises ``InvalidInput``."""
    made = DataPurpose(code=code, **_known(values, _PURPOSE_WORDS))
    check(made, constraints=False)  # the database decides between two with one code
    taken = InvalidInput(fields={"code": _("There is a purpose with this code already.")})
    with unless_taken(DataPurpose, "data_purpose_code_once", refusal=taken):
        made.save()
    audit.record(actor, "purpose.create", made, after={"code": code, **values})
    return made


@service("purpose.change")
def change_purpose(
    *, purpose: DataPurpose, values: Mapping[str, Any], actor: User, version: int | None = None
) -> DataPurpose:
    """Put words, basis or use of a purpose right; what clients said under another basis stays as it was said.

    Raises ``StaleEdit`` and ``InvalidInput``.
    """
    row: DataPurpose = lock(DataPurpose.objects.all(), pk=purpose.pk, version=version)
    before, after = audit.changes(row, list(values), _known(values, _PURPOSE_WORDS))
    if not after:
        return row
    for name, value in after.items():
        setattr(row, name, value)
    check(row)
    row.save_changed(after)
    audit.record(actor, "purpose.change", row, before=before, after=after)
    return row


@service("notice.write")
def write_notice(
    *, purpose: DataPurpose, branch: Branch | None, values: Mapping[str, Any], actor: User, now: datetime
) -> PrivacyNotice:
    """A new notice about a purpose, for the company (``branch`` None) or one branch, in force from today or a later day.

    Raises ``InvalidInput`` and ``MissingRight`` for a place that is not the writer's.
    """
    _refuse_place(actor, branch)
    hold(purpose)
    own = PrivacyNotice.objects.filter(purpose=purpose, branch=branch)
    newest = own.order_by("-edition").values_list("edition", flat=True).first() or 0
    made = PrivacyNotice(
        purpose=purpose,
        branch=branch,
        edition=newest + 1,
        written_by=actor,
        written_at=now,
        **_known(values, _NOTICE_WORDS),
    )
    _check_notice(made, now)
    with _unless_dated():
        made.save()
    after = {"purpose": purpose.code, "edition": made.edition, "effective_from": made.effective_from}
    audit.record(actor, "notice.write", made, after=after)
    return made


@service("notice.change")
def change_notice(
    *, notice: PrivacyNotice, values: Mapping[str, Any], actor: User, now: datetime, version: int | None = None
) -> PrivacyNotice:
    """Put a notice right before it holds. Raises ``NoticeInForce``, ``StaleEdit``, ``InvalidInput`` and ``MissingRight``."""
    row: PrivacyNotice = lock(PrivacyNotice.objects.all(), pk=notice.pk, version=version)
    _refuse_place(actor, row.branch)
    if row.effective_from <= local_date(now):
        raise NoticeInForce
    before, after = audit.changes(row, list(values), _known(values, _NOTICE_WORDS))
    if not after:
        return row
    for name, value in after.items():
        setattr(row, name, value)
    _check_notice(row, now)
    with _unless_dated():
        row.save_changed(after)
    audit.record(actor, "notice.change", row, before=before, after=after)
    return row


def _check_notice(row: PrivacyNotice, now: datetime) -> None:
    check(row, exclude=["purpose", "branch", "written_by"], constraints=False)
    if row.effective_from < local_date(now):
        raise InvalidInput(fields={"effective_from": _("A notice holds from today on, never from a day that is over.")})


def _unless_dated() -> Any:
    taken = InvalidInput(fields={"effective_from": _("There is a notice about this purpose from that day on already.")})
    names = ("privacy_notice_day_once", "company_privacy_notice_day_once")
    return unless_taken(PrivacyNotice, *names, refusal=taken)


def _refuse_place(actor: User, branch: Branch | None) -> None:
    """The company's notices are written by those who see it, a branch's also by those of the branch."""
    scope = actor.scope
    company = branch.company_id if branch is not None else scope.company_id
    if company is None or not scope.keeps(company, branch.pk if branch is not None else None):
        raise MissingRight


def _known(values: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    if unknown := sorted(set(values) - set(names)):
        raise TypeError(f"no such words: {', '.join(unknown)}")
    return dict(values)


def seed_purposes() -> int:
    """The purposes that the product brings, with their basis; those that are there stay as the house has put them."""
    brought = tomllib.loads(_PURPOSES.read_text(encoding="utf-8"))["purpose"]
    there = set(DataPurpose.objects.values_list("code", flat=True))
    missing = [DataPurpose(order=place * 10, **row) for place, row in enumerate(brought, 1) if row["code"] not in there]
    DataPurpose.objects.bulk_create(missing, ignore_conflicts=True)
    return len(missing)
