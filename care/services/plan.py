"""Planning follow-up calls: pulled from what happened to the left, once for each occasion."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from django.db.models import CharField, Count, Exists, F, OuterRef, Q, Value
from django.db.models.functions import Concat

from advisory.models import AdvisoryAgreement
from care.models import CareProgramme, FollowUpCall, ScriptQuestion
from care.models.call import TIER_KEY
from clients.models import Client, TradingPermission
from crm.core import audit
from crm.core.access import system_user
from crm.core.clocks import Calendar, day_bounds, local_date
from crm.core.jobs import due
from crm.core.models import Company, User
from crm.core.policies import Figures, figures
from crm.core.service import service
from crm.core.services.calendar import recomputes
from tiers.models import TierChange

_SCRIPTS = Path(__file__).resolve().parent.parent / "scripts.toml"
_BATCH = 1000
_PERMISSION_KEY = "permission:"

Code = CareProgramme.Code
State = FollowUpCall.State


@service("care.seed_programmes")
def seed_programmes(*, actor: User, company: Company) -> list[CareProgramme]:
    """Make sure the company has the programmes with their scripts; never touches what is there."""
    content = tomllib.loads(_SCRIPTS.read_text(encoding="utf-8"))
    made = []
    for code in Code.values:
        greeting = content["greeting"][code]
        programme, is_new = CareProgramme.objects.get_or_create(
            company=company, code=code, defaults={"greeting_en": greeting["en"], "greeting_zh": greeting["zh"]}
        )
        if is_new:
            ScriptQuestion.objects.bulk_create(_questions(programme, content["question"]))
            audit.record(actor, "care.seed_programmes", programme, after={"code": code})
        made.append(programme)
    return made


def _questions(programme: CareProgramme, rows: Iterable[dict[str, str]]) -> Iterator[ScriptQuestion]:
    for position, row in enumerate(rows, 1):
        yield ScriptQuestion(
            programme=programme,
            version=programme.script_version,
            position=position,
            code=row["code"],
            text_en=row["en"],
            text_zh=row["zh"],
            bad_answer=row["bad"],
        )


@service("care.plan_calls")
def plan_calls(*, actor: User, now: datetime) -> int:
    """Plan the calls that new accounts, new permissions, tier changes and advisory agreements demand. Returns how many are new.

    May run twice, late or in parallel: client, programme and occasion are unique, and what is planned stays as it is.
    """
    today = local_date(now)
    calendar = Calendar.around(today)
    for company in _without_programmes():
        seed_programmes(actor=actor, company=company)
    planned = 0
    for programme in CareProgramme.objects.filter(is_active=True).select_related("company"):
        wanted = _wanted(programme, today, calendar, figures(today), now)
        for batch in _in_batches(wanted):
            planned += _insert(batch)
    if planned:
        audit.record(actor, "care.plan_calls", "care.followupcall", after={"planned": planned, "day": today})
    return planned


def _without_programmes() -> Iterable[Company]:
    """Companies that lack a programme: a new one, or one from before a programme was thought of."""
    there = Count("care_programmes", filter=Q(care_programmes__code__in=Code.values))
    return Company.objects.annotate(programmes=there).filter(programmes__lt=len(Code.values))


def _insert(calls: list[FollowUpCall]) -> int:
    """Write what is not there yet; which of two planners at once wrote a call is told by its public id."""
    known = FollowUpCall.objects.occasions_of(calls)
    fresh = [call for call in calls if (call.client_id, call.programme_id, call.occurrence_key) not in known]
    if not fresh:
        return 0
    FollowUpCall.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=_BATCH)
    return FollowUpCall.objects.filter(public_id__in=[call.public_id for call in fresh]).count()


def _in_batches(calls: Iterable[FollowUpCall]) -> Iterator[list[FollowUpCall]]:
    batch: list[FollowUpCall] = []
    for call in calls:
        batch.append(call)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _wanted(
    programme: CareProgramme, today: date, calendar: Calendar, known: Figures, now: datetime
) -> Iterator[FollowUpCall]:
    match programme.code:
        case Code.NEW_ACCOUNT:
            return _after_opening(programme, today, known)
        case Code.NEW_PERMISSION:
            return _after_permission(programme, today, known)
        case Code.TIER_CHANGE:
            return _after_tier_change(programme, today, calendar, known, now)
    return _under_agreement(programme, today, known)


def _call(programme: CareProgramme, client_id: int, key: str, due_on: date, today: date, **more: Any) -> FollowUpCall:
    return FollowUpCall(
        programme=programme,
        client_id=client_id,
        occurrence_key=key,
        due_on=due_on,
        not_before=today,
        script_version=programme.script_version,
        **more,
    )


def _of_served_clients(programme: CareProgramme) -> Q:
    return Q(client__branch__company=programme.company, client__in=Client.objects.served())


def _after_opening(programme: CareProgramme, today: date, known: Figures) -> Iterator[FollowUpCall]:
    """New accounts: within visit.new_account_days of the opening (2010 rule, 204号)."""
    limit = timedelta(days=known.days("visit.new_account_days"))
    oldest = today - limit - timedelta(days=known.days("visit.max_lateness_days"))
    opened = Client.objects.served().filter(
        branch__company=programme.company, opened_on__gte=oldest, opened_on__lte=today
    )
    with_call = FollowUpCall.objects.filter(
        programme=programme, client=OuterRef("pk"), occurrence_key__startswith="open:"
    )
    rows = opened.exclude(Exists(with_call)).order_by("pk").values_list("pk", "opened_on")
    for client_id, opened_on in rows.iterator(chunk_size=_BATCH):
        since = cast(date, opened_on)  # the set asks for one
        yield _call(programme, client_id, f"open:{since.isoformat()}", since + limit, today)


def _after_permission(programme: CareProgramme, today: date, known: Figures) -> Iterator[FollowUpCall]:
    """New trading permissions: within visit.new_permission_days of the opening, one call for each (204号)."""
    limit = timedelta(days=known.days("visit.new_permission_days"))
    oldest = today - limit - timedelta(days=known.days("visit.max_lateness_days"))
    opened = TradingPermission.objects.opened_since(oldest, today).filter(_of_served_clients(programme))
    with_call = FollowUpCall.objects.filter(
        programme=programme,
        client=OuterRef("client"),
        occurrence_key=Concat(Value(_PERMISSION_KEY), OuterRef("public_id"), output_field=CharField()),
    )
    for permission in opened.exclude(Exists(with_call)).order_by("pk").iterator(chunk_size=_BATCH):
        key = f"{_PERMISSION_KEY}{permission.public_id}"
        due_on = cast(date, permission.opened_on) + limit
        # The code, not its word: it is shown in the reader's language.
        yield _call(programme, permission.client_id, key, due_on, today, reason=permission.code)


def _after_tier_change(
    programme: CareProgramme, today: date, calendar: Calendar, known: Figures, now: datetime
) -> Iterator[FollowUpCall]:
    """A client moved up or down: congratulation or retention, within visit.tier_change_days working days."""
    days = known.days("visit.tier_change_days")
    changes = TierChange.objects.awaiting_care(now).filter(_of_served_clients(programme))
    for change in changes.iterator(chunk_size=_BATCH):
        end = calendar.due(change.day, days, "W")
        yield _call(
            programme,
            change.client_id,
            f"{TIER_KEY}{change.public_id}",
            end.on,
            today,
            provisional=end.provisional,
            reason=f"{change.old.code} → {change.new.code}" if change.old else change.new.code,
        )


def _under_agreement(programme: CareProgramme, today: date, known: Figures) -> Iterator[FollowUpCall]:
    """Advice clients: one call in each period of visit.advice_client_days since the agreement was signed."""
    period = known.days("visit.advice_client_days")
    agreements = AdvisoryAgreement.objects.in_force(today).filter(_of_served_clients(programme))
    for agreement in agreements.iterator(chunk_size=_BATCH):
        turn = (today - agreement.signed_on).days // period
        end = agreement.signed_on + timedelta(days=(turn + 1) * period)
        if (end - today).days <= known.days("visit.new_account_days"):
            key = f"advice:{agreement.public_id}:{turn + 1}"
            yield _call(programme, agreement.client_id, key, end, today)


@service("care.mark_missed")
def mark_missed(*, actor: User, now: datetime) -> int:
    """Calls that are too late to be made quietly go to the manager's work list as missed. Returns how many."""
    today = local_date(now)
    oldest = today - timedelta(days=figures(today).days("visit.max_lateness_days"))
    missed = FollowUpCall.objects.filter(state=State.DUE, due_on__lt=oldest)
    moved: int = missed.update(state=State.MISSED, version=F("version") + 1, updated_at=now)
    if moved:
        audit.record(actor, "care.mark_missed", "care.followupcall", after={"missed": moved})
    return moved


@service("care.tidy_calls")
def tidy_calls(*, actor: User, now: datetime) -> int:
    """Cancel open calls to clients who closed their account, and put back calls that somebody took on an earlier day and
    never finished. Returns how many calls moved."""
    change: dict[str, Any] = {"version": F("version") + 1, "updated_at": now}
    gone = FollowUpCall.objects.open().filter(client__status=Client.Status.CLOSED)
    cancelled: int = gone.update(state=State.CANCELLED, caller=None, **change)
    morning, _evening = day_bounds(local_date(now))
    held = FollowUpCall.objects.filter(state=State.IN_PROGRESS, updated_at__lt=morning)
    returned: int = held.update(state=State.DUE, caller=None, **change)
    if cancelled or returned:
        after = {"cancelled": cancelled, "returned": returned}
        audit.record(actor, "care.tidy_calls", "care.followupcall", after=after)
    return cancelled + returned


@recomputes("care.calls")
def recompute_calls(first: date, last: date, now: datetime) -> int:
    """After a change of the calendar: calls after a change of tier run in working days; compute the open ones again."""
    waiting = FollowUpCall.objects.open().filter(programme__code=Code.TIER_CHANGE, due_on__gte=first)
    keys = [key.removeprefix(TIER_KEY) for key in waiting.values_list("occurrence_key", flat=True)]
    changes = TierChange.objects.filter(public_id__in=keys, day__lte=last)
    moved = 0
    for public_id, began in changes.values_list("public_id", "day"):
        end = Calendar.around(began).due(began, figures(began).days("visit.tier_change_days"), "W")
        call = waiting.filter(occurrence_key=f"{TIER_KEY}{public_id}").exclude(
            due_on=end.on, provisional=end.provisional
        )
        moved += call.update(due_on=end.on, provisional=end.provisional, version=F("version") + 1)
    return moved


@due("care.plan_calls")
def plan_due_calls(now: datetime) -> int:
    return plan_calls(actor=system_user(), now=now)


@due("care.mark_missed")
def mark_missed_calls(now: datetime) -> int:
    return mark_missed(actor=system_user(), now=now)


@due("care.tidy_calls")
def tidy_open_calls(now: datetime) -> int:
    return tidy_calls(actor=system_user(), now=now)
