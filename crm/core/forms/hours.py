"""The business hours of a branch, one line for each kind of day."""

from __future__ import annotations

import re
from datetime import time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.core.clocks import Hours
from crm.core.forms.commands import CommandForm
from crm.core.models import BusinessSegment

_STRETCH = re.compile(r"^(\d{1,2}:\d{2})\s*[-–—~到至]\s*(\d{1,2}:\d{2})$")


class StretchesField(forms.Field):
    """Stretches such as "09:00-11:30, 13:00-17:00"; nothing means none of its own."""

    widget = forms.TextInput(attrs={"maxlength": 120})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)

    def to_python(self, value: Any) -> list[tuple[time, time]]:
        text = str(value or "")[:200]
        return [self._stretch(part.strip()) for part in re.split("[,，;；、]", text) if part.strip()]

    def _stretch(self, text: str) -> tuple[time, time]:
        found = _STRETCH.match(text.replace("：", ":"))
        if not found:
            raise forms.ValidationError(_("Write stretches such as 09:00-11:30, 13:00-17:00."))
        try:
            opens, closes = (time.fromisoformat(part.zfill(5)) for part in found.groups())
        except ValueError:
            raise forms.ValidationError(_("There is no such time of day.")) from None
        return opens, closes


class HoursForm(CommandForm):
    """Hours of every working day, and of weekdays that differ."""

    def __init__(self, *args: Any, segments: list[BusinessSegment], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held: dict[int | None, list[str]] = {}
        for segment in segments:
            held.setdefault(segment.weekday, []).append(f"{segment.opens:%H:%M}-{segment.closes:%H:%M}")
        every = StretchesField(label=_("Every working day"), help_text=_("Empty: the company's default hours."))
        self.fields["every"] = every
        every.initial = ", ".join(held.get(None, []))
        for weekday in BusinessSegment.Weekday:
            field = StretchesField(label=weekday.label, help_text=_("Only where it differs."))
            field.initial = ", ".join(held.get(weekday.value, []))
            self.fields[f"day_{weekday.value}"] = field

    @property
    def hours(self) -> list[Hours]:
        said = self.cleaned_data
        names: list[tuple[str, int | None]] = [("every", None)]
        names += [(f"day_{weekday.value}", weekday.value) for weekday in BusinessSegment.Weekday]
        return [Hours(opens, closes, weekday) for name, weekday in names for opens, closes in said[name]]
