"""Making two clients one: what stays of each fact, and the decisions about it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clients.services.merge_facts import LEAVING, STAYING
from clients.services.merges import Preview
from crm.core.forms.commands import CommandForm


class OtherClientForm(forms.Form):
    """Which other client of the branch is the same person."""

    number = forms.CharField(label=_("Number of the other client"), max_length=40)


class MergeForm(CommandForm):
    """One choice for each fact in which the two differ, and the reason."""

    leaving_version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    adds_assets = forms.BooleanField(label=_("Add the amounts of the days that both have"), required=False)
    reason = forms.CharField(label=_("Why these two are one client"), max_length=200, min_length=2)

    def __init__(self, *args: Any, preview: Preview, **kwargs: Any) -> None:
        kwargs["initial"] = {"version": preview.staying.version, "leaving_version": preview.leaving.version}
        super().__init__(*args, **kwargs)
        self.preview = preview
        if not preview.overlap:
            del self.fields["adds_assets"]
        for fact in preview.facts:
            self.fields[f"fact_{fact.key}"] = forms.ChoiceField(
                label=fact.label,
                choices=[(STAYING, fact.staying), (LEAVING, fact.leaving)],
                initial=fact.default,
                widget=forms.RadioSelect,
            )

    @property
    def fact_rows(self) -> list[dict[str, Any]]:
        """Each fact with its two radio buttons, for the table of the preview."""
        return [
            {"fact": fact, "field": self[f"fact_{fact.key}"], "chosen": self[f"fact_{fact.key}"].value()}
            for fact in self.preview.facts
        ]

    @property
    def said(self) -> dict[str, Any]:
        """What the service takes."""
        given = self.cleaned_data
        seen = [-1 if given.get(name) is None else given[name] for name in ("version", "leaving_version")]
        return {
            "reason": given["reason"],
            "adds_assets": bool(given.get("adds_assets")),
            "choices": {fact.key: given[f"fact_{fact.key}"] for fact in self.preview.facts},
            "versions": tuple(seen),
        }


class NoteForm(CommandForm):
    """A note that may be missing."""

    note = forms.CharField(label=_("Note"), max_length=200, required=False)


class RejectForm(CommandForm):
    note = forms.CharField(label=_("Why they stay two clients"), max_length=200, min_length=2)


class DifferentForm(CommandForm):
    """Why two who look alike are two, or are two after all."""

    reason = forms.CharField(label=_("Why these are two clients"), max_length=200, min_length=2)
