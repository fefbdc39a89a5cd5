"""One filter for each list, for pages and REST alike. Rows come already cut by ``visible_to``; a filter is never a guard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import django_filters as filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from crm.core.audit_words import actions_named, objects_named
from crm.core.clocks import day_bounds
from crm.core.forms.days import DayField
from crm.core.importing import TARGETS
from crm.core.models import AuditEntry, Branch, Delegation, ImportBatch, JobRun, Policy, PolicyKey, Role, User
from crm.core.models.importing import ImportMapping
from crm.core.public_ids import is_public_id
from crm.core.subjects import Subject, find_subjects


def _branches(request: Any) -> QuerySet[Branch]:
    return Branch.objects.nameable_by(request.user).order_by("code") if request else Branch.objects.none()


def _branches_in_sight(request: Any) -> QuerySet[Branch]:
    return Branch.objects.visible_to(request.user).order_by("code") if request else Branch.objects.none()


class _Offered(filters.fields.ModelChoiceIterator):
    """The choices from rows that are read once, and not through a cursor of their own."""

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        if self.field.empty_label is not None:
            yield "", self.field.empty_label
        if self.field.null_label is not None:
            yield self.field.null_value, self.field.null_label
        yield from map(self.choice, self.queryset)


class _OfferedField(filters.fields.ModelChoiceField):
    iterator = _Offered

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        if self.null_label is not None and value == self.null_value:
            return value
        key = self.to_field_name or "pk"
        chosen = next((row for row in self.queryset if str(getattr(row, key)) == str(value)), None)
        if chosen is None:
            raise ValidationError(self.error_messages["invalid_choice"], "invalid_choice", {"value": value})
        return chosen


class OfferedFilter(filters.ModelChoiceFilter):
    """One of so few rows that they are all shown: what was chosen is looked for among those, without another statement."""

    field_class = _OfferedField


class BranchFilter(OfferedFilter):
    """Rows of one of the branches whose business the reader sees; named by its public id, as everywhere in addresses."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        own = {"queryset": _branches_in_sight, "to_field_name": "public_id"}
        super().__init__(*args, label=_("Branch"), empty_label=_("All branches"), **own, **kwargs)


def _role_choices() -> list[tuple[str, str]]:
    return [(role.key, str(role)) for role in Role.objects.order_by("key")]


class TwoDays(filters.widgets.DateRangeWidget):
    """Two inputs that browsers show as a calendar."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.widgets = [forms.DateInput(attrs=attrs), forms.DateInput(attrs=attrs)]


class _TwoDaysField(filters.fields.DateRangeField):
    """Two days that have a beginning and an end."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        filters.fields.RangeField.__init__(self, (DayField(), DayField()), *args, **kwargs)


class Days(filters.DateFromToRangeFilter):
    """Days between two days, both included."""

    field_class = _TwoDaysField


class DayRange(Days):
    """Instants between two local days, both included."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, widget=TwoDays, **kwargs)

    def filter(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if not value:
            return rows
        if value.start is not None:
            rows = rows.filter(**{f"{self.field_name}__gte": day_bounds(value.start.date())[0]})
        if value.stop is not None:
            rows = rows.filter(**{f"{self.field_name}__lt": day_bounds(value.stop.date())[1]})
        return rows


class UserFilter(filters.FilterSet):
    """Staff by number or name, role, branch, and whether the account is open."""

    q = filters.CharFilter(method="search", label=_("Staff number or name"))
    role = filters.ChoiceFilter(method="with_role", choices=_role_choices, label=_("Role"), empty_label=_("All roles"))
    branch = filters.ModelChoiceFilter(
        queryset=_branches, to_field_name="public_id", label=_("Branch"), empty_label=_("All branches")
    )
    active = filters.ChoiceFilter(
        method="open_or_closed",
        choices=[("yes", _("Active")), ("no", _("Disabled"))],
        label=_("Account"),
        empty_label=_("All accounts"),
    )

    class Meta:
        model = User
        fields: list[str] = []

    def search(self, rows: Any, _name: str, value: str) -> Any:
        for word in value.split()[:4]:
            rows = rows.filter(Q(staff_number__istartswith=word) | Q(name__icontains=word))
        return rows

    def with_role(self, rows: Any, _name: str, value: str) -> Any:
        return rows.with_role(value)

    def open_or_closed(self, rows: Any, _name: str, value: str) -> Any:
        return rows.filter(is_active=value == "yes")


class TrailForm(forms.Form):
    """What the trail is asked. What means nobody and nothing is said beside the field: an empty list would read as if
    nobody had looked."""

    #: Set by the filter: who asks, and the entries that he may see.
    asker: Any = None
    rows: Any = None
    #: Who is meant by the client's field, and those among whom it cannot tell.
    subject: Subject | None = None
    candidates: Sequence[Subject] = ()

    def clean_client(self) -> str:
        """A client number, a name or a public id becomes the public id that entries carry."""
        text: str = self.cleaned_data["client"]
        if not text or self.asker is None:
            return text
        found = find_subjects(self.asker, text)
        if len(found) == 1:
            self.subject = found[0]
            return found[0].ref
        if found:
            self.candidates = found
            raise forms.ValidationError(_("Several clients are meant by this. Choose one, or give the client number."))
        # Somebody who is out of sight or was merged is still named in entries that the reader may see.
        if is_public_id(text) and self.rows.about_client(text).exists():
            return text
        raise forms.ValidationError(_("You see no client with this number, name or public id."))

    def clean_actor(self) -> str:
        text: str = self.cleaned_data["actor"]
        if not text or self.asker is None:
            return text
        # What the system did is in the trail as well; its account is among nobody's people.
        people = Q(pk__in=User.objects.visible_to(self.asker).values("pk")) | Q(is_system=True)
        if not User.objects.filter(people, Q(staff_number=text) | Q(name=text)).exists():
            raise forms.ValidationError(_("Nobody has this staff number or name."))
        return text

    def clean_action(self) -> Q:
        text: str = self.cleaned_data["action"]
        if not text:
            return Q()
        # With a dot it is a code or its beginning, of whichever version of the product wrote the entry.
        if "." in text:
            return Q(action__startswith=text)
        found = actions_named(text)
        if not found:
            raise forms.ValidationError(_("No action is called so. Type a word of its name, as the table shows it."))
        return Q(action__in=found)

    def clean_kind(self) -> list[str]:
        text: str = self.cleaned_data["kind"]
        if not text:
            return []
        found = [text] if "." in text else objects_named(text)
        if not found:
            raise forms.ValidationError(_("Nothing is called so. Type a word of its name, as the table shows it."))
        return found


class AuditEntryFilter(filters.FilterSet):
    """The trail by client, person, action, object and day. Asked in vain for somebody unknown it shows no entry at all."""

    client = filters.CharFilter(method="about_client", label=_("Client (number, name or public id)"), max_length=120)
    actor = filters.CharFilter(method="by_person", label=_("Person (number or name)"), max_length=60)
    action = filters.CharFilter(method="by_action", label=_("Action"), max_length=80)
    at = DayRange(label=_("Day"))
    kind = filters.CharFilter(method="by_kind", label=_("Kind of object"), max_length=60)
    object = filters.CharFilter(field_name="object_id", label=_("Object (public id)"), max_length=64)
    reads = filters.ChoiceFilter(
        method="by_reading",
        choices=[("yes", _("Only looks and exports")), ("no", _("Only changes"))],
        label=_("Looks and changes"),
        empty_label=_("Both"),
    )

    class Meta:
        model = AuditEntry
        form = TrailForm
        fields: list[str] = []

    @property
    def form(self) -> Any:
        form = super().form
        form.asker, form.rows = getattr(self.request, "user", None), self.queryset
        return form

    def filter_queryset(self, queryset: Any) -> Any:
        return queryset.none() if self.form.errors else super().filter_queryset(queryset)

    def about_client(self, rows: Any, _name: str, value: str) -> Any:
        return rows.about_client(value)

    def by_person(self, rows: Any, _name: str, value: str) -> Any:
        return rows.filter(Q(actor__staff_number=value) | Q(actor__name=value))

    def by_action(self, rows: Any, _name: str, value: Q) -> Any:
        return rows.filter(value)

    def by_kind(self, rows: Any, _name: str, value: list[str]) -> Any:
        return rows.filter(object_type__in=value)

    def by_reading(self, rows: Any, _name: str, value: str) -> Any:
        return rows.filter(is_read=value == "yes")


class JobRunFilter(filters.FilterSet):
    """Runs of long work by state, kind and whether they are one's own."""

    state = filters.ChoiceFilter(choices=JobRun.State.choices, label=_("State"), empty_label=_("All states"))
    kind = filters.CharFilter(lookup_expr="startswith", label=_("Kind"), max_length=60)
    mine = filters.BooleanFilter(method="own", label=_("Started by me"), widget=forms.CheckboxInput)

    class Meta:
        model = JobRun
        fields: list[str] = []

    def own(self, rows: Any, _name: str, value: bool) -> Any:
        return rows.filter(actor=self.request.user) if value and self.request else rows


class PolicyKeyFilter(filters.FilterSet):
    """Figures by words of their name, and by the role that answers for them."""

    q = filters.CharFilter(method="search", label=_("Name or key"))
    owner = filters.ChoiceFilter(choices=_role_choices, label=_("Owner"), empty_label=_("All owners"))

    class Meta:
        model = PolicyKey
        fields: list[str] = []

    def search(self, rows: Any, _name: str, value: str) -> Any:
        for word in value.split()[:4]:
            rows = rows.filter(Q(key__icontains=word) | Q(label_en__icontains=word) | Q(label_zh__icontains=word))
        return rows


class PolicyFilter(filters.FilterSet):
    """Versions of figures over REST: by key and by the part of the trade."""

    key = filters.CharFilter(field_name="policy_key_id", label=_("Key"), max_length=60)
    area = filters.CharFilter(method="of_area", label=_("Area"), max_length=30)

    class Meta:
        model = Policy
        fields: list[str] = []

    def of_area(self, rows: Any, _name: str, value: str) -> Any:
        return rows.filter(policy_key__key__startswith=f"{value}.")


def _import_kinds() -> list[tuple[str, Any]]:
    return [(kind, target.label) for kind, target in TARGETS.items()]


class ImportBatchFilter(filters.FilterSet):
    """Imports by kind, state and branch."""

    q = filters.CharFilter(field_name="file_name", lookup_expr="icontains", label=_("File"))
    kind = filters.ChoiceFilter(choices=_import_kinds, label=_("Kind"), empty_label=_("All kinds"))
    state = filters.ChoiceFilter(choices=ImportBatch.State.choices, label=_("State"), empty_label=_("All states"))
    branch = filters.ModelChoiceFilter(
        queryset=_branches, to_field_name="public_id", label=_("Branch"), empty_label=_("All branches")
    )

    class Meta:
        model = ImportBatch
        fields: list[str] = []


class ImportMappingFilter(filters.FilterSet):
    """Kept mappings by kind and branch."""

    kind = filters.ChoiceFilter(choices=_import_kinds, label=_("Kind"), empty_label=_("All kinds"))
    branch = filters.ModelChoiceFilter(
        queryset=_branches, to_field_name="public_id", label=_("Branch"), empty_label=_("All branches")
    )

    class Meta:
        model = ImportMapping
        fields: list[str] = []


class DelegationFilter(filters.FilterSet):
    """Delegations by who is away or stands in, and the day on which they hold."""

    absent = filters.CharFilter(field_name="absent__public_id", label=_("Absent (public id)"), max_length=26)
    deputy = filters.CharFilter(field_name="deputy__public_id", label=_("Deputy (public id)"), max_length=26)
    on = filters.DateFilter(method="holding", label=_("In force on"))

    class Meta:
        model = Delegation
        fields: list[str] = []

    def holding(self, rows: Any, _name: str, value: Any) -> Any:
        return rows.on(value)
