"""Daily assets and holdings as sets."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import models

from clients.querysets.scope import client_q

if TYPE_CHECKING:
    from crm.core.models import User


class DailyAssetQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> DailyAssetQuerySet:
        return self.filter(client_q(user, "client__"))

    def between(self, first: date, last: date) -> DailyAssetQuerySet:
        return self.filter(day__gte=first, day__lte=last)


class HoldingQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> HoldingQuerySet:
        return self.filter(client_q(user, "client__"))
