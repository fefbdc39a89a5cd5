"""Steps of service plans: how each stands, and the steps that wait as a set.

A step by a day is settled by a mark, or by a promise of its service kept since the plan was agreed. A step of every period is
settled for one period at a time; what was missed before the last period is history and asks for nothing any more. Whoever
agreed to a plan after the middle of a period begins with the next one, as with promises (ADR 0018).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import pgettext_lazy

from clients.querysets import client_q
from crm.core.access import Reach
from crm.core.models import User
from tiers.slices import middle_of, period_after, period_before, period_of

if TYPE_CHECKING:
    from clients.models import Client
    from tiers.models import PlanStep, PlanStepMark, Promise

#: The rights of who says what became of a step; whose step it is besides, ``PlanStep.is_seen_to_by`` tells.
STEP_RIGHTS = ("tiers.view_serviceplan", "tiers.keep_promise")
_PERIODS = ("month", "quarter", "half_year", "year")


class StepState(models.TextChoices):
    """How a step stands on a day."""

    DRAWN_UP = "drawn_up", pgettext_lazy("step", "Not agreed yet")
    DUE = "due", pgettext_lazy("step", "Due")
    OVERDUE = "overdue", pgettext_lazy("step", "Overdue")
    DONE = "done", pgettext_lazy("step", "Done")
    SKIPPED = "skipped", pgettext_lazy("step", "Left out once")
    DROPPED = "dropped", pgettext_lazy("step", "Dropped")
    OVER = "over", pgettext_lazy("step", "Plan is over")


@dataclass(frozen=True)
class Standing:
    """How a step stands: by when its present occurrence is to be done, the mark or the kept promise that settled it, and the
    promise by which the client is owed its service anyway."""

    state: StepState
    due_on: date | None
    mark: PlanStepMark | None = None
    promise: Promise | None = None
    owed: Promise | None = None
    #: By when one of every period falls due again, once it is settled for this one.
    next_on: date | None = None

    @property
    def is_open(self) -> bool:
        return self.state in (StepState.DUE, StepState.OVERDUE)

    @property
    def may_end(self) -> bool:
        """Whether there is something to drop: what is open, or of one that is settled for this period the next time."""
        return self.is_open or self.next_on is not None

    @property
    def day(self) -> date | None:
        """When it was done or left out."""
        return self.mark.day if self.mark else self.promise.kept_on if self.promise else None


class PlanStepQuerySet(models.QuerySet["PlanStep"]):
    def visible_to(self, user: User) -> PlanStepQuerySet:
        return self.filter(client_q(user, "plan__client__"))

    def mine(self, user: User) -> PlanStepQuerySet:
        """What the user sees to himself, or for whoever he stands in for."""
        return self.filter(owner_id__in=user.scope.acting_ids)

    def of_served(self) -> PlanStepQuerySet:
        """Of clients who are served and may be contacted."""
        from clients.models import Client

        return self.filter(plan__client__in=Client.objects.served().contactable())

    def overdue(self, today: date) -> PlanStepQuerySet:
        """Of agreed plans: the day is over, or the last period is, and nothing has come of it."""
        return self.filter(_open_q(today, None), plan__state="agreed")

    def due_by(self, until: date, today: date) -> PlanStepQuerySet:
        """Overdue, or to be done by ``until``."""
        return self.filter(_open_q(today, until), plan__state="agreed")

    def to_do(self, user: User, today: date, until: date) -> PlanStepQuerySet:
        """What is due by ``until`` and the user sees to, or somebody else for his clients, without what he finds among his
        promises anyway."""
        acting = user.scope.acting_ids
        near = Q(owner_id__in=acting) | Q(plan__client__advisor_id__in=acting)
        promises = (
            apps.get_model("tiers.Promise").objects.open_on(today).mine(user).filter(due_on__lte=until, event=None)
        )
        promised = promises.filter(client=OuterRef("plan__client"), item=OuterRef("item"))
        return self.due_by(until, today).filter(near, ~Exists(promised))

    def for_list(self) -> PlanStepQuerySet:
        related = ("plan__client__branch", "plan__client__advisor", "item", "owner")
        return self.select_related(*related).prefetch_related("marks__by")


def _open_q(today: date, until: date | None) -> Q:
    by_day = Q(due_on__lt=today) if until is None else Q(due_on__lte=max(until, today))
    found = by_day & ~_marked() & ~_kept(OuterRef("plan__agreed_on"))
    for period in _PERIODS:
        first, last = period_of(period, today)
        before, end = period_before(period, first)
        found |= _waits(period, before, end)
        if until is not None and last <= until:
            found |= _waits(period, first, last)
    return found


def _waits(period: str, first: date, last: date) -> Q:
    """Steps of this period for whom it counts and nothing has come of it, nor of a later one."""
    marked = _marked(Q(occurrence_on__gte=last) | Q(kind="dropped"))
    return Q(period=period, plan__agreed_on__lte=middle_of(first, last)) & ~marked & ~_kept(first)


def _marked(condition: Q | None = None) -> Exists:
    marks = apps.get_model("tiers.PlanStepMark")._base_manager.filter(step=OuterRef("pk"))
    return Exists(marks.filter(condition) if condition is not None else marks)


def _kept(since: Any) -> Exists:
    """A promise of the step's service to the client that was kept on a day or later, not one that a market event asked for."""
    promises = apps.get_model("tiers.Promise")._base_manager.filter(state="done", event=None, kept_on__gte=since)
    return Exists(promises.filter(client=OuterRef("plan__client"), item=OuterRef("item")))


def seeing_to(client: Client) -> Any:
    """Who may see to a step for this client: active staff of his branch who see him and may note that something was given."""
    right = {"content_type__app_label": "tiers", "codename": "keep_promise"}
    able = Group.objects.filter(permissions__in=Permission.objects.filter(**right))
    seeing = Q(pk__in=client.team.values("member")) | Q(pk=client.advisor_id)
    seeing |= Q(groups__role__reach=Reach.BRANCH)
    rows = User.objects.active().of_branch(client.branch).filter(seeing, groups__in=able)
    return User.objects.filter(pk__in=rows.values("pk"))


# -- how one stands ----------------------------------------------------------------------------------------------------


def standings(steps: Sequence[PlanStep], today: date) -> dict[int, Standing]:
    """How each step stands, by its key. One statement for all, or none where no step is a service; marks come along."""
    promises = _promises_for(steps)
    return {step.pk: _standing(step, promises[step.plan.client_id, step.item_id], today) for step in steps}


def dress_plans(plans: Iterable[Any], today: date) -> None:
    """Give each step of these plans its standing ``now``, and each plan how many of its steps are overdue (``overdue_steps``)."""
    rows = list(plans)
    found = standings([step for row in rows for step in row.steps.all()], today)
    for row in rows:
        for step in row.steps.all():
            step.now = found[step.pk]
        states = [step.now.state for step in row.steps.all()]
        row.overdue_steps = states.count(StepState.OVERDUE)


def dress_for(user: User, plans: Iterable[Any], today: date) -> None:
    """As ``dress_plans``, and whether the reader may note each step as done (``may_note``) or drop it (``may_drop``)."""
    rows = list(plans)
    dress_plans(rows, today)
    has_rights = user.has_perms(STEP_RIGHTS)
    for step in (step for row in rows for step in row.steps.all()):
        may = has_rights and step.plan.state == "agreed" and step.is_seen_to_by(user)
        step.may_note, step.may_drop = may and step.now.is_open, may and step.now.may_end


def _promises_for(steps: Sequence[PlanStep]) -> dict[tuple[int, int | None], list[Promise]]:
    """What was kept of these services, and what is owed of them, the earliest first."""
    from tiers.models import Promise

    found: dict[tuple[int, int | None], list[Promise]] = defaultdict(list)
    served = [step for step in steps if step.item_id is not None]
    since = min((step.plan.agreed_on for step in served if step.plan.agreed_on), default=None)
    if since is None:
        return found
    earliest = period_of("year", since)[0]
    wanted = Q(state="done", kept_on__gte=earliest) | Q(state="due")
    rows = Promise.objects.filter(wanted, event=None, client__in={step.plan.client_id for step in served})
    rows = rows.filter(item__in={step.item_id for step in served}).select_related("delivery", "kept_by")
    for row in rows.order_by("due_on", "pk"):
        found[row.client_id, row.item_id].append(row)
    return found


def _standing(step: PlanStep, promises: list[Promise], today: date) -> Standing:
    marks = list(step.marks.all())
    kept = sorted((row for row in promises if row.kept_on), key=lambda row: (row.kept_on, row.pk))
    owed = next((row for row in promises if not row.kept_on), None)
    if dropped := next((mark for mark in marks if mark.kind == "dropped"), None):
        return Standing(StepState.DROPPED, step.due_on, dropped, owed=owed)
    agreed_on = step.plan.agreed_on
    if agreed_on is None:
        return Standing(StepState.DRAWN_UP if step.plan.is_open else StepState.OVER, step.due_on)
    if step.due_on is not None:
        found = _settled(marks, kept, agreed_on, step.due_on)
        found = found or Standing(StepState.OVERDUE if step.due_on < today else StepState.DUE, step.due_on, owed=owed)
    else:
        found = _of_period(step.period, marks, kept, owed, agreed_on, today)
    over = found.is_open and step.plan.state != "agreed"
    return Standing(StepState.OVER, found.due_on) if over else found


def _of_period(
    period: str, marks: list[PlanStepMark], kept: list[Promise], owed: Promise | None, agreed_on: date, today: date
) -> Standing:
    first, last = period_of(period, today)
    if found := _settled(marks, kept, first, last):
        return replace(found, next_on=period_after(period, last)[1])
    before, end = period_before(period, first)
    if agreed_on <= middle_of(before, end) and not _settled(marks, kept, before, end):
        return Standing(StepState.OVERDUE, end, owed=owed)
    if agreed_on > middle_of(first, last) and agreed_on <= last:
        last = period_after(period, last)[1]
    return Standing(StepState.DUE, last, owed=owed)


def _settled(marks: list[PlanStepMark], kept: list[Promise], first: date, last: date) -> Standing | None:
    """By the first mark of an occurrence that ends on ``last`` or later, or the first promise kept since ``first``."""
    if mark := next((mark for mark in marks if mark.occurrence_on >= last), None):
        return Standing(StepState.SKIPPED if mark.kind == "skipped" else StepState.DONE, last, mark)
    if promise := next((row for row in kept if row.kept_on and row.kept_on >= first), None):
        return Standing(StepState.DONE, last, promise=promise)
    return None
