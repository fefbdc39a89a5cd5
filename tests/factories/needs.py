"""What clients want."""

from __future__ import annotations

from datetime import date

import factory
from factory.django import DjangoModelFactory

from clients.models import NeedsInterview
from tests.factories.clients import ClientFactory
from tests.factories.core import UserFactory


class NeedsInterviewFactory(DjangoModelFactory[NeedsInterview]):
    """The present interview of its client, with a goal and a horizon."""

    class Meta:
        model = NeedsInterview

    client = factory.SubFactory(ClientFactory)
    taken_on = date(2026, 6, 1)
    taken_by = factory.SubFactory(UserFactory, branch=factory.SelfAttribute("..client.branch"))
    goals = ["growth"]
    horizon = "medium"
    answered_on = {"goals": "2026-06-01", "horizon": "2026-06-01"}
    is_present = True
