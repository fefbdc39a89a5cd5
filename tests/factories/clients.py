"""Clients and what belongs to them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import factory
from factory.django import DjangoModelFactory

from clients.models import Client, ContactLog
from tests.factories.core import BranchFactory, UserFactory


class ClientFactory(DjangoModelFactory[Client]):
    class Meta:
        model = Client

    branch = factory.SubFactory(BranchFactory)
    external_id = factory.Sequence(lambda n: f"{100000 + n}")
    name = factory.Sequence(lambda n: f"客户{n}")
    opened_on = date(2020, 1, 2)


class ContactLogFactory(DjangoModelFactory[ContactLog]):
    class Meta:
        model = ContactLog

    client = factory.SubFactory(ClientFactory)
    at = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
    channel = "phone"
    content = "问候"
    staff = factory.SubFactory(UserFactory, branch=factory.SelfAttribute("..client.branch"))
