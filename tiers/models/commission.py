"""What trading costs: the card of each tier, and rates agreed with single clients."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models import Client
from crm.core.fields import MoneyField, RateField
from crm.core.models import PublicModel, Versioned
from tiers.models.programme import Tier
from tiers.models.state import TierChange
from tiers.querysets.commission import ClientRateQuerySet, RateCardQuerySet, RateReviewQuerySet


class Product(models.TextChoices):
    """What the commission is charged for."""

    A_SHARE = "A_SHARE", _("A shares")
    FUND = "FUND", _("Exchange-traded funds")
    BOND = "BOND", _("Bonds")
    HK_CONNECT = "HK_CONNECT", _("Hong Kong Connect")
    MARGIN = "MARGIN", _("Margin trading")
    OPTION = "OPTION", _("Options")
    BSE = "BSE", _("Beijing Stock Exchange")


class RateBasis(models.TextChoices):
    """Whether the fees that are passed through are inside the rate (全佣) or come on top (净佣)."""

    ALL_IN = "all_in", _("All-in")
    NET = "net", _("Net of fees")


class RateCard(PublicModel):
    """The rate of one tier for one product from a day on (佣金费率表). Never edited: a new row ends the one before."""

    tier = models.ForeignKey(Tier, models.PROTECT, related_name="rate_cards", verbose_name=_("client tier"))
    product = models.CharField(_("product"), max_length=12, choices=Product.choices)
    rate = RateField(_("rate"))
    basis = models.CharField(_("basis"), max_length=6, choices=RateBasis.choices, default=RateBasis.ALL_IN)
    min_fee = MoneyField(_("lowest fee per trade"), default=5)
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid until"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = RateCardQuerySet.as_manager()

    class Meta:
        verbose_name = _("rate card")
        verbose_name_plural = _("rate cards")
        default_permissions = ("view", "add")
        constraints = [
            models.UniqueConstraint(fields=["tier", "product", "valid_from"], name="rate_card_once_per_day"),
            models.UniqueConstraint(
                fields=["tier", "product"], condition=Q(valid_to=None), name="one_open_rate_card_per_tier_and_product"
            ),
            models.CheckConstraint(
                name="rate_card_ends_after_it_begins", condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from"))
            ),
            models.CheckConstraint(name="rate_card_is_not_free", condition=Q(rate__gt=0, min_fee__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.valid_from}"


class ClientRate(PublicModel, Versioned):
    """A rate agreed with one client (佣金优惠): proposed with a reason, approved by somebody else, never overwritten."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Waiting for approval")
        OFFERED = "offered", _("Waiting for the client")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")
        DECLINED = "declined", _("Declined by the client")
        LAPSED = "lapsed", _("Lapsed")
        ENDED = "ended", pgettext_lazy("client rate", "Ended")

    class Origin(models.TextChoices):
        CONCESSION = "concession", _("Concession")
        TIER_CHANGE = "tier_change", _("Change of tier")

    class Answer(models.TextChoices):
        """How a client agreed (2010 notice: a change is agreed with the client in writing)."""

        PAPER = "paper", _("Signed on paper")
        APP = "app", _("Confirmed in the trading app")
        RECORDED_CALL = "call", _("Recorded call")

    client = models.ForeignKey(Client, models.PROTECT, related_name="rates", verbose_name=_("client"))
    product = models.CharField(_("product"), max_length=12, choices=Product.choices)
    rate = RateField(_("rate"))
    basis = models.CharField(_("basis"), max_length=6, choices=RateBasis.choices, default=RateBasis.ALL_IN)
    min_fee = MoneyField(_("lowest fee per trade"), default=5)
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid until"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.PROPOSED)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("proposed by")
    )
    proposed_at = models.DateTimeField(_("proposed at"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decision_note = models.CharField(_("note of the decision"), max_length=200, blank=True)
    origin = models.CharField(_("origin"), max_length=11, choices=Origin.choices, default=Origin.CONCESSION)
    tier_change = models.ForeignKey(
        TierChange, models.PROTECT, null=True, blank=True, related_name="rates", verbose_name=_("tier change")
    )
    #: Afterwards nobody may approve any more; the proposal lapses.
    decide_by = models.DateField(_("to be decided by"), null=True, blank=True)
    promised_turnover = MoneyField(_("turnover promised a year"), null=True, blank=True)
    #: The first of two who approve a rate below the line.
    endorsed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("first approval by"),
    )
    endorsed_at = models.DateTimeField(_("first approval at"), null=True, blank=True)
    endorsed_by_house = models.BooleanField(default=False, editable=False)
    notice_text = models.TextField(_("notice to the client"), blank=True)
    notice_version = models.PositiveSmallIntegerField(_("version of the notice"), null=True, blank=True)
    accept_by = models.DateField(_("to be answered by"), null=True, blank=True)
    answered_how = models.CharField(_("how the client agreed"), max_length=5, choices=Answer.choices, blank=True)
    answered_on = models.DateField(_("answered on"), null=True, blank=True)
    answer_taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("answer taken by"),
    )

    objects: ClassVar[Any] = ClientRateQuerySet.as_manager()

    class Meta:
        verbose_name = _("client's rate")
        verbose_name_plural = _("clients' rates")
        default_permissions = ("view", "add")
        permissions = [("approve_clientrate", _("Can approve a client's rate"))]
        constraints = [
            models.CheckConstraint(
                name="client_rate_decided_by_somebody_else",
                condition=Q(decided_by=None) | ~Q(decided_by=F("proposed_by")),
                violation_error_message=_("Somebody else has to approve this."),
            ),
            models.CheckConstraint(
                name="client_rate_decided_iff_not_waiting",
                condition=Q(state="proposed", decided_by=None, decided_at=None)
                | Q(state="lapsed")
                | (~Q(state="proposed") & Q(decided_by__isnull=False, decided_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="client_rate_two_of_three_people",
                condition=Q(endorsed_by=None)
                | (~Q(endorsed_by=F("proposed_by")) & (Q(decided_by=None) | ~Q(decided_by=F("endorsed_by")))),
                violation_error_message=_("Somebody else has to approve this."),
            ),
            models.CheckConstraint(
                name="client_rate_of_a_tier_change",
                condition=Q(origin="concession", tier_change=None) | Q(origin="tier_change", tier_change__isnull=False),
            ),
            models.CheckConstraint(
                name="tier_rate_holds_once_accepted",
                condition=Q(origin="concession")
                | ~Q(state__in=["approved", "ended"])
                | (Q(answered_on__isnull=False, answer_taken_by__isnull=False) & ~Q(answered_how="")),
            ),
            models.UniqueConstraint(
                fields=["tier_change", "product"],
                condition=Q(tier_change__isnull=False),
                name="one_proposal_per_tier_change",
            ),
            models.UniqueConstraint(
                fields=["client", "product"],
                condition=Q(state="approved", valid_to=None),
                name="one_open_rate_per_client_and_product",
            ),
            models.UniqueConstraint(
                fields=["client", "product"],
                condition=Q(state__in=["proposed", "offered"]),
                name="one_proposed_rate_per_product",
            ),
            models.CheckConstraint(
                name="client_rate_ends_after_it_begins", condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from"))
            ),
            models.CheckConstraint(name="client_rate_is_not_free", condition=Q(rate__gt=0, min_fee__gte=0)),
            models.CheckConstraint(name="client_rate_has_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="client_rate_state_known",
                condition=Q(state__in=["proposed", "offered", "approved", "rejected", "declined", "lapsed", "ended"]),
            ),
        ]
        indexes = [models.Index(fields=["state", "-id"], name="client_rate_queue")]

    def __str__(self) -> str:
        return f"{self.product} {self.valid_from}"


class RateReview(models.Model):
    """A tier change that has been looked at for its rates, once: what differed was proposed, what did not is named here."""

    tier_change = models.OneToOneField(TierChange, models.CASCADE, primary_key=True, related_name="rate_review")
    #: Products that cost the same in the new tier; from the change on, the new tier's card holds for them.
    unchanged = models.JSONField(default=list)
    reviewed_at = models.DateTimeField()

    objects: ClassVar[Any] = RateReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("review of rates")
        verbose_name_plural = _("reviews of rates")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.tier_change_id)
