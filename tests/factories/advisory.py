"""Advisors with licences, matching runs, agreements."""

from __future__ import annotations

from datetime import date

import factory
from factory.django import DjangoModelFactory

from advisory.models import AdvisorProfile, AdvisoryAgreement
from tests.factories.clients import ClientFactory
from tests.factories.core import UserFactory


class AdvisorFactory(DjangoModelFactory[AdvisorProfile]):
    """A licensed advisor who takes clients; ``user__branch=`` says where."""

    class Meta:
        model = AdvisorProfile

    user = factory.SubFactory(UserFactory, role="advisor")
    licence_kind = "investment_advisor"
    licence_number = factory.Sequence(lambda n: f"S9990621{n:06}")
    licence_valid_until = date(2030, 1, 1)

    class Params:
        expired = factory.Trait(licence_valid_until=date(2026, 1, 5))
        on_leave = factory.Trait(leave_from=date(2026, 5, 1), leave_until=date(2026, 7, 1))


class AgreementFactory(DjangoModelFactory[AdvisoryAgreement]):
    class Meta:
        model = AdvisoryAgreement

    client = factory.SubFactory(ClientFactory, assessed=True)
    advisor = factory.SubFactory(UserFactory, role="advisor", branch=factory.SelfAttribute("..client.branch"))
    number = factory.Sequence(lambda n: f"TG{n:06}")
    signed_on = date(2026, 6, 1)
    cancel_until = date(2026, 6, 8)
    risk_disclosure = "2026-01"
    signed_by = factory.SelfAttribute("advisor")
