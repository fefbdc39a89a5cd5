"""Editing one day of the calendar, and bringing a notice in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.core.calendar_notice import MAX_BYTES
from crm.core.forms.commands import CommandForm


class CalendarDayForm(CommandForm):
    """What is true about one day."""

    is_workday = forms.BooleanField(label=_("Working day"), required=False)
    is_trading = forms.BooleanField(
        label=_("Trading day"), required=False, help_text=_("A make-up Saturday is worked but never traded.")
    )
    note = forms.CharField(label=_("Note"), max_length=120, required=False)
    reason = forms.CharField(
        label=_("Reason"), max_length=300, help_text=_("Which notice says so? This goes into the audit trail.")
    )


class CalendarNoticeForm(CommandForm):
    """A notice as a file."""

    file = forms.FileField(
        label=_("File"),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv,.xlsx,.json,application/json"}),
        help_text=_(
            "CSV or XLSX with the columns date, is_workday, is_trading, note (dates as YYYY-MM-DD, answers as 1 or 0); a table "
            "of trading days (trade_date, trade_status); or a list of holidays as JSON (year, days)."
        ),
    )
    fill_year = forms.BooleanField(
        label=_("The file lists only unusual days: take all other days of its years as Monday to Friday"),
        required=False,
        initial=True,
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if (file.size or 0) > MAX_BYTES:
            raise forms.ValidationError(_("The file is too large for a calendar."))
        return file
