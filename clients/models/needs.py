"""What the client wants: one interview after another, never edited."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models.client import Client
from clients.models.contact import ContactLog
from clients.querysets.needs import NeedsInterviewQuerySet
from clients.questions import (
    QUESTIONS,
    Goal,
    Horizon,
    Hour,
    Product,
    QuestionKey,
    Restriction,
    Sector,
    Service,
    Style,
    Voice,
)
from crm.core.fields import CodesField, MoneyField
from crm.core.models import PublicModel


class NeedsInterview(PublicModel):
    """One needs interview (需求访谈): the client's wishes as they stood on a day.

    Never edited: a change of mind is a new row, and a slip of the pen is a new row that names the one it corrects (留痕). A
    row is complete: what was not asked again is carried over with the day on which it was last answered (``answered_on``).
    Percentages are per cent; an expected return is for one year.
    """

    class AnsweredBy(models.TextChoices):
        SELF = "self", _("The client")
        AGENT = "agent", _("Authorised agent")
        SPOUSE = "spouse", _("Spouse")
        CONTACT_PERSON = "contact_person", _("Contact person of the institution")
        OTHER = "other", _("Somebody else")

    client = models.ForeignKey(Client, models.PROTECT, related_name="needs_interviews", verbose_name=_("client"))
    taken_on = models.DateField(_("as of"))
    answered_by = models.CharField(_("answered by"), max_length=16, choices=AnsweredBy.choices, default=AnsweredBy.SELF)
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    contact = models.ForeignKey(
        ContactLog,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="needs_interviews",
        verbose_name=_("taken in the contact"),
    )

    goals = CodesField(_("investment goals"), choices=Goal.choices)
    horizon = models.CharField(_("horizon"), max_length=10, choices=Horizon.choices, blank=True)
    capital = MoneyField(_("capital to invest"), null=True, blank=True)
    expected_return = models.DecimalField(
        _("expected return a year (%)"),
        max_digits=4,
        decimal_places=1,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(200)],
    )
    loss_tolerance = models.DecimalField(
        _("loss the client can bear (%)"),
        max_digits=4,
        decimal_places=1,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    products = CodesField(_("products wanted"), choices=Product.choices)
    sectors = CodesField(pgettext_lazy("needs", "sectors"), choices=Sector.choices)
    style = models.CharField(_("trading style"), max_length=10, choices=Style.choices, blank=True)
    channel = models.CharField(_("preferred channel"), max_length=10, choices=Voice.choices, blank=True)
    hours = CodesField(_("good times to call"), choices=Hour.choices)
    services = CodesField(_("service wishes"), choices=Service.choices)
    restrictions = CodesField(_("restrictions"), choices=Restriction.choices)
    remarks = models.CharField(_("remarks"), max_length=500, blank=True)
    #: Questions that the client would not answer; that, too, is an answer.
    refused = CodesField(_("refused to provide"), choices=QuestionKey.choices)
    #: Question → ISO day of the answer that stands here, refusals included; a question never asked is missing.
    answered_on = models.JSONField(_("answered on"), default=dict)

    corrects = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="corrected_by", verbose_name=_("corrects")
    )
    correction_reason = models.CharField(_("reason of the correction"), max_length=200, blank=True)
    #: Whether this is the client's newest interview that no later row corrects; the only thing here that ever changes.
    is_present = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = NeedsInterviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("needs interview")
        verbose_name_plural = _("needs interviews")
        default_permissions = ("view", "add")
        constraints = [
            models.UniqueConstraint(
                fields=["client"], condition=Q(is_present=True), name="one_present_needs_interview_per_client"
            ),
            models.CheckConstraint(
                name="needs_loss_is_a_share",
                condition=Q(loss_tolerance=None) | Q(loss_tolerance__gte=0, loss_tolerance__lte=100),
                violation_error_message=_("A loss lies between 0 and 100 per cent."),
            ),
            models.CheckConstraint(
                name="needs_return_is_not_negative",
                condition=Q(expected_return=None) | Q(expected_return__gte=0),
                violation_error_message=_("An expected return is not negative."),
            ),
            models.CheckConstraint(
                name="needs_capital_is_not_negative",
                condition=Q(capital=None) | Q(capital__gte=0),
                violation_error_message=_("Capital is not negative."),
            ),
            models.CheckConstraint(
                name="needs_correction_has_reason",
                condition=Q(corrects=None) | ~Q(correction_reason=""),
                violation_error_message=_("Say why the interview is corrected."),
            ),
            models.CheckConstraint(
                name="needs_does_not_correct_itself", condition=Q(corrects=None) | ~Q(corrects=F("pk"))
            ),
        ]
        indexes = [
            models.Index(fields=["client", "-taken_on", "-id"], name="needs_history"),
            models.Index(fields=["client", "taken_on"], condition=Q(is_present=True), name="needs_present"),
            models.Index(fields=["-taken_on", "-id"], name="needs_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.taken_on}"

    def answer(self, key: str) -> Any:
        """The answer to a question as stored."""
        return getattr(self, key)

    def is_refused(self, key: str) -> bool:
        return key in self.refused

    def day_of(self, key: str) -> date | None:
        """When the answer that stands here was given; None for a question never asked."""
        found = self.answered_on.get(key)
        return date.fromisoformat(found) if found else None

    @property
    def answered(self) -> int:
        """How many of the questions are answered or refused."""
        return sum(1 for question in QUESTIONS if question.key in self.answered_on)

    def differs(self, other: NeedsInterview | None) -> list[str]:
        """The questions whose answer is another than in ``other`` (None: than in an empty sheet), in their order."""
        found = []
        for question in QUESTIONS:
            key = question.key
            old = (question.empty, False) if other is None else (other.answer(key), other.is_refused(key))
            if (self.answer(key), self.is_refused(key)) != old:
                found.append(key)
        return found
