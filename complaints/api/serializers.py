"""What the API tells about complaints, and what it takes."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from clients.models import Client
from complaints.models import Complaint, ComplaintClock, ComplaintEvent
from complaints.steps import STEPS, possible
from crm.core.api.serializers import MaskedField, Person, PublicIdField, Strict, YuanField
from crm.core.models import Branch, User

_LONG = 8000


class ComplaintClockRead(serializers.ModelSerializer[ComplaintClock]):
    """One deadline. ``unit`` is N for natural, W for working days; ``legal`` tells the law's limits from the house's."""

    legal = serializers.BooleanField(source="is_legal", read_only=True)
    kind = serializers.CharField(read_only=True, help_text="first_contact, accept, internal or close")

    class Meta:
        model = ComplaintClock
        fields = [
            "kind", "legal", "round", "started_on", "due_on", "days", "unit", "provisional", "is_imposed", "stopped_at",
            "escalated_at",
        ]  # fmt: skip


class ComplaintRead(serializers.ModelSerializer[Complaint]):
    """A complaint with its clocks. Name and phone of a complainant are masked; money is yuan as a string."""

    id = serializers.CharField(source="public_id", read_only=True)
    branch = serializers.CharField(source="branch.code", read_only=True)
    client = serializers.CharField(source="client.public_id", read_only=True, allow_null=True, default=None)
    complainant = MaskedField("name", source="who")
    complainant_phone = MaskedField("phone")
    state = serializers.CharField(read_only=True)
    channel = serializers.CharField(read_only=True)
    subject = serializers.CharField(read_only=True)
    level = serializers.CharField(read_only=True)
    outcome = serializers.CharField(read_only=True, help_text="Empty until an opinion names one.")
    complained_of = Person(read_only=True, allow_null=True)
    handler = Person(read_only=True, allow_null=True)
    registered_by = Person(read_only=True)
    compensation = YuanField(read_only=True)
    clocks = ComplaintClockRead(many=True, read_only=True)

    class Meta:
        model = Complaint
        fields = [
            "id", "number", "external_id", "branch", "client", "complainant", "complainant_phone", "state", "channel",
            "subject", "product", "description", "wish", "level", "is_group", "is_urgent", "is_reasonable",
            "complained_of", "handler", "registered_by", "received_at", "accepted_at", "closed_at", "opinion", "outcome",
            "compensation", "reply", "is_satisfied", "transferred_to", "extension_days", "extended_by_days", "rounds",
            "reported_late", "reported_disputed", "reported_outcome", "reported_sent_on", "version", "clocks",
        ]  # fmt: skip


class ComplaintEventRead(serializers.ModelSerializer[ComplaintEvent]):
    """One step as it was taken."""

    by = Person(source="actor", read_only=True)

    class Meta:
        model = ComplaintEvent
        fields = ["at", "action", "from_state", "to_state", "by", "note"]


class ComplaintTaken(serializers.Serializer[Any]):
    """What is told of a complaint that the caller may not see: that it is on file, and its number."""

    id = serializers.CharField()
    number = serializers.CharField()


class StepRead(serializers.Serializer[Any]):
    """A step that the caller may take now, and what it must and may put on record."""

    action = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # the contract calls it so
    needs = serializers.ListField(child=serializers.CharField())
    takes = serializers.ListField(child=serializers.CharField())


class ComplaintDetail(ComplaintRead):
    """The dossier: the complaint, every step so far, and the steps that are possible now."""

    events = ComplaintEventRead(many=True, read_only=True)
    steps = serializers.SerializerMethodField()

    class Meta(ComplaintRead.Meta):
        fields = [*ComplaintRead.Meta.fields, "events", "steps"]

    @extend_schema_field(StepRead(many=True))
    def get_steps(self, row: Complaint) -> Any:
        return StepRead(possible(row, self.context["request"].user), many=True).data


def _choice(choices: Any, **kwargs: Any) -> serializers.ChoiceField:
    return serializers.ChoiceField(choices=choices, **kwargs)


class RegisterComplaint(Strict):
    """A complaint to take down: of a client, or of somebody named by ``complainant_name``."""

    client = PublicIdField(model=Client, required=False, allow_null=True)
    branch = PublicIdField(model=Branch, required=False, help_text="Only without a client; else the caller's own.")
    complainant_name = serializers.CharField(max_length=80, required=False, allow_blank=True)
    complainant_phone = serializers.CharField(max_length=40, required=False, allow_blank=True)
    channel = _choice(Complaint.Channel.choices)
    received_at = serializers.DateTimeField(required=False, help_text="Now if missing.")
    subject = _choice(Complaint.Subject.choices)
    product = serializers.CharField(max_length=120, required=False, allow_blank=True)
    description = serializers.CharField(max_length=_LONG)
    wish = serializers.CharField(max_length=400, required=False, allow_blank=True)
    level = _choice(Complaint.Level.choices, required=False)
    is_group = serializers.BooleanField(required=False)
    is_urgent = serializers.BooleanField(required=False)
    complained_of = PublicIdField(model=User, required=False, allow_null=True)
    imposed_due_on = serializers.DateField(required=False, allow_null=True)


class TakeStep(Strict):
    """A step of the state table with its facts; ``steps`` of a complaint says which facts belong to which step."""

    action = _choice([(step.action, step.action) for step in STEPS])
    note = serializers.CharField(max_length=_LONG, required=False)
    handler = PublicIdField(model=User, required=False)
    complained_of = PublicIdField(model=User, required=False)
    level = _choice(Complaint.Level.choices, required=False)
    is_group = serializers.BooleanField(required=False)
    is_urgent = serializers.BooleanField(required=False)
    transferred_to = serializers.CharField(max_length=120, required=False)
    opinion = serializers.CharField(max_length=_LONG, required=False)
    outcome = _choice(Complaint.Outcome.choices, required=False)
    compensation = YuanField(required=False)
    is_reasonable = serializers.BooleanField(required=False)
    reply = serializers.CharField(max_length=_LONG, required=False)
    is_satisfied = serializers.BooleanField(required=False)
    extension_days = serializers.IntegerField(required=False, min_value=1, max_value=365)
    imposed_due_on = serializers.DateField(required=False)
