"""Fees of a trade that a member of staff worked out and kept."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from crm.core.fields import MoneyField, RateField
from crm.core.models import PublicModel
from tiers.models.commission import Product, RateBasis
from tiers.querysets.fees import FeeQuoteQuerySet


class Exchange(models.TextChoices):
    """Where the trade is done; it decides the handling fee."""

    SSE = "SSE", _("Shanghai Stock Exchange")
    SZSE = "SZSE", _("Shenzhen Stock Exchange")
    BSE = "BSE", _("Beijing Stock Exchange")


class Side(models.TextChoices):
    """Stamp duty is paid on sales only."""

    BUY = "buy", _("Buy")
    SELL = "sell", _("Sell")


class FeeQuote(PublicModel):
    """The fees of one trade (费用测算) as worked out: each line rounded to the fen, the total their sum. Never edited."""

    client = models.ForeignKey(
        Client, models.CASCADE, null=True, blank=True, related_name="fee_quotes", verbose_name=_("client")
    )
    product = models.CharField(_("product"), max_length=12, choices=Product.choices)
    exchange = models.CharField(_("exchange"), max_length=4, choices=Exchange.choices)
    side = models.CharField(_("side"), max_length=4, choices=Side.choices)
    amount = MoneyField(_("amount of the trade"))
    day = models.DateField(_("day of the trade"))
    rate = RateField(_("rate"))
    basis = models.CharField(_("basis"), max_length=6, choices=RateBasis.choices)
    min_fee = MoneyField(_("lowest fee per trade"))
    #: What stays with the house; all-in, the handling and regulation fees have been taken out of what was charged.
    commission = MoneyField(_("commission"))
    handling = MoneyField(_("handling fee"))
    regulation = MoneyField(_("regulation fee"))
    transfer = MoneyField(_("transfer fee"))
    stamp = MoneyField(_("stamp duty"))
    total = MoneyField(_("total"))
    #: The figures used: key → {version, from, source}.
    figures = models.JSONField(_("figures used"), default=dict)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("worked out at"), auto_now_add=True)

    objects: ClassVar[Any] = FeeQuoteQuerySet.as_manager()

    class Meta:
        verbose_name = _("fee quote")
        verbose_name_plural = _("fee quotes")
        default_permissions = ("view", "add")
        constraints = [
            models.CheckConstraint(
                name="fee_quote_lines_add_up",
                condition=Q(total=F("commission") + F("handling") + F("regulation") + F("transfer") + F("stamp")),
            ),
            models.CheckConstraint(
                name="fee_quote_is_of_a_trade", condition=Q(amount__gt=0, rate__gt=0, min_fee__gte=0)
            ),
            models.CheckConstraint(name="fee_quote_stamp_on_sales", condition=Q(side="sell") | Q(side="buy", stamp=0)),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.day}"
