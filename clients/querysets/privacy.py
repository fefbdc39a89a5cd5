"""Requests about data, holds and erasures as sets."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, OuterRef

from clients.querysets.scope import client_q

if TYPE_CHECKING:
    from clients.models import DataRequest, Erasure, LegalHold
    from crm.core.models import User


class DataRequestQuerySet(models.QuerySet["DataRequest"]):
    def visible_to(self, user: User) -> DataRequestQuerySet:
        return self.filter(client_q(user, "client__"))

    def open(self) -> DataRequestQuerySet:
        return self.exclude(state__in=("answered", "refused"))

    def awaiting_approval(self) -> DataRequestQuerySet:
        """Answers that somebody has proposed."""
        return self.filter(state="proposed")

    def overdue(self, today: date) -> DataRequestQuerySet:
        """Open, not paused, and past the day of the answer."""
        return self.open().filter(paused_on=None, due_on__lt=today)

    def for_list(self) -> DataRequestQuerySet:
        return self.select_related("client", "owner")


class LegalHoldQuerySet(models.QuerySet["LegalHold"]):
    def visible_to(self, user: User) -> LegalHoldQuerySet:
        return self.filter(client_q(user, "client__"))

    def standing(self) -> LegalHoldQuerySet:
        return self.filter(lifted_at=None)

    def of(self, path: str = "pk") -> Exists:
        """Whether the client that ``path`` leads to is under a hold."""
        return Exists(self.standing().filter(client=OuterRef(path)))


class ErasureQuerySet(models.QuerySet["Erasure"]):
    def visible_to(self, user: User) -> ErasureQuerySet:
        return self.filter(client_q(user, "client__"))

    def waiting(self) -> ErasureQuerySet:
        return self.filter(state="proposed")
