"""What clients were told about their data and what they said."""

from __future__ import annotations

from datetime import UTC, date, datetime

import factory
from factory.django import DjangoModelFactory

from clients.models import ConsentRecord, DataPurpose, PrivacyNotice
from tests.factories.clients import ClientFactory
from tests.factories.core import UserFactory


class PrivacyNoticeFactory(DjangoModelFactory[PrivacyNotice]):
    """The company's notice about marketing, long in force."""

    class Meta:
        model = PrivacyNotice

    purpose = factory.LazyFunction(lambda: DataPurpose.objects.get(code="marketing"))
    branch = None
    edition = factory.LazyAttribute(lambda made: made.purpose.notices.filter(branch=made.branch).count() + 1)
    effective_from = date(2026, 1, 1)
    text = "我们会向您发送活动邀约和节日问候，您可以随时拒绝。"
    kinds = "姓名、手机号码"
    retention = "至您撤回同意为止"
    written_by = factory.SubFactory(UserFactory, role="compliance")
    written_at = datetime(2026, 1, 1, 2, 0, tzinfo=UTC)


class ConsentRecordFactory(DjangoModelFactory[ConsentRecord]):
    """A client who has refused marketing, and that is what stands."""

    class Meta:
        model = ConsentRecord

    client = factory.SubFactory(ClientFactory)
    purpose = factory.LazyFunction(lambda: DataPurpose.objects.get(code="marketing"))
    basis = "consent"
    answer = "refused"
    answered_on = date(2026, 5, 4)
    channel = "phone"
    recorded_by = factory.SubFactory(UserFactory, branch=factory.SelfAttribute("..client.branch"))
    recorded_at = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
    is_present = True
