"""Facts of a client, his risk grade, whose book he is in, do-not-contact, export."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.forms import BoundField
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from clients.models import Channel, Client, RiskGrade
from clients.services.clients import BOOK_ROLES
from crm.core.forms.commands import CommandForm
from crm.core.masking import MASKS
from crm.core.models import User

#: Private values are never put back into a form; an empty box keeps what is on file.
PRIVATE = {"phone": "phone", "id_number": "id_number", "email": "email", "address": "address"}

#: Facts by which two clients are recognised as one.
_TELLING = ("name", "id_number", "phone", "birth_date")
_NOT_FACTS = {*PRIVATE, "form_token", "version", "same_document_reason"}


#: Facts that an institution has not; the form does not show them for one.
ONLY_PERSONS = ("sex", "birth_date", "occupation", "education", "marital_status")


def day_field(label: Any, **kwargs: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}), **kwargs)


def document_reason() -> forms.CharField:
    """Asked only of whom the company has a client with the same document; see ``AsksForReason``."""
    return forms.CharField(
        label=_("Why a second client with the same identity document"),
        max_length=200,
        required=False,
        widget=forms.HiddenInput,
    )


class AsksForReason(CommandForm):
    """A form with an identity number and ``same_document_reason``, whose box shows once it is asked for."""

    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error(field, error)
        if field == "same_document_reason":
            self.ask_for_reason()

    def ask_for_reason(self) -> None:
        """Show the box."""
        self.fields["same_document_reason"].widget = forms.Textarea(attrs={"rows": 2})


class ClientForm(AsksForReason):
    """What the branch knows about a client. The client number is asked only of a new one."""

    external_id = forms.CharField(
        max_length=40, label=_("Client number"), help_text=_("As in the account system; it never changes.")
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=Client.Kind.choices, initial=Client.Kind.PERSON)
    name = forms.CharField(label=_("Name"), max_length=80, required=False)
    id_number = forms.CharField(
        label=_("Identity document"),
        max_length=40,
        required=False,
        help_text=_("Sex and date of birth follow from it. Institutions: unified social credit code."),
    )
    phone = forms.CharField(label=_("Phone"), max_length=40, required=False)
    email = forms.CharField(label=_("E-mail"), max_length=120, required=False)
    city = forms.CharField(label=_("City"), max_length=40, required=False)
    address = forms.CharField(label=_("Address"), max_length=200, required=False)
    sex = forms.ChoiceField(label=_("Sex"), choices=Client.Sex.choices, initial=Client.Sex.UNKNOWN, required=False)
    birth_date = day_field(_("Date of birth"), required=False)
    occupation = forms.CharField(label=_("Occupation"), max_length=60, required=False)
    education = forms.CharField(label=_("Education"), max_length=30, required=False)
    marital_status = forms.CharField(label=_("Marital status"), max_length=20, required=False)
    preferred_channel = forms.ChoiceField(
        label=_("Preferred channel"), choices=[("", "—"), *Channel.choices[:-1]], required=False
    )
    opened_on = day_field(_("Client since"), required=False)
    status = forms.ChoiceField(label=_("Status"), choices=Client.Status.choices, initial=Client.Status.ACTIVE)
    closed_on = day_field(_("Closed on"), required=False)
    same_document_reason = document_reason()

    def __init__(self, *args: Any, client: Client | None = None, **kwargs: Any) -> None:
        if client is not None:
            known = {name: getattr(client, name) for name in self.base_fields if name not in _NOT_FACTS}
            kwargs["initial"] = {**known, "version": client.version}
        super().__init__(*args, **kwargs)
        self.client = client
        for name in ONLY_PERSONS:
            self.fields[name].widget.attrs["data-for"] = f"kind={Client.Kind.PERSON}"
        self._ask_while_typing()
        if self.data.get(self.add_prefix("same_document_reason")):
            self.ask_for_reason()
        if client is None:
            self.fields["name"].required = True
            del self.fields["status"], self.fields["closed_on"]
            return
        del self.fields["external_id"]
        for name, mask in PRIVATE.items():
            if held := getattr(client, name):
                self.fields[name].widget.attrs["placeholder"] = MASKS[mask](held)
                self.fields[name].help_text = _("Leave empty to keep what is on file.")

    def ask_for_reason(self) -> None:
        """Show the box."""
        super().ask_for_reason()
        # The refused page says at once, as typing does, who in reach has that document or whom to ask.
        self.fields["id_number"].widget.attrs["hx-trigger"] = "load, change"

    def on_file(self, field: BoundField) -> str:
        """Private values as the placeholder shows them: masked."""
        if self.client is None or field.name not in PRIVATE:
            return super().on_file(field)
        held = getattr(self.client, field.name)
        return str(MASKS[PRIVATE[field.name]](held)) if held else "—"

    def _ask_while_typing(self) -> None:
        """Once one of these is filled, the page asks whether somebody like that is on file already."""
        url = reverse("clients:check") + (f"?client={self.client.public_id}" if self.client else "")
        for name in _TELLING:
            self.fields[name].widget.attrs |= {
                "hx-post": url,
                "hx-trigger": "change",
                "hx-include": "closest form",
                "hx-target": "#alike",
                "hx-swap": "innerHTML",
            }

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if "status" not in self.fields or "closed_on" in self.errors:
            return said
        closed = said.get("status") == Client.Status.CLOSED
        if closed and not said.get("closed_on"):
            self.add_error("closed_on", _("A closed client needs the day of closing."))
        elif not closed and said.get("closed_on"):
            if "closed_on" in self.changed_data:
                self.add_error("closed_on", _("Only a closed client has a day of closing."))
            else:  # opened again: the day goes with the state
                said["closed_on"] = None
        return said

    @property
    def facts(self) -> dict[str, Any]:
        """What the services take; private values only where something was typed."""
        own = ("external_id", "same_document_reason")
        said = {name: value for name, value in self.command.items() if name not in own}
        if not said.get("sex"):
            said["sex"] = Client.Sex.UNKNOWN
        if said.get("kind") == Client.Kind.INSTITUTION:
            said = {name: value for name, value in said.items() if name not in ONLY_PERSONS}
        if self.client is None:
            return said
        return {name: value for name, value in said.items() if value or name not in PRIVATE}


class RiskForm(CommandForm):
    """A risk grade found outside of the product; it begins with the one on file."""

    grade = forms.ChoiceField(label=_("Risk grade"), choices=RiskGrade.choices)
    is_lowest = forms.BooleanField(
        label=_("Lowest risk capacity"), required=False, help_text=_("Possible with C1 only.")
    )
    assessed_on = day_field(_("Assessed on"))
    basis = forms.CharField(
        label=_("Basis"), max_length=200, help_text=_("Which questionnaire or document says so, and where it is kept.")
    )

    def __init__(self, *args: Any, client: Client, today: date, **kwargs: Any) -> None:
        held = {"grade": client.risk_grade, "is_lowest": client.is_lowest_risk}
        kwargs["initial"] = {**held, "assessed_on": today, "version": client.version}
        super().__init__(*args, **kwargs)


class AdvisorField(forms.ModelChoiceField):
    """A colleague who may have clients in his book, with his staff number."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name} ({obj.staff_number})"


class AdvisorForm(CommandForm):
    """Whose book the client goes into."""

    advisor = AdvisorField(
        queryset=User.objects.none(),
        to_field_name="public_id",
        label=_("Served by"),
        required=False,
        empty_label=_("Nobody"),
    )
    reason = forms.CharField(label=_("Reason"), max_length=200, min_length=2)

    def __init__(self, *args: Any, client: Client, **kwargs: Any) -> None:
        kwargs["initial"] = {"version": client.version, "advisor": client.advisor and client.advisor.public_id}
        super().__init__(*args, **kwargs)
        field: Any = self.fields["advisor"]
        field.queryset = User.objects.active().of_branch(client.branch_id).with_role(*BOOK_ROLES).order_by("name", "pk")


class DoNotContactForm(CommandForm):
    """The mark that nobody here calls the client; setting and lifting need a reason."""

    proposed = frozenset({"do_not_contact"})

    do_not_contact = forms.BooleanField(label=_("Do not contact this client"), required=False)
    reason = forms.CharField(label=_("Reason"), max_length=200, min_length=2)
