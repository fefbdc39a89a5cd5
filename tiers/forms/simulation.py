"""Bounds as somebody tries them, and the draft they become."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.core.forms.commands import CommandForm, WrittenForm
from tiers.models import Tier

#: What a bound's field is called, before the code of its tier.
PREFIX = "b_"


def _field(tier: Tier) -> forms.DecimalField:
    return forms.DecimalField(
        label=tier.name, max_digits=14, decimal_places=2, min_value=Decimal(0), required=False, localize=False
    )


def _said(cleaned: dict[str, Any]) -> dict[str, Decimal]:
    return {
        name[len(PREFIX) :]: value for name, value in cleaned.items() if name.startswith(PREFIX) and value is not None
    }


class BoundsForm(WrittenForm):
    """One field for each bound that can be tried; an empty one stands for the bound of the edition."""

    def __init__(self, *args: Any, tiers: Sequence[Tier], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for tier in tiers:
            self.fields[f"{PREFIX}{tier.code}"] = _field(tier)

    @property
    def said(self) -> dict[str, Decimal]:
        return _said(self.cleaned_data)


class SaveDraftForm(CommandForm):
    """The draft that tried bounds become."""

    effective_from = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}))
    note = forms.CharField(label=_("Reason for this edition"), max_length=400)
    for_branch = forms.BooleanField(label=_("For this branch only"), required=False)

    def __init__(self, *args: Any, tiers: Sequence[Tier], branch_only: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for tier in tiers:
            field = _field(tier)
            field.widget = forms.HiddenInput()
            self.fields[f"{PREFIX}{tier.code}"] = field
        if branch_only:
            del self.fields["for_branch"]

    @property
    def said(self) -> dict[str, Decimal]:
        return _said(self.cleaned_data)
