"""Programmes, tiers and rates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

import factory
from factory.django import DjangoModelFactory

from clients.models import Client
from clients.services.asset_sql import AssetDay
from clients.services.assets import put_asset_days
from crm.core.access import system_user
from crm.core.models import Branch
from tests.factories.clients import ClientFactory
from tests.factories.core import CompanyFactory, UserFactory
from tiers.models import ClientRate, Programme, RateCard, Tier, TierOverride


class ProgrammeFactory(DjangoModelFactory[Programme]):
    class Meta:
        model = Programme

    company = factory.SubFactory(CompanyFactory)
    code = factory.Sequence(lambda n: f"programme-{n}")
    name_en = "Programme"
    name_zh = "分级方案"
    effective_from = date(2000, 1, 1)
    state = "active"


class TierFactory(DjangoModelFactory[Tier]):
    class Meta:
        model = Tier

    programme = factory.SubFactory(ProgrammeFactory)
    code = factory.LazyAttribute(lambda made: f"t{made.rank}")
    name_en = factory.LazyAttribute(lambda made: f"Tier {made.rank}")
    name_zh = factory.LazyAttribute(lambda made: f"{made.rank}级")
    rank = 1
    lower_bound = factory.LazyAttribute(lambda made: None if made.rank == 1 else Decimal(1000) * (made.rank - 1))


class RateCardFactory(DjangoModelFactory[RateCard]):
    class Meta:
        model = RateCard

    tier = factory.SubFactory(TierFactory)
    product = "A_SHARE"
    rate = Decimal("0.00025")
    valid_from = date(2025, 1, 1)
    created_by = factory.SubFactory(UserFactory)


class ClientRateFactory(DjangoModelFactory[ClientRate]):
    class Meta:
        model = ClientRate

    client = factory.SubFactory(ClientFactory)
    product = "A_SHARE"
    rate = Decimal("0.0002")
    valid_from = date(2026, 1, 1)
    reason = "大客户"
    proposed_by = factory.SubFactory(UserFactory, branch=factory.SelfAttribute("..client.branch"))
    proposed_at = datetime(2026, 1, 1, tzinfo=UTC)


class TierOverrideFactory(DjangoModelFactory[TierOverride]):
    class Meta:
        model = TierOverride

    client = factory.SubFactory(ClientFactory)
    before = factory.SubFactory(TierFactory)
    tier = factory.LazyAttribute(lambda made: TierFactory(programme=made.before.programme, rank=2))
    reason = "大额转入在途"
    requested_by = factory.SubFactory(UserFactory, branch=factory.SelfAttribute("..client.branch"))
    requested_at = datetime(2026, 6, 1, tzinfo=UTC)
    decide_by = date(2026, 6, 15)
    valid_to = date(2026, 8, 1)


def put_days(branch: Branch, books: Mapping[Client, Mapping[date, int]]) -> None:
    """Daily assets in fen, by client and day, brought in as the import does it."""
    rows: Iterable[AssetDay] = [
        AssetDay(client.pk, day, fen) for client, book in books.items() for day, fen in book.items()
    ]
    put_asset_days(branch=branch, rows=rows, actor=system_user())
