"""What makes a member of staff an advisor: licence, capacity, what he is good at."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from advisory.querysets import AdvisorQuerySet
from crm.core.models import PublicModel, Versioned


class AdvisorProfile(PublicModel, Versioned):
    """The advisory side of a member of staff (投资顾问). Only a registered, valid licence may serve and advise."""

    class LicenceKind(models.TextChoices):
        INVESTMENT_ADVISOR = "investment_advisor", _("Investment advisor")
        GENERAL = "general", _("General securities practice")
        BROKER_AGENT = "broker_agent", _("Broker-agent")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="advisor_profile", verbose_name=_("member of staff")
    )
    licence_kind = models.CharField(_("kind of licence"), max_length=20, choices=LicenceKind.choices)
    licence_number = models.CharField(_("licence number"), max_length=20)
    licence_valid_until = models.DateField(_("licence valid until"))
    #: How many clients he serves; empty: the house's figure.
    capacity = models.PositiveSmallIntegerField(_("capacity"), null=True, blank=True)
    accepts_clients = models.BooleanField(_("takes new clients"), default=True)
    leave_from = models.DateField(_("on leave from"), null=True, blank=True)
    leave_until = models.DateField(_("on leave until"), null=True, blank=True)
    languages = models.JSONField(_("languages and dialects"), default=list, blank=True)
    sectors = models.JSONField(_("sectors"), default=list, blank=True)
    channels = models.JSONField(_("channels"), default=list, blank=True)
    #: Risk grades and tier ranks of the clients he is best for; empty means all.
    risk_grades = models.JSONField(_("risk grades"), default=list, blank=True)
    tier_ranks = models.JSONField(_("tiers"), default=list, blank=True)
    experience_since = models.DateField(_("in the trade since"), null=True, blank=True)

    objects: ClassVar[Any] = AdvisorQuerySet.as_manager()

    class Meta:
        verbose_name = _("advisor")
        verbose_name_plural = _("advisors")
        default_permissions = ("view", "change")
        constraints = [
            models.CheckConstraint(
                name="advisor_leave_has_both_ends",
                # Said in full: a comparison with NULL would let one end alone pass.
                condition=Q(leave_from=None, leave_until=None)
                | Q(leave_from__isnull=False, leave_until__isnull=False, leave_until__gte=F("leave_from")),
                violation_error_message=_("Leave needs a first and a last day in this order."),
            )
        ]

    def __str__(self) -> str:
        return self.licence_number

    @property
    def has_usual_number(self) -> bool:
        """Whether the licence number is of the association's form: S and 13 digits. Others are warned of, not refused."""
        return re.fullmatch(r"S[0-9]{13}", self.licence_number) is not None

    def is_on_leave(self, today: date) -> bool:
        return bool(self.leave_from and self.leave_until and self.leave_from <= today <= self.leave_until)

    def may_advise(self, today: date) -> bool:
        """Registered as investment advisor with a licence that has not run out (投顾暂行规定 Art. 7)."""
        return self.licence_kind == self.LicenceKind.INVESTMENT_ADVISOR and self.licence_valid_until >= today
