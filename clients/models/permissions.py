"""What a client may trade: permissions, the tests behind them, and the proof on which they were opened."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.conditions import Condition, read
from clients.models.client import Client
from clients.querysets.permissions import EntryTestQuerySet, TradingPermissionQuerySet
from crm.core.models import PublicModel, Versioned


class PermissionCode(models.TextChoices):
    """Markets and businesses that need a permission of their own (regulation.md §1.9).

    The conditions of each stand in the figure ``permission.<code>``.
    """

    STAR = "star", _("STAR Market")
    CHINEXT = "chinext", _("ChiNext")
    BEIJING = "bse", _("Beijing Stock Exchange")
    HONG_KONG = "hk_connect", _("Hong Kong Stock Connect")
    NEEQ_INNOVATION = "neeq_innovation", _("NEEQ innovation layer")
    NEEQ_BASE = "neeq_base", _("NEEQ base layer")
    MARGIN = "margin", _("Margin trading")
    OPTION = "option", _("Stock options")
    CONVERTIBLE = "convertible", _("Convertible bonds")
    RISK_WARNING = "risk_warning", _("Risk-warning shares")
    DELISTING = "delisting", _("Delisting period")


class Exemption(models.TextChoices):
    """Why a permission may be opened although a condition is not met; each needs a reason and a second person."""

    PROFESSIONAL = "professional", _("Professional investor")
    ELSEWHERE = "elsewhere", _("Holds it at another firm")
    ASSETS_ELSEWHERE = "assets_elsewhere", _("Assets proved at other firms")
    TRADE_WORK = "trade_work", _("Works in the trade")
    REOPENED = "reopened", _("Held it before, transferred back")


class TradingPermission(PublicModel, Versioned):
    """One permission of one client (交易权限): asked with an exemption, open, refused or closed; the rows are the history.

    ``proof`` keeps the conditions as they were found when it was opened, ``rule_version`` of which version of the rule.
    """

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("permission", "Awaits approval")
        OPEN = "open", pgettext_lazy("permission", "Open")
        REFUSED = "refused", pgettext_lazy("permission", "Refused")
        CLOSED = "closed", pgettext_lazy("permission", "Closed")

    LIVE = (State.WAITING, State.OPEN)

    client = models.ForeignKey(Client, models.PROTECT, related_name="permissions", verbose_name=_("client"))
    code = models.CharField(_("permission"), max_length=16, choices=PermissionCode.choices)
    state = models.CharField(_("state"), max_length=8, choices=State.choices)
    opened_on = models.DateField(_("opened on"), null=True, blank=True)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("opened by")
    )
    closed_on = models.DateField(_("closed on"), null=True, blank=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    close_reason = models.CharField(_("reason of closing"), max_length=200, blank=True)
    proof = models.JSONField(default=list, editable=False)
    rule_version = models.PositiveIntegerField(default=0, editable=False)
    exemption = models.CharField(_("exemption"), max_length=20, choices=Exemption.choices, blank=True)
    exemption_reason = models.CharField(_("reason of the exemption"), max_length=300, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_note = models.CharField(_("note of the decision"), max_length=300, blank=True)
    asked_at = models.DateTimeField()

    objects: ClassVar[Any] = TradingPermissionQuerySet.as_manager()

    class Meta:
        verbose_name = _("trading permission")
        verbose_name_plural = _("trading permissions")
        default_permissions = ("view", "add", "change")
        permissions = [("approve_tradingpermission", _("Can approve exemptions from conditions of permissions"))]
        constraints = [
            models.UniqueConstraint(
                fields=["client", "code"], condition=Q(state__in=["waiting", "open"]), name="permission_live_once"
            ),
            models.CheckConstraint(
                name="permission_has_days_of_its_state",
                condition=Q(state__in=["waiting", "refused"], opened_on=None, closed_on=None)
                | Q(state="open", opened_on__isnull=False, closed_on=None)
                | Q(state="closed", opened_on__isnull=False, closed_on__isnull=False),
            ),
            models.CheckConstraint(
                name="permission_exemption_has_reason",
                condition=Q(exemption="") | ~Q(exemption_reason=""),
                violation_error_message=_("Say why the exemption is justified."),
            ),
            models.CheckConstraint(
                name="permission_exemption_decided_by_another",
                condition=Q(decided_by=None) | ~Q(decided_by=F("opened_by")),
                violation_error_message=_("Somebody else has to approve this."),
            ),
            models.CheckConstraint(
                name="permission_exemption_has_two",
                condition=~Q(state__in=["open", "closed"]) | Q(exemption="") | Q(decided_by__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["client", "code"], name="permission_of_client"),
            models.Index(fields=["code", "client"], name="permission_open", condition=Q(state="open")),
            models.Index(fields=["opened_on"], name="permission_opened", condition=Q(opened_on__isnull=False)),
            models.Index(fields=["asked_at"], name="permission_waiting", condition=Q(state="waiting")),
        ]

    def __str__(self) -> str:
        return str(self.get_code_display())

    @property
    def conditions(self) -> list[Condition]:
        """What was found when it was opened."""
        return read(self.proof)


class EntryTest(PublicModel):
    """A test taken, a letter signed, a declaration given before a permission. Added, never changed: the newest counts."""

    class Kind(models.TextChoices):
        KNOWLEDGE = "knowledge", _("Knowledge test")
        EXCHANGE = "exchange", _("Exchange test")
        SIMULATED = "simulated", _("Simulated trading")
        DISCLOSURE = "disclosure", _("Risk disclosure signed")
        NOT_ASSOCIATE = "not_associate", _("Declared: no shareholder or associate")
        FUTURES = "futures_trades", _("Financial-futures trades proved")
        TRADE_WORK = "trade_work", _("Work or senior post in finance proved")

    #: Kinds that are marked with points.
    MARKED: ClassVar[tuple[str, ...]] = ("knowledge", "exchange")

    client = models.ForeignKey(Client, models.PROTECT, related_name="entry_tests", verbose_name=_("client"))
    code = models.CharField(_("permission"), max_length=16, choices=PermissionCode.choices)
    kind = models.CharField(_("what"), max_length=16, choices=Kind.choices)
    done_on = models.DateField(_("day"))
    score = models.PositiveSmallIntegerField(_("points"), null=True, blank=True)
    reference = models.CharField(_("where it is kept"), max_length=120, blank=True)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = EntryTestQuerySet.as_manager()

    class Meta:
        verbose_name = _("entry test")
        verbose_name_plural = _("entry tests")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="entry_test_has_at_most_100_points", condition=Q(score=None) | Q(score__lte=100)
            ),
            models.CheckConstraint(
                name="entry_test_marked_iff_points",
                condition=Q(kind__in=["knowledge", "exchange"], score__isnull=False)
                | (~Q(kind__in=["knowledge", "exchange"]) & Q(score=None)),
                violation_error_message=_("A test needs its points; nothing else has any."),
            ),
        ]
        indexes = [models.Index(fields=["client", "code", "kind", "-done_on"], name="entry_test_newest")]

    def __str__(self) -> str:
        return f"{self.code} {self.kind} {self.done_on}"
