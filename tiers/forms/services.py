"""What people say about services, entitlements, promises and bookings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models import Channel, Client, ContactLog, RiskGrade, Segment
from crm.core.forms.commands import CommandForm
from crm.core.models import User
from tiers.gates import gate_choices
from tiers.models import MenuEntry, OwnerRole, Period, ServiceItem, Tier
from tiers.models.services import CADENCE_MOST


def day_field(label: Any, **more: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}), **more)


class ServiceItemForm(CommandForm):
    """A service of the catalogue, in both languages."""

    code = forms.SlugField(label=_("Code"), max_length=30, help_text=_("Letters, digits and “-”; it never changes."))
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=60)
    name_en = forms.CharField(label=_("Name in English"), max_length=60)
    kind = forms.ChoiceField(label=_("Kind"), choices=ServiceItem.Kind.choices)
    rhythm = forms.ChoiceField(label=_("Rhythm"), choices=ServiceItem.Rhythm.choices)
    proof = forms.ChoiceField(label=_("What counts as given"), choices=ServiceItem.Proof.choices)
    owner_role = forms.ChoiceField(label=_("Seen to by"), choices=OwnerRole.choices)
    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices)
    limit_days = forms.IntegerField(label=_("Time limit in working days"), min_value=0, max_value=250, initial=5)
    cost = forms.DecimalField(label=_("Cost each time, yuan"), max_digits=12, decimal_places=2, min_value=0, initial=0)
    starts_on = day_field(_("Valid from"))
    places = forms.IntegerField(label=_("Places a day"), min_value=0, max_value=1000, initial=0, required=False)
    purposes = forms.MultipleChoiceField(
        label=_("Purposes that count"), choices=ContactLog.Purpose.choices, required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    channels = forms.MultipleChoiceField(
        label=_("Channels that count"), choices=Channel.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    least_grade = forms.ChoiceField(
        label=_("Least risk grade"), choices=[("", _("None")), *RiskGrade.choices], required=False
    )
    gate = forms.ChoiceField(label=_("Condition"), required=False)
    process_zh = forms.CharField(label=_("Process in Chinese"), max_length=400, required=False, widget=forms.Textarea)
    process_en = forms.CharField(label=_("Process in English"), max_length=400, required=False, widget=forms.Textarea)
    standard_zh = forms.CharField(label=_("Standard in Chinese"), max_length=400, required=False, widget=forms.Textarea)
    standard_en = forms.CharField(label=_("Standard in English"), max_length=400, required=False, widget=forms.Textarea)
    reason = forms.CharField(label=_("Why it is changed"), max_length=200)

    def __init__(self, *args: Any, is_new: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["gate"].choices = [("", _("None")), *gate_choices()]  # type: ignore[attr-defined]  # a choice field
        if is_new:
            del self.fields["reason"]
        else:
            del self.fields["code"]

    @property
    def terms(self) -> dict[str, Any]:
        said = self.command
        said.pop("code", None)
        said.pop("reason", None)
        said["places"] = said["places"] or 0
        return said


class EndServiceForm(CommandForm):
    last_day = day_field(_("Last day"))
    reason = forms.CharField(label=_("Reason"), max_length=200)


class EntitlementForm(CommandForm):
    """How often a tier may have a service, from a day on."""

    times = forms.IntegerField(
        label=_("Times"), min_value=1, max_value=30, required=False, help_text=_("Leave empty to end the entitlement.")
    )
    period = forms.ChoiceField(label=_("Per"), choices=Period.choices)
    valid_from = day_field(_("Valid from"))
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)


class CadenceForm(CommandForm):
    """After how many days clients of a tier are spoken with again, from a day on."""

    days = forms.IntegerField(
        label=_("Days between contacts"),
        min_value=1,
        max_value=CADENCE_MOST,
        required=False,
        help_text=_("Leave empty for no cadence."),
    )
    valid_from = day_field(_("Valid from"))
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)


class KeepForm(CommandForm):
    kept_on = day_field(_("Given on"))
    note = forms.CharField(label=_("Note"), max_length=200, required=False)


class WaiveForm(CommandForm):
    reason = forms.CharField(label=_("Reason"), max_length=200)


class PutOffForm(CommandForm):
    due_on = day_field(_("New day"))
    reason = forms.CharField(label=_("Reason"), max_length=200)


class DeliveryForm(CommandForm):
    """An event or a sending: for whom is said by a tier and a segment, or a preference segment."""

    item = forms.ModelChoiceField(
        label=pgettext_lazy("catalogue", "Service"), queryset=ServiceItem.objects.none(), to_field_name="public_id"
    )
    title = forms.CharField(label=_("Title"), max_length=120)
    day = day_field(_("Day"))
    preference = forms.ChoiceField(label=_("Preference segment"), required=False)
    segment = forms.ModelChoiceField(
        label=_("Segment"), queryset=Segment.objects.none(), to_field_name="public_id", required=False,
        empty_label=_("Everybody whom I see"),
    )  # fmt: skip

    def __init__(self, *args: Any, items: Any, segments: Any, preferences: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["item"].queryset = items
        fields["segment"].queryset = segments
        fields["preference"].choices = [("", "—"), *((row.public_id, row.name) for row in preferences)]


class MarketEventForm(CommandForm):
    """A market event, what is asked of whoever serves clients, and for whom."""

    name = forms.CharField(label=_("Name of the event"), max_length=60)
    day = day_field(_("Day of the event"))
    ask = forms.CharField(
        label=_("What the clients are to be told or asked"), max_length=400, widget=forms.Textarea(attrs={"rows": 3})
    )
    item = forms.ModelChoiceField(
        label=pgettext_lazy("catalogue", "Service"), queryset=ServiceItem.objects.none(), to_field_name="public_id",
        help_text=_("Services that a contact keeps."),
    )  # fmt: skip
    due_on = day_field(_("To be done by"))
    segment = forms.ModelChoiceField(
        label=_("Segment"), queryset=Segment.objects.none(), to_field_name="public_id", required=False, empty_label="—",
        help_text=_("A segment, tiers, or both: then those who are in both."),
    )  # fmt: skip
    tier_codes = forms.MultipleChoiceField(label=_("Client tiers"), required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, items: Any, segments: Any, tiers: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["item"].queryset = items
        fields["segment"].queryset = segments
        fields["tier_codes"].choices = list(tiers.items())


class AskAgainForm(CommandForm):
    """Nothing to say."""


class BookingForm(CommandForm):
    """A place for one client on a day."""

    item = forms.ModelChoiceField(
        label=pgettext_lazy("catalogue", "Service"), queryset=ServiceItem.objects.none(), to_field_name="public_id"
    )
    day = day_field(_("Day"))
    at = forms.TimeField(label=_("Time"), widget=forms.TimeInput(attrs={"type": "time"}))
    where = forms.CharField(label=_("Where (counter, flight, train)"), max_length=120, required=False)
    note = forms.CharField(label=_("Note"), max_length=200, required=False)
    beyond = forms.CharField(
        label=_("Why beyond the entitlement"),
        max_length=200,
        required=False,
        help_text=_("Only where the tier gives no claim, or none any more."),
    )

    def __init__(self, *args: Any, items: Any, may_exceed: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["item"].queryset = items  # type: ignore[attr-defined]  # a model choice field
        if not may_exceed:
            del self.fields["beyond"]


class ConcludeForm(CommandForm):
    note = forms.CharField(label=_("Note"), max_length=200, required=False)


class PlacesForm(CommandForm):
    """How many places a day has; ``shown`` tells of which day and service the version was seen."""

    item = forms.ModelChoiceField(
        label=pgettext_lazy("catalogue", "Service"), queryset=ServiceItem.objects.none(), to_field_name="public_id"
    )
    day = day_field(_("Day"))
    places = forms.IntegerField(label=_("Places"), min_value=0, max_value=1000)
    shown = forms.CharField(widget=forms.HiddenInput, max_length=40, required=False)

    def __init__(self, *args: Any, items: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["item"].queryset = items  # type: ignore[attr-defined]  # a model choice field

    @staticmethod
    def mark(item: ServiceItem, day: date) -> str:
        return f"{item.public_id}/{day.isoformat()}"

    @property
    def seen(self) -> int | None:
        """The version of the day that is to be changed; None where another one was shown, or none was on file."""
        said = self.cleaned_data
        return super().seen if said["shown"] == self.mark(said["item"], said["day"]) else None

    @property
    def command(self) -> dict[str, Any]:
        return {name: value for name, value in super().command.items() if name != "shown"}

    def show(self, item: ServiceItem, day: date, version: int | None) -> None:
        """Let what is sent next be about the day as it is now."""
        said = cast(QueryDict, self.data).copy()
        said["shown"], said["version"] = self.mark(item, day), "" if version is None else str(version)
        self.data = said


class ClientChoiceForm(forms.Form):
    """Whom the booking is for, by what the search box takes."""

    q = forms.CharField(label=_("Name, pinyin, last four digits or client number"), max_length=60)

    def found(self, user: User) -> Any:
        if not self.is_valid():
            return Client.objects.none()
        rows = Client.objects.visible_to(user).served().search(self.cleaned_data["q"], user)
        return rows.order_by("-total_assets", "-pk")[:20]


#: The form of a menu offers at least so many lines, and at least so many blank ones.
_LINES, _BLANK = 6, 2
#: Names of the fields of a line of a menu.
_LINE = re.compile(r"(?:kind|title_zh|title_en)_([1-9][0-9]{0,3})", re.ASCII)


class PreferenceForm(CommandForm):
    """A preference segment: tiers, a rule taken from a kept segment, and the lines of the menu."""

    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=40)
    name_en = forms.CharField(label=_("Name in English"), max_length=40)
    tier_codes = forms.MultipleChoiceField(
        label=_("Client tiers"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("None means every tier."),
    )  # fmt: skip
    segment = forms.ModelChoiceField(
        label=_("Rule of the segment"),
        queryset=Segment.objects.none(),
        to_field_name="public_id",
        help_text=_("The rule over needs and behaviour is copied; later changes of the segment do not reach here."),
    )
    is_active = forms.BooleanField(label=_("In use"), required=False, initial=True)

    def __init__(
        self,
        *args: Any,
        segments: Any,
        tiers: list[Tier],
        is_new: bool,
        menu: Sequence[MenuEntry] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["segment"].queryset = segments
        fields["segment"].required = is_new
        fields["segment"].empty_label = "—" if is_new else _("As it is")
        fields["tier_codes"].choices = [(tier.code, tier.name) for tier in tiers]
        # What was sent decides over how many lines there are: none of them is lost on the way.
        sent = {int(found[1]) for name in self.data if (found := _LINE.fullmatch(name))}
        self._lines = sorted(sent) if self.is_bound else range(1, max(_LINES, len(menu) + _BLANK) + 1)
        for number in self._lines:
            fields[f"kind_{number}"] = forms.ChoiceField(
                label=_("Line %(number)s: kind") % {"number": number}, choices=MenuEntry.Kind.choices, required=False
            )
            fields[f"title_zh_{number}"] = forms.CharField(
                label=_("Line %(number)s: title in Chinese") % {"number": number}, max_length=80, required=False
            )
            fields[f"title_en_{number}"] = forms.CharField(
                label=_("Line %(number)s: title in English") % {"number": number}, max_length=80, required=False
            )
        for number, entry in enumerate(menu, 1):
            for name in ("kind", "title_zh", "title_en"):
                self.initial[f"{name}_{number}"] = getattr(entry, name)

    def menu(self) -> list[tuple[str, str, str]]:
        """Kind, English and Chinese title of each line that says something."""
        said = self.cleaned_data
        lines = [(said[f"kind_{n}"], said[f"title_en_{n}"], said[f"title_zh_{n}"]) for n in self._lines]
        return [line for line in lines if line[1] or line[2]]


class KeptForm(forms.Form):
    """Over which time the report counts."""

    first = day_field(_("Due from"), required=False)
    last = day_field(_("Due until"), required=False)

    def span(self, first: date, last: date) -> tuple[date, date]:
        """What was asked, else what is usual."""
        if not self.is_valid():
            return first, last
        return self.cleaned_data["first"] or first, self.cleaned_data["last"] or last
