"""How the timeline is narrowed: by kind, by person, by days, and contacts by how they went."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clients.filters import ContactFilter
from crm.core.forms.days import DayField
from crm.overview.timeline.kinds import KINDS


def _day(label: Any) -> DayField:
    return DayField(label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}))


def _of_contacts(name: str) -> forms.ChoiceField:
    """As the list of contacts has it."""
    found = ContactFilter.base_filters[name]
    choices = [("", found.extra["empty_label"]), *found.extra["choices"]]
    return forms.ChoiceField(label=found.label, required=False, choices=choices)


class TimelineForm(forms.Form):
    """Narrows the timeline; everything may be left out."""

    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=[("", _("Everything")), *((kind.key, kind.label) for kind in KINDS)]
    )
    person = forms.CharField(label=_("Person (number or name)"), required=False, max_length=60)
    since = _day(_("Since"))
    until = _day(_("Until"))
    channel = _of_contacts("channel")
    direction = _of_contacts("direction")
    outcome = _of_contacts("outcome")

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("since") and said.get("until") and said["since"] > said["until"]:
            self.add_error("until", _("The last day lies before the first."))
        return said
