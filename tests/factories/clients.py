"""Clients and what belongs to them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from clients.models import (
    Account,
    AdvisorAssignment,
    BusinessLineMark,
    Client,
    ContactLog,
    ContactPerson,
    ContactPoint,
    EntryTest,
    FinancingNeed,
    Holding,
    IdentityDocument,
    InvestorClassification,
    MarginDay,
    Relation,
    RiskAssessment,
    TradingPermission,
)
from clients.services.accounts import number_facts
from clients.services.identity_facts import following
from crm.core.clocks import local_date
from crm.core.crypto import blind_index
from tests.factories.core import BranchFactory, UserFactory


def _not_soon() -> date:
    """A day that lies ahead whenever the tests run, and of those whose clock stands at a day of 2026."""
    return max(date(2028, 1, 2), local_date(timezone.now()) + timedelta(days=300))


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
        assessed = factory.Trait(risk_grade="C3", risk_valid_until=factory.LazyFunction(_not_soon))

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
    valid_until = factory.LazyFunction(_not_soon)
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


class IdentityDocumentFactory(DjangoModelFactory[IdentityDocument]):
    """A passport beside the primary document."""

    class Meta:
        model = IdentityDocument

    as_of = date(2026, 1, 2)
    client = factory.SubFactory(ClientFactory)
    kind = "passport"
    number = factory.Sequence(lambda n: f"E{10000000 + n}")
    number_index = factory.LazyAttribute(lambda row: blind_index(row.number))
    number_tail = factory.LazyAttribute(lambda row: row.number[-4:])
    issued_by = "国家移民管理局"
    valid_until = date(2030, 1, 2)


class ContactPointFactory(DjangoModelFactory[ContactPoint]):
    class Meta:
        model = ContactPoint

    as_of = date(2026, 1, 2)
    client = factory.SubFactory(ClientFactory)
    kind = "phone"
    label = "办公室"
    value = factory.Sequence(lambda n: f"+86138{10000000 + n}")
    value_index = factory.LazyAttribute(lambda row: blind_index(row.value))
    value_tail = factory.LazyAttribute(lambda row: row.value[-4:])


class ContactPersonFactory(DjangoModelFactory[ContactPerson]):
    class Meta:
        model = ContactPerson

    as_of = date(2026, 1, 2)
    client = factory.SubFactory(ClientFactory, kind="institution")
    name = "王芳"
    position = "财务总监"
    phone = ""
    phone_index = factory.LazyAttribute(lambda row: blind_index(row.phone) if row.phone else "")
    phone_tail = factory.LazyAttribute(lambda row: row.phone[-4:])


class FinancingNeedFactory(DjangoModelFactory[FinancingNeed]):
    class Meta:
        model = FinancingNeed

    as_of = date(2026, 1, 2)
    client = factory.SubFactory(ClientFactory, kind="institution")
    kind = "bonds"
    recorded_by = factory.SubFactory(UserFactory, branch=factory.SelfAttribute("..client.branch"))


class RelationFactory(DjangoModelFactory[Relation]):
    class Meta:
        model = Relation

    as_of = date(2026, 1, 2)
    client = factory.SubFactory(ClientFactory)
    other = factory.SubFactory(ClientFactory, branch=factory.SelfAttribute("..client.branch"))
    kind = "spouse"


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


class AccountFactory(DjangoModelFactory[Account]):
    """An open cash account; the columns that follow from its number follow."""

    class Meta:
        model = Account

    client = factory.SubFactory(ClientFactory)
    kind = "cash"
    number = factory.Sequence(lambda n: f"8800{n:08d}")
    opened_on = date(2020, 1, 2)

    class Params:
        credit = factory.Trait(kind="credit")
        closed = factory.Trait(status="closed", closed_on=date(2026, 1, 5))

    @classmethod
    def _create(cls, model_class: type[Account], *args: Any, **kwargs: Any) -> Account:
        return super()._create(model_class, *args, **{**kwargs, **number_facts(kwargs.get("number", ""))})


class MarginDayFactory(DjangoModelFactory[MarginDay]):
    class Meta:
        model = MarginDay

    account = factory.SubFactory(AccountFactory, credit=True)
    day = date(2026, 6, 1)
    cash = Decimal(100_000)
    market_value = Decimal(400_000)
    debt = Decimal(200_000)
    interest = Decimal(0)
    ratio = Decimal("2.5")
    recorded_by = factory.SubFactory(UserFactory)


class BusinessLineMarkFactory(DjangoModelFactory[BusinessLineMark]):
    class Meta:
        model = BusinessLineMark

    client = factory.SubFactory(ClientFactory)
    line = "advice"
    note = "订阅晨会纪要"
    marked_on = date(2026, 6, 1)
    marked_by = factory.SubFactory(UserFactory, branch=factory.SelfAttribute("..client.branch"))


class TradingPermissionFactory(DjangoModelFactory[TradingPermission]):
    """An open permission; with ``closed_on`` a closed one."""

    class Meta:
        model = TradingPermission

    client = factory.SubFactory(ClientFactory)
    code = "star"
    state = factory.LazyAttribute(lambda made: "closed" if made.closed_on else "open")
    opened_on = date(2026, 5, 4)
    closed_on = None
    opened_by = factory.SubFactory(UserFactory, branch=factory.SelfAttribute("..client.branch"))
    asked_at = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)

    class Params:
        waiting = factory.Trait(
            state="waiting", opened_on=None, exemption="elsewhere", exemption_reason="在他司已开通", proof=[]
        )


class EntryTestFactory(DjangoModelFactory[EntryTest]):
    class Meta:
        model = EntryTest

    client = factory.SubFactory(ClientFactory)
    code = "star"
    kind = "knowledge"
    done_on = date(2026, 5, 4)
    score = factory.LazyAttribute(lambda made: 90 if made.kind in EntryTest.MARKED else None)
    entered_by = factory.SubFactory(UserFactory, branch=factory.SelfAttribute("..client.branch"))


class InvestorClassificationFactory(DjangoModelFactory[InvestorClassification]):
    """An application that waits; ``in_force`` is approved and valid for a year."""

    class Meta:
        model = InvestorClassification

    client = factory.SubFactory(ClientFactory)
    wanted = "C"
    applied_on = date(2026, 5, 20)
    financial_assets = Decimal(3_000_000)
    months = 12
    notice_reference = "SL-2026-001"
    requested_by = factory.SubFactory(UserFactory, branch=factory.SelfAttribute("..client.branch"))
    requested_at = datetime(2026, 5, 20, 2, 0, tzinfo=UTC)

    class Params:
        in_force = factory.Trait(
            state="approved",
            decided_by=factory.SubFactory(UserFactory, branch=factory.SelfAttribute("..client.branch")),
            decided_at=datetime(2026, 5, 21, 2, 0, tzinfo=UTC),
            valid_from=date(2026, 5, 21),
            valid_until=date(2027, 5, 21),
            client__investor_class="C",
            client__investor_class_until=factory.SelfAttribute("..valid_until"),
        )
