"""Grading clients by the risk of money laundering, and raising or lifting suspicion (反洗钱法 Art. 28–35)."""

from __future__ import annotations

from datetime import date, datetime

from django.utils.translation import gettext as _

from clients.days import refuse_wrong_days
from clients.errors import AlreadyLifted, ClientClosed, GradeOutOfOrder
from clients.models import AmlGrade, Client, SuspicionFlag
from clients.months import add_months
from crm.core import audit
from crm.core.checked import check
from crm.core.clocks import Calendar, local_date
from crm.core.errors import InvalidInput, StaleEdit
from crm.core.models import User
from crm.core.policies import Figures, figures
from crm.core.service import service
from crm.core.versions import lock


@service("aml.grade")
def grade_client(
    *,
    client: Client,
    grade: str,
    occasion: str,
    reasons: str,
    graded_on: date,
    actor: User,
    now: datetime,
    basis: str | None = None,
) -> AmlGrade:
    """Add a grading; it is looked at again after the months that ``aml.review_months`` gives to its grade.

    ``basis`` is the public id of the grading that the writer had before him ("" for none). The client's own row is not touched:
    nobody may learn of the grading by it. Raises ``InvalidInput``, ``ClientClosed``, ``GradeOutOfOrder`` and ``StaleEdit``.
    """
    row: Client = lock(Client.objects.select_related("branch"), pk=client.pk, closed_too=True)
    if row.merged_into_id is not None:
        row.refuse_change()
    if row.status == Client.Status.CLOSED or row.erased_on is not None:
        raise ClientClosed
    today = local_date(now)
    refuse_wrong_days({"graded_on": graded_on}, today)
    if len(reasons.strip()) < 4:
        raise InvalidInput(fields={"reasons": _("Say why.")})
    before = AmlGrade.objects.present().filter(client=row).first()
    if basis is not None and (before.public_id if before else "") != basis:
        raise StaleEdit
    if before is not None and graded_on < before.graded_on:
        raise GradeOutOfOrder
    if grade not in AmlGrade.Grade.values:
        raise InvalidInput(fields={"grade": _("There is no such grade.")})
    made = AmlGrade(
        client=row,
        grade=grade,
        occasion=occasion,
        reasons=reasons.strip()[:500],
        graded_on=graded_on,
        review_on=review_day(grade, graded_on, figures(today, row.branch)),
        graded_by=actor,
        graded_at=now,
    )
    made.see(row)
    check(made, exclude=["client", "graded_by"], constraints=False)
    AmlGrade.objects.present().filter(client=row).update(is_present=False)
    made.save()
    after = {"grade": grade, "occasion": occasion, "graded_on": graded_on, "review_on": made.review_on}
    audit.record(actor, "aml.grade", made, before={"grade": before.grade} if before else None, after=after, client=row)
    return made


def review_day(grade: str, graded_on: date, known: Figures) -> date:
    """When a client of this grade is looked at again: ``aml.review_months``."""
    return add_months(graded_on, int(known.json("aml.review_months")[grade]))


def first_due(opened_on: date, known: Figures, calendar: Calendar) -> date:
    """By when a client who opened on that day is graded first: ``aml.first_grade_days`` working days."""
    return calendar.add_working_days(opened_on, known.days("aml.first_grade_days"))


@service("suspicion.raise")
def raise_suspicion(*, client: Client, reason: str, actor: User, now: datetime) -> SuspicionFlag:
    """Note that compliance suspects the client. Raises ``InvalidInput``."""
    row: Client = lock(Client.objects.all(), pk=client.pk, closed_too=True)
    if row.merged_into_id is not None:
        row.refuse_change()
    if len(reason.strip()) < 4:
        raise InvalidInput(fields={"reason": _("Say why.")})
    made: SuspicionFlag = SuspicionFlag.objects.create(
        client=row, reason=reason.strip()[:500], raised_by=actor, raised_at=now
    )
    audit.record(actor, "suspicion.raise", made, client=row)
    return made


@service("suspicion.lift")
def lift_suspicion(
    *, flag: SuspicionFlag, reason: str, actor: User, now: datetime, version: int | None = None
) -> SuspicionFlag:
    """Note that the suspicion is over. Raises ``AlreadyLifted``, ``StaleEdit`` and ``InvalidInput``."""
    row: SuspicionFlag = lock(SuspicionFlag.objects.select_related("client"), pk=flag.pk, version=version)
    if row.lifted_at is not None:
        raise AlreadyLifted
    if len(reason.strip()) < 4:
        raise InvalidInput(fields={"reason": _("Say why.")})
    row.lifted_by, row.lifted_at, row.lift_reason = actor, now, reason.strip()[:500]
    row.save(update_fields=["lifted_by", "lifted_at", "lift_reason"])
    audit.record(actor, "suspicion.lift", row, client=row.client)
    return row
