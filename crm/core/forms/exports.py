"""Deciding about an export, and asking whose a file is."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.core.forms.commands import CommandForm

#: A file larger than anything we hand out is somebody else's.
LARGEST = 60 << 20


class TraceForm(forms.Form):
    """A file, or the SHA-256 of one."""

    file = forms.FileField(label=_("File"), required=False, help_text=_("It is looked at and not kept."))
    sha256 = forms.RegexField(
        regex=r"^\s*[0-9a-fA-F]{64}\s*$", label=_("Or its SHA-256"), required=False, max_length=80
    )

    def clean_file(self) -> object:
        file = self.cleaned_data["file"]
        if file is not None and file.size > LARGEST:
            raise forms.ValidationError(_("The file is too large."))
        return file

    def clean(self) -> dict[str, object]:
        said = super().clean() or self.cleaned_data
        if not self.errors and not said.get("file") and not said.get("sha256"):
            raise forms.ValidationError(_("Choose a file or enter its SHA-256."))
        return said


class DecisionForm(CommandForm):
    """What somebody else says about an export."""

    decision = forms.CharField(
        label=_("Reason"), max_length=200, required=False, help_text=_("Needed where it is refused.")
    )
