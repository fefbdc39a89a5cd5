"""Asking for a preview or a run, and bringing in a programme."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm.core.forms.commands import CommandForm
from crm.core.models import Branch
from tiers.models import Programme


class EvaluationForm(CommandForm):
    """Which day, and by which programme; the day lies in the past or is today."""

    day = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}))
    programme = forms.ModelChoiceField(
        label=_("Programme"), queryset=Programme.objects.none(), to_field_name="public_id", empty_label=None
    )

    def __init__(self, *args: Any, branch: Branch, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        field = cast(forms.ModelChoiceField, self.fields["programme"])
        field.queryset = Programme.objects.active_on(today).of_branch(branch)
        # The token matters when something is started; a preview is asked for by an address.
        self.fields["form_token"].required = bool(args and args[0] and "form_token" in args[0])

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        if day > self.today:
            raise ValidationError(_("Choose today or a day in the past."))
        return day


class ProgrammeFileForm(CommandForm):
    """A programme as a TOML file, in the form of the one that the product brings."""

    file = forms.FileField(label=_("Programme file (TOML)"), max_length=120)
    for_branch = forms.BooleanField(label=_("For this branch only"), required=False)
    LARGEST = 64 * 1024

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > self.LARGEST:
            raise ValidationError(_("The file is too large."))
        return file
