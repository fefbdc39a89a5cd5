"""Proposals of who should serve whom, with the proof that no better one exists."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from advisory.querysets import MatchingRunQuerySet, MatchProposalQuerySet
from crm.core.models import PublicModel, Versioned


class MatchingRun(PublicModel, Versioned):
    """One matching of a branch (客户匹配). It proposes; a manager decides; nothing is written to clients before."""

    class State(models.TextChoices):
        COMPUTING = "computing", _("Computing")
        PROPOSED = "proposed", _("Proposed")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")
        FAILED = "failed", _("Failed")

    branch = models.ForeignKey("core.Branch", models.PROTECT, related_name="matching_runs", verbose_name=_("branch"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.COMPUTING)
    job = models.ForeignKey("core.JobRun", models.SET_NULL, null=True, blank=True, related_name="+")
    weights = models.JSONField(default=dict)
    continuity_points = models.PositiveSmallIntegerField(_("points a change must gain"))
    #: Who is matched: the clients of a segment, everybody where there is none. Its name stays when the segment goes.
    segment = models.ForeignKey(
        "clients.Segment", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("segment")
    )
    pool = models.CharField(_("clients matched"), max_length=40, blank=True)
    value = models.BigIntegerField(_("points"), default=0)
    bound = models.BigIntegerField(_("best possible"), default=0)
    prices = models.JSONField(default=dict)
    input_hash = models.CharField(max_length=64, blank=True)
    assigned = models.PositiveIntegerField(_("assigned"), default=0)
    unassigned = models.PositiveIntegerField(_("unassigned"), default=0)
    moved = models.PositiveIntegerField(_("change of advisor"), default=0)
    newly_assigned = models.PositiveIntegerField(_("newly assigned"), default=0)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("started by")
    )
    created_at = models.DateTimeField(_("started"), auto_now_add=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    objects: ClassVar[Any] = MatchingRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("matching run")
        verbose_name_plural = _("matching runs")
        default_permissions = ("view", "add")
        permissions = [("approve_matchingrun", _("Can approve matching runs"))]
        constraints = [
            models.CheckConstraint(
                name="matching_decided_iff_by_somebody",
                condition=Q(state__in=["approved", "rejected"], decided_by__isnull=False, decided_at__isnull=False)
                | (~Q(state__in=["approved", "rejected"]) & Q(decided_by=None, decided_at=None)),
            ),
            models.CheckConstraint(name="matching_value_within_bound", condition=Q(value__lte=models.F("bound"))),
        ]
        indexes = [models.Index(fields=["branch", "-id"], name="matching_history")]

    def __str__(self) -> str:
        return f"{self.branch_id} {self.state}"

    def get_absolute_url(self) -> str:
        return reverse("advisory:matching_run", args=[self.public_id])

    @property
    def gap(self) -> int:
        """Points to the best possible; 0 proves that no better matching exists."""
        return self.bound - self.value


class MatchProposal(models.Model):
    """What a run proposes for one client, and why."""

    run = models.ForeignKey(MatchingRun, models.CASCADE, related_name="proposals")
    client = models.ForeignKey("clients.Client", models.CASCADE, related_name="+")
    old_advisor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    new_advisor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    points = models.PositiveSmallIntegerField(_("points"), default=0)
    #: Points by factor of the proposed pair.
    contributions = models.JSONField(default=dict)
    #: The next best: advisor's public id, points, and points after the price of his place.
    runners_up = models.JSONField(default=list)
    unassigned_reason = models.CharField(_("reason"), max_length=20, blank=True)

    objects: ClassVar[Any] = MatchProposalQuerySet.as_manager()

    class Meta:
        verbose_name = _("match proposal")
        verbose_name_plural = _("match proposals")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["run", "client"], name="one_proposal_per_run_and_client")]

    def __str__(self) -> str:
        return str(self.client_id)
