"""The client's accounts, and what secures the debt on a credit account."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models.client import Client
from clients.querysets.accounts import AccountQuerySet, BusinessLineMarkQuerySet, MarginDayQuerySet
from crm.core.fields import EncryptedField, MoneyField, money
from crm.core.masking import STARS
from crm.core.models import PublicModel, Versioned

#: Ratios are kept with four places: 1.3000 is 130 %.
_PLACES = Decimal("0.0001")
#: No ratio is higher: the column holds it, and SQLite reads back no more digits.
_HIGHEST = Decimal("99999999999.9999")


class Account(PublicModel, Versioned):
    """One account of a client. The number is sealed; its digest finds the whole number, its tail the last four signs.

    A credit account repeats its newest collateral ratio, so that lists filter without joining the days.
    """

    class Kind(models.TextChoices):
        CASH = "cash", _("Cash account")
        CREDIT = "credit", _("Credit account")
        OPTION = "option", _("Option account")
        FUND = "fund", _("Fund account")
        SHANGHAI_A = "sh_a", _("Shanghai A-share account")
        SHENZHEN_A = "sz_a", _("Shenzhen A-share account")
        BEIJING = "bse", _("Beijing Stock Exchange account")
        ONE_CODE = "one_code", _("One-code account")

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("account", "Open")
        FROZEN = "frozen", pgettext_lazy("account", "Frozen")
        CLOSED = "closed", pgettext_lazy("account", "Closed")

    blind_index_columns: ClassVar[dict[str, str]] = {"number_index": "number"}

    client = models.ForeignKey(Client, models.PROTECT, related_name="accounts", verbose_name=_("client"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    number = EncryptedField(_("account number"), blank=True)
    number_index = models.CharField(max_length=32, blank=True, editable=False)
    number_tail = models.CharField(max_length=4, blank=True, editable=False)
    status = models.CharField(_("status"), max_length=6, choices=Status.choices, default=Status.OPEN)
    opened_on = models.DateField(_("opened on"), null=True, blank=True)
    closed_on = models.DateField(_("closed on"), null=True, blank=True)
    #: Experience counts from the first trade on any account under the one code (regulation.md §1.9).
    first_trade_on = models.DateField(_("first trade on"), null=True, blank=True)
    margin_ratio = models.DecimalField(_("collateral ratio"), max_digits=16, decimal_places=4, null=True, blank=True)
    margin_on = models.DateField(_("collateral ratio as of"), null=True, blank=True)

    objects: ClassVar[Any] = AccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        default_permissions = ("view", "add", "change")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "number_index"], condition=~Q(number_index=""), name="account_number_once_per_kind"
            ),
            models.CheckConstraint(
                name="account_closed_iff_closed_on",
                condition=Q(status="closed", closed_on__isnull=False) | (~Q(status="closed") & Q(closed_on=None)),
                violation_error_message=_("A closed account needs the day of closing."),
            ),
            models.CheckConstraint(
                name="account_ends_after_it_begins",
                condition=Q(closed_on=None) | Q(opened_on=None) | Q(closed_on__gte=models.F("opened_on")),
                violation_error_message=_("An account cannot be closed before it was opened."),
            ),
            models.CheckConstraint(
                name="account_ratio_of_credit_only", condition=Q(margin_ratio=None) | Q(kind="credit")
            ),
        ]
        indexes = [
            models.Index(fields=["client", "kind"], name="account_of_client"),
            models.Index(fields=["number_tail"], name="account_tail"),
            models.Index(fields=["number_index"], name="account_number"),
            models.Index(
                fields=["margin_ratio", "client"], name="account_ratio", condition=Q(margin_ratio__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.masked_number}".strip()

    @property
    def masked_number(self) -> str:
        """The number as lists show it, without opening what is sealed."""
        return f"{STARS}{self.number_tail}" if self.number_tail else ""

    @property
    def is_open(self) -> bool:
        return self.status != self.Status.CLOSED

    def get_absolute_url(self) -> str:
        # The tab of the client page is composed at the roof, which this app does not know; the address is a contract.
        return self.client.tab_url("accounts")


class MarginLevel(models.TextChoices):
    """How near a credit account is to being closed out, by the lines of figure ``margin.lines``."""

    ATTENTION = "attention", _("Watch the collateral")
    WARNING = "warning", _("Collateral low")
    CLOSE_OUT = "close_out", _("Below the close-out line")


class MarginDay(PublicModel):
    """Collateral and debt of a credit account at the close of one day; a corrected file replaces its day."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="margin_days", verbose_name=_("account"))
    day = models.DateField(_("day"))
    cash = MoneyField(_("cash"))
    market_value = MoneyField(_("market value"))
    debt = MoneyField(_("borrowed"))
    interest = MoneyField(_("interest owed"), default=0)
    #: None without debt: nothing has to be secured.
    ratio = models.DecimalField(_("collateral ratio"), max_digits=16, decimal_places=4, null=True, blank=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    objects: ClassVar[Any] = MarginDayQuerySet.as_manager()

    class Meta:
        verbose_name = _("collateral of a day")
        verbose_name_plural = _("collateral of days")
        default_permissions = ("view", "add")
        constraints = [
            models.UniqueConstraint(fields=["account", "day"], name="margin_once_per_account_and_day"),
            models.CheckConstraint(
                name="margin_amounts_are_not_negative",
                condition=Q(cash__gte=0, market_value__gte=0, debt__gte=0, interest__gte=0),
                violation_error_message=_("Amounts of collateral and debt are not negative."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.day}"


def collateral_ratio(*, cash: Decimal, market_value: Decimal, debt: Decimal, interest: Decimal) -> Decimal | None:
    """维持担保比例: (cash + market value) ÷ (borrowed + interest), four places, rounded down so that no line is met by rounding.

    None without debt. Never above what the column holds: a debt of one fen beside a fortune meets every line there is.
    """
    owed = money(debt) + money(interest)
    if not owed:
        return None
    return min(((money(cash) + money(market_value)) / owed).quantize(_PLACES, rounding="ROUND_DOWN"), _HIGHEST)


class BusinessLine(models.TextChoices):
    """What the firm does for its clients: the taxonomy of the house rules (R1)."""

    STOCK = "stock", _("Stocks")
    BOND = "bond", _("Bonds")
    FUND = "fund", _("Funds")
    DERIVATIVES = "derivatives", _("Futures and options")
    MARGIN = "margin", _("Margin trading")
    ADVICE = "advice", _("Research and advice")
    WEALTH = "wealth", _("Wealth products")
    CORPORATE = "corporate", _("Corporate finance")


class BusinessLineMark(PublicModel):
    """Somebody says that a client uses a business line of which accounts and holdings tell nothing."""

    client = models.ForeignKey(Client, models.PROTECT, related_name="line_marks", verbose_name=_("client"))
    line = models.CharField(_("business line"), max_length=12, choices=BusinessLine.choices)
    note = models.CharField(_("what for"), max_length=200)
    marked_on = models.DateField(_("marked on"))
    marked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    objects: ClassVar[Any] = BusinessLineMarkQuerySet.as_manager()

    class Meta:
        verbose_name = _("mark of a business line")
        verbose_name_plural = _("marks of business lines")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["client", "line"], name="line_marked_once_per_client")]
        indexes = [models.Index(fields=["line", "client"], name="line_mark")]

    def __str__(self) -> str:
        return self.line
