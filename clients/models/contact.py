"""What was said between client and branch."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clients.models.client import Channel, Client
from clients.querysets.contact import ContactLogQuerySet
from crm.core.models import PublicModel


class ContactLog(PublicModel):
    """One contact (联系记录). Never edited: a correction is a new row that names the one it corrects (留痕)."""

    class Direction(models.TextChoices):
        OUT = "out", _("We contacted the client")
        IN = "in", _("The client contacted us")

    class Purpose(models.TextChoices):
        SERVICE = "service", _("Service")
        MARKET = "market", _("Market news")
        PRODUCT = "product", _("Product")
        ACCOUNT = "account", _("Account business")
        CARE = "care", _("Care")
        COMPLAINT = "complaint", _("Complaint")
        CAMPAIGN = "campaign", _("Campaign")
        OTHER = "other", _("Other")

    class Outcome(models.TextChoices):
        REACHED = "reached", _("Reached")
        NO_ANSWER = "no_answer", _("No answer")
        REFUSED = "refused", _("Did not want to talk")
        UNKNOWN = "unknown", _("Not recorded")

    class Mood(models.TextChoices):
        GOOD = "good", _("Satisfied")
        NEUTRAL = "neutral", _("Neutral")
        BAD = "bad", _("Dissatisfied")

    client = models.ForeignKey(Client, models.PROTECT, related_name="contacts")
    #: The row key of an imported contact, so that the same file twice makes one row.
    external_id = models.CharField(max_length=60, blank=True, editable=False)
    at = models.DateTimeField(_("at"))
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    direction = models.CharField(_("direction"), max_length=3, choices=Direction.choices, default=Direction.OUT)
    purpose = models.CharField(_("purpose"), max_length=12, choices=Purpose.choices, default=Purpose.SERVICE)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices, default=Outcome.REACHED)
    mood = models.CharField(_("mood"), max_length=8, choices=Mood.choices, blank=True)
    duration_seconds = models.PositiveIntegerField(_("seconds"), null=True, blank=True)
    content = models.TextField(_("what was said"), blank=True, max_length=4000)
    next_on = models.DateField(_("next contact on"), null=True, blank=True)
    next_content = models.CharField(_("what to speak about next"), max_length=200, blank=True)
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="contact_logs", verbose_name=_("by")
    )
    #: What the phone's clock said: a claim, kept beside our own time.
    device_at = models.DateTimeField(null=True, blank=True, editable=False)
    corrects = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="corrected_by", verbose_name=_("corrects")
    )
    correction_reason = models.CharField(_("reason of the correction"), max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = ContactLogQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        default_permissions = ("view", "add")
        permissions = [("correct_contactlog", _("Can correct a contact"))]
        constraints = [
            models.UniqueConstraint(
                fields=["client", "external_id"], condition=~Q(external_id=""), name="imported_contact_once"
            ),
            models.CheckConstraint(
                name="contact_correction_has_reason",
                condition=Q(corrects=None) | ~Q(correction_reason=""),
                violation_error_message=_("Say why the contact is corrected."),
            ),
            models.CheckConstraint(
                name="contact_does_not_correct_itself", condition=Q(corrects=None) | ~Q(corrects=F("pk"))
            ),
        ]
        indexes = [
            models.Index(fields=["client", "-at", "-id"], name="contact_timeline"),
            models.Index(fields=["staff", "-at", "-id"], name="contact_by_staff"),
            models.Index(fields=["-at", "-id"], name="contact_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.at:%Y-%m-%d}"
