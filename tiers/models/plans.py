"""What is agreed with one client: the services and steps that follow from what he wants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models import Client, NeedsInterview
from crm.core.models import PublicModel, Versioned
from tiers.models.services import Period, ServiceItem
from tiers.querysets.plan_steps import PlanStepQuerySet
from tiers.querysets.plans import ServicePlanQuerySet

if TYPE_CHECKING:
    from crm.core.models import User


class ServicePlan(PublicModel, Versioned):
    """One version of a client's service plan (服务方案): drawn up from his needs, then agreed with him on a day.

    Its words are never edited: what is agreed anew is a new plan, and the old one stays. ``basis`` is the interview on which it
    rests, or with which it was last confirmed; a later one that says something else makes it one to be looked at again.
    """

    class State(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("service plan", "Drawn up")
        AGREED = "agreed", pgettext_lazy("service plan", "Agreed")
        REPLACED = "replaced", pgettext_lazy("service plan", "Replaced")
        ENDED = "ended", pgettext_lazy("service plan", "Ended")

    client = models.ForeignKey(Client, models.PROTECT, related_name="service_plans", verbose_name=_("client"))
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.DRAFT)
    aim = models.CharField(_("aim"), max_length=400)
    basis = models.ForeignKey(
        NeedsInterview, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("needs it rests on")
    )
    #: In which tier he stood when it was drawn up.
    tier_code = models.SlugField(_("client tier"), max_length=30, blank=True, db_index=False)
    replaces = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="replaced_by", verbose_name=_("replaces")
    )
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("made by"))
    made_at = models.DateTimeField(_("made at"))
    agreed_on = models.DateField(_("agreed with the client on"), null=True, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("confirmed by"),
    )
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    confirm_note = models.CharField(_("why it stands"), max_length=200, blank=True)
    ended_on = models.DateField(_("ended on"), null=True, blank=True)
    end_reason = models.CharField(_("reason of the end"), max_length=200, blank=True)

    objects: ClassVar[Any] = ServicePlanQuerySet.as_manager()

    class Meta:
        verbose_name = _("service plan")
        verbose_name_plural = _("service plans")
        default_permissions = ("view", "change")
        constraints = [
            models.UniqueConstraint(fields=["client"], condition=Q(state="draft"), name="one_drawn_up_plan_per_client"),
            models.UniqueConstraint(fields=["client"], condition=Q(state="agreed"), name="one_agreed_plan_per_client"),
            models.CheckConstraint(
                name="plan_agreed_has_its_day",
                condition=(Q(state="draft", agreed_on=None))
                | (~Q(state="draft") & (~Q(state="agreed") | Q(agreed_on__isnull=False))),
            ),
            models.CheckConstraint(
                name="plan_ended_iff_why",
                condition=(Q(state="ended", ended_on__isnull=False) & ~Q(end_reason=""))
                | (~Q(state="ended") & Q(ended_on=None, end_reason="")),
            ),
            models.CheckConstraint(
                name="plan_confirmed_iff_by_somebody",
                condition=Q(confirmed_by=None, confirmed_at=None)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="plan_does_not_replace_itself", condition=Q(replaces=None) | ~Q(replaces=F("pk"))
            ),
        ]
        indexes = [models.Index(fields=["client", "-id"], name="plan_of_client")]

    def __str__(self) -> str:
        return f"{self.state} {self.made_at:%Y-%m-%d}"

    def get_absolute_url(self) -> str:
        return reverse("tiers:plan", args=[self.public_id])

    @property
    def is_open(self) -> bool:
        """Drawn up or agreed: neither replaced nor ended."""
        return self.state in (self.State.DRAFT, self.State.AGREED)


class PlanStep(PublicModel, Versioned):
    """One thing that a plan promises: a service of the catalogue or a step of its own, what for, when, and who sees to it.

    Its words are never edited. What became of it is told by its marks, or, where its service is promised to the client, by the
    promises that were kept: what is given is noted once (``tiers.querysets.plan_steps``).
    """

    plan = models.ForeignKey(ServicePlan, models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    item = models.ForeignKey(
        ServiceItem, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=pgettext_lazy("catalogue", "service"),
    )  # fmt: skip
    #: What it is, where it is no service of the catalogue.
    title = models.CharField(_("step"), max_length=60, blank=True)
    purpose = models.CharField(_("what for"), max_length=200)
    due_on = models.DateField(_("due on"), null=True, blank=True)
    period = models.CharField(_("once in every"), max_length=10, choices=Period.choices, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("seen to by"))

    objects: ClassVar[Any] = PlanStepQuerySet.as_manager()

    class Meta:
        verbose_name = _("step of a service plan")
        verbose_name_plural = _("steps of service plans")
        default_permissions = ()
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "position"], name="plan_step_position_once"),
            models.CheckConstraint(
                name="plan_step_service_or_title",
                condition=Q(item__isnull=False, title="") | (Q(item=None) & ~Q(title="")),
            ),
            models.CheckConstraint(
                name="plan_step_day_or_period",
                condition=Q(due_on__isnull=False, period="") | (Q(due_on=None) & ~Q(period="")),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The service, in the reader's language, or the step's own title."""
        return str(self.item.name) if self.item is not None else self.title

    def is_seen_to_by(self, user: User) -> bool:
        """Whether the user may say what became of it: who sees to it or serves the client, their deputies, and whoever may let
        promises of the branch go (its head)."""
        acting = user.scope.acting_ids
        own = self.owner_id in acting or self.plan.client.advisor_id in acting
        return own or user.has_perm("tiers.waive_promise")


class PlanStepMark(models.Model):
    """What became of one occurrence of a step, where no promise tells: done on a day, left out once, or dropped for good.

    Added, never changed. ``occurrence_on`` is the last day of the occurrence: the step's own day, or the end of the period.
    """

    class Kind(models.TextChoices):
        DONE = "done", pgettext_lazy("step", "Done")
        SKIPPED = "skipped", pgettext_lazy("step", "Left out once")
        DROPPED = "dropped", pgettext_lazy("step", "Dropped")

    step = models.ForeignKey(PlanStep, models.CASCADE, db_index=False, related_name="marks")
    kind = models.CharField(_("what became of it"), max_length=8, choices=Kind.choices)
    occurrence_on = models.DateField()
    #: When it was done, or decided to be left out.
    day = models.DateField(_("day"))
    word = models.CharField(_("in a word"), max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("what became of a step")
        verbose_name_plural = _("what became of steps")
        default_permissions = ()
        ordering = ["occurrence_on"]
        constraints = [
            models.UniqueConstraint(fields=["step", "occurrence_on"], name="plan_step_marked_once"),
            models.CheckConstraint(
                name="plan_step_mark_kind_known", condition=Q(kind__in=["done", "skipped", "dropped"])
            ),
            models.CheckConstraint(name="plan_step_mark_says_a_word", condition=~Q(word="")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.day}"
