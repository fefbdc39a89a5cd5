"""Counts of looks as sets."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q

from crm.core.access import branch_q

if TYPE_CHECKING:
    from crm.core.models import LookCount, User


class LookCountQuerySet(models.QuerySet["LookCount"]):
    def visible_to(self, user: User) -> LookCountQuerySet:
        """Of the people of one's branches; the reader's right to the trail opens the door."""
        return self.filter(branch_q(user, "user__branch"))

    def near_budget(self, day: date) -> LookCountQuerySet:
        """Who has come near to, or over, what one may look at in a day."""
        return self.filter(day=day).filter(
            Q(looks__gte=F("budget") * F("alarm_percent") / 100)
            | Q(reveals__gte=F("reveal_budget") * F("alarm_percent") / 100)
        )
