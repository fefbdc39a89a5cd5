"""Tiers given by hand (人工调整等级): asked for with a reason, approved by somebody else, and over by themselves."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models import Client
from crm.core.models import PublicModel, Versioned
from tiers.models.programme import Tier
from tiers.querysets.overrides import TierOverrideQuerySet


class TierOverride(PublicModel, Versioned):
    """A tier that one client is given beside the rules, from the day of the approval to a last day.

    Meanwhile the rules go on: the tier by rule moves behind it, and is what the client returns to.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Waiting for approval")
        HOLDING = "holding", pgettext_lazy("tier by hand", "In force")
        REJECTED = "rejected", _("Rejected")
        WITHDRAWN = "withdrawn", pgettext_lazy("tier by hand", "Withdrawn")
        LAPSED = "lapsed", _("Lapsed")
        ENDED = "ended", pgettext_lazy("tier by hand", "Ended")

    client = models.ForeignKey(Client, models.PROTECT, related_name="tier_overrides", verbose_name=_("client"))
    tier = models.ForeignKey(Tier, models.PROTECT, related_name="+", verbose_name=_("client tier"))
    reason = models.CharField(_("reason"), max_length=200)
    #: The tier when it was asked for, and the one by rule that the step is counted from.
    before = models.ForeignKey(Tier, models.PROTECT, related_name="+", verbose_name=_("tier before"))
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked for by")
    )
    requested_at = models.DateTimeField(_("asked for at"))
    #: Afterwards nobody may approve any more; the request lapses.
    decide_by = models.DateField(_("to be decided by"))
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid until"))
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.PROPOSED)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decision_note = models.CharField(_("note of the decision"), max_length=200, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    end_reason = models.CharField(_("why it ended"), max_length=200, blank=True)

    objects: ClassVar[Any] = TierOverrideQuerySet.as_manager()

    class Meta:
        verbose_name = _("tier by hand")
        verbose_name_plural = _("tiers by hand")
        default_permissions = ("view", "add")
        permissions = [("approve_tieroverride", _("Can approve a tier given by hand"))]
        constraints = [
            models.CheckConstraint(
                name="tier_by_hand_decided_by_somebody_else",
                condition=Q(decided_by=None) | ~Q(decided_by=F("requested_by")),
                violation_error_message=_("Somebody else has to approve this."),
            ),
            models.CheckConstraint(
                name="tier_by_hand_holds_once_decided",
                condition=Q(state__in=["proposed", "withdrawn", "lapsed"], decided_by=None, valid_from=None)
                | Q(state="rejected", decided_by__isnull=False, valid_from=None)
                | Q(state__in=["holding", "ended"], decided_by__isnull=False, valid_from__isnull=False),
            ),
            models.CheckConstraint(
                name="tier_by_hand_ends_after_it_begins",
                condition=Q(valid_from=None) | Q(valid_to__gte=F("valid_from")),
            ),
            models.CheckConstraint(name="tier_by_hand_has_reason", condition=~Q(reason="")),
            models.UniqueConstraint(
                fields=["client"], condition=Q(state="proposed"), name="one_waiting_tier_by_hand_per_client"
            ),
            models.UniqueConstraint(
                fields=["client"], condition=Q(state="holding"), name="one_holding_tier_by_hand_per_client"
            ),
        ]
        indexes = [models.Index(fields=["state", "valid_to"], name="tier_by_hand_queue")]

    def __str__(self) -> str:
        return f"{self.client_id} {self.valid_to}"

    def is_too_late(self, today: date) -> bool:
        """Whether nobody may approve it any more."""
        return self.decide_by < today or self.valid_to < today
