"""In which tiers clients stood before this product graded them: brought in from older systems and paper files."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from crm.core.models import PublicModel
from tiers.querysets.former import FormerTierQuerySet


class FormerTier(PublicModel):
    """A tier of former days in the words of its time. It is history: no rule asks for it, nothing is computed from it."""

    client = models.ForeignKey(Client, models.PROTECT, related_name="former_tiers", verbose_name=_("client"))
    system = models.CharField(_("former system"), max_length=60, blank=True)
    tier = models.CharField(_("former tier"), max_length=40)
    since = models.DateField(_("since"))
    until = models.DateField(_("until"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)

    objects: ClassVar[Any] = FormerTierQuerySet.as_manager()

    class Meta:
        verbose_name = _("former tier")
        verbose_name_plural = _("former tiers")
        default_permissions = ("add",)
        constraints = [
            models.UniqueConstraint(fields=["client", "system", "since"], name="former_tier_once_a_day_and_system"),
            models.CheckConstraint(
                name="former_tier_ends_after_it_begins", condition=Q(until=None) | Q(until__gte=F("since"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.system} {self.tier}".strip()
