"""Complaints."""

from __future__ import annotations

from datetime import UTC, datetime

import factory
from factory.django import DjangoModelFactory

from complaints.models import Complaint, ComplaintClock, ComplaintEvent
from tests.factories.clients import ClientFactory
from tests.factories.core import UserFactory


class ComplaintFactory(DjangoModelFactory[Complaint]):
    """A complaint of a client, just registered, without clocks; ``register_complaint`` makes one with all that follows."""

    class Meta:
        model = Complaint

    client = factory.SubFactory(ClientFactory)
    branch = factory.SelfAttribute("client.branch")
    number = factory.Sequence(lambda n: f"T-2026-{n:05}")
    channel = "phone"
    subject = "commission"
    description = "佣金与约定不符"
    received_at = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
    registered_by = factory.SubFactory(UserFactory, branch=factory.SelfAttribute("..branch"))

    class Params:
        closed = factory.Trait(state="closed", closed_at=datetime(2026, 6, 5, 2, 0, tzinfo=UTC))
        stranger = factory.Trait(client=None, complainant_name="王女士", complainant_phone="13812345678")


class ComplaintClockFactory(DjangoModelFactory[ComplaintClock]):
    class Meta:
        model = ComplaintClock

    complaint = factory.SubFactory(ComplaintFactory)
    kind = "close"
    started_on = factory.LazyAttribute(lambda made: made.complaint.received_at.date())
    due_on = factory.LazyAttribute(lambda made: made.started_on)
    days = 60
    unit = "N"


class ComplaintEventFactory(DjangoModelFactory[ComplaintEvent]):
    class Meta:
        model = ComplaintEvent

    complaint = factory.SubFactory(ComplaintFactory)
    action = "note"
    to_state = "registered"
    actor = factory.SubFactory(UserFactory, branch=factory.SelfAttribute("..complaint.branch"))
    at = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
