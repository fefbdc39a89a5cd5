"""Taking lists of clients, contacts and assets out of the house."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clients.services.export import EXPORTS, NEEDS
from crm.core.exporting import ExportKind
from crm.core.exporting.files import CSV, XLSX
from crm.core.forms.commands import CommandForm
from crm.core.models import User


class ExportForm(CommandForm):
    """Which columns, what for, as which file. One form for each kind of list, which the address chooses."""

    columns = forms.MultipleChoiceField(
        label=_("Columns"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("The first column always leaves; it names the row."),
    )
    since = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    until = forms.DateField(label=_("Until"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    is_unmasked = forms.BooleanField(
        label=_("Private values in full"),
        required=False,
        help_text=_("Somebody else has to approve it, however few the rows are."),
    )
    form = forms.ChoiceField(label=_("File"), choices=[(CSV, _("CSV")), (XLSX, _("Excel (XLSX)"))], initial=XLSX)
    reason = forms.CharField(label=_("Reason"), max_length=200, min_length=4)

    def __init__(self, *args: Any, user: User, kind: ExportKind, today: date, **kwargs: Any) -> None:
        initial = kwargs.setdefault("initial", {})
        initial |= {"since": today - timedelta(days=30), "until": today}
        columns = kind.columns_for(user)
        initial["columns"] = [column.name for column in columns if column.usual]
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["columns"]
        chosen.choices = [
            (column.name, _masked(column.label) if column.private else column.label) for column in columns
        ]
        if kind.key == "clients":
            del self.fields["since"], self.fields["until"]
        if not user.has_perm("core.unmask_exportrequest") or not any(column.private for column in kind.columns):
            del self.fields["is_unmasked"]
        self.kind = kind

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if said.get("since") and said.get("until") and said["since"] > said["until"]:
            self.add_error("until", _("The last day lies before the first."))
        if not said.get("columns"):
            said["columns"] = [column.name for column in self.kind.columns if column.usual]
        return said


def _masked(label: Any) -> str:
    return gettext("%(label)s (masked)") % {"label": label}


def kinds_for(user: User) -> list[ExportKind]:
    """Lists that the user may take out."""
    return [kind for key, kind in EXPORTS.items() if user.has_perm(kind.permission) and user.has_perm(NEEDS[key])]
