"""Places and bookings as sets."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F

from clients.querysets import client_q
from crm.core.access import branch_q

if TYPE_CHECKING:
    from clients.models import Client
    from crm.core.models import User
    from tiers.models import Booking, ServiceDay


class ServiceDayQuerySet(models.QuerySet["ServiceDay"]):
    def visible_to(self, user: User) -> ServiceDayQuerySet:
        return self.filter(branch_q(user, reach_of_book=True))

    def take_place(self, pk: int) -> bool:
        """Take one place if one is free: of two who reach for the last, one gets it."""
        return bool(self.filter(pk=pk, taken__lt=F("places")).update(taken=F("taken") + 1, version=F("version") + 1))

    def give_back(self, pk: int) -> None:
        self.filter(pk=pk, taken__gt=0).update(taken=F("taken") - 1, version=F("version") + 1)


class BookingQuerySet(models.QuerySet["Booking"]):
    def visible_to(self, user: User) -> BookingQuerySet:
        return self.filter(client_q(user, "client__"))

    def open(self) -> BookingQuerySet:
        return self.filter(state__in=["asked", "confirmed"])

    def to_settle(self, today: date) -> BookingQuerySet:
        """Not confirmed yet, or confirmed and over without a word about it."""
        return self.filter(models.Q(state="asked") | models.Q(state="confirmed", slot__day__lt=today))

    def used_by(self, client: Client, first: date, last: date) -> BookingQuerySet:
        """What counts against the entitlements of a client between two days."""
        rows = self.exclude(state="cancelled").filter(client=client)
        return rows.filter(slot__day__gte=first, slot__day__lte=last)

    def for_list(self) -> BookingQuerySet:
        return self.select_related("client__branch", "slot__item", "slot__branch", "asked_by", "settled_by")
