"""Settling a reminder of a document."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clients.models import DocumentReminder
from crm.core.forms.commands import CommandForm


class ReminderForm(CommandForm):
    """What was done about a document that runs out."""

    proposed = frozenset({"outcome"})

    outcome = forms.ChoiceField(label=_("What was done"), widget=forms.RadioSelect)
    note = forms.CharField(
        label=_("Note"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Needed where a reason is accepted."),
    )

    def __init__(self, *args: Any, reminder: DocumentReminder, **kwargs: Any) -> None:
        kwargs["initial"] = {"version": reminder.version, "outcome": reminder.choices[0][0]}
        super().__init__(*args, **kwargs)
        if not reminder.is_limit:
            self.fields["note"].help_text = ""
        self.fields["outcome"].choices = reminder.choices  # type: ignore[attr-defined]  # a field of choices
