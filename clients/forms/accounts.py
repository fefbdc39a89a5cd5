"""Accounts, collateral, business lines."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clients.forms.client import day_field
from clients.models import Account, BusinessLine
from crm.core.forms.commands import CommandForm


def yuan_field(label: Any, **kwargs: Any) -> forms.DecimalField:
    return forms.DecimalField(label=label, max_digits=16, decimal_places=2, min_value=0, **kwargs)


class AccountForm(CommandForm):
    """An account; its kind is asked only of a new one, and a number on file is never put back into the form."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Account.Kind.choices)
    number = forms.CharField(label=_("Account number"), max_length=40, required=False)
    opened_on = day_field(_("Opened on"), required=False)
    first_trade_on = day_field(
        _("First trade on"),
        required=False,
        help_text=_("Trading experience counts from here; see the one-code account."),
    )
    status = forms.ChoiceField(label=_("Status"), choices=Account.Status.choices, initial=Account.Status.OPEN)
    closed_on = day_field(_("Closed on"), required=False)

    def __init__(self, *args: Any, account: Account | None = None, **kwargs: Any) -> None:
        if account is not None:
            known = {name: getattr(account, name) for name in ("opened_on", "first_trade_on", "status", "closed_on")}
            kwargs["initial"] = {**known, "version": account.version}
        super().__init__(*args, **kwargs)
        self.account = account
        if account is None:
            del self.fields["status"], self.fields["closed_on"]
            return
        del self.fields["kind"]
        if account.number_tail:
            self.fields["number"].widget.attrs["placeholder"] = account.masked_number
            self.fields["number"].help_text = _("Leave empty to keep what is on file.")

    @property
    def facts(self) -> dict[str, Any]:
        said = {name: value for name, value in self.command.items() if name != "kind"}
        if self.account is not None and not said["number"]:
            del said["number"]
        return said


class MarginForm(CommandForm):
    """Collateral and debt of a credit account at the close of a day."""

    day = day_field(_("Day"))
    cash = yuan_field(_("Cash"))
    market_value = yuan_field(_("Market value"))
    debt = yuan_field(_("Borrowed"), help_text=_("Money and securities borrowed on margin."))
    interest = yuan_field(_("Interest owed"), initial=0)

    @property
    def amounts(self) -> dict[str, Any]:
        return {name: value for name, value in self.command.items() if name != "day"}


class LineForm(CommandForm):
    """That a client uses a business line of which accounts and holdings tell nothing."""

    line = forms.ChoiceField(label=_("Business line"), choices=BusinessLine.choices)
    note = forms.CharField(label=_("What for"), max_length=200, min_length=2)
