"""The clocks that run while a complaint is open."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from complaints.models.complaint import Complaint
from complaints.querysets import ComplaintClockQuerySet


class ComplaintClock(models.Model):
    """One deadline of one round of a complaint: what has to be done by when, and when it was done."""

    class Kind(models.TextChoices):
        FIRST_CONTACT = "first_contact", _("First contact")
        ACCEPT = "accept", _("Decision on acceptance")
        INTERNAL = "internal", _("Internal limit")
        CLOSE = "close", _("Legal limit")

    #: Clocks that the law sets; the others are the house's own.
    LEGAL = (Kind.ACCEPT, Kind.CLOSE)

    complaint = models.ForeignKey(Complaint, models.CASCADE, related_name="clocks")
    round = models.PositiveSmallIntegerField(default=1)
    kind = models.CharField(_("clock"), max_length=14, choices=Kind.choices)
    started_on = models.DateField(_("runs from"))
    due_on = models.DateField(_("due on"))
    #: The figure and the unit it was computed from, so that it can be computed again when the calendar changes.
    days = models.PositiveSmallIntegerField()
    unit = models.CharField(max_length=1)
    provisional = models.BooleanField(_("estimated"), default=False)
    #: Set by the body that handed the complaint on; then no calendar moves it.
    is_imposed = models.BooleanField(_("set from outside"), default=False)
    stopped_at = models.DateTimeField(_("done at"), null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = ComplaintClockQuerySet.as_manager()

    class Meta:
        verbose_name = _("clock of a complaint")
        verbose_name_plural = _("clocks of complaints")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["complaint", "round", "kind"], name="complaint_clock_once")]
        indexes = [
            models.Index(fields=["due_on"], name="complaint_clock_running", condition=models.Q(stopped_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.due_on}"

    @property
    def is_legal(self) -> bool:
        return self.kind in self.LEGAL

    def days_left(self, today: date) -> int:
        """Natural days until the deadline; negative when it has passed."""
        return (self.due_on - today).days

    def is_overdue(self, today: date) -> bool:
        return self.stopped_at is None and self.due_on < today
