"""Days of the calendar, business hours and the trace of their changes, as sets."""

from __future__ import annotations

from calendar import isleap
from datetime import date
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Count
from django.db.models.functions import ExtractYear

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from crm.core.models import BusinessSegment, CalendarChange, CalendarDay, User


def days_of_year(year: int) -> int:
    """How many days a year has."""
    return 366 if isleap(year) else 365


class CalendarDayQuerySet(models.QuerySet["CalendarDay"]):
    def visible_to(self, user: User | AnonymousUser) -> CalendarDayQuerySet:
        """The calendar is the same for everybody in the house."""
        return self.all() if user.is_authenticated else self.none()

    def between(self, first: date | None = None, last: date | None = None) -> CalendarDayQuerySet:
        """Days on file from `first` to `last`, both included; without a limit on that side if it is None."""
        days = self if first is None else self.filter(day__gte=first)
        return days if last is None else days.filter(day__lte=last)

    def of_year(self, year: int) -> CalendarDayQuerySet:
        return self.between(date(year, 1, 1), date(year, 12, 31))

    def years(self) -> dict[int, int]:
        """Each year with the number of its days on file."""
        counted = self.order_by().annotate(year=ExtractYear("day")).values("year").annotate(known=Count("pk"))
        return {row["year"]: row["known"] for row in counted.order_by("year")}

    def gap(self, today: date) -> int | None:
        """The first of this year and the next of which days are missing, or None."""
        years = [today.year, today.year + 1]
        wanted = self.between(date(years[0], 1, 1), date(years[-1], 12, 31))
        if wanted.count() == sum(map(days_of_year, years)):
            return None
        known = wanted.years()
        return next(year for year in years if known.get(year, 0) < days_of_year(year))


class BusinessSegmentQuerySet(models.QuerySet["BusinessSegment"]):
    def visible_to(self, user: User | AnonymousUser) -> BusinessSegmentQuerySet:
        """Business hours of the branches a member of staff knows."""
        from crm.core.models import Branch

        if not user.is_authenticated:
            return self.none()
        return self.filter(branch__in=Branch.objects.nameable_by(user))


class CalendarChangeQuerySet(models.QuerySet["CalendarChange"]):
    def visible_to(self, user: User | AnonymousUser) -> CalendarChangeQuerySet:
        """The calendar is the same for everybody in the house, and so is its history."""
        return self.all() if user.is_authenticated else self.none()

    def unsettled(self) -> CalendarChangeQuerySet:
        """Changes after which deadlines still have to be computed again, the oldest first."""
        return self.filter(recomputed_at=None).order_by("pk")
