"""Clients and what belongs to them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import factory
from factory.django import DjangoModelFactory

from clients.models import AdvisorAssignment, Client, ContactLog, Holding, RiskAssessment
from clients.services.identity_facts import following
from tests.factories.core import BranchFactory, UserFactory


class ClientFactory(DjangoModelFactory[Client]):
    """A person whose search columns follow from name, phone and document, as the services make them."""

    class Meta:
        model = Client

    branch = factory.SubFactory(BranchFactory)
    external_id = factory.Sequence(lambda n: f"{100000 + n}")
    name = factory.Sequence(lambda n: f"客户{n}")
    opened_on = date(2020, 1, 2)

    class Params:
        closed = factory.Trait(status="closed", closed_on=date(2026, 1, 5))
        silent = factory.Trait(do_not_contact=True, do_not_contact_reason="客户要求")
        assessed = factory.Trait(risk_grade="C3", risk_valid_until=date(2028, 1, 2))

    @classmethod
    def _create(cls, model_class: type[Client], *args: Any, **kwargs: Any) -> Client:
        said = {name: kwargs[name] for name in ("name", "phone", "id_number") if name in kwargs}
        return super()._create(model_class, *args, **{**following(said, kind=kwargs.get("kind", "person")), **kwargs})


class ContactLogFactory(DjangoModelFactory[ContactLog]):
    class Meta:
        model = ContactLog

    client = factory.SubFactory(ClientFactory)
    at = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
    channel = "phone"
    content = "问候"
    staff = factory.SubFactory(UserFactory, branch=factory.SelfAttribute("..client.branch"))


class RiskAssessmentFactory(DjangoModelFactory[RiskAssessment]):
    class Meta:
        model = RiskAssessment

    client = factory.SubFactory(ClientFactory)
    grade = "C3"
    assessed_on = date(2026, 1, 2)
    valid_until = date(2028, 1, 2)
    basis = "问卷"
    entered_by = factory.SubFactory(UserFactory, branch=factory.SelfAttribute("..client.branch"))


class AdvisorAssignmentFactory(DjangoModelFactory[AdvisorAssignment]):
    class Meta:
        model = AdvisorAssignment

    client = factory.SubFactory(ClientFactory)
    advisor = factory.SubFactory(UserFactory, branch=factory.SelfAttribute("..client.branch"))
    since = datetime(2026, 1, 2, 2, 0, tzinfo=UTC)
    reason = "开户"
    assigned_by = factory.SelfAttribute("advisor")


class HoldingFactory(DjangoModelFactory[Holding]):
    class Meta:
        model = Holding

    client = factory.SubFactory(ClientFactory)
    day = date(2026, 6, 1)
    security_code = "600519.SH"
    security_name = "贵州茅台"
    quantity = 100
    market_value = 150_000
    cost = 140_000
