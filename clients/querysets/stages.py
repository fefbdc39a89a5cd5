"""Stages set by hand as sets."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db import models

from clients.querysets.scope import client_q

if TYPE_CHECKING:
    from clients.models import AssetMilestone, StageOverride
    from crm.core.models import User


class StageOverrideQuerySet(models.QuerySet["StageOverride"]):
    def visible_to(self, user: User) -> StageOverrideQuerySet:
        return self.filter(client_q(user, "client__"))

    def open(self) -> StageOverrideQuerySet:
        return self.filter(ended_at=None)

    def in_force(self, today: date) -> StageOverrideQuerySet:
        return self.open().filter(until__gte=today)


class AssetMilestoneQuerySet(models.QuerySet["AssetMilestone"]):
    def visible_to(self, user: User) -> AssetMilestoneQuerySet:
        return self.filter(client_q(user, "client__"))
