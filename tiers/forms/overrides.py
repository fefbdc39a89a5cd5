"""Asking for a tier by hand, and deciding about it."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.core.forms.commands import CommandForm
from tiers.models import Tier


class OverrideForm(CommandForm):
    """Which tier, why, and until when."""

    tier = forms.ModelChoiceField(
        label=_("Client tier"), queryset=Tier.objects.none(), to_field_name="public_id", empty_label=_("Choose a tier")
    )
    valid_to = forms.DateField(label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}))
    reason = forms.CharField(label=_("Reason"), max_length=200)

    def __init__(self, *args: Any, programme_id: int, not_this: int, today: date, last: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["valid_to"].help_text = _("%(day)s at the latest.") % {"day": last.isoformat()}
        self.fields["valid_to"].widget.attrs |= {"min": today.isoformat(), "max": last.isoformat()}
        field = cast(forms.ModelChoiceField, self.fields["tier"])
        field.queryset = Tier.objects.filter(programme_id=programme_id).exclude(pk=not_this).order_by("-rank")


class OverrideDecisionForm(CommandForm):
    note = forms.CharField(label=_("Note"), max_length=200, required=False)

    def __init__(self, *args: Any, note_required: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].required = note_required


class EndOverrideForm(CommandForm):
    reason = forms.CharField(label=_("Reason"), max_length=200)
