"""The profile of an advisor."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from advisory.models import AdvisorProfile
from advisory.services.advisors import EDITABLE
from clients.models.client import Channel, RiskGrade
from crm.core.forms.commands import CommandForm

_TIER_RANKS = [(str(rank), str(rank)) for rank in range(1, 9)]


def _day(label: Any, **kwargs: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}), **kwargs)


class WordsField(forms.CharField):
    """Several words in one line, between commas of either script."""

    def prepare_value(self, value: Any) -> Any:
        return "、".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        words = [word.strip()[:20] for word in re.split(r"[,，、;；]", super().clean(value) or "")]
        return list(dict.fromkeys(word for word in words if word))


class AdvisorForm(CommandForm):
    licence_kind = forms.ChoiceField(label=_("Kind of licence"), choices=AdvisorProfile.LicenceKind.choices)
    licence_number = forms.CharField(label=_("Licence number"), max_length=20, help_text=_("S and 13 digits."))
    licence_valid_until = _day(_("Licence valid until"))
    capacity = forms.IntegerField(
        label=_("Capacity"),
        min_value=0,
        max_value=5000,
        required=False,
        help_text=_("Clients he serves; empty: the figure of the house."),
    )
    accepts_clients = forms.BooleanField(label=_("Takes new clients"), required=False, initial=True)
    experience_since = _day(_("In the trade since"), required=False)
    leave_from = _day(_("On leave from"), required=False)
    leave_until = _day(_("On leave until"), required=False)
    languages = WordsField(label=_("Languages and dialects"), required=False, max_length=200)
    sectors = WordsField(label=_("Sectors"), required=False, max_length=200)
    channels = forms.MultipleChoiceField(
        label=_("Channels"),
        choices=[choice for choice in Channel.choices if choice[0] != Channel.UNKNOWN],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    risk_grades = forms.MultipleChoiceField(
        label=_("Best for risk grades"),
        choices=RiskGrade.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked means all."),
    )
    tier_ranks = forms.TypedMultipleChoiceField(
        label=_("Best for tiers, from the lowest"),
        choices=_TIER_RANKS,
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked means all."),
    )

    def __init__(
        self, *args: Any, profile: AdvisorProfile | None = None, tiers: Iterable[Any] = (), **kwargs: Any
    ) -> None:
        """``tiers``: those by which the branch grades; their names stand for the ranks."""
        if profile is not None:
            known = {name: getattr(profile, name) for name in EDITABLE}
            kwargs["initial"] = {**known, "version": profile.version}
        super().__init__(*args, **kwargs)
        names = {str(tier.rank): tier.name for tier in tiers}
        if names:
            held = {str(rank): str(rank) for rank in (profile.tier_ranks if profile is not None else ())}
            ranks: Any = self.fields["tier_ranks"]
            ranks.choices = sorted((held | names).items(), key=lambda pair: int(pair[0]))
