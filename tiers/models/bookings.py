"""Services that a client asks for: places of a day, and who has taken them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models import Client
from crm.core.fields import MoneyField
from crm.core.models import PublicModel, Versioned
from tiers.models.services import ServiceItem
from tiers.querysets.bookings import BookingQuerySet, ServiceDayQuerySet


class ServiceDay(PublicModel, Versioned):
    """The places of one service in one branch on one day; made when the first place is asked for or a manager says how many."""

    item = models.ForeignKey(
        ServiceItem, models.PROTECT, related_name="days", verbose_name=pgettext_lazy("catalogue", "service")
    )
    branch = models.ForeignKey("core.Branch", models.PROTECT, related_name="+", verbose_name=_("branch"))
    day = models.DateField(_("day"))
    places = models.PositiveSmallIntegerField(_("places"))
    taken = models.PositiveSmallIntegerField(_("taken"), default=0)

    objects: ClassVar[Any] = ServiceDayQuerySet.as_manager()

    class Meta:
        verbose_name = _("day of a service")
        verbose_name_plural = _("days of services")
        default_permissions = ("change",)
        constraints = [
            models.UniqueConstraint(fields=["item", "branch", "day"], name="service_day_once"),
            models.CheckConstraint(
                name="service_day_not_overbooked",
                condition=Q(taken__lte=F("places")),
                violation_error_message=_("More places are taken than that."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.taken}/{self.places}"

    @property
    def free(self) -> int:
        return max(0, self.places - self.taken)


class Booking(PublicModel, Versioned):
    """One place for one client (服务预约): green channel, airport pick-up and the like."""

    class State(models.TextChoices):
        ASKED = "asked", pgettext_lazy("booking", "Asked for")
        CONFIRMED = "confirmed", pgettext_lazy("booking", "Confirmed")
        DONE = "done", pgettext_lazy("booking", "Took place")
        CANCELLED = "cancelled", pgettext_lazy("booking", "Cancelled")
        NO_SHOW = "no_show", pgettext_lazy("booking", "Client did not come")

    client = models.ForeignKey(Client, models.PROTECT, related_name="service_bookings", verbose_name=_("client"))
    slot = models.ForeignKey(ServiceDay, models.PROTECT, related_name="bookings", verbose_name=_("day"))
    at = models.TimeField(pgettext_lazy("booking", "at"))
    where = models.CharField(pgettext_lazy("booking", "where"), max_length=120, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.ASKED)
    tier_code = models.SlugField(max_length=30, db_index=False)
    #: To be confirmed by, within the time limit of the service.
    confirm_by = models.DateField(_("to be confirmed by"))
    cost = MoneyField(_("cost"), default=0)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("booked by")
    )
    asked_at = models.DateTimeField(_("booked at"))
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("settled by")
    )
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)
    #: Why it was given beyond what the tier may have; nothing for what the tier may have.
    beyond = models.CharField(_("why beyond the entitlement"), max_length=200, blank=True)
    #: Why it was cancelled.
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    objects: ClassVar[Any] = BookingQuerySet.as_manager()

    class Meta:
        verbose_name = _("booking")
        verbose_name_plural = _("bookings")
        default_permissions = ("view", "add", "change")
        permissions = [("exceed_booking", _("Can book beyond the entitlement"))]
        constraints = [
            models.CheckConstraint(
                name="booking_state_known",
                condition=Q(state__in=["asked", "confirmed", "done", "cancelled", "no_show"]),
            ),
            models.CheckConstraint(
                name="booking_cancelled_with_reason",
                condition=~Q(state="cancelled") | ~Q(reason=""),
                violation_error_message=_("Say why."),
            ),
        ]
        indexes = [models.Index(fields=["client", "-id"], name="booking_of_client")]

    def __str__(self) -> str:
        return f"{self.slot_id} {self.at}"

    @property
    def is_beyond(self) -> bool:
        return bool(self.beyond)

    def get_absolute_url(self) -> str:
        return reverse("tiers:booking", args=[self.public_id])
