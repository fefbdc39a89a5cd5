"""Bringing a file in: which kind, which file, and how its columns are to be understood."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from crm.core.errors import DomainError
from crm.core.forms.commands import CommandForm
from crm.core.importing.editor import look
from crm.core.importing.guess import recognised
from crm.core.importing.mapping import Mapping, parse, text_of
from crm.core.importing.table import Limits
from crm.core.importing.targets import kinds_for
from crm.core.importing.vcardfile import joined, looks_like_cards
from crm.core.models import Branch, User
from crm.core.models.importing import ImportMapping

GUESS, SAVED, UPLOAD = "guess", "saved", "upload"
#: A mapping is a page of text; a larger file is something else.
MAPPING_BYTES = 64 * 1024


class _Several(forms.ClearableFileInput):
    """One file, or several address books."""

    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """The field sees one of them; ``clean_file`` takes all."""
        return files.get(name)


class NewImportForm(CommandForm):
    """A file, its kind and its mapping; nothing is written before a check has been looked at."""

    kind = forms.ChoiceField(label=_("Kind of data"))
    branch = forms.ModelChoiceField(label=_("Branch"), queryset=Branch.objects.none(), to_field_name="public_id")
    file = forms.FileField(
        label=_("File"),
        widget=_Several(attrs={"accept": ".csv,.txt,.xlsx,.vcf,.zip"}),
        help_text=_("CSV (UTF-8 or GB18030) or XLSX whose first row names the columns, or an address book (vCard)."),
    )
    source = forms.ChoiceField(
        label=_("Mapping of the columns"),
        choices=[
            (GUESS, _("Recognise the columns by their titles")),
            (SAVED, _("Use a saved mapping")),
            (UPLOAD, _("Upload a mapping file (TOML)")),
        ],
        initial=GUESS,
        widget=forms.RadioSelect,
    )
    saved = forms.ModelChoiceField(
        label=_("Saved mapping"), queryset=ImportMapping.objects.none(), to_field_name="public_id", required=False
    )
    mapping_file = forms.FileField(
        label=_("Mapping file"), required=False, widget=forms.ClearableFileInput(attrs={"accept": ".toml"})
    )
    keep_as = forms.CharField(
        label=_("Keep this mapping as"),
        max_length=80,
        required=False,
        help_text=_("So that next month needs no thought."),
    )
    day = forms.DateField(
        label=_("Day of the data"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Where the file itself has no such column."),
    )
    dry_run = forms.BooleanField(label=_("Check only; this file shall not be applied"), required=False)

    def __init__(self, *args: Any, user: User, limits: Limits, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: Whether the columns are to be looked at before the check: then a mapping may still be incomplete.
        self.looks_first = bool(self.is_bound and self.data.get("look"))
        self.limits = limits
        self.raw = b""
        branches = Branch.objects.visible_to(user).open().order_by("code")
        chosen: Any = self.fields["kind"]
        chosen.choices = [(target.kind, target.label) for target in kinds_for(user)]
        for name, rows in (("branch", branches), ("saved", ImportMapping.objects.visible_to(user))):
            field: Any = self.fields[name]
            field.queryset = rows
        if user.branch_id and not self.is_bound:
            self.fields["branch"].initial = next((b.public_id for b in branches if b.pk == user.branch_id), None)

    def clean_file(self) -> Any:
        sent: list[UploadedFile[bytes]] = self.files.getlist(self.add_prefix("file"))
        if sum(file.size or 0 for file in sent) > max(self.limits.csv_bytes, self.limits.xlsx_bytes):
            raise forms.ValidationError(_("The file is too large."))
        bodies = [file.read() for file in sent]
        if len(bodies) > 1 and not all(looks_like_cards(body) for body in bodies):
            raise forms.ValidationError(_("Several files at once are taken only of address books (vCard)."))
        try:
            self.raw = joined(bodies)
        except DomainError as refusal:
            raise forms.ValidationError(str(refusal.message)) from None
        return sent[0]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if self.errors:
            return said
        try:
            said["mapping"] = self._mapping(said)
        except DomainError as refusal:
            self.add_error("file" if refusal.code != "bad_mapping" else "source", str(refusal.message))
        return said

    def _mapping(self, said: dict[str, Any]) -> Mapping:
        if said["source"] == SAVED:
            kept: ImportMapping | None = said["saved"]
            if kept is None or kept.kind != said["kind"]:
                raise _wrong(_("Choose a mapping that was saved for this kind of data."))
            return Mapping.from_dict(kept.body)
        if said["source"] == UPLOAD:
            return parse(self._text(said.get("mapping_file")))
        found = recognised(self.raw, said["kind"], self.limits, incomplete=self.looks_first)
        if self.looks_first:
            # What cannot be shown is refused here, not on a page without a way on.
            look(self.raw, found.file, self.limits)
        return found

    def _text(self, file: UploadedFile[bytes] | None) -> str:
        if file is None:
            raise _wrong(_("Choose a mapping file."))
        if (file.size or 0) > MAPPING_BYTES:
            raise _wrong(_("The mapping file is too large."))
        return text_of(file.read())


def _wrong(message: Any) -> DomainError:
    refusal = DomainError(message)
    refusal.code = "bad_mapping"
    return refusal


class UndoForm(CommandForm):
    """Why an import is taken back."""

    reason = forms.CharField(label=_("Reason"), max_length=300)
