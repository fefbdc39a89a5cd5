"""Advisors with licences, matching runs, agreements."""

from __future__ import annotations

from datetime import UTC, date, datetime

import factory
from factory.django import DjangoModelFactory

from advisory.models import AdvisorProfile, AdvisoryAgreement, PortfolioReview, ReviewAnswer, ReviewLine
from tests.factories.clients import ClientFactory, ContactLogFactory
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


class ReviewFactory(DjangoModelFactory[PortfolioReview]):
    """A review that is due; ``done``: recorded without a change, ``proposed``: with a proposal about which he thinks."""

    class Meta:
        model = PortfolioReview

    client = factory.SubFactory(ClientFactory, assessed=True)
    due_on = date(2026, 6, 1)

    class Params:
        done = factory.Trait(
            state="done",
            done_on=date(2026, 6, 1),
            done_by=factory.SubFactory(UserFactory, role="advisor", branch=factory.SelfAttribute("..client.branch")),
            outcome="no_change",
            summary="持仓与需求相符",
            risk_grade="C3",
            highest_risk="R3",
            next_on=date(2026, 12, 1),
        )
        proposed = factory.Trait(
            done=True,
            outcome="proposal",
            answer="thinking",
            agreement=factory.LazyAttribute(
                lambda made: made.client.advisory_agreements.first() or AgreementFactory(client=made.client)
            ),
        )


class ReviewLineFactory(DjangoModelFactory[ReviewLine]):
    """Half of what is held is to be sold."""

    class Meta:
        model = ReviewLine

    review = factory.SubFactory(ReviewFactory, proposed=True)
    position = 1
    direction = "sell"
    security_code = "600519.SH"
    security_name = "贵州茅台"
    share = 50
    reason = "集中度过高"


class ReviewAnswerFactory(DjangoModelFactory[ReviewAnswer]):
    class Meta:
        model = ReviewAnswer

    review = factory.SubFactory(ReviewFactory, proposed=True)
    answer = "thinking"
    contact = factory.SubFactory(ContactLogFactory, client=factory.SelfAttribute("..review.client"))
    noted_by = factory.SelfAttribute("review.done_by")
    noted_at = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
