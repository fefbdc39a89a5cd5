"""Who stands in which tier, since when, by which run and on what figures."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from crm.core.fields import MoneyField, money
from crm.core.models import PublicModel
from tiers.models.programme import Programme, Tier
from tiers.querysets.state import EvaluationRunQuerySet, TierChangeQuerySet, TierStateQuerySet


class EvaluationRun(PublicModel):
    """One evaluation (等级评定) of one branch by one programme for one day; asked twice it stays one row."""

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="runs", verbose_name=_("programme"))
    branch = models.ForeignKey("core.Branch", models.PROTECT, related_name="evaluation_runs", verbose_name=_("branch"))
    day = models.DateField(_("day"))
    #: Whether tiers could move on this day: the last trading day of the month, or a day after it.
    is_month_end = models.BooleanField(_("month-end"), default=False)
    window_days = models.PositiveSmallIntegerField(_("window in natural days"))
    down_after = models.PositiveSmallIntegerField(_("months below before a tier falls"))
    #: Clients by tier code after the run.
    counts = models.JSONField(_("clients by tier"), default=dict)
    up = models.PositiveIntegerField(_("up"), default=0)
    down = models.PositiveIntegerField(_("down"), default=0)
    first = models.PositiveIntegerField(_("first tier"), default=0)
    changed_programme = models.PositiveIntegerField(_("from another programme"), default=0)
    no_data = models.PositiveIntegerField(_("without assets in the window"), default=0)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("run by"))
    job = models.ForeignKey("core.JobRun", models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[Any] = EvaluationRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("evaluation run")
        verbose_name_plural = _("evaluation runs")
        default_permissions = ("view", "add")
        constraints = [
            models.UniqueConstraint(fields=["programme", "branch", "day"], name="evaluation_once_per_branch_and_day")
        ]
        indexes = [models.Index(fields=["branch", "-day", "-id"], name="evaluation_history")]

    def __str__(self) -> str:
        return f"{self.programme_id} {self.day}"

    @property
    def moved(self) -> int:
        """Clients who changed tier: up, down, or into another programme. A first tier is no move."""
        return self.up + self.down + self.changed_programme


class TierState(models.Model):
    """The present tier of a client, apart from the client's row so that a night's run rewrites little."""

    client = models.OneToOneField(
        Client, models.CASCADE, primary_key=True, related_name="tier_state", verbose_name=_("client")
    )
    programme = models.ForeignKey(Programme, models.PROTECT, db_index=False, related_name="+")
    tier = models.ForeignKey(Tier, models.PROTECT, db_index=False, related_name="states", verbose_name=_("client tier"))
    since = models.DateField(_("since"))
    #: The month-end at which the client was first found below the tier and has been below ever since.
    below_since = models.DateField(_("below since"), null=True, blank=True)
    #: The tier by rule while one given by hand holds; evaluations move this one then, and ``tier`` stays.
    earned = models.ForeignKey(
        Tier, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name=_("tier by rule")
    )
    run = models.ForeignKey(EvaluationRun, models.PROTECT, db_index=False, related_name="+")
    #: The day on which the planner of promises first found that the client may not be served or contacted, while that lasts;
    #: and the day on which it last found him back: nothing is owed for the time between.
    rests_since = models.DateField(_("promises rest since"), null=True, blank=True, editable=False)
    served_since = models.DateField(_("promises run again since"), null=True, blank=True, editable=False)

    objects: ClassVar[Any] = TierStateQuerySet.as_manager()

    class Meta:
        verbose_name = _("tier of a client")
        verbose_name_plural = _("tiers of clients")
        default_permissions = ("view",)
        # Who is in a tier is asked by lists and segments; the index alone tells.
        indexes = [models.Index(fields=["tier", "client"], name="tier_state_members")]

    def __str__(self) -> str:
        return str(self.client_id)

    @property
    def by_rule(self) -> Tier:
        """The tier by rule: the present one, unless one given by hand holds."""
        return self.earned or self.tier


class TierChange(PublicModel):
    """One step of a client's tier with its proof (评定依据): the sum, the days and the bounds it was compared with.

    Written by the run in one statement; never edited.
    """

    class Reason(models.TextChoices):
        FIRST = "first", _("First tier")
        UP = "up", _("Up")
        DOWN = "down", _("Down")
        PROGRAMME = "programme", _("Another programme")
        MANUAL = "manual", _("By hand")
        RETURN = "return", _("Back to the rule")

    client = models.ForeignKey(Client, models.CASCADE, related_name="tier_changes", verbose_name=_("client"))
    old = models.ForeignKey(
        Tier, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name=_("before")
    )
    new = models.ForeignKey(Tier, models.PROTECT, db_index=False, related_name="+", verbose_name=_("after"))
    day = models.DateField(_("day"))
    reason = models.CharField(_("reason"), max_length=10, choices=Reason.choices)
    #: None for a step by hand and for the return from one.
    run = models.ForeignKey(
        EvaluationRun, models.PROTECT, null=True, blank=True, related_name="changes", verbose_name=_("evaluation run")
    )
    #: What gave the tier by hand, or what the client returned from.
    override = models.ForeignKey(
        "tiers.TierOverride",
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="changes",
        verbose_name=_("tier by hand"),
    )
    #: Net assets summed over the days on file in the window, and how many days these are.
    total = MoneyField(_("sum"))
    days = models.PositiveSmallIntegerField(_("days on file"))
    #: The bound that was reached, and the next one that was not; empty at the two ends.
    bound = MoneyField(_("bound reached"), null=True, blank=True)
    next_bound = MoneyField(_("next bound"), null=True, blank=True)
    #: Where more than the average was measured: {"values": {metric: [fen, days]}, "institution": 0, "floor": 2, …}.
    facts = models.JSONField(_("figures measured"), default=dict, blank=True)
    #: For a fall: the first month-end below.
    below_since = models.DateField(_("below since"), null=True, blank=True)

    objects: ClassVar[Any] = TierChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("tier change")
        verbose_name_plural = _("tier changes")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="tier_change_has_run_and_days",
                condition=Q(reason__in=["manual", "return"], run=None, override__isnull=False)
                | Q(run__isnull=False, override=None, days__gt=0),
            ),
            models.CheckConstraint(
                name="first_tier_has_no_old_one",
                condition=Q(reason="first", old=None) | (~Q(reason="first") & Q(old__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(fields=["client", "-day", "-id"], name="tier_change_history"),
            models.Index(fields=["day", "reason"], name="tier_change_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.reason} {self.day}"

    @property
    def average(self) -> Decimal:
        """For reading only, rounded half up; the decision compared the sum with bound × days. Zero without a day."""
        total: Any = self.total
        return money(total / self.days) if self.days else money(0)
