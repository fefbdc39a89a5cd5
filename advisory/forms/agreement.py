"""Advisory agreements."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.core.forms.commands import CommandForm


def _day(label: Any, **kwargs: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}), **kwargs)


class SignForm(CommandForm):
    number = forms.RegexField(regex=r"^[0-9A-Za-z\-/]{3,40}$", label=_("Number"), max_length=40)
    signed_on = _day(_("Signed on"))
    risk_disclosure = forms.CharField(
        label=_("Version of the risk disclosure"),
        max_length=40,
        help_text=_("The risk disclosure letter that the client has signed first."),
    )


class CancelForm(CommandForm):
    received_on = _day(_("Written notice received on"))


class EndForm(CommandForm):
    ended_on = _day(_("Ends on"))
    reason = forms.CharField(label=_("Reason"), max_length=200)
