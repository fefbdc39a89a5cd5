"""A day by which a list is narrowed."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

#: Nothing on file lies outside; a day near either end of the calendar has no midnight in another time zone.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)


class DayField(forms.DateField):
    """A day that has a beginning and an end as instants."""

    def __init__(self, **options: Any) -> None:
        bounds = [MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)]
        super().__init__(validators=[*options.pop("validators", ()), *bounds], **options)


def is_day(found: date | None) -> bool:
    """Whether a day read from an address is one by which a list can be narrowed."""
    return found is not None and FIRST_DAY <= found <= LAST_DAY
