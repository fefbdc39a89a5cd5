"""Figures that a branch or the law may change: effective-dated, versioned, owned, with their source."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.core.models.base import PublicModel
from crm.core.querysets.policy import PolicyQuerySet


class PolicyKey(models.Model):
    """What a figure is called, what it measures and who answers for it."""

    class Kind(models.TextChoices):
        INTEGER = "integer", _("Whole number")
        MONEY = "money", _("Amount in yuan")
        RATE = "rate", _("Rate")
        FLAG = "flag", _("Yes or no")
        TEXT = "text", _("Text")
        LIST = "list", _("List of whole numbers")
        BANDS = "bands", _("Bands")
        TABLE = "table", _("Table")

    class Unit(models.TextChoices):
        NONE = "", _("No unit")
        NATURAL_DAYS = "N", _("natural days")
        WORKING_DAYS = "W", _("working days")
        TRADING_DAYS = "T", _("trading days")
        MONTHS = "months", _("months")
        YEARS = "years", _("years")
        AGE = "age", _("years of age")
        HOURS = "hours", _("hours")
        MINUTES = "minutes", _("minutes")
        YUAN = "yuan", _("yuan")
        SHARE = "share", _("share of 1")
        COUNT = "count", _("pieces")

    key = models.CharField(_("key"), max_length=60, primary_key=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    unit = models.CharField(_("unit"), max_length=10, choices=Unit.choices, blank=True)
    label_en = models.CharField(max_length=120)
    label_zh = models.CharField(max_length=120)
    owner = models.CharField(_("owner"), max_length=60)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("policy figure")
        verbose_name_plural = _("policy figures")
        ordering = ["order", "key"]

    def __str__(self) -> str:
        from crm.core.language import in_language

        return in_language(en=self.label_en, zh=self.label_zh)

    @property
    def area(self) -> str:
        """The part of the trade the figure belongs to: the word before the dot."""
        return self.key.partition(".")[0]


class Policy(PublicModel):
    """One version of one figure, in force from a day on, for the company or for one branch. Never edited, only followed."""

    policy_key = models.ForeignKey(PolicyKey, models.PROTECT, related_name="versions", verbose_name=_("figure"))
    branch = models.ForeignKey(
        "core.Branch", models.PROTECT, null=True, blank=True, related_name="policies", verbose_name=_("branch")
    )
    value = models.JSONField(_("value"))
    effective_from = models.DateField(_("effective from"))
    version = models.PositiveIntegerField(_("version"), default=1)
    source = models.CharField(_("source"), max_length=300)
    certainty = models.CharField(_("certainty"), max_length=20, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        ordering = ["policy_key", "branch", "-effective_from", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["policy_key", "branch", "version"], name="policy_version_once"),
            models.UniqueConstraint(
                fields=["policy_key", "version"], condition=Q(branch=None), name="company_policy_version_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.policy_key_id} v{self.version}"
