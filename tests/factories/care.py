"""Programmes, calls, findings and surveys."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import factory
from factory.django import DjangoModelFactory

from care.models import CallAnswer, CareProgramme, Finding, FollowUpCall, ScriptQuestion, SurveyAnswer, SurveyInvitation
from care.services import seed_programmes
from care.services.surveys import token_hash
from crm.core.access import system_user
from crm.core.models import Branch, Company
from tests.factories.clients import ClientFactory
from tests.factories.complaints import ComplaintFactory
from tests.factories.core import BranchFactory, UserFactory

#: A Monday; the figures and the calendar of the product know it.
MONDAY = date(2026, 6, 1)
NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
GOOD_ANSWERS = {
    "identity": "yes",
    "changes_confirmed": "yes",
    "operated_by_staff": "no",
    "risks_explained": "yes",
    "full_mandate": "no",
}


def programme_of(company: Company, code: str = "new_account") -> CareProgramme:
    """The company's programme with the script that the product brings."""
    seed_programmes(actor=system_user(), company=company)
    found: CareProgramme = CareProgramme.objects.get(company=company, code=code)
    return found


class FollowUpCallFactory(DjangoModelFactory[FollowUpCall]):
    """A call that may be made on the Monday of the tests, to a client of the given branch."""

    class Meta:
        model = FollowUpCall

    class Params:
        branch = factory.SubFactory(BranchFactory)
        missed = factory.Trait(state="missed", due_on=MONDAY - timedelta(days=40))

    client = factory.SubFactory(ClientFactory, branch=factory.SelfAttribute("..branch"))
    programme = factory.LazyAttribute(lambda made: programme_of(made.client.branch.company))
    occurrence_key = factory.Sequence(lambda n: f"open:{n}")
    due_on = MONDAY + timedelta(days=10)
    not_before = MONDAY


class FindingFactory(DjangoModelFactory[Finding]):
    """A call in which the client said that somebody had traded for him."""

    class Meta:
        model = Finding

    class Params:
        branch = factory.SubFactory(BranchFactory)

    call = factory.SubFactory(
        FollowUpCallFactory,
        branch=factory.SelfAttribute("..branch"),
        state="done",
        done_at=NOW,
        caller=factory.SubFactory(UserFactory, role="follow_up_caller", branch=factory.SelfAttribute("..branch")),
    )
    opened_at = NOW

    @factory.lazy_attribute
    def answer(self) -> CallAnswer:
        question = ScriptQuestion.objects.get(programme=self.call.programme, code="operated_by_staff")
        return CallAnswer.objects.create(call=self.call, question=question, answer="yes", is_bad=True)


class ClosedComplaintFactory(ComplaintFactory):
    """A complaint that came to its proper end an hour before the moment of the tests."""

    client = factory.SubFactory(ClientFactory, email="client@example.com")
    received_at = NOW - timedelta(days=10)
    state = "closed"
    closed_at = NOW - timedelta(hours=1)


class SurveyInvitationFactory(DjangoModelFactory[SurveyInvitation]):
    """An invitation with the token "token-1", "token-2" …"""

    class Meta:
        model = SurveyInvitation

    class Params:
        token = factory.Sequence(lambda n: f"token-{n}")

    branch = factory.SubFactory(BranchFactory)
    occasion = "complaint"
    occurrence_key = factory.Sequence(lambda n: f"complaint:{n}:1")
    token_hash = factory.LazyAttribute(lambda made: token_hash(made.token))
    created_at = NOW
    expires_at = NOW + timedelta(days=14)


def answered(branch: Branch, satisfaction: int, recommendation: int, comment: str = "", **fields: Any) -> SurveyAnswer:
    """An invitation of the branch with its answer."""
    invitation = SurveyInvitationFactory(branch=branch, state="answered", **fields)
    return SurveyAnswer.objects.create(
        invitation=invitation,
        satisfaction=satisfaction,
        recommendation=recommendation,
        comment=comment,
        answered_at=invitation.created_at,
    )
