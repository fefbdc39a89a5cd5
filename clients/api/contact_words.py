"""What the API tells about contacts, and what it takes."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from clients.api.serializers import ClientName
from clients.models import Appointment, Channel, Client, ContactLog, ContactPerson, Relation
from clients.services.contact_batch import MOST
from crm.core.api.serializers import Person, PublicIdField, Strict


class ContactRead(serializers.Serializer[ContactLog]):
    """One contact; ``corrects`` names the one it corrects, ``corrected`` tells that a later one corrects it."""

    id = serializers.CharField(source="public_id")
    client = ClientName()
    at = serializers.DateTimeField()
    channel = serializers.CharField()
    direction = serializers.CharField()
    purpose = serializers.CharField()
    spoke_with = serializers.CharField()
    with_name = serializers.CharField(source="named_person", help_text="Empty where it was the client himself.")
    outcome = serializers.CharField()
    mood = serializers.CharField()
    duration_seconds = serializers.IntegerField(allow_null=True)
    content = serializers.CharField()
    next_on = serializers.DateField(allow_null=True)
    next_content = serializers.CharField()
    staff = Person()
    device_at = serializers.DateTimeField(allow_null=True, help_text="What the phone's clock said.")
    clock = serializers.ChoiceField(
        choices=ContactLog.Clock.choices,
        allow_blank=True,
        help_text="Whose time `at` is: ours (empty), the phone's, or that of arrival because the phone's clock was wrong.",
    )
    has_files = serializers.BooleanField()
    corrects = serializers.SerializerMethodField()
    corrected = serializers.BooleanField(source="is_corrected")
    correction_reason = serializers.CharField()

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_corrects(self, row: ContactLog) -> str | None:
        return row.corrects.public_id if row.corrects else None


class ContactWords(Strict):
    """What may be said about a contact."""

    at = serializers.DateTimeField(required=False, help_text="When it took place; now if missing.")
    channel = serializers.ChoiceField(choices=Channel.choices)
    direction = serializers.ChoiceField(choices=ContactLog.Direction.choices, required=False)
    purpose = serializers.ChoiceField(choices=ContactLog.Purpose.choices, required=False)
    spoke_with = serializers.ChoiceField(choices=ContactLog.SpokeWith.choices, required=False)
    other_name = serializers.CharField(max_length=80, allow_blank=True, required=False)
    outcome = serializers.ChoiceField(choices=ContactLog.Outcome.choices, required=False)
    mood = serializers.ChoiceField(choices=ContactLog.Mood.choices, allow_blank=True, required=False)
    duration_seconds = serializers.IntegerField(min_value=0, max_value=86_400, allow_null=True, required=False)
    content = serializers.CharField(
        max_length=4000,
        allow_blank=True,
        required=False,
        default="",
        help_text="May be left out where nobody answered (`outcome` is `no_answer`), and there alone.",
    )
    next_on = serializers.DateField(allow_null=True, required=False)
    next_content = serializers.CharField(max_length=200, allow_blank=True, required=False)


class _People(serializers.Serializer[Any]):
    """Persons who are named by their ids."""

    contact_person = PublicIdField(model=ContactPerson, required=False, allow_null=True)
    relation = PublicIdField(model=Relation, required=False, allow_null=True)


class ContactCreate(_People, ContactWords):
    """A contact to be logged."""

    client = PublicIdField(model=Client, needs=("public_id",))
    device_at = serializers.DateTimeField(required=False, help_text="What the phone's clock says; kept as a claim.")
    appointment = PublicIdField(
        model=Appointment, required=False, allow_null=True, help_text="Has been held with this contact."
    )


class ContactCorrect(_People, ContactWords):
    """The contact as it should have been; a name left out stays as it was."""

    channel = serializers.ChoiceField(choices=Channel.choices, required=False)
    content = serializers.CharField(max_length=4000, required=False)
    reason = serializers.CharField(min_length=2, max_length=200)


class BatchWords(ContactWords):
    """One contact that a phone kept. Persons and client by id; they are looked up for the whole batch at once."""

    key = serializers.CharField(max_length=80, help_text="The Idempotency-Key of this contact.")
    client = serializers.CharField(max_length=26)
    contact_person = serializers.CharField(max_length=26, required=False, allow_null=True)
    relation = serializers.CharField(max_length=26, required=False, allow_null=True)
    device_at = serializers.DateTimeField(required=False, help_text="When the phone's clock says it took place.")


class ContactBatch(Strict):
    """Contacts in the order in which they took place."""

    sent_at = serializers.DateTimeField(
        required=False, help_text="What the phone's clock shows while it sends; tells whether that clock is right."
    )
    items = serializers.ListField(child=serializers.DictField(), min_length=1, max_length=MOST)


class BatchError(serializers.Serializer[Any]):
    """Why an item was not taken."""

    code = serializers.CharField()
    detail = serializers.CharField()
    fields = serializers.DictField(child=serializers.CharField())  # type: ignore[assignment]  # the contract calls it fields


class BatchOutcome(serializers.Serializer[Any]):
    """What became of one item."""

    key = serializers.CharField()
    state = serializers.ChoiceField(choices=["created", "known", "rejected"])
    contact = serializers.CharField(allow_null=True)
    error = BatchError(allow_null=True)


class BatchAnswer(serializers.Serializer[Any]):
    """Outcomes in the order of the items."""

    results = BatchOutcome(many=True)
