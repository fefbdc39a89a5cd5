"""Drawing a service plan up, agreeing, confirming and ending it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.core.forms.commands import CommandForm
from crm.core.models import User
from crm.core.writing import refuse_controls
from tiers.models import Period
from tiers.services.plans import Step

#: A form offers at least so many steps, and at least so many blank ones.
_LINES, _BLANK = 3, 2
_LINE = re.compile(r"(?:item|title)_([1-9][0-9]{0,2})", re.ASCII)
#: What a step is said with, in the order of the page.
_PARTS = ("item", "title", "purpose", "period", "due_on", "owner")


def _day(label: Any, **kwargs: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}), **kwargs)


class PlanForm(CommandForm):
    """The aim, the steps, and the day on which the client agreed, if he has."""

    aim = forms.CharField(label=_("Aim"), max_length=400, widget=forms.Textarea(attrs={"rows": 2, "maxlength": 400}))
    agreed_on = _day(
        _("Agreed with the client on"), required=False,
        help_text=_("Left blank: the plan is drawn up, to be gone through with the client."),
    )  # fmt: skip

    #: Public id of the open plan with which the form began; another one is not replaced unseen.
    before = forms.CharField(widget=forms.HiddenInput, max_length=26, required=False)

    def __init__(
        self, *args: Any, items: Any, owners: Any, steps: Sequence[dict[str, Any]] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        # What was sent decides over how many steps there are: none of them is lost on the way.
        sent = {int(found[1]) for name in self.data if (found := _LINE.fullmatch(name))}
        self._numbers = sorted(sent) if self.is_bound else range(1, max(_LINES, len(steps) + _BLANK) + 1)
        # Services and people are read once for all steps.
        offered: dict[str, list[Any]] = {}
        for number in self._numbers:
            for part, field in _step_fields(number, items, owners).items():
                if isinstance(field, forms.ModelChoiceField):
                    choices: Any = field.choices
                    field.choices = offered[part] = offered.get(part) or list(choices)
                self.fields[f"{part}_{number}"] = field
        for number, step in enumerate(steps, 1):
            for part, value in step.items():
                self.initial[f"{part}_{number}"] = value

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The steps for the page: number and bound fields by part."""
        return [{"number": n, "fields": [self[f"{part}_{n}"] for part in _PARTS]} for n in self._numbers]

    @property
    def plain(self) -> list[Any]:
        return [self["aim"], self["agreed_on"]]

    def steps(self, actor: User) -> list[Step]:
        """Each step that says what it is; whoever is not named sees to it himself."""
        said = self.cleaned_data
        found = []
        for n in self._numbers:
            part = {name: said.get(f"{name}_{n}") for name in _PARTS}
            if part["item"] or part["title"]:
                found.append(
                    Step(
                        purpose=part["purpose"] or "",
                        owner=part["owner"] or actor,
                        item=part["item"],
                        title=part["title"] or "",
                        due_on=part["due_on"],
                        period=part["period"] or "",
                    )
                )
        return found


def _step_fields(number: int, items: Any, owners: Any) -> dict[str, forms.Field]:
    said = {"number": number}
    return {
        "item": forms.ModelChoiceField(
            label=_("Step %(number)s: service") % said, queryset=items, to_field_name="public_id", required=False,
            empty_label="—",
        ),
        "title": _text(_("Step %(number)s: or a step of its own") % said, 60),
        "purpose": _text(_("Step %(number)s: what for") % said, 200),
        "period": forms.ChoiceField(
            label=_("Step %(number)s: once in every") % said, choices=[("", "—"), *Period.choices], required=False
        ),
        "due_on": _day(_("Step %(number)s: or by the day") % said, required=False),
        "owner": forms.ModelChoiceField(
            label=_("Step %(number)s: seen to by") % said, queryset=owners, to_field_name="public_id", required=False,
            empty_label=pgettext_lazy("step", "I myself"),
        ),
    }  # fmt: skip


def _text(label: Any, length: int) -> forms.CharField:
    return forms.CharField(label=label, max_length=length, required=False, validators=[refuse_controls])


class AgreePlanForm(CommandForm):
    agreed_on = _day(_("Agreed with the client on"))
    proposed = frozenset({"agreed_on"})


class ConfirmPlanForm(CommandForm):
    note = forms.CharField(label=_("Why the plan stands"), max_length=200)


class EndPlanForm(CommandForm):
    reason = forms.CharField(label=_("Reason"), max_length=200)


class StepDoneForm(CommandForm):
    """On which day a step was done, and in a word what was done."""

    day = _day(_("Done on"))
    word = forms.CharField(label=_("What was done"), max_length=200)
    proposed = frozenset({"day"})


class StepDropForm(CommandForm):
    """Why a step is dropped; one of every period this time, or for good."""

    reason = forms.CharField(label=_("Reason"), max_length=200)
    for_good = forms.BooleanField(
        label=_("For good, not only this time"), required=False,
        help_text=_("Left blank, the step falls due again in the next period."),
    )  # fmt: skip

    def __init__(self, *args: Any, once: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if once:
            del self.fields["for_good"]


def as_choices(steps: Any) -> list[dict[str, Any]]:
    """The steps of a plan as the form begins with them."""
    return [
        {
            "item": step.item.public_id if step.item else "",
            "title": step.title,
            "purpose": step.purpose,
            "period": step.period,
            "due_on": step.due_on,
            "owner": step.owner.public_id,
        }
        for step in steps
    ]


__all__ = [
    "AgreePlanForm",
    "ConfirmPlanForm",
    "EndPlanForm",
    "PlanForm",
    "StepDoneForm",
    "StepDropForm",
    "as_choices",
]
