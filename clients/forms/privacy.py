"""Requests of clients about their data, holds, restriction, erasure."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clients.forms.client import day_field
from clients.models import DataRequest
from crm.core.forms.commands import CommandForm


def _reason(label: Any = None, **kwargs: Any) -> forms.CharField:
    return forms.CharField(label=label or _("Reason"), min_length=4, max_length=300, **kwargs)


class ReceiveForm(CommandForm):
    """What came in, when and how."""

    kind = forms.ChoiceField(label=_("What is asked for"), choices=DataRequest.Kind.choices)
    channel = forms.ChoiceField(label=_("Received by"), choices=DataRequest.Channel.choices)
    received_on = day_field(_("Received on"))
    details = forms.CharField(
        label=_("In the client's words"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class ConfirmForm(CommandForm):
    """Nothing to say but yes."""


class IdentityForm(CommandForm):
    identity = forms.ChoiceField(label=_("How the identity was checked"), choices=DataRequest.Identity.choices)


class AnswerForm(CommandForm):
    """What the client is told; a refusal has to give its reasons."""

    grants = forms.TypedChoiceField(
        label=_("Decision"),
        choices=[("yes", _("Grant")), ("no", _("Refuse"))],
        coerce=lambda said: said == "yes",
    )
    answer = forms.CharField(
        label=_("Answer to the client"), min_length=2, max_length=2000, widget=forms.Textarea(attrs={"rows": 5})
    )


class WhyForm(CommandForm):
    reason = _reason()


class FileForm(CommandForm):
    """The file for the client."""

    form = forms.ChoiceField(
        label=_("File"),
        choices=[("html", _("Page to read and print (HTML)")), ("json", "JSON"), ("xlsx", _("Excel (XLSX)"))],
    )
    reason = _reason()
