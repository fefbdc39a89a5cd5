"""The register of what clients were told and said about their data, its purposes and notices."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clients.forms.client import day_field
from clients.models import Basis, Client, ConsentRecord, ContactLog, DataPurpose, PrivacyNotice
from crm.core.attachments import KINDS
from crm.core.forms.commands import CommandForm
from crm.core.models import User

#: Contacts that may be named as evidence.
_CONTACTS = 20


class ConsentForm(CommandForm):
    """What the client was told or said about one purpose, how, and what proves it."""

    answer = forms.ChoiceField(label=_("Answer"), choices=[])
    answered_on = day_field(_("Answered on"))
    channel = forms.ChoiceField(label=_("Channel"), choices=ConsentRecord.Channel.choices)
    contact = forms.ModelChoiceField(
        label=_("In the contact"),
        queryset=ContactLog.objects.none(),
        to_field_name="public_id",
        required=False,
        empty_label=_("None"),
    )
    file = forms.FileField(
        label=_("Evidence"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ",".join(f".{ending}" for ending in KINDS)}),
    )
    note = forms.CharField(label=_("Note"), max_length=300, required=False)
    #: The notice that stood beside the form.
    notice = forms.CharField(widget=forms.HiddenInput, max_length=26, required=False)

    def __init__(self, *args: Any, client: Client, purpose: DataPurpose, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        answers: Any = self.fields["answer"]
        told = [one for one in ConsentRecord.Answer.choices if (one[0] == ConsentRecord.Answer.TOLD) != purpose.asks]
        answers.choices = told
        contacts: Any = self.fields["contact"]
        rows = (
            ContactLog.objects.visible_to(user)
            if user.has_perm("clients.view_contactlog")
            else ContactLog.objects.none()
        )
        rows = rows.filter(client=client).order_by("-at", "-pk")
        newest = list(rows.values_list("pk", flat=True)[:_CONTACTS])
        contacts.queryset = rows.filter(pk__in=newest)
        contacts.label_from_instance = _contact


def _contact(row: ContactLog) -> str:
    return f"{row.at.astimezone():%Y-%m-%d %H:%M} {row.get_channel_display()}"


class PurposeForm(CommandForm):
    """A purpose in both languages with its basis."""

    code = forms.SlugField(label=_("Code"), max_length=30)
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=80)
    name_en = forms.CharField(label=_("Name in English"), max_length=80)
    basis = forms.ChoiceField(label=_("Basis"), choices=Basis.choices)
    is_sensitive = forms.BooleanField(label=_("Sensitive personal data"), required=False)
    is_active = forms.BooleanField(label=_("In use"), required=False, initial=True)

    def __init__(self, *args: Any, purpose: DataPurpose | None = None, **kwargs: Any) -> None:
        if purpose is not None:
            names = ("name_zh", "name_en", "basis", "is_sensitive", "is_active", "version")
            kwargs["initial"] = {name: getattr(purpose, name) for name in names}
        super().__init__(*args, **kwargs)
        if purpose is not None:
            del self.fields["code"]

    @property
    def values(self) -> dict[str, Any]:
        return {name: value for name, value in self.command.items() if name != "code"}


class NoticeForm(CommandForm):
    """The text of a notice, the kinds of data it names, how long they are kept, and from when it holds."""

    scope = forms.ChoiceField(label=_("For"), choices=[])
    effective_from = day_field(_("Effective from"))
    text = forms.CharField(label=_("Text of the notice"), max_length=4000, widget=forms.Textarea(attrs={"rows": 8}))
    kinds = forms.CharField(label=_("Kinds of data"), max_length=400, widget=forms.Textarea(attrs={"rows": 2}))
    retention = forms.CharField(label=_("Kept for"), max_length=200)

    def __init__(self, *args: Any, user: User, notice: PrivacyNotice | None = None, **kwargs: Any) -> None:
        if notice is not None:
            names = ("effective_from", "text", "kinds", "retention", "version")
            kwargs["initial"] = {name: getattr(notice, name) for name in names}
        super().__init__(*args, **kwargs)
        scope: Any = self.fields["scope"]
        scope.choices = [("company", _("The whole company"))] if user.scope.sees_company else []
        if user.branch_id:
            scope.choices = [*scope.choices, ("branch", _("This branch"))]
        if notice is not None:
            del self.fields["scope"]

    @property
    def values(self) -> dict[str, Any]:
        return {name: value for name, value in self.command.items() if name != "scope"}
