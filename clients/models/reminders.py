"""Reminders that an identity document runs out."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models.client import Client
from clients.models.profile import DocumentKind
from clients.models.profile_rows import IdentityDocument
from clients.querysets.reminders import DocumentReminderQuerySet
from crm.core.models import PublicModel, Versioned


class DocumentReminder(PublicModel, Versioned):
    """One document at one step of running out: so many days before, its last day, or so long over that services are limited.

    Which steps there are say ``id.expiry_reminders`` and ``id.limit_after_days``. A document has one row for each step that
    it came to; a step that is over when nobody has settled it gives way to the next one.
    """

    class Outcome(models.TextChoices):
        OPEN = "", pgettext_lazy("reminder", "To do")
        TOLD = "told", _("Client told")
        LIMITED = "limited", _("Services limited")
        EXCUSED = "excused", _("Reason accepted, services not limited")
        LAPSED = "lapsed", _("Gave way to the next step")
        RENEWED = "renewed", _("Document renewed or no longer on file")

    client = models.ForeignKey(Client, models.PROTECT, related_name="document_reminders", verbose_name=_("client"))
    #: None: the primary one, whose number and validity stand in the client's own columns.
    document = models.ForeignKey(IdentityDocument, models.PROTECT, null=True, blank=True, related_name="reminders")
    kind = models.CharField(_("kind of document"), max_length=16, choices=DocumentKind.choices)
    valid_until = models.DateField(_("valid until"))
    #: Days before the last day; negative for the step at which services are limited.
    days_before = models.SmallIntegerField()
    due_on = models.DateField(_("due on"))
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome.choices, default=Outcome.OPEN, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    settled_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = DocumentReminderQuerySet.as_manager()

    class Meta:
        verbose_name = _("reminder of a document")
        verbose_name_plural = _("reminders of documents")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["client", "valid_until", "days_before"],
                condition=Q(document=None),
                name="primary_document_reminded_once_a_step",
            ),
            models.UniqueConstraint(
                fields=["document", "valid_until", "days_before"],
                condition=Q(document__isnull=False),
                name="document_reminded_once_a_step",
            ),
            models.CheckConstraint(
                name="reminder_settled_with_its_time",
                condition=Q(outcome="", settled_at=None) | (~Q(outcome="") & Q(settled_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(F("valid_until"), F("id"), name="document_reminder_open", condition=Q(outcome="")),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.valid_until}"

    @property
    def is_open(self) -> bool:
        return self.outcome == self.Outcome.OPEN

    @property
    def is_limit(self) -> bool:
        """Whether it has come to the list of those whose services are to be limited."""
        return self.days_before < 0

    @property
    def choices(self) -> list[tuple[str, str]]:
        """What can be said of it now."""
        outcomes = self.Outcome
        found = (outcomes.LIMITED, outcomes.EXCUSED) if self.is_limit else (outcomes.TOLD,)
        return [(one.value, str(one.label)) for one in found]

    def days_left(self, today: date) -> int:
        return (self.valid_until - today).days
