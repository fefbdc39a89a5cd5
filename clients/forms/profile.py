"""Groups of facts with their source, and the rows of a profile."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.forms.client import day_field
from clients.models import (
    Channel,
    Client,
    ContactPoint,
    DocumentKind,
    FinancingNeed,
    Relation,
    Stage,
)
from clients.provenance import REFUSABLE, Source, refused_facts
from crm.core.forms.commands import CommandForm

#: Who may be named as the source by hand; the other sources write themselves.
_SOURCES = [(Source.CLIENT.value, Source.CLIENT.label), (Source.STAFF.value, Source.STAFF.label)]
#: What the fold is called in which a form keeps who says so and since when.
_FOLD = _("Who says so, and since when")
_YES_NO = [("", "—"), ("yes", _("Yes")), ("no", _("No"))]


def yuan(label: Any) -> forms.DecimalField:
    return forms.DecimalField(label=label, max_digits=16, decimal_places=2, min_value=0, required=False)


def text(label: Any, length: int, **kwargs: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=length, required=False, **kwargs)


def time_field(label: Any) -> forms.TimeField:
    return forms.TimeField(label=label, required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))


def fact_fields() -> dict[str, forms.Field]:
    """The form field of each fact, made anew."""
    return {
        "sex": forms.ChoiceField(label=_("Sex"), choices=Client.Sex.choices, required=False),
        "birth_date": day_field(_("Date of birth"), required=False),
        "nationality": text(_("Nationality"), 40),
        "tax_residency": text(_("Tax residency"), 40),
        "education": text(_("Education"), 30),
        "marital_status": text(_("Marital status"), 20),
        "occupation": text(_("Occupation"), 60),
        "employer": text(_("Employer"), 80),
        "income_source": text(_("Source of income"), 60),
        "annual_income": yuan(_("Yearly income (yuan)")),
        "outside_assets": yuan(_("Financial assets elsewhere (yuan)")),
        "debts": yuan(_("Debts (yuan)")),
        "investing_since": day_field(
            _("Investing since"), required=False, help_text=_("The month counts; any day of it will do.")
        ),
        "integrity_note": text(_("Integrity record"), 300),
        "controller": text(_("Actual controller"), 80),
        "beneficiary": text(_("Beneficial owner"), 80),
        "is_listed": forms.TypedChoiceField(
            label=_("Listed company"),
            choices=_YES_NO,
            required=False,
            empty_value=None,
            coerce=lambda said: said == "yes",
        ),
        "stock_code": text(_("Stock code"), 12),
        "industry": text(_("Industry"), 60),
        "own_funds": forms.DecimalField(
            label=_("Net assets of the institution (yuan)"), max_digits=16, decimal_places=2, required=False
        ),
        "legal_representative": text(_("Legal representative"), 80),
        "preferred_channel": forms.ChoiceField(
            label=_("Preferred channel"), choices=[("", "—"), *Channel.choices[:-1]], required=False
        ),
        "forbidden_channels": forms.MultipleChoiceField(
            label=_("Forbidden channels"),
            choices=Channel.choices[:-1],
            required=False,
            widget=forms.CheckboxSelectMultiple,
        ),
        "quiet_from": time_field(_("Quiet from")),
        "quiet_until": time_field(_("Quiet until")),
        "avoid_topics": text(
            _("Topics to avoid"), 200, help_text=_("What nobody should bring up. The client may ask to read it.")
        ),
    }


class GroupForm(CommandForm):
    """The facts of one group, who says so as of when, what was refused, and whether the rest was asked again."""

    proposed = frozenset({"source"})

    def __init__(self, *args: Any, client: Client, names: Iterable[str], **kwargs: Any) -> None:
        self.client, self.names = client, list(names)
        kwargs["initial"] = {**self._known(), "version": client.version, "source": Source.CLIENT.value}
        super().__init__(*args, **kwargs)
        known = fact_fields()
        self.fields |= {name: known[name] for name in self.names}
        open_to_refusal = [(name, known[name].label) for name in self.names if name in REFUSABLE]
        if open_to_refusal:
            self.fields["refused"] = forms.MultipleChoiceField(
                label=_("Refused to provide"),
                choices=open_to_refusal,
                required=False,
                widget=forms.CheckboxSelectMultiple,
                help_text=_("A refused fact is emptied and counts as answered."),
            )
        self.fields["source"] = forms.ChoiceField(label=_("Who says so"), choices=_SOURCES)
        self.fields["as_of"] = day_field(
            pgettext_lazy("fact", "As of"), required=False, help_text=_("Today if left empty.")
        )
        self.fields["confirmed"] = forms.BooleanField(
            label=_("The other facts were asked again and still hold"), required=False
        )

    def _known(self) -> dict[str, Any]:
        held: dict[str, Any] = {name: getattr(self.client, name) for name in self.names}
        if "forbidden_channels" in held:
            held["forbidden_channels"] = sorted(self.client.forbidden)
        if held.get("is_listed") is not None:
            held["is_listed"] = "yes" if held["is_listed"] else "no"
        held["refused"] = sorted(refused_facts(self.client.provenance) & set(self.names))
        return held

    @property
    def values(self) -> dict[str, Any]:
        """The facts as the service takes them."""
        said = {name: self.cleaned_data[name] for name in self.names}
        if not said.get("sex", True):
            said["sex"] = Client.Sex.UNKNOWN
        return said

    @property
    def refusals(self) -> dict[str, bool]:
        """Of each fact that may be refused, whether it is. Who gives a fact that he had refused refuses it no longer."""
        said = set(self.cleaned_data.get("refused", []))
        before = refused_facts(self.client.provenance)
        given = {name for name in self.names if self.cleaned_data[name] not in (None, "", [])}
        return {name: name in said - (before & given) for name in self.names if name in REFUSABLE}


class RowForm(CommandForm):
    """A row of the profile. Numbers and addresses on file are never put back; an empty box keeps them.

    Who says so and since when is asked in a fold: most often it is staff today.
    """

    #: Field → attribute of the row with its masked value.
    masked: dict[str, str] = {}

    def __init__(self, *args: Any, row: Any = None, **kwargs: Any) -> None:
        self.row = row
        if row is not None:
            known = {name: getattr(row, name, None) for name in self.base_fields if name not in self.masked}
            kwargs["initial"] = {**known, "version": row.version}
            kwargs["initial"].pop("form_token", None)
        super().__init__(*args, **kwargs)
        self.fields["source"] = forms.ChoiceField(
            label=_("Who says so"), choices=[("", "—"), *_SOURCES], required=False, help_text=_("Staff if left empty.")
        )
        self.fields["as_of"] = day_field(
            pgettext_lazy("fact", "As of"), required=False, help_text=_("Today if left empty.")
        )
        for name in ("source", "as_of"):
            self.fields[name].is_folded = True  # type: ignore[attr-defined]  # read by components/_form.html
        for name, shown in self.masked.items():
            if row is not None and getattr(row, name):
                self.fields[name].required = False
                self.fields[name].widget.attrs["placeholder"] = getattr(row, shown)
                self.fields[name].help_text = _("Leave empty to keep what is on file.")
        if row is not None and getattr(row, "is_primary", False):
            del self.fields["is_primary"]

    @property
    def fold(self) -> dict[str, Any]:
        """What ``components/_form.html`` folds away: open where something in it was typed or is wrong."""
        fields = [self["source"], self["as_of"]]
        return {
            "label": _FOLD,
            "fields": fields,
            "origin": self.row.origin if self.row is not None else None,
            "is_open": any(field.errors or field.value() for field in fields),
        }

    @property
    def facts(self) -> dict[str, Any]:
        """What the services take."""
        return {
            name: value for name, value in self.command.items() if self.row is None or value or name not in self.masked
        }


class RefusalForm(CommandForm):
    """Whether the client refuses to give rows of one kind; those on file stay."""

    proposed = frozenset({"source"})

    refused = forms.BooleanField(
        required=False, help_text=_("It counts as answered, until a person puts such an entry on file.")
    )
    source = forms.ChoiceField(label=_("Who says so"), choices=_SOURCES)
    as_of = day_field(pgettext_lazy("fact", "As of"), required=False, help_text=_("Today if left empty."))

    def __init__(self, *args: Any, client: Client, name: str, words: Any, **kwargs: Any) -> None:
        held = name in refused_facts(client.provenance)
        kwargs["initial"] = {"refused": held, "version": client.version, "source": Source.CLIENT.value}
        super().__init__(*args, **kwargs)
        self.name = name
        self.fields["refused"].label = words

    @property
    def terms(self) -> dict[str, Any]:
        """What ``change_client`` takes."""
        said = self.command
        return {"refused": {self.name: said["refused"]}, "source": said["source"], "as_of": said["as_of"]}


class DocumentForm(RowForm):
    """An identity document."""

    masked = {"number": "masked"}

    kind = forms.ChoiceField(label=_("Kind of document"), choices=DocumentKind.choices)
    number = forms.CharField(label=_("Document number"), max_length=40)
    issued_by = text(_("Issued by"), 80)
    valid_until = day_field(_("Valid until"), required=False)
    is_long_term = forms.BooleanField(label=_("Valid long-term"), required=False)
    is_primary = forms.BooleanField(
        label=_("Primary document"),
        required=False,
        help_text=_("The client’s file and exports show this one; search and checks know all of them."),
    )


class PointForm(RowForm):
    """A way to reach the client."""

    masked = {"value": "masked"}

    kind = forms.ChoiceField(label=_("Kind"), choices=ContactPoint.Kind.choices)
    value = forms.CharField(label=_("Number or address"), max_length=200)
    label = text(_("Label"), 30)
    is_primary = forms.BooleanField(label=_("Primary"), required=False)
    is_preferred = forms.BooleanField(label=_("Preferred"), required=False)
    is_forbidden = forms.BooleanField(label=_("Must not be used"), required=False)
    verified_on = day_field(_("Verified on"), required=False)


class PersonForm(RowForm):
    """Somebody who speaks for an institution."""

    masked = {"phone": "masked_phone", "email": "masked_email"}

    name = forms.CharField(label=_("Name"), max_length=80)
    position = text(_("Position"), 60)
    phone = text(_("Phone"), 40)
    email = text(_("E-mail"), 120)
    birth_date = day_field(_("Date of birth"), required=False)
    is_decision_maker = forms.BooleanField(label=_("Decides"), required=False)
    note = text(_("Note"), 300)


class NeedForm(RowForm):
    """What an institution wants to raise."""

    kind = forms.ChoiceField(label=_("Kind of financing"), choices=FinancingNeed.Kind.choices)
    amount = yuan(_("Amount (yuan)"))
    expected_on = day_field(_("Expected on"), required=False)
    status = forms.ChoiceField(label=_("Status"), choices=FinancingNeed.Status.choices)
    handed_to = text(_("Handed on to"), 80)
    handed_on = day_field(_("Handed on (day)"), required=False)
    note = text(_("Note"), 300)


class RelationForm(RowForm):
    """A related person; whom it is about does not change afterwards."""

    kind = forms.ChoiceField(label=_("What the other one is to this client"), choices=Relation.Kind.choices)
    other_number = text(_("Client number of the other one"), 40)
    outsider_name = text(_("Or the name of somebody who is no client"), 80)
    mandate_until = day_field(_("Mandate until"), required=False)
    note = text(_("Note"), 300)

    def __init__(self, *args: Any, row: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, row=row, **kwargs)
        if row is not None:
            del self.fields["other_number"]
            if row.other_id is not None:
                del self.fields["outsider_name"]


class HouseholdForm(CommandForm):
    """Founding a household, or bringing one more client into it."""

    name = forms.CharField(label=_("Name of the household"), max_length=80)
    other_number = text(_("Client number of another member"), 40)

    def __init__(self, *args: Any, exists: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if exists:
            del self.fields["name"]
            self.fields["other_number"].required = True


class StageForm(CommandForm):
    """A stage set by hand."""

    proposed = frozenset({"until"})

    stage = forms.ChoiceField(label=_("Stage"), choices=Stage.choices)
    reason = forms.CharField(label=_("Reason"), max_length=200, min_length=2)
    until = day_field(_("Valid until"))


class IntroducerForm(CommandForm):
    """Which client has introduced this one; an empty box says nobody."""

    other_number = text(_("Client number of the one who introduced him"), 40)
