"""Service plans (服务方案): drawn up from what a client wants, agreed with him, confirmed or replaced when his needs change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _

from clients.days import refuse_before_trading
from clients.errors import ClientClosed
from clients.models import Client, NeedsInterview
from clients.questions import BY_KEY
from crm.core import audit
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput, StaleEdit
from crm.core.models import User
from crm.core.service import service
from crm.core.versions import lock
from tiers.errors import NeedsUnchanged, PlanSettled
from tiers.gates import passing_q
from tiers.models import PlanStep, ServiceItem, ServicePlan, TierState
from tiers.querysets.plan_steps import seeing_to
from tiers.querysets.plans import AMOUNTS, WORDS

State = ServicePlan.State
#: A plan of more steps is a wish list.
_MOST = 30


@dataclass(frozen=True)
class Step:
    """One step as it was said: a service or a title of its own, due on a day or once in every period."""

    purpose: str
    owner: User
    item: ServiceItem | None = None
    title: str = ""
    due_on: date | None = None
    period: str = ""


@service("service_plan.make")
def make_plan(
    *,
    client: Client,
    aim: str,
    steps: Sequence[Step],
    actor: User,
    now: datetime,
    agreed_on: date | None = None,
    seen: str | None = None,
) -> ServicePlan:
    """Draw a plan up; with ``agreed_on`` it is agreed at once and takes the place of the one in force.

    It rests on the client's present needs. A plan that was drawn up before and not agreed is replaced. ``seen`` is the public
    id of the open plan that was before whoever wrote this one, "" for none: another one is not replaced unseen. Raises
    ``ClientClosed``, ``InvalidInput`` and ``StaleEdit``.
    """
    row: Client = lock(Client.objects.select_related("branch"), pk=client.pk)
    if row.status == Client.Status.CLOSED:
        raise ClientClosed
    if seen is not None:
        there = ServicePlan.objects.filter(client=row).to_begin_with().first()
        if seen != (there.public_id if there else ""):
            raise StaleEdit
    today = local_date(now)
    _refuse(row, aim, steps, actor, today)
    if agreed_on is not None:
        _refuse_day(agreed_on, today)
    needs = NeedsInterview.objects.present().filter(client=row).first()
    before = ServicePlan.objects.agreed().filter(client=row).first()
    _replace(row, State.DRAFT)
    if agreed_on is not None:
        _replace(row, State.AGREED)
    state = TierState.objects.select_related("tier").filter(client=row).first()
    made = ServicePlan.objects.create(
        client=row,
        state=State.DRAFT if agreed_on is None else State.AGREED,
        aim=aim.strip(),
        basis=needs,
        tier_code=state.tier.code if state else "",
        replaces=before,
        made_by=actor,
        made_at=now,
        agreed_on=agreed_on,
    )
    _write(made, steps)
    after = {"steps": len(steps), "agreed_on": agreed_on, "replaces": before.public_id if before else ""}
    audit.record(actor, "service_plan.make", made, after=after, client=row)
    return made


@service("service_plan.agree")
def agree_plan(
    *, plan: ServicePlan, agreed_on: date, actor: User, now: datetime, version: int | None = None
) -> ServicePlan:
    """The client agreed on a day to what was drawn up; the plan before it is replaced. Raises ``PlanSettled``, ``InvalidInput``
    and ``StaleEdit``."""
    client, row = _locked(plan, version)
    if row.state != State.DRAFT:
        raise PlanSettled
    _refuse_day(agreed_on, local_date(now))
    _replace(client, State.AGREED)
    row.state, row.agreed_on = State.AGREED, agreed_on
    row.save_changed(["state", "agreed_on"])
    audit.record(actor, "service_plan.agree", row, after={"agreed_on": agreed_on}, client=client)
    return row


@service("service_plan.confirm")
def confirm_plan(
    *, plan: ServicePlan, note: str, actor: User, now: datetime, version: int | None = None
) -> ServicePlan:
    """The client's needs have changed, and the plan stands all the same: from now on it rests on what he wants now.

    Raises ``PlanSettled``, ``NeedsUnchanged``, ``InvalidInput``, ``StaleEdit``.
    """
    client, row = _locked(plan, version)
    if row.state != State.AGREED:
        raise PlanSettled
    if not note.strip():
        raise InvalidInput(fields={"note": _("Say why the plan stands.")})
    present = NeedsInterview.objects.present().filter(client=client).first()
    if present is None or not changed_needs(row, present):
        raise NeedsUnchanged
    before = row.basis.public_id if row.basis else ""
    row.basis, row.confirmed_by, row.confirmed_at, row.confirm_note = present, actor, now, note.strip()[:200]
    row.save_changed(["basis", "confirmed_by", "confirmed_at", "confirm_note"])
    after = {"needs": present.public_id}
    audit.record(
        actor, "service_plan.confirm", row, before={"needs": before}, after=after, reason=note.strip(), client=client
    )
    return row


@service("service_plan.end")
def end_plan(*, plan: ServicePlan, reason: str, actor: User, now: datetime, version: int | None = None) -> ServicePlan:
    """Give a plan up, saying why. Raises ``PlanSettled``, ``InvalidInput``, ``StaleEdit``."""
    client, row = _locked(plan, version)
    if not row.is_open:
        raise PlanSettled
    if not reason.strip():
        raise InvalidInput(fields={"reason": _("Say why.")})
    before = row.state
    row.state, row.ended_on, row.end_reason = State.ENDED, local_date(now), reason.strip()[:200]
    row.save_changed(["state", "ended_on", "end_reason"])
    audit.record(actor, "service_plan.end", row, before={"state": before}, reason=row.end_reason, client=client)
    return row


def changed_needs(plan: ServicePlan, present: NeedsInterview | None) -> list[str]:
    """The questions on which services rest and to which the client now says something else than the plan rests on.

    Of a plan that rests on no interview, everything that he has said.
    """
    if present is None or present.pk == plan.basis_id:
        return []
    asked = {*WORDS, *AMOUNTS}
    return [key for key in BY_KEY if key in asked and present.answer(key) != _then(plan.basis, key)]


def _then(basis: NeedsInterview | None, key: str) -> object:
    return BY_KEY[key].empty if basis is None else basis.answer(key)


def _locked(plan: ServicePlan, version: int | None) -> tuple[Client, ServicePlan]:
    client: Client = lock(Client.objects.select_related("branch"), pk=plan.client_id)
    row: ServicePlan = lock(ServicePlan.objects.select_related("basis"), pk=plan.pk, version=version)
    return client, row


def _replace(client: Client, state: str) -> None:
    for old in ServicePlan.objects.filter(client=client, state=state):
        old.state = State.REPLACED
        old.save_changed(["state"])


def _refuse(client: Client, aim: str, steps: Sequence[Step], actor: User, today: date) -> None:
    wrong: dict[str, str] = {}
    if not aim.strip():
        wrong["aim"] = _("Say what the plan is for.")
    if not 1 <= len(steps) <= _MOST:
        wrong["steps"] = _("A plan has one to %(most)d steps.") % {"most": _MOST}
    # Whoever does not see the client, or may give nothing, could never note what became of it.
    able = {actor.pk, *seeing_to(client).filter(pk__in={step.owner.pk for step in steps}).values_list("pk", flat=True)}
    for number, step in enumerate(steps, 1):
        if "steps" not in wrong and (text := _against(client, step, able, today)):
            wrong["steps"] = _("Step %(number)s: %(text)s") % {"number": number, "text": text}
    if wrong:
        raise InvalidInput(fields=wrong)


def _against(client: Client, step: Step, able: set[int], today: date) -> str:
    """What is missing in one step, does not go together, or is not for this client."""
    if (step.item is None) == (not step.title.strip()):
        return _("Choose a service, or name a step of its own.")
    if not step.purpose.strip():
        return _("Say what it is for.")
    if (step.due_on is None) == (not step.period):
        return _("Say either a day or a period.")
    if step.due_on is not None and step.due_on < today:
        return _("This day is over.")
    if step.owner.pk not in able:
        return _("Whoever sees to it works in the client's branch, sees the client and may give services.")
    if step.item is None:
        return ""
    if not ServiceItem.objects.offers(client.branch, step.item, today):
        return _("The branch does not offer this service now.")
    if (step.item.least_grade or step.item.gate) and not Client.objects.filter(
        passing_q(step.item, today), pk=client.pk
    ).exists():
        return _("The client does not meet the condition of this service.")
    return ""


def _refuse_day(agreed_on: date, today: date) -> None:
    if agreed_on > today:
        raise InvalidInput(fields={"agreed_on": _("This day is yet to come.")})
    refuse_before_trading("agreed_on", agreed_on)


def _write(plan: ServicePlan, steps: Sequence[Step]) -> None:
    PlanStep.objects.bulk_create(
        PlanStep(
            plan=plan,
            position=place,
            item=step.item,
            title="" if step.item else step.title.strip(),
            purpose=step.purpose.strip(),
            due_on=step.due_on,
            period=step.period,
            owner=step.owner,
        )
        for place, step in enumerate(steps, 1)
    )
