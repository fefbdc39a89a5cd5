"""Steps of a service plan: noted as done, or dropped. A promised service is kept where promises are kept, and only there."""

from __future__ import annotations

from datetime import date, datetime
from typing import cast

from django.db.models import Q
from django.utils.translation import gettext as _

from clients.models import Client
from crm.core import audit
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput
from crm.core.models import User
from crm.core.service import service
from crm.core.versions import lock
from tiers.errors import PlanSettled, StepNotYours, StepSettled
from tiers.models import PlanStep, PlanStepMark, Promise, ServicePlan
from tiers.querysets.plan_steps import StepState, standings
from tiers.services.promises import keep_promise
from tiers.slices import period_after, period_of

Kind = PlanStepMark.Kind


@service("service_plan.note_step")
def note_step(
    *, step: PlanStep, day: date, word: str, actor: User, now: datetime, version: int | None = None
) -> PlanStep:
    """Note that a step was done on a day, saying in a word what was done.

    Where the client is owed its service on that day, that promise is kept and nothing is noted beside it. Raises
    ``PlanSettled``, ``StepSettled``, ``StepNotYours``, ``InvalidInput``, ``StaleEdit``.
    """
    client, row = _locked(step, actor, version)
    today = local_date(now)
    _refuse(row.plan, day, word, today)
    first, last = _occurrence(row, day)
    if standings([row], today)[row.pk].state == StepState.DROPPED or _is_settled(row, first, last):
        raise StepSettled
    promise = owed_for(row, day)
    if promise is not None:
        keep_promise(promise=promise, kept_on=day, note=word, actor=actor, now=now)
    else:
        _mark(row, Kind.DONE, last, day, word, actor, now)
    row.save_changed([])
    after = {"day": day, "promise": promise.public_id if promise else ""}
    audit.record(actor, "service_plan.note_step", row, after=after, reason=word.strip(), client=client)
    return row


@service("service_plan.drop_step")
def drop_step(
    *, step: PlanStep, reason: str, actor: User, now: datetime, for_good: bool = False, version: int | None = None
) -> PlanStep:
    """Drop a step, saying why: one by a day for good; one of every period this time only, unless ``for_good``.

    What the client is owed by his tier stays owed. Raises ``PlanSettled``, ``StepSettled``, ``StepNotYours``,
    ``InvalidInput``, ``StaleEdit``.
    """
    client, row = _locked(step, actor, version)
    today = local_date(now)
    if not reason.strip():
        raise InvalidInput(fields={"reason": _("Say why.")})
    ends = for_good or row.due_on is not None
    found = standings([row], today)[row.pk]
    last = cast(date, found.due_on)
    if not (found.may_end if for_good else found.is_open):
        raise StepSettled
    # What is done stays done: after it the step ends with the period that comes next.
    last = last if found.is_open else period_after(row.period, last)[1]
    _mark(row, Kind.DROPPED if ends else Kind.SKIPPED, last, today, reason, actor, now)
    row.save_changed([])
    audit.record(actor, "service_plan.drop_step", row, after={"for_good": ends}, reason=reason.strip(), client=client)
    return row


def owed_for(step: PlanStep, day: date) -> Promise | None:
    """The promise that doing the step on ``day`` keeps: what is owed then, the oldest first, else the last one missed in the time
    of the step. What a market event asks for is another matter."""
    if step.item_id is None:
        return None
    owed = Promise.objects.by_entitlement().filter(
        client=step.plan.client_id, item=step.item_id, state__in=Promise.OPEN, opens_on__lte=day
    )
    found: Promise | None = owed.filter(last_day__gte=day).order_by("due_on", "pk").first()
    first, _last = _occurrence(step, day)
    return found or owed.filter(due_on__gte=first).order_by("-due_on", "-pk").first()


def _occurrence(step: PlanStep, day: date) -> tuple[date, date]:
    """The time in which the step is to be done once: since it was agreed until its day, or the period of ``day``."""
    if step.due_on is not None:
        return step.plan.agreed_on or day, step.due_on
    return period_of(step.period, day)


def _is_settled(step: PlanStep, first: date, last: date) -> bool:
    if step.marks.filter(occurrence_on=last).exists():
        return True
    kept = Promise.objects.kept().by_entitlement().filter(client=step.plan.client_id, item=step.item_id)
    until = Q() if step.due_on is not None else Q(kept_on__lte=last)
    return step.item_id is not None and kept.filter(until, kept_on__gte=first).exists()


def _locked(step: PlanStep, actor: User, version: int | None) -> tuple[Client, PlanStep]:
    """The client first, as everywhere: plans are agreed, replaced and ended under his lock."""
    client: Client = lock(Client.objects.all(), pk=step.plan.client_id)
    rows = PlanStep.objects.select_related("plan__client", "item")
    row: PlanStep = lock(rows, pk=step.pk, version=version)
    if not row.is_seen_to_by(actor):
        raise StepNotYours
    if row.plan.state != ServicePlan.State.AGREED:
        raise PlanSettled
    return client, row


def _refuse(plan: ServicePlan, day: date, word: str, today: date) -> None:
    wrong: dict[str, str] = {}
    if day > today:
        wrong["day"] = _("This day is yet to come.")
    elif plan.agreed_on is not None and day < plan.agreed_on:
        wrong["day"] = _("The plan was agreed on %(day)s.") % {"day": plan.agreed_on.isoformat()}
    if not word.strip():
        wrong["word"] = _("Say in a word what was done.")
    if wrong:
        raise InvalidInput(fields=wrong)


def _mark(step: PlanStep, kind: str, last: date, day: date, word: str, actor: User, now: datetime) -> None:
    PlanStepMark.objects.create(
        step=step, kind=kind, occurrence_on=last, day=day, word=word.strip()[:200], by=actor, at=now
    )
