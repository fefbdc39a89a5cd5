"""What the client holds, day by day."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from clients.models.client import Client
from clients.querysets.assets import BranchDayQuerySet, DailyAssetQuerySet, HoldingQuerySet
from clients.querysets.business_lines import kind_of_security
from crm.core.fields import MoneyField, QuantityField
from crm.core.models import PublicModel


class DailyAsset(models.Model):
    """The assets of one client at the close of one day, with running sums over all his days on file.

    An average over any window is the difference of two running sums divided by the difference of their counts, so that
    nothing rescans history. A late or corrected day moves the sums of that client's later rows. No foreign-key constraint
    and no second index: the table is written a whole book at a time (performance.md Part A §2.2).
    """

    pk = models.CompositePrimaryKey("day", "client_id")
    day = models.DateField(_("day"))
    client = models.ForeignKey(
        Client, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="daily_assets"
    )
    #: Assets without money and securities borrowed on margin: what tiers and thresholds are measured by.
    net_assets = MoneyField(_("net assets"))
    market_value = MoneyField(_("market value"), default=0)
    cash = MoneyField(_("cash"), default=0)
    margin_debt = MoneyField(_("margin debt"), default=0)
    inflow = MoneyField(_("inflow"), default=0)
    outflow = MoneyField(_("outflow"), default=0)
    turnover = MoneyField(_("turnover"), default=0)
    commission = MoneyField(_("commission"), default=0)
    sum_net_assets = MoneyField(editable=False)
    sum_turnover = MoneyField(editable=False)
    sum_commission = MoneyField(editable=False)
    days_on_file = models.PositiveIntegerField(editable=False)

    objects: ClassVar[Any] = DailyAssetQuerySet.as_manager()

    class Meta:
        verbose_name = _("daily assets")
        verbose_name_plural = _("daily assets")
        default_permissions = ("view", "add")

    def __str__(self) -> str:
        return str(self.day)

    @property
    def total_assets(self) -> Decimal:
        """Everything in the accounts, what was borrowed on margin included."""
        return Decimal(self.net_assets) + Decimal(self.margin_debt)


class BranchDay(models.Model):
    """What the clients of a branch held and moved on one day, all together; written with the daily rows it adds up.

    Charts over a year and the question whether the day's file has arrived read this instead of whole books.
    """

    pk = models.CompositePrimaryKey("branch_id", "day")
    branch = models.ForeignKey("core.Branch", models.PROTECT, related_name="+", db_index=False)
    day = models.DateField(_("day"))
    clients = models.PositiveIntegerField()
    net_assets = MoneyField(_("net assets"))
    inflow = MoneyField(_("inflow"))
    outflow = MoneyField(_("outflow"))
    turnover = MoneyField(_("turnover"))
    commission = MoneyField(_("commission"))

    objects: ClassVar[Any] = BranchDayQuerySet.as_manager()

    class Meta:
        verbose_name = _("branch totals of a day")
        verbose_name_plural = _("branch totals of days")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.day)


class SecurityKind(models.TextChoices):
    """What a security is; the first five are the business lines that holding it means."""

    STOCK = "stock", _("Stocks")
    BOND = "bond", _("Bonds")
    FUND = "fund", _("Funds")
    DERIVATIVES = "derivatives", _("Futures and options")
    WEALTH = "wealth", _("Wealth products")
    OTHER = "other", _("Other securities")


class Holding(PublicModel):
    """What a client held of one security at the close of one day."""

    client = models.ForeignKey(Client, models.PROTECT, related_name="holdings")
    day = models.DateField(_("day"))
    security_code = models.CharField(_("security code"), max_length=12)
    security_name = models.CharField(_("security"), max_length=40)
    #: As the file says; empty where only the code tells.
    security_kind = models.CharField(_("kind of security"), max_length=12, choices=SecurityKind.choices, blank=True)
    quantity = QuantityField(
        _("quantity"), help_text=_("Shares, bonds or units of funds; funds have up to four places.")
    )
    market_value = MoneyField(_("market value"))
    cost = MoneyField(_("cost"), null=True, blank=True)

    objects: ClassVar[Any] = HoldingQuerySet.as_manager()

    class Meta:
        verbose_name = _("holding")
        verbose_name_plural = _("holdings")
        default_permissions = ("view", "add")
        constraints = [
            models.UniqueConstraint(fields=["client", "day", "security_code"], name="holding_once_per_day_and_security")
        ]
        indexes = [models.Index(fields=["security_code", "day"], name="holding_by_security")]

    def __str__(self) -> str:
        return f"{self.security_code} {self.day}"

    @property
    def kind(self) -> str:
        """What the security is: as the file says, else what the first digits of its code tell; "other" if neither does."""
        told: str = self.security_kind or kind_of_security(self.security_code)
        return told or SecurityKind.OTHER

    @property
    def gain(self) -> Decimal | None:
        """Market value less cost, where the cost is known."""
        return None if self.cost is None else Decimal(self.market_value) - Decimal(self.cost)

    @property
    def gain_rate(self) -> Decimal | None:
        """The gain as a share of the cost, where there was one."""
        return None if self.gain is None or not self.cost else self.gain / Decimal(self.cost)
