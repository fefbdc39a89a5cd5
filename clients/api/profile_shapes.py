"""What the API tells about rows of a profile, and what it takes. Sealed values come out masked."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from clients.api.serializers import ClientName
from clients.models import Client, ContactPoint, DocumentKind, FinancingNeed, Household, HouseholdMember, Relation
from clients.provenance import Source
from crm.core.api.serializers import PublicIdField, Strict, YuanField


class RowRead(serializers.Serializer[Any]):
    id = serializers.CharField(source="public_id")
    client = ClientName()
    source = serializers.CharField(help_text="Who says so: client, staff, system or import.")  # type: ignore[assignment]  # a field of that name
    as_of = serializers.DateField(help_text="Since when.")
    version = serializers.IntegerField()


def _said(length: int, **kwargs: Any) -> serializers.CharField:
    return serializers.CharField(max_length=length, allow_blank=True, required=False, **kwargs)


def _day(**kwargs: Any) -> serializers.DateField:
    return serializers.DateField(allow_null=True, required=False, **kwargs)


def _flag() -> serializers.BooleanField:
    return serializers.BooleanField(required=False)


class RowSaid(Strict):
    """Who says so of a row, and since when. Without other content in a change: it was asked again and still holds."""

    source = serializers.ChoiceField(  # type: ignore[assignment]  # a field of that name
        choices=Source.choices, required=False, help_text="Who says so; staff if missing."
    )
    as_of = serializers.DateField(required=False, help_text="The day as of which it holds; today if missing.")


class DocumentRead(RowRead):
    """An identity document with its number masked."""

    kind = serializers.CharField()
    number = serializers.CharField(source="masked")
    issued_by = serializers.CharField()
    valid_until = serializers.DateField(allow_null=True)
    is_long_term = serializers.BooleanField()
    is_primary = serializers.BooleanField()


class DocumentChange(RowSaid):
    """What is to be different about a document; a primary one changes the client as well."""

    kind = serializers.ChoiceField(choices=DocumentKind.choices, required=False)
    number = serializers.CharField(max_length=40, required=False)
    issued_by = _said(80)
    valid_until = _day()
    is_long_term = _flag()
    is_primary = _flag()


class DocumentCreate(DocumentChange):
    """A document of a client."""

    client = PublicIdField(model=Client)
    kind = serializers.ChoiceField(choices=DocumentKind.choices)
    number = serializers.CharField(max_length=40)


class PointRead(RowRead):
    """A way to reach a client, masked."""

    kind = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name, not the serializer's own
    value = serializers.CharField(source="masked")
    is_primary = serializers.BooleanField()
    is_preferred = serializers.BooleanField()
    is_forbidden = serializers.BooleanField()
    verified_on = serializers.DateField(allow_null=True)


class PointChange(RowSaid):
    """What is to be different about a way to reach a client."""

    kind = serializers.ChoiceField(choices=ContactPoint.Kind.choices, required=False)
    value = serializers.CharField(max_length=200, required=False)
    label = _said(30)  # type: ignore[assignment]  # a field of that name, not the serializer's own
    is_primary = _flag()
    is_preferred = _flag()
    is_forbidden = _flag()
    verified_on = _day()


class PointCreate(PointChange):
    """A way to reach a client."""

    client = PublicIdField(model=Client)
    kind = serializers.ChoiceField(choices=ContactPoint.Kind.choices)
    value = serializers.CharField(max_length=200)


class PersonRead(RowRead):
    """Somebody who speaks for an institution; phone and e-mail masked."""

    name = serializers.CharField()
    position = serializers.CharField()
    phone = serializers.CharField(source="masked_phone")
    email = serializers.CharField(source="masked_email")
    birth_date = serializers.DateField(allow_null=True)
    is_decision_maker = serializers.BooleanField()
    note = serializers.CharField()


class PersonChange(RowSaid):
    """What is to be different about a contact person."""

    name = serializers.CharField(max_length=80, required=False)
    position = _said(60)
    phone = _said(40)
    email = _said(120)
    birth_date = _day()
    is_decision_maker = _flag()
    note = _said(300)


class PersonCreate(PersonChange):
    """A contact person of an institution."""

    client = PublicIdField(model=Client)
    name = serializers.CharField(max_length=80)


class NeedRead(RowRead):
    """A financing need; the amount is yuan as a string."""

    kind = serializers.CharField()
    amount = YuanField(allow_null=True)
    expected_on = serializers.DateField(allow_null=True)
    status = serializers.CharField()
    handed_to = serializers.CharField()
    handed_on = serializers.DateField(allow_null=True)
    note = serializers.CharField()


class NeedChange(RowSaid):
    """What is to be different about a financing need."""

    kind = serializers.ChoiceField(choices=FinancingNeed.Kind.choices, required=False)
    amount = YuanField(allow_null=True, required=False)
    expected_on = _day()
    status = serializers.ChoiceField(choices=FinancingNeed.Status.choices, required=False)
    handed_to = _said(80)
    handed_on = _day()
    note = _said(300)


class NeedCreate(NeedChange):
    """A financing need of an institution."""

    client = PublicIdField(model=Client)
    kind = serializers.ChoiceField(choices=FinancingNeed.Kind.choices)


class RelationRead(RowRead):
    """What somebody is to the client. ``other`` is null for somebody outside."""

    kind = serializers.CharField()
    other = serializers.SerializerMethodField()
    outsider_name = serializers.CharField()
    mandate_until = serializers.DateField(allow_null=True)
    note = serializers.CharField()

    @extend_schema_field(ClientName(allow_null=True))
    def get_other(self, row: Relation) -> Any:
        found = self._others().get(row.other_id or 0)
        return ClientName(found, context=self.context).data if found else None

    def _others(self) -> dict[int, Client]:
        """Other clients of the page whom the caller may see; one query for all of them."""
        context: Any = self.context
        if "others" not in context:
            rows: Any = self.parent.instance if self.parent is not None else [self.instance]
            wanted = [row.other_id for row in rows if row.other_id is not None]
            context["others"] = Client.objects.visible_to(context["request"].user).in_bulk(wanted)
        return context["others"]


class RelationChange(RowSaid):
    """What is to be different about a relation; whom it is about stays."""

    kind = serializers.ChoiceField(choices=Relation.Kind.choices, required=False)
    mandate_until = _day()
    note = _said(300)


class RelationCreate(RelationChange):
    """A related person: another client, or the name of somebody outside."""

    client = PublicIdField(model=Client)
    kind = serializers.ChoiceField(choices=Relation.Kind.choices)
    other = PublicIdField(model=Client, allow_null=True, required=False)
    outsider_name = _said(80)


class HouseholdRead(serializers.Serializer[Household]):
    """A household with the members whom the caller may see, and how many others there are. Money is yuan as a string."""

    id = serializers.CharField(source="public_id")
    name = serializers.CharField()
    members = serializers.SerializerMethodField()
    hidden = serializers.SerializerMethodField()
    version = serializers.IntegerField()

    @extend_schema_field(ClientName(many=True))
    def get_members(self, row: Household) -> Any:
        seen = [place.client for place in row.members.all() if place.pk in self._visible(row)]
        return ClientName(seen, many=True, context=self.context).data

    def get_hidden(self, row: Household) -> int:
        return len(row.members.all()) - len(self._visible(row))

    def _visible(self, row: Household) -> set[int]:
        """Keys of the places whose clients the caller may see; one query for a page."""
        context: Any = self.context
        known = context.get("places")
        if known is None:
            known = set(
                HouseholdMember.objects.visible_to(self.context["request"].user)
                .filter(household__in=self.context["households"])
                .values_list("pk", flat=True)
            )
            context["places"] = known
        return {place.pk for place in row.members.all()} & known


class HouseholdFound(Strict):
    """A household with its first member."""

    client = PublicIdField(model=Client)
    name = serializers.CharField(max_length=80)


class HouseholdPlace(Strict):
    """A client who joins or leaves."""

    client = PublicIdField(model=Client)
