"""The calendar page: a year of working and trading days, correcting a day, bringing a notice in."""

from __future__ import annotations

from calendar import Calendar as Weeks
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy
from django.views.decorators.http import require_GET

from crm.core.clocks import calendar_gap, local_date
from crm.core.forms.calendar import CalendarDayForm, CalendarNoticeForm
from crm.core.forms.commands import CommandForm
from crm.core.models import CalendarDay
from crm.core.published_calendar import usual_day
from crm.core.services.calendar import CalendarFileRefused, Outcome, edit_day, import_calendar
from crm.core.views.commands import command, form_page

EARLIEST, LATEST = 1990, 2100
SHOWN_PROBLEMS = 100


#: The short mark of an unusual day; its words stand beside it for those who do not see it.
MARKS = {
    CalendarDay.Kind.HOLIDAY: pgettext_lazy("calendar mark", "off"),
    CalendarDay.Kind.MAKE_UP: pgettext_lazy("calendar mark", "work"),
    CalendarDay.Kind.MARKET_CLOSED: pgettext_lazy("calendar mark", "shut"),
}


@dataclass(frozen=True)
class Cell:
    """One day in the grid: its number, the classes that draw it, and the mark and words of an unusual day."""

    day: date
    css: str
    title: str
    mark: str
    words: str
    today: bool


@dataclass(frozen=True)
class Month:
    """One month in the grid; days of neighbouring months are None."""

    first: date
    weeks: list[list[Cell | None]]


@require_GET
@permission_required("core.view_calendarday", raise_exception=True)
def calendar_year(request: HttpRequest) -> HttpResponse:
    """The grid of one year."""
    today = local_date(timezone.now())
    year = _year(request.GET.get("year", ""), today)
    rows = {row.day: row for row in CalendarDay.objects.visible_to(request.user).of_year(year)}
    may_change = request.user.has_perm("core.change_calendarday")
    context = {
        "year": year,
        "this_year": today.year,
        "previous_year": year - 1 if year > EARLIEST else None,
        "next_year": year + 1 if year < LATEST else None,
        "months": [_month(year, number, rows, today) for number in range(1, 13)],
        "working": sum(row.is_workday for row in rows.values()),
        "trading": sum(row.is_trading for row in rows.values()),
        "known": len(rows),
        "missing_year": calendar_gap(today),
        "may_change": may_change,
        "tag": "a" if may_change else "span",
        "legend": [(kind, MARKS.get(kind, "")) for kind in CalendarDay.Kind if kind != CalendarDay.Kind.WEEKEND],
    }
    return render(request, "core/calendar.html", context)


@form_page
@permission_required("core.change_calendarday", raise_exception=True)
def calendar_day(request: HttpRequest, day: str) -> HttpResponse:
    """Correct one day; `day` is written YYYY-MM-DD."""
    row, on_file = _row(request, day)
    known = {"is_workday": row.is_workday, "is_trading": row.is_trading, "note": row.note}
    form = CalendarDayForm(request.POST or None, initial=known)

    def save(form: CommandForm) -> CalendarDay:
        return edit_day(day=row.day, actor=request.user, now=timezone.now(), **form.command)  # type: ignore[arg-type]  # signed in

    return command(
        request,
        form,
        do=save,
        done=lambda: _year_url(row.day.year),
        template="core/calendar_day.html",
        context={"row": row, "on_file": on_file, "back_url": _year_url(row.day.year)},
        said=_("The day has been changed. Open deadlines are computed again."),
    )


@form_page
@permission_required("core.change_calendarday", raise_exception=True)
def calendar_import(request: HttpRequest) -> HttpResponse:
    """Bring a notice in: all of the file, or nothing and the list of its wrong rows."""
    form = CalendarNoticeForm(request.POST or None, request.FILES or None)
    missing = calendar_gap(local_date(timezone.now()))
    context: dict[str, Any] = {"problems": [], "missing_year": missing, "back_url": reverse("core:calendar")}

    def bring_in(form: CommandForm) -> None:
        file = form.cleaned_data["file"]
        try:
            outcome = import_calendar(
                content=file.read(),
                name=file.name,
                actor=request.user,  # type: ignore[arg-type]  # login is required by middleware
                now=timezone.now(),
                fill_year=form.cleaned_data["fill_year"],
            )
        except CalendarFileRefused as refused:
            context["problems"] = refused.problems[:SHOWN_PROBLEMS]
            context["problem_count"] = len(refused.problems)
            raise
        messages.success(request, _told(outcome))

    return command(
        request,
        form,
        do=bring_in,
        done=lambda: _year_url(missing) if missing else reverse("core:calendar"),
        template="core/calendar_import.html",
        context=context,
    )


def _told(outcome: Outcome) -> str:
    if not outcome.written:
        return _("Everything in the file was already there.")
    return ngettext(
        "%(count)d day of the calendar has been written. Open deadlines are computed again.",
        "%(count)d days of the calendar have been written. Open deadlines are computed again.",
        outcome.written,
    ) % {"count": outcome.written}


def _year_url(year: int) -> str:
    return f"{reverse('core:calendar')}?year={year}"


def _year(asked: str, today: date) -> int:
    if asked.isascii() and asked.isdigit() and len(asked) == 4 and EARLIEST <= int(asked) <= LATEST:
        return int(asked)
    return today.year


def _row(request: HttpRequest, asked: str) -> tuple[CalendarDay, bool]:
    """The day on file, or the one we would assume; a day nobody could mean does not exist."""
    try:
        day = date.fromisoformat(asked)
    except ValueError:
        raise Http404 from None
    if not EARLIEST <= day.year <= LATEST or asked != day.isoformat():
        raise Http404
    row = CalendarDay.objects.visible_to(request.user).filter(pk=day).first()
    return row or _assumed(day), row is not None


def _assumed(day: date) -> CalendarDay:
    return CalendarDay(**usual_day(day, CalendarDay.Source.MANUAL.value)._asdict())


def _month(year: int, number: int, rows: dict[date, CalendarDay], today: date) -> Month:
    weeks: list[list[Cell | None]] = [
        [_cell(day, rows.get(day), today) if day.month == number else None for day in week]
        for week in Weeks().monthdatescalendar(year, number)
    ]
    return Month(date(year, number, 1), weeks)


def _cell(day: date, row: CalendarDay | None, today: date) -> Cell:
    kind = (row or _assumed(day)).kind
    words = str(kind.label)
    classes = ["cal-day", f"cal-{kind.value}", *["cal-estimated"] * (row is None), *["cal-today"] * (day == today)]
    return Cell(
        day=day,
        css=" ".join(classes),
        title=f"{words}: {row.note}" if row and row.note else words,
        mark=str(MARKS.get(kind, "")),
        words=words,
        today=day == today,
    )
