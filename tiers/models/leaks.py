"""What the trading system really charges, and where that differs from what was agreed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models import Client
from crm.core.fields import MoneyField, RateField
from crm.core.models import Branch, PublicModel
from tiers.models.commission import ClientRate, Product, RateBasis
from tiers.querysets.leaks import AppliedRateQuerySet, RateLeakQuerySet


class AppliedRate(PublicModel):
    """The rate that the trading system charged one client for one product on one day (实收佣金率), as its file says."""

    client = models.ForeignKey(
        Client, models.CASCADE, db_index=False, related_name="applied_rates", verbose_name=_("client")
    )
    product = models.CharField(_("product"), max_length=12, choices=Product.choices)
    day = models.DateField(_("day"))
    rate = RateField(_("rate"))
    basis = models.CharField(_("basis"), max_length=6, choices=RateBasis.choices, default=RateBasis.ALL_IN)
    #: Of this product in the twelve months up to the day; empty where the file does not say.
    turnover = MoneyField(_("turnover of twelve months"), null=True, blank=True)

    objects: ClassVar[Any] = AppliedRateQuerySet.as_manager()

    class Meta:
        verbose_name = _("applied rate")
        verbose_name_plural = _("applied rates")
        default_permissions = ("view", "add")
        constraints = [
            models.UniqueConstraint(fields=["client", "product", "day"], name="applied_rate_once_per_day"),
            models.CheckConstraint(name="applied_rate_is_a_share", condition=Q(rate__gte=0, rate__lt=1)),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.day}"


class RateLeak(PublicModel):
    """One client and product where money runs away, or where the client may (佣金漏损): found anew by each review."""

    class Kind(models.TextChoices):
        BELOW = "below", _("Below the rate, without paper")
        EXPIRED = "expired", _("Expired, but still applied")
        ABOVE = "above", _("Above the tier's rate")
        PROMISE = "promise", _("Promised turnover not reached")

    client = models.ForeignKey(
        Client, models.CASCADE, db_index=False, related_name="rate_leaks", verbose_name=_("client")
    )
    product = models.CharField(_("product"), max_length=12, choices=Product.choices)
    kind = models.CharField(_("kind of leak"), max_length=8, choices=Kind.choices)
    #: Both with the fees passed through, so that net and all-in rates compare.
    applied = RateField(_("applied"))
    due = RateField(pgettext_lazy("rate", "due"))
    #: The paper that has ended, or the one that promised the turnover.
    client_rate = models.ForeignKey(
        ClientRate, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("client's rate")
    )
    #: Of twelve months; empty where nobody knows it.
    turnover = MoneyField(_("turnover of twelve months"), null=True, blank=True)
    promised = MoneyField(_("turnover promised a year"), null=True, blank=True)
    #: What the branch forgoes in a year; for a client above the tier's rate, what he pays too much.
    effect = MoneyField(_("yuan a year"), default=0)
    since = models.DateField(_("found since"))
    day = models.DateField(_("as of"))

    objects: ClassVar[Any] = RateLeakQuerySet.as_manager()

    class Meta:
        verbose_name = _("commission leak")
        verbose_name_plural = _("commission leaks")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["client", "product", "kind"], name="leak_once_per_client_and_product"),
            models.CheckConstraint(
                name="leak_kind_known", condition=Q(kind__in=["below", "expired", "above", "promise"])
            ),
            models.CheckConstraint(name="leak_effect_not_negative", condition=Q(effect__gte=0)),
        ]
        indexes = [models.Index(fields=["-effect", "-id"], name="leak_by_effect")]

    def __str__(self) -> str:
        return f"{self.kind} {self.product}"


class LeakReview(models.Model):
    """The newest review of a branch: whoever holds this row reviews, and nobody else."""

    branch = models.OneToOneField(Branch, models.CASCADE, primary_key=True, related_name="+", verbose_name=_("branch"))
    day = models.DateField(_("as of"), null=True, blank=True)
    #: Of the applied rates that were looked at.
    applied_on = models.DateField(_("newest day of applied rates"), null=True, blank=True)
    #: Leaks by kind.
    counts = models.JSONField(default=dict)
    reviewed_at = models.DateTimeField(_("reviewed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("review of leaks")
        verbose_name_plural = _("reviews of leaks")
        default_permissions = ("add",)

    def __str__(self) -> str:
        return str(self.branch_id)
