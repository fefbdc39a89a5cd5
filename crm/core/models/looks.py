"""How many details somebody has opened in a day."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.core.querysets.looks import LookCountQuerySet


class LookCount(models.Model):
    """Details that one member of staff has opened on one day, beside the trail that names them (查阅计数).

    The limits stand in the row as they were when the day began, so that each look costs one statement.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="look_counts")
    day = models.DateField(_("day"))
    looks = models.PositiveIntegerField(_("details opened"), default=0)
    reveals = models.PositiveIntegerField(_("private values seen"), default=0)
    budget = models.PositiveIntegerField(_("details a day"))
    reveal_budget = models.PositiveIntegerField(_("private values a day"))
    #: From this share of a budget (per cent) on the manager is told.
    alarm_percent = models.PositiveSmallIntegerField()
    #: Beyond the budget one look in so many seconds.
    slow_seconds = models.PositiveSmallIntegerField()
    last_at = models.DateTimeField()

    objects: ClassVar[Any] = LookCountQuerySet.as_manager()

    class Meta:
        verbose_name = _("count of looks")
        verbose_name_plural = _("counts of looks")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "day"], name="one_look_count_a_day")]
        indexes = [models.Index(fields=["day"], name="look_count_day")]

    def __str__(self) -> str:
        return f"{self.looks}/{self.budget}"
