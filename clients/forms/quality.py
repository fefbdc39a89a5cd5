"""The gaps of one client as a sheet, and marking facts as verified."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _

from clients.forms.client import PRIVATE, AsksForReason, document_reason
from clients.models import Channel, Client, ClientQuality
from clients.provenance import FACTS, REFUSABLE, Source, Verification
from clients.quality import COMPOSED, QualityItem
from clients.services.clients import EDITABLE
from crm.core.forms.commands import CommandForm
from crm.core.masking import MASKS


class CompleteForm(AsksForReason):
    """One pair of inputs for each gap: the value, and "refused" (missing) or "still true" (out of date)."""

    source = forms.ChoiceField(label=_("Who says so"), choices=Source.choices[:2], initial=Source.CLIENT)

    def __init__(self, *args: Any, client: Client, quality: ClientQuality | None, **kwargs: Any) -> None:
        kwargs["initial"] = {"version": client.version}
        super().__init__(*args, **kwargs)
        self.client = client
        #: item → whether something is on file that may be confirmed
        self.gaps: dict[str, bool] = {}
        if quality is not None:
            self.gaps = {**dict.fromkeys(quality.missing, False), **dict.fromkeys(quality.stale, True)}
        for item in [item for item in QualityItem.values if item in self.gaps]:
            self._add(item, held=self.gaps[item])
        self.order_fields([name for name in self.fields if name != "source"] + ["source"])

    def _add(self, item: str, *, held: bool) -> None:
        names = [name for name in COMPOSED.get(QualityItem(item), (item,)) if name in EDITABLE]
        for name in names:
            self.fields[name] = self._input(name)
            self.fields[name].row_class = "form-row-first"  # type: ignore[attr-defined]  # read by components/_form.html
            if name == "id_number":
                self.fields["same_document_reason"] = document_reason()
                if self.data.get(self.add_prefix("same_document_reason")):
                    self.ask_for_reason()
        if not names or item in COMPOSED:
            return
        if held and item in FACTS:
            self.fields[f"same_{item}"] = forms.BooleanField(label=_("Asked: it still holds"), required=False)
        elif item in REFUSABLE:
            self.fields[f"refuse_{item}"] = forms.BooleanField(label=_("Client does not say"), required=False)

    def _input(self, name: str) -> forms.Field:
        column: Any = Client._meta.get_field(name)
        words: dict[str, Any] = {
            "label": str(column.verbose_name)[:1].upper() + str(column.verbose_name)[1:],
            "required": False,
        }
        if name in PRIVATE:
            held = getattr(self.client, name)
            attrs = {"placeholder": MASKS[PRIVATE[name]](held)} if held else {}
            return forms.CharField(max_length=200, widget=forms.TextInput(attrs=attrs), **words)
        if name == "preferred_channel":
            return forms.ChoiceField(choices=[("", "—"), *Channel.choices[:-1]], **words)
        if isinstance(column, models.DateField):
            field: Any = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), **words)
        else:
            field = column.formfield(**words)
        if (known := getattr(self.client, name)) not in (None, ""):
            field.initial = known
        return field

    def _columns(self) -> Iterator[str]:
        yield from (name for name in self.fields if name in EDITABLE)

    @property
    def said(self) -> dict[str, Any]:
        """What ``complete_facts`` takes. An empty box says nothing."""
        given = self.cleaned_data
        values = {
            name: given[name]
            for name in self._columns()
            if given.get(name) not in (None, "", False) and given[name] != getattr(self.client, name)
        }
        if given.get("is_listed") is False and self.client.is_listed is None:
            values["is_listed"] = False
        ticked = [name for name, value in given.items() if value is True]
        refused = [name.removeprefix("refuse_") for name in ticked if name.startswith("refuse_")]
        same = [name.removeprefix("same_") for name in ticked if name.startswith("same_")]
        return {
            "values": {name: value for name, value in values.items() if name not in refused},
            "refused": refused,
            "confirmed": [name for name in same if name not in values],
            "source": given["source"],
            "same_document_reason": given.get("same_document_reason", ""),
        }


class VerifyForm(CommandForm):
    """Facts that somebody has checked, and how."""

    items = forms.MultipleChoiceField(label=_("Facts"), choices=QualityItem.choices)
    how = forms.ChoiceField(label=_("How"), choices=Verification.choices)
