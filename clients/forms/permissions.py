"""Tests, openings, exemptions and closings of trading permissions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clients.forms.client import day_field
from clients.models import EntryTest, Exemption, TradingPermission
from crm.core.forms.commands import CommandForm


class EntryTestForm(CommandForm):
    """A test taken or a paper signed."""

    kind = forms.ChoiceField(label=_("What"), choices=EntryTest.Kind.choices)
    done_on = day_field(_("Day"))
    score = forms.IntegerField(
        label=_("Points"), min_value=0, max_value=100, required=False, help_text=_("For the two tests only.")
    )
    reference = forms.CharField(label=_("Where it is kept"), max_length=120, required=False)


class ExemptionForm(CommandForm):
    """Why the permission is to be opened although a condition is not met."""

    exemption = forms.ChoiceField(label=_("Exemption"), choices=Exemption.choices)
    reason = forms.CharField(label=_("Reason"), max_length=300, min_length=4, widget=forms.Textarea(attrs={"rows": 3}))


class DecisionForm(CommandForm):
    """Yes or no by a second person."""

    verdict = forms.ChoiceField(
        label=_("Decision"), choices=[("approve", _("Approve")), ("refuse", _("Refuse"))], widget=forms.RadioSelect
    )
    note = forms.CharField(
        label=_("Note"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Needed when you refuse."),
    )

    def __init__(self, *args: Any, row: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {"version": row.version}
        super().__init__(*args, **kwargs)

    @property
    def approves(self) -> bool:
        return bool(self.cleaned_data["verdict"] == "approve")


class CloseForm(CommandForm):
    """Closing an open permission."""

    reason = forms.CharField(label=_("Reason"), max_length=200, min_length=2)

    def __init__(self, *args: Any, permission: TradingPermission, **kwargs: Any) -> None:
        kwargs["initial"] = {"version": permission.version}
        super().__init__(*args, **kwargs)
