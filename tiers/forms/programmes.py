"""Drafts of programmes: how one begins, what holds for all tiers, one tier, and the decision about it."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from crm.core.forms.commands import CommandForm
from crm.core.models import Branch, User
from tiers.models import Emblem, Programme, Tier
from tiers.services.drafts import presets

_FLOORS = 3
_DAY = {"type": "date"}


class StartForm(CommandForm):
    """How a draft begins: with a brand's name, as a copy, or with a name of one's own."""

    preset = forms.ChoiceField(
        label=_("Brand"),
        required=False,
        help_text=_("Gives the name alone; what its tiers ask for is yours to decide."),
    )
    source = forms.ModelChoiceField(
        label=_("Copy the tiers of"),
        queryset=Programme.objects.none(),
        to_field_name="public_id",
        required=False,
        empty_label=_("Begin empty"),
    )
    code = forms.CharField(
        label=_("Code"),
        max_length=30,
        required=False,
        validators=[validate_slug],
        help_text=_("Latin letters, digits and hyphens; the same code again makes the next edition."),
    )
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=60, required=False)
    name_en = forms.CharField(label=_("Name in English"), max_length=60, required=False)
    effective_from = forms.DateField(label=_("In force from"), widget=forms.DateInput(attrs=_DAY))
    note = forms.CharField(label=_("Reason for this edition"), max_length=400, required=False)
    for_branch = forms.BooleanField(label=_("For this branch only"), required=False)

    def __init__(self, *args: Any, user: User, branch: Branch, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("None")), *((code, f"{each.name} · {each.firm}") for code, each in presets().items())]
        cast(forms.ChoiceField, self.fields["preset"]).choices = choices
        source = cast(forms.ModelChoiceField, self.fields["source"])
        source.queryset = Programme.objects.visible_to(user).of_branch(branch)
        source.label_from_instance = edition_label  # type: ignore[method-assign,assignment]  # one function for all lists
        if not user.scope.sees_company:
            self.fields["for_branch"].initial = True
            self.fields["for_branch"].disabled = True

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        brand, source = presets().get(said.get("preset") or ""), said.get("source")
        given: Any = brand or source
        if given is not None:
            said["code"] = said.get("code") or given.code
            said["name_zh"] = said.get("name_zh") or (brand.zh if brand else given.name_zh)
            said["name_en"] = said.get("name_en") or (brand.en if brand else given.name_en)
        for name in ("code", "name_zh", "name_en"):
            if not said.get(name) and name not in self.errors:
                self.add_error(name, _("Choose a brand or a programme to copy, or say it here."))
        return said

    @property
    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("name_zh", "name_en", "effective_from", "note")}


def edition_label(programme: Any) -> str:
    """A programme in a list of choices: whose it is, which edition, in which state."""
    place = programme.branch.name if programme.branch else _("Company")
    said = _("%(name)s, edition %(edition)d (%(state)s, %(place)s)")
    return str(said) % {
        "name": programme.name,
        "edition": programme.edition,
        "state": programme.get_state_display(),
        "place": place,
    }


class TermsForm(CommandForm):
    """Names, first day, and what holds for all tiers."""

    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=60)
    name_en = forms.CharField(label=_("Name in English"), max_length=60)
    effective_from = forms.DateField(label=_("In force from"), widget=forms.DateInput(attrs=_DAY))
    note = forms.CharField(label=_("Reason for this edition"), max_length=400, required=False)
    window_days = forms.IntegerField(
        label=_("Average over natural days"),
        min_value=1,
        max_value=366,
        required=False,
        help_text=_("Empty: the figure of the house."),
    )
    down_after = forms.IntegerField(
        label=_("A tier falls after so many month-ends below it"),
        min_value=1,
        max_value=24,
        required=False,
        help_text=_("Empty: the figure of the house."),
    )
    grace_months = forms.IntegerField(
        label=_("Months in which a new client does not fall"), min_value=0, max_value=36, required=False
    )

    def __init__(self, *args: Any, tiers: list[Tier], floors: list[dict[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("No floor")), *((tier.code, tier.name) for tier in tiers[1:])]
        for number in range(_FLOORS if len(tiers) > 1 else 0):
            known = floors[number] if number < len(floors) else {}
            self.fields[f"floor_months_{number}"] = forms.IntegerField(
                label=_("Clients for at least so many months"),
                min_value=1,
                max_value=600,
                required=False,
                initial=known.get("months"),
            )
            self.fields[f"floor_tier_{number}"] = forms.ChoiceField(
                label=_("stand at least in"), choices=choices, required=False, initial=known.get("tier", "")
            )
        # Two stand on a line: months and tier of a floor belong together.
        self.order_fields([*(name for name in self.fields if name != "grace_months"), "grace_months"])

    def clean_grace_months(self) -> int:
        return self.cleaned_data["grace_months"] or 0

    @property
    def values(self) -> dict[str, Any]:
        said = self.cleaned_data
        names = ("name_zh", "name_en", "effective_from", "note", "window_days", "down_after", "grace_months")
        floors = [
            {"months": said[f"floor_months_{number}"], "tier": said[f"floor_tier_{number}"]}
            for number in range(_FLOORS)
            if said.get(f"floor_months_{number}") and said.get(f"floor_tier_{number}")
        ]
        return {**{name: said[name] for name in names}, "age_floors": floors}


class TierForm(CommandForm):
    """A tier's name, look and words; its rule stands beside the form."""

    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=40)
    name_en = forms.CharField(label=_("Name in English"), max_length=40)
    code = forms.CharField(label=_("Code"), max_length=30, validators=[validate_slug])
    palette = forms.TypedChoiceField(
        label=_("Colour"), coerce=int, choices=[(n, format_lazy(_("Colour {number}"), number=n)) for n in range(1, 9)]
    )
    emblem = forms.ChoiceField(label=_("Emblem"), choices=Emblem.choices, required=False)
    text_zh = forms.CharField(
        label=_("Text for clients in Chinese"), max_length=400, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    text_en = forms.CharField(
        label=_("Text for clients in English"), max_length=400, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class ApproveProgrammeForm(CommandForm):
    """From which day the approved edition holds."""

    proposed = frozenset({"effective_from"})

    effective_from = forms.DateField(label=_("In force from"), widget=forms.DateInput(attrs=_DAY))
    note = forms.CharField(label=_("Note of the decision"), max_length=200, required=False)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_effective_from(self) -> date:
        day: date = self.cleaned_data["effective_from"]
        if day < self.today:
            raise ValidationError(_("A programme takes effect today or later; what was graded before stays as it is."))
        return day


class SendBackForm(CommandForm):
    note = forms.CharField(label=_("What is missing"), max_length=200)
