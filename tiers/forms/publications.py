"""What people say of a publication, and why it is withdrawn."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.core.attachments import KINDS
from crm.core.forms.commands import CommandForm
from tiers.forms.services import day_field
from tiers.models import PreferenceSegment, ProductRisk, Publication, ServiceItem


class PublicationForm(CommandForm):
    """What stands on the menus: words that the client reads, for whom it is meant, and how long it holds."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Publication.Kind.choices)
    title = forms.CharField(label=_("Title"), max_length=60)
    text = forms.CharField(
        label=_("Text that the client reads"), max_length=400, widget=forms.Textarea(attrs={"rows": 4})
    )
    link = forms.URLField(label=_("Link"), max_length=200, required=False, assume_scheme="https")
    segments = forms.ModelMultipleChoiceField(
        label=_("On the menus of"), queryset=PreferenceSegment.objects.none(), to_field_name="public_id",
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    item = forms.ModelChoiceField(
        label=pgettext_lazy("catalogue", "Service"), queryset=ServiceItem.objects.none(), to_field_name="public_id",
        required=False, empty_label="—",
        help_text=_(
            "Then it reaches only clients whose tier is entitled to it; where sent material proves the service, it keeps one"
            " promise of each."
        ),
    )  # fmt: skip
    risk = forms.ChoiceField(
        label=_("Risk grade of the product"), choices=[("", "—"), *ProductRisk.choices], required=False,
        help_text=_("Where it speaks of a product: only clients whom it suits get it."),
    )  # fmt: skip
    valid_from = day_field(_("Valid from"))
    valid_until = day_field(_("Valid until"))
    upload = forms.FileField(
        label=_("File for whoever serves the clients"), required=False,
        help_text=_("It is not sent; it lies here for those who tell clients of it."),
        widget=forms.ClearableFileInput(attrs={"accept": ",".join(f".{ending}" for ending in KINDS)}),
    )  # fmt: skip

    def __init__(self, *args: Any, segments: Any, items: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["segments"].queryset = segments
        fields["item"].queryset = items

    @property
    def values(self) -> dict[str, Any]:
        said = self.command
        return {name: said[name] for name in said if name not in ("segments", "upload")}


class WithdrawForm(CommandForm):
    reason = forms.CharField(label=_("Reason"), max_length=200)


class SendForm(CommandForm):
    """Nothing to say."""
