"""Contacts that are booked for a time: a video session, a visit, a call."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models.client import Channel, Client
from clients.models.contact import ContactLog
from clients.querysets.contact import AppointmentQuerySet
from crm.core.models import PublicModel, Versioned


class Appointment(PublicModel, Versioned):
    """A contact agreed for a set time (预约). When it has been held, the contact that was logged stands behind it."""

    class State(models.TextChoices):
        BOOKED = "booked", pgettext_lazy("appointment", "Booked")
        HELD = "held", pgettext_lazy("appointment", "Held")
        CANCELLED = "cancelled", pgettext_lazy("appointment", "Cancelled")

    client = models.ForeignKey(Client, models.PROTECT, related_name="appointments", verbose_name=_("client"))
    staff = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("held by"))
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    purpose = models.CharField(
        _("purpose"), max_length=12, choices=ContactLog.Purpose.choices, default=ContactLog.Purpose.SERVICE
    )
    starts_at = models.DateTimeField(_("starts at"))
    minutes = models.PositiveSmallIntegerField(_("minutes"), default=30)
    subject = models.CharField(_("what about"), max_length=200, blank=True)
    place = models.CharField(_("place or link"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.BOOKED)
    contact = models.OneToOneField(
        ContactLog, models.PROTECT, null=True, blank=True, related_name="appointment", verbose_name=_("contact")
    )
    cancel_reason = models.CharField(_("reason of the cancellation"), max_length=200, blank=True)
    booked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = AppointmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("appointment")
        verbose_name_plural = _("appointments")
        default_permissions = ("view", "add", "change")
        constraints = [
            models.CheckConstraint(
                name="appointment_held_iff_contact",
                condition=Q(state="held", contact__isnull=False) | (~Q(state="held") & Q(contact=None)),
            ),
            models.CheckConstraint(
                name="appointment_cancelled_with_reason", condition=~Q(state="cancelled") | ~Q(cancel_reason="")
            ),
            models.CheckConstraint(
                name="appointment_lasts_a_while",
                condition=Q(minutes__gte=5, minutes__lte=480),
                violation_error_message=_("An appointment lasts from 5 minutes to 8 hours."),
            ),
        ]
        indexes = [
            models.Index(fields=["staff", "starts_at"], name="appointment_booked", condition=Q(state="booked")),
            models.Index(fields=["client", "-starts_at"], name="appointment_of_client"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.starts_at:%Y-%m-%d}"

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.minutes)
