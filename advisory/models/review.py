"""The regular look at what a client holds, and what is proposed to him."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from advisory.deviations import Deviation, read
from advisory.models.agreement import AdvisoryAgreement
from advisory.querysets import ReviewQuerySet
from clients.models import Client, ContactLog, RiskGrade
from crm.core.fields import MoneyField
from crm.core.models import PublicModel, Versioned
from tiers.models import ProductRisk

if TYPE_CHECKING:
    from crm.core.models import User


#: The right to what clients decide about proposals.
SEES_DECISIONS = "advisory.view_decision"


class PortfolioReview(PublicModel, Versioned):
    """One review of a client's holdings (持仓检视): due by a day, then recorded as it was told to him.

    One is due for a client at a time. What is recorded is never edited: a correction is a new row that names the one it
    corrects (留痕). ``causes`` says what brought it forward, ``found`` what deviated when it was recorded, ``picture`` what he
    held then; ``answer`` repeats the newest of its answers.
    """

    class State(models.TextChoices):
        DUE = "due", pgettext_lazy("review", "Due")
        DONE = "done", pgettext_lazy("review", "Done")
        CLOSED = "closed", pgettext_lazy("review", "Closed")

    class Closed(models.TextChoices):
        """Why nobody has to look any more."""

        CLIENT = "client", _("The client left, is not served or wants no contact")
        UNENTITLED = "unentitled", _("Neither tier nor agreement entitles the client any more")
        MERGED = "merged", _("Merged with another client")

    class Outcome(models.TextChoices):
        NO_CHANGE = "no_change", _("No change needed")
        PROPOSAL = "proposal", _("Adjustment proposed")

    class Answer(models.TextChoices):
        ACCEPTED = "accepted", pgettext_lazy("proposal", "Accepted")
        DECLINED = "declined", pgettext_lazy("proposal", "Declined")
        THINKING = "thinking", _("Wants to think about it")

    client = models.ForeignKey(Client, models.PROTECT, related_name="portfolio_reviews", verbose_name=_("client"))
    state = models.CharField(_("state"), max_length=6, choices=State.choices, default=State.DUE)
    due_on = models.DateField(_("due on"))
    causes = models.JSONField(_("brought forward by"), default=list, blank=True)
    #: Who wanted it beside the cycle; None for the sweep's own.
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("wanted by")
    )
    planned_at = models.DateTimeField(auto_now_add=True)
    closed_as = models.CharField(_("closed because"), max_length=10, choices=Closed.choices, blank=True)

    done_on = models.DateField(_("reviewed on"), null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("reviewed by")
    )
    outcome = models.CharField(_("result"), max_length=10, choices=Outcome.choices, blank=True)
    summary = models.TextField(_("assessment"), blank=True, max_length=2000)
    #: The holdings as they were looked at: day, market value, gain and concentration, money as text in yuan.
    picture = models.JSONField(_("holdings looked at"), default=dict, blank=True)
    found = models.JSONField(_("deviations"), default=list, blank=True)
    #: Under what the proposal was made: the client's grade then, and up to which risk of products one might recommend to him.
    risk_grade = models.CharField(_("risk grade"), max_length=2, choices=RiskGrade.choices, blank=True)
    highest_risk = models.CharField(
        _("highest risk of products then"), max_length=2, choices=ProductRisk.choices, blank=True
    )
    agreement = models.ForeignKey(
        AdvisoryAgreement,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="reviews",
        verbose_name=_("advisory agreement"),
    )
    answer = models.CharField(_("answer of the client"), max_length=8, choices=Answer.choices, blank=True)
    next_on = models.DateField(_("next review on"), null=True, blank=True)

    corrects = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="corrected_by", verbose_name=_("corrects")
    )
    correction_reason = models.CharField(_("reason of the correction"), max_length=200, blank=True)
    #: Public id of the first wording; the answers belong to it. Empty on the first itself.
    first_ref = models.CharField(max_length=26, blank=True, editable=False)

    objects: ClassVar[Any] = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("portfolio review")
        verbose_name_plural = _("portfolio reviews")
        default_permissions = ("view", "change")
        permissions = [("view_decision", _("Can see what clients decide about proposals"))]
        constraints = [
            models.UniqueConstraint(fields=["client"], condition=Q(state="due"), name="one_review_due_per_client"),
            models.CheckConstraint(
                name="review_done_iff_by_somebody",
                condition=(Q(state="done", done_on__isnull=False, done_by__isnull=False) & ~Q(outcome=""))
                | (~Q(state="done") & Q(done_on=None, done_by=None, outcome="", answer="")),
            ),
            models.CheckConstraint(
                name="review_closed_iff_why",
                condition=(Q(state="closed") & ~Q(closed_as="")) | (~Q(state="closed") & Q(closed_as="")),
            ),
            # Advice only under an agreement, and where it is known how far it may go: by a risk grade, or because the client
            # is a professional investor (投顾暂行规定 Art. 11, 适当性管理办法 Art. 7–12, 22).
            models.CheckConstraint(
                name="proposal_under_agreement_within_reach",
                condition=~Q(outcome="proposal") | (Q(agreement__isnull=False) & ~Q(highest_risk="") & ~Q(answer="")),
            ),
            models.CheckConstraint(
                name="review_correction_has_reason",
                condition=Q(corrects=None) | ~Q(correction_reason=""),
                violation_error_message=_("Say why the review is corrected."),
            ),
            models.CheckConstraint(
                name="review_does_not_correct_itself", condition=Q(corrects=None) | ~Q(corrects=F("pk"))
            ),
        ]
        indexes = [
            models.Index(fields=["due_on", "id"], condition=Q(state="due"), name="review_due"),
            models.Index(fields=["client", "-done_on", "-id"], name="review_of_client"),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.due_on}"

    def get_absolute_url(self) -> str:
        return reverse("advisory:review", args=[self.public_id])

    @property
    def answers_ref(self) -> str:
        """Whose answers these are: the first wording's."""
        return self.first_ref or self.public_id

    @property
    def day(self) -> date:
        """When it was recorded, else by when it is due."""
        return self.done_on or self.due_on

    @property
    def reasons(self) -> list[Deviation]:
        """What brought it forward."""
        return read(self.causes)

    @property
    def deviations(self) -> list[Deviation]:
        """What deviated when it was recorded."""
        return read(self.found)

    def is_overdue(self, today: date) -> bool:
        return self.state == self.State.DUE and self.due_on < today

    def answer_for(self, user: User) -> str:
        """What the client answered, "" for who must not learn what he plans to decide (投顾暂行规定 Art. 20)."""
        return self.answer if user.has_perm(SEES_DECISIONS) else ""


class ReviewLine(models.Model):
    """One line of a proposal (调整建议), as it was told. Never edited.

    What is sold may be a share of the holding (per cent); otherwise it is an amount in yuan.
    """

    class Direction(models.TextChoices):
        BUY = "buy", pgettext_lazy("proposal", "Buy")
        SELL = "sell", pgettext_lazy("proposal", "Sell")

    review = models.ForeignKey(PortfolioReview, models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField()
    direction = models.CharField(_("direction"), max_length=4, choices=Direction.choices)
    security_code = models.CharField(_("security code"), max_length=12)
    security_name = models.CharField(_("security"), max_length=40)
    product_grade = models.CharField(
        _("risk grade of the product"), max_length=2, choices=ProductRisk.choices, blank=True
    )
    share = models.DecimalField(_("share of the holding (%)"), max_digits=4, decimal_places=1, null=True, blank=True)
    amount = MoneyField(_("amount (yuan)"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=300)

    class Meta:
        verbose_name = _("line of a proposal")
        verbose_name_plural = _("lines of proposals")
        default_permissions = ()
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["review", "position"], name="review_line_position_once"),
            models.CheckConstraint(
                name="review_line_share_or_amount",
                condition=Q(direction="sell", share__gt=0, share__lte=100, amount=None) | Q(share=None, amount__gt=0),
                violation_error_message=_("Say either a share of the holding, for a sale, or an amount."),
            ),
            models.CheckConstraint(
                name="review_line_bought_has_grade", condition=~Q(direction="buy") | ~Q(product_grade="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.direction} {self.security_code}"


class ReviewAnswer(models.Model):
    """What the client answered to a proposal, and in which contact. Added, never changed: the newest one counts."""

    review = models.ForeignKey(PortfolioReview, models.CASCADE, related_name="answers")
    answer = models.CharField(
        _("answer of the client"), max_length=8, choices=PortfolioReview.Answer.choices, blank=True
    )
    contact = models.ForeignKey(ContactLog, models.PROTECT, related_name="+", verbose_name=_("told in the contact"))
    noted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    noted_at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("answer to a proposal")
        verbose_name_plural = _("answers to proposals")
        default_permissions = ()
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.answer


class ReviewRun(models.Model):
    """A branch's reviews as they were planned last: for which day, and which file of holdings had come by then."""

    branch = models.OneToOneField("core.Branch", models.CASCADE, primary_key=True, related_name="+")
    day = models.DateField(_("day"))
    mark = models.CharField(max_length=40)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("run of portfolio reviews")
        verbose_name_plural = _("runs of portfolio reviews")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.branch_id} {self.day}"
