"""How the relationship stands: a stage that somebody has set by hand, and amounts that a client has reached."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clients.models.client import Client
from clients.models.profile import Stage
from clients.querysets.stages import AssetMilestoneQuerySet, StageOverrideQuerySet
from crm.core.fields import MoneyField
from crm.core.models import PublicModel


class StageOverride(PublicModel):
    """A stage set by hand, with a reason and a last day; the rule waits until then."""

    client = models.ForeignKey(Client, models.PROTECT, related_name="stage_overrides", verbose_name=_("client"))
    stage = models.CharField(_("stage"), max_length=10, choices=Stage.choices)
    reason = models.CharField(_("reason"), max_length=200)
    until = models.DateField(_("valid until"))
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("set by"))
    set_at = models.DateTimeField(_("set at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    objects: ClassVar[Any] = StageOverrideQuerySet.as_manager()

    class Meta:
        verbose_name = _("stage set by hand")
        verbose_name_plural = _("stages set by hand")
        default_permissions = ("add",)
        constraints = [
            models.UniqueConstraint(fields=["client"], condition=Q(ended_at=None), name="one_open_stage_override"),
        ]
        indexes = [models.Index(fields=["until"], name="stage_override_open", condition=Q(ended_at=None))]

    def __str__(self) -> str:
        return self.get_stage_display()


class AssetMilestone(models.Model):
    """The first day on which a client's assets reached an amount of figure ``milestone.assets``."""

    client = models.ForeignKey(Client, models.PROTECT, related_name="asset_milestones", verbose_name=_("client"))
    amount = MoneyField(_("amount"))
    reached_on = models.DateField(_("reached on"))

    objects: ClassVar[Any] = AssetMilestoneQuerySet.as_manager()

    class Meta:
        verbose_name = _("assets reached")
        verbose_name_plural = _("assets reached")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["client", "amount"], name="asset_milestone_once")]
        indexes = [models.Index(fields=["reached_on"], name="asset_milestone_day")]

    def __str__(self) -> str:
        return str(self.amount)
