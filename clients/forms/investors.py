"""Applications to be a professional investor, their proof and their end."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from clients.forms.accounts import yuan_field
from clients.forms.client import day_field
from clients.models import Client, InvestorClass, InvestorClassification, InvestorRole
from clients.models.investors import ROLES_OF_A, ROLES_OF_PERSONS
from clients.querysets.investors import classes_for
from crm.core.forms.commands import CommandForm


class ApplicationForm(CommandForm):
    """What the client states in his written application; the profile fills in what it knows."""

    wanted = forms.ChoiceField(label=_("Class"), choices=InvestorClass.choices[1:])
    applied_on = day_field(_("Written application of"))
    financial_assets = yuan_field(
        _("Financial assets (yuan)"), required=False, help_text=_("At all firms, as the proof shows.")
    )
    income = yuan_field(_("Average income of three years (yuan)"), required=False)
    net_assets = yuan_field(_("Net assets at the last year-end (yuan)"), required=False)
    months = forms.IntegerField(
        label=_("Months of investing experience"),
        min_value=0,
        max_value=1200,
        required=False,
        help_text=_("Leave empty to count from the first trade on file."),
    )
    role = forms.ChoiceField(label=_("Standing"), choices=InvestorRole.choices, required=False)
    notice_reference = forms.CharField(
        label=_("Recording of the notice"),
        max_length=120,
        required=False,
        help_text=_("Number of the audio and video recording; class C needs it."),
    )

    def __init__(self, *args: Any, client: Client, **kwargs: Any) -> None:
        known: dict[str, Any] = {"net_assets": client.own_funds}
        if client.outside_assets is not None:
            known["financial_assets"] = client.outside_assets + max(client.total_assets, Decimal(0))
        kwargs["initial"] = {**known, **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        wanted, role, counts = cast(Any, self.fields["wanted"]), cast(Any, self.fields["role"]), ROLES_OF_A
        if client.kind == Client.Kind.PERSON:
            counts = ROLES_OF_PERSONS
        wanted.choices = [choice for choice in InvestorClass.choices if choice[0] in classes_for(client.kind)]
        role.choices = [choice for choice in InvestorRole.choices if not choice[0] or choice[0] in counts]
        if client.kind == Client.Kind.PERSON:
            del self.fields["net_assets"]
        else:
            del self.fields["income"]

    @property
    def stated(self) -> dict[str, Any]:
        names = ("financial_assets", "income", "net_assets", "months", "role")
        return {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}


class ProofForm(forms.Form):
    """A file that proves what was stated."""

    file = forms.FileField(label=_("File"))


class ReturnForm(CommandForm):
    """The end of a class in force."""

    reason = forms.ChoiceField(
        label=_("Why"),
        choices=[
            c
            for c in InvestorClassification.EndReason.choices
            if c[0] in (InvestorClassification.EndReason.ASKED, InvestorClassification.EndReason.UNFIT)
        ],
    )
    note = forms.CharField(label=_("Note"), max_length=300, required=False)

    def __init__(self, *args: Any, row: InvestorClassification, **kwargs: Any) -> None:
        kwargs["initial"] = {"version": row.version}
        super().__init__(*args, **kwargs)


class WithdrawForm(CommandForm):
    """Taking an application back."""

    def __init__(self, *args: Any, row: InvestorClassification, **kwargs: Any) -> None:
        kwargs["initial"] = {"version": row.version}
        super().__init__(*args, **kwargs)
