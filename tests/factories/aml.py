"""Gradings for money laundering, and suspicion."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import factory
from factory.django import DjangoModelFactory

from clients.models import AmlGrade, SuspicionFlag
from tests.factories.clients import ClientFactory
from tests.factories.core import UserFactory


class AmlGradeFactory(DjangoModelFactory[AmlGrade]):
    """The present grade of its client: high, with the client as he is."""

    class Meta:
        model = AmlGrade

    client = factory.SubFactory(ClientFactory)
    grade = "high"
    occasion = "first"
    reasons = "现金交易频繁canary-aml"
    graded_on = date(2026, 5, 4)
    review_on = date(2026, 11, 4)
    graded_by = factory.SubFactory(UserFactory, branch=factory.SelfAttribute("..client.branch"))
    graded_at = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
    is_present = True

    @classmethod
    def _create(cls, model_class: type[AmlGrade], *args: Any, **kwargs: Any) -> AmlGrade:
        made = model_class(**kwargs)
        made.see(made.client)
        made.save()
        return made


class SuspicionFlagFactory(DjangoModelFactory[SuspicionFlag]):
    """A flag that stands."""

    class Meta:
        model = SuspicionFlag

    client = factory.SubFactory(ClientFactory)
    reason = "与名单人员往来canary-suspicion"
    raised_by = factory.SubFactory(UserFactory, branch=factory.SelfAttribute("..client.branch"))
    raised_at = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
