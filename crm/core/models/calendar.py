"""Working days, trading days and the hours a branch is open."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.core.models.base import PublicModel
from crm.core.querysets.calendar import BusinessSegmentQuerySet, CalendarChangeQuerySet, CalendarDayQuerySet


class CalendarDay(models.Model):
    """One day of the two calendars: do people work (make-up Saturdays included), do the exchanges trade.

    Days after the last one on file are not guessed into the table; the clocks estimate them and say so.
    """

    class Source(models.TextChoices):
        PACKAGE = "package", _("Published calendar")
        EXCHANGE = "exchange", _("Notice of the exchanges")
        NOTICE = "notice", _("Imported notice")
        MANUAL = "manual", _("Edited by hand")

    class Kind(models.TextChoices):
        USUAL = "usual", _("Working and trading day")
        WEEKEND = "weekend", _("Weekend")
        HOLIDAY = "holiday", _("Holiday")
        MAKE_UP = "make-up", _("Make-up working day, exchanges closed")
        MARKET_CLOSED = "market-closed", _("Working day, exchanges closed")

    day = models.DateField(_("day"), primary_key=True)
    is_workday = models.BooleanField(_("working day"))
    is_trading = models.BooleanField(_("trading day"))
    note = models.CharField(_("note"), max_length=120, blank=True)
    source = models.CharField(_("source"), max_length=10, choices=Source.choices, default=Source.MANUAL)

    objects: ClassVar[Any] = CalendarDayQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendar day")
        verbose_name_plural = _("calendar")
        default_permissions = ("view", "change")
        ordering = ["day"]
        constraints = [
            models.CheckConstraint(
                name="calendar_trading_day_is_workday",
                condition=Q(is_trading=False) | Q(is_workday=True),
                violation_error_message=_("A trading day is always a working day."),
            ),
            models.CheckConstraint(
                name="calendar_source_known",
                condition=Q(source__in=["package", "exchange", "notice", "manual"]),
                violation_error_message=_("This source is unknown."),
            ),
        ]

    def __str__(self) -> str:
        return self.day.isoformat()

    @property
    def kind(self) -> Kind:
        """What is special about this day; holidays and make-up days come from the swaps of the State Council."""
        weekend = self.day.weekday() > 4
        if self.is_workday and weekend:
            return self.Kind.MAKE_UP
        if not self.is_workday:
            return self.Kind.WEEKEND if weekend and not self.note else self.Kind.HOLIDAY
        return self.Kind.USUAL if self.is_trading else self.Kind.MARKET_CLOSED


class BusinessSegment(PublicModel):
    """One stretch of a branch's business hours; two stretches leave a lunch break between them.

    Without a weekday it holds on every working day; with one (0 = Monday) the stretches of this weekday replace it.
    """

    class Weekday(models.IntegerChoices):
        MONDAY = 0, _("Monday")
        TUESDAY = 1, _("Tuesday")
        WEDNESDAY = 2, _("Wednesday")
        THURSDAY = 3, _("Thursday")
        FRIDAY = 4, _("Friday")
        SATURDAY = 5, _("Saturday")
        SUNDAY = 6, _("Sunday")
        __empty__ = _("Every working day")

    branch = models.ForeignKey(
        "core.Branch", models.CASCADE, related_name="business_segments", verbose_name=_("branch")
    )
    weekday = models.PositiveSmallIntegerField(_("weekday"), null=True, blank=True, choices=Weekday.choices)
    opens = models.TimeField(_("opens"))
    closes = models.TimeField(_("closes"))

    objects: ClassVar[Any] = BusinessSegmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("business hours")
        verbose_name_plural = _("business hours")
        ordering = ["branch", F("weekday").asc(nulls_first=True), "opens"]
        constraints = [
            models.CheckConstraint(
                name="business_hours_open_before_they_close",
                condition=Q(opens__lt=F("closes")),
                violation_error_message=_("Business hours must open before they close."),
            ),
            models.CheckConstraint(
                name="business_hours_weekday_known",
                condition=Q(weekday=None) | Q(weekday__range=(0, 6)),
                violation_error_message=_("This weekday does not exist."),
            ),
            models.UniqueConstraint(name="business_hours_once_per_weekday", fields=["branch", "weekday", "opens"]),
            models.UniqueConstraint(
                name="business_hours_once_per_working_day", fields=["branch", "opens"], condition=Q(weekday=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}–{self.closes:%H:%M}"


class CalendarChange(models.Model):
    """A stretch of days whose answers have changed: every deadline resting on one of them is computed again."""

    first_day = models.DateField(_("from"))
    last_day = models.DateField(_("until"))
    days = models.PositiveIntegerField(_("days"))
    at = models.DateTimeField(_("at"))
    recomputed_at = models.DateTimeField(_("deadlines computed again at"), null=True, blank=True)

    objects: ClassVar[Any] = CalendarChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of the calendar")
        verbose_name_plural = _("changes of the calendar")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="calendar_change_ends_after_it_begins",
                condition=Q(last_day__gte=F("first_day")),
                violation_error_message=_("A stretch of days ends on or after its first day."),
            )
        ]
        indexes = [models.Index(name="calendar_change_unsettled", fields=["id"], condition=Q(recomputed_at=None))]

    def __str__(self) -> str:
        return f"{self.first_day}..{self.last_day}"

    def touches(self, first: date, last: date) -> bool:
        """Whether a deadline counted from `first` to `last` rests on one of the changed days."""
        return self.first_day <= last and first <= self.last_day
