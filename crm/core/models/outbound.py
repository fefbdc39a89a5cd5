"""Messages that leave the house. The row decides; a gateway only carries."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.core.fields import EncryptedField
from crm.core.models.base import PublicModel
from crm.core.querysets.outbound import OutboundQuerySet


class Outbound(PublicModel):
    """One message to one person, sent once: a unique dedupe key stays the same after any restore."""

    class Channel(models.TextChoices):
        EMAIL = "email", _("E-mail")
        SMS = "sms", _("SMS")

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent")
        UNKNOWN = "unknown", _("Outcome unknown")
        FAILED = "failed", _("Failed")
        DEAD = "dead", _("Given up")
        MISSED = "missed", _("Too late to send")

    purpose = models.CharField(_("purpose"), max_length=60)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    branch = models.ForeignKey("core.Branch", models.PROTECT, null=True, related_name="+")
    client_ref = models.CharField(max_length=26, blank=True)
    address = EncryptedField(_("address"))
    subject = models.CharField(_("subject"), max_length=200)
    body = EncryptedField(_("text"))
    dedupe_key = models.CharField(max_length=120, unique=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.QUEUED)
    due_at = models.DateTimeField(_("due at"))
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    provider_ref = models.CharField(max_length=120, blank=True)
    last_error = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = OutboundQuerySet.as_manager()

    class Meta:
        verbose_name = _("outgoing message")
        verbose_name_plural = _("outgoing messages")
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["state", "due_at"], name="outbound_due"),
            models.Index(fields=["client_ref", "created_at"], name="outbound_by_client", condition=~Q(client_ref="")),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.state}"
