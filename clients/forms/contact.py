"""What was said: three fields for the daily entry with the others folded under them, and the form of a correction."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.days import next_contact_days
from clients.forms.client import day_field
from clients.models import Appointment, Channel, Client, ContactLog, ContactPerson, Relation
from crm.core.attachments import KINDS
from crm.core.clocks import Calendar, local_date
from crm.core.forms.commands import CommandForm
from crm.core.models import User

#: Under the three fields, folded away.
MORE = (
    "direction", "outcome", "mood", "purpose", "with_whom", "other_name", "at", "minutes", "next_content", "files",
)  # fmt: skip
#: The daily entry sends three fields; these have a usual value.
_USUAL = ("direction", "outcome", "purpose")
#: As far as the calendar is read for them: a month, and the longest holidays after it.
_OFFERED_WITHIN = timedelta(days=45)
_MOMENT = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class ManyFiles(forms.FileField):
    """Several files in one field; an empty list without any."""

    class Input(forms.ClearableFileInput):
        allow_multiple_selected = True
        template_name = "django/forms/widgets/input.html"

    def __init__(self, **kwargs: Any) -> None:
        accepted = ",".join(f".{ending}" for ending in KINDS)
        super().__init__(widget=self.Input(attrs={"multiple": True, "accept": accepted}), **kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = data if isinstance(data, list | tuple) else [data] if data else []
        if self.required and not files:
            super().clean(None, initial)
        return [super(ManyFiles, self).clean(file, initial) for file in files]


class _Contact(CommandForm):
    """Fields that an entry and its correction share, and whom it was with as one choice."""

    direction = forms.ChoiceField(
        label=_("Who began"), choices=ContactLog.Direction.choices, initial=ContactLog.Direction.OUT
    )
    outcome = forms.ChoiceField(label=_("Outcome"), choices=ContactLog.Outcome.choices, initial="reached")
    mood = forms.ChoiceField(label=_("Mood"), choices=[("", _("Not noted")), *ContactLog.Mood.choices], required=False)
    purpose = forms.ChoiceField(label=_("Purpose"), choices=ContactLog.Purpose.choices, initial="service")
    with_whom = forms.ChoiceField(label=_("Spoke with"), choices=[], required=False)
    other_name = forms.CharField(label=_("Name of somebody else"), max_length=80, required=False)
    minutes = forms.IntegerField(label=_("Minutes"), min_value=0, max_value=1440, required=False)
    next_content = forms.CharField(label=_("What to speak about next"), max_length=200, required=False)

    def __init__(self, *args: Any, client: Client, user: User, people: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.client, self.user = client, user
        for name in _USUAL:
            self.fields[name].required = False
        field: Any = self.fields["with_whom"]
        # The daily entry is three fields; who else there is to speak with is asked only where it is shown or was said.
        field.choices = self._people() if people or self.data.get("with_whom") else []

    def _people(self) -> list[tuple[str, Any]]:
        """The client, those of his contact persons and relations whom the user may see, somebody else.

        Another client is named by what he is to this one.
        """
        people: list[tuple[str, Any]] = [("", ContactLog.SpokeWith.CLIENT.label)]
        if self.client.kind == Client.Kind.INSTITUTION:
            rows = self._seen(ContactPerson).only("public_id", "name", "position")
            people += [(f"person:{row.public_id}", " ".join(filter(None, (row.name, row.position)))) for row in rows]
        for row in self._seen(Relation):
            word = Relation.Kind(row.kind_for(self.client)).label
            people.append((f"relation:{row.public_id}", f"{row.outsider_name} ({word})" if row.outsider_name else word))
        return [*people, ("other", pgettext_lazy("spoke with", "Somebody else"))]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        for name in _USUAL:
            found[name] = found.get(name) or self.get_initial_for_field(self.fields[name], name)
        if found.get("other_name") and not found.get("with_whom"):
            found["with_whom"] = "other"
        if found.get("with_whom") == "other" and not found.get("other_name"):
            self.add_error("other_name", _("Say with whom it was spoken."))
        return found

    @property
    def details(self) -> dict[str, Any]:
        """Everything but channel, words and next date, as the service takes it."""
        said = self.cleaned_data
        kind, _colon, ref = said.get("with_whom", "").partition(":")
        minutes = said.get("minutes")
        return {
            **{name: said[name] for name in ("direction", "outcome", "mood", "purpose", "next_content")},
            "spoke_with": kind or ContactLog.SpokeWith.CLIENT,
            "contact_person": self._row(ContactPerson, ref) if kind == "person" else None,
            "relation": self._row(Relation, ref) if kind == "relation" else None,
            "other_name": said["other_name"] if kind == "other" else "",
            "duration_seconds": None if minutes is None else minutes * 60,
        }

    def _seen(self, model: Any) -> Any:
        """The client's rows of a kind that the user may see."""
        if not self.user.has_perm(f"clients.view_{model._meta.model_name}"):
            return model.objects.none()
        rows = model.objects.visible_to(self.user).present()
        return rows.of(self.client) if model is Relation else rows.filter(client=self.client)

    def _row(self, model: Any, ref: str) -> Any:
        """Whom the choice names: one of those offered, or whom a contact that is corrected names already."""
        rows = model.objects.of(self.client) if model is Relation else model.objects.filter(client=self.client)
        return rows.filter(public_id=ref).first()


class ContactForm(_Contact):
    """Channel, what was said, next date; the rest where it is needed."""

    content = forms.CharField(label=_("What was said"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))
    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices[:-1], initial=Channel.PHONE)
    next_on = day_field(_("Next contact on"), required=False)
    at = forms.DateTimeField(label=_("At (now if empty)"), required=False, widget=_MOMENT)
    files = ManyFiles(label=_("Files and recordings"), required=False)  # type: ignore[assignment]  # Django takes declared fields off the class
    appointment = forms.CharField(widget=forms.HiddenInput, required=False, max_length=26)

    def __init__(self, *args: Any, client: Client, appointment: Appointment | None = None, **kwargs: Any) -> None:
        initial = kwargs.setdefault("initial", {})
        initial.setdefault("channel", client.preferred_channel or Channel.PHONE)
        if appointment is not None:
            initial |= {
                "channel": appointment.channel,
                "purpose": appointment.purpose,
                "appointment": appointment.public_id,
                "content": appointment.subject,
            }
        super().__init__(*args, client=client, **kwargs)
        if "no_answer" in self.data or self.data.get("outcome") == ContactLog.Outcome.NO_ANSWER:
            self.fields["content"].required = False
        self.fields["content"].widget.attrs |= {
            "data-draft": f"contact-{client.public_id}",
            "data-key": "l",
            "data-key-label": _("Log a contact"),
        }

    def clean(self) -> dict[str, Any]:
        found = super().clean()
        if "no_answer" in self.data:  # the button beside the usual one
            found["outcome"] = ContactLog.Outcome.NO_ANSWER
        return found

    @property
    def next_days(self) -> list[tuple[Any, date]]:
        """Next dates that one press sets."""
        today = local_date(timezone.now())
        days = next_contact_days(today, Calendar.load(today, today + _OFFERED_WITHIN))
        return list(zip((_("Next working day"), _("In 3 days"), _("In a week"), _("In a month")), days, strict=True))

    @property
    def more(self) -> list[Any]:
        """The fields that are folded away, in their order."""
        return [self[name] for name in MORE]

    @property
    def more_was_said(self) -> bool:
        """Whether the details were open when the form was sent."""
        return self.is_bound and "direction" in self.data


class CorrectionForm(_Contact):
    """The contact as it should have been written, and why it is written anew."""

    at = forms.DateTimeField(label=_("At"), widget=_MOMENT)
    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices)
    content = forms.CharField(
        label=_("What was said"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    next_on = day_field(_("Next contact on"), required=False)
    reason = forms.CharField(label=_("Reason of the correction"), max_length=200, min_length=2)
    field_order = (
        "at", "channel", "content", "next_on", "next_content", "outcome", "mood", "direction", "purpose", "with_whom",
        "other_name", "minutes", "reason",
    )  # fmt: skip

    def __init__(self, *args: Any, contact: ContactLog, **kwargs: Any) -> None:
        names = (
            "at",
            "channel",
            "content",
            "next_on",
            "next_content",
            "outcome",
            "mood",
            "direction",
            "purpose",
            "other_name",
        )
        seconds = contact.duration_seconds
        kwargs["initial"] = {
            **{name: getattr(contact, name) for name in names},
            "minutes": None if seconds is None else round(seconds / 60),
            "with_whom": _with_whom(contact),
        }
        super().__init__(*args, client=contact.client, **kwargs)
        field: Any = self.fields["with_whom"]
        if (named := kwargs["initial"]["with_whom"]) not in dict(field.choices):
            field.choices = [*field.choices, (named, contact.named_person())]

    @property
    def wording(self) -> dict[str, Any]:
        """What was sent; what a form of fewer fields leaves out stays as it was."""
        said, details = self.cleaned_data, self.details
        if said.get("minutes") == self.initial["minutes"]:
            del details["duration_seconds"]  # nobody touched it: the seconds stay
        if "with_whom" not in self.data:
            for name in ("spoke_with", "contact_person", "relation", "other_name"):
                del details[name]
        for name in ("mood", "next_content"):
            if name not in self.data:
                del details[name]
        return {**{name: said[name] for name in ("at", "channel", "content", "next_on")}, **details}


def _with_whom(contact: ContactLog) -> str:
    if contact.contact_person is not None:
        return f"person:{contact.contact_person.public_id}"
    if contact.relation is not None:
        return f"relation:{contact.relation.public_id}"
    return "other" if contact.other_name else ""


class FilesForm(CommandForm):
    """Files that are added to a contact."""

    files = ManyFiles(label=_("Files and recordings"))  # type: ignore[assignment]  # as above


class AppointmentForm(CommandForm):
    """When, how and what about."""

    starts_at = forms.DateTimeField(label=_("Starts at"), widget=_MOMENT)
    minutes = forms.IntegerField(label=_("Minutes"), min_value=5, max_value=480, initial=30)
    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices[:-1], initial=Channel.VIDEO)
    purpose = forms.ChoiceField(label=_("Purpose"), choices=ContactLog.Purpose.choices, initial="service")
    subject = forms.CharField(label=_("What about"), max_length=200, required=False)
    place = forms.CharField(label=_("Place or link"), max_length=200, required=False)

    @property
    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("minutes", "channel", "purpose", "subject", "place")}


class MoveForm(CommandForm):
    """Another time for an appointment."""

    starts_at = forms.DateTimeField(label=_("Starts at"), widget=_MOMENT)

    @property
    def moment(self) -> datetime:
        found: datetime = self.cleaned_data["starts_at"]
        return found


class CancelForm(CommandForm):
    reason = forms.CharField(label=_("Reason of the cancellation"), max_length=200, min_length=2)
