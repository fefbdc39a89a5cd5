"""Tags and the market's yardstick."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import factory
from factory.django import DjangoModelFactory

from clients.models import ClientTag, IndexLevel, Tag
from tests.factories.clients import ClientFactory
from tests.factories.core import BranchFactory, UserFactory


class TagFactory(DjangoModelFactory[Tag]):
    """A manual tag of a branch."""

    class Meta:
        model = Tag

    branch = factory.SubFactory(BranchFactory)
    company = factory.SelfAttribute("branch.company")
    name = factory.Sequence(lambda n: f"标签{n}")
    meaning = "大家一样用"
    owner = factory.SubFactory(UserFactory, branch=factory.SelfAttribute("..branch"))


class ClientTagFactory(DjangoModelFactory[ClientTag]):
    """A manual tag on a client of its branch."""

    class Meta:
        model = ClientTag

    client = factory.SubFactory(ClientFactory)
    tag = factory.SubFactory(TagFactory, branch=factory.SelfAttribute("..client.branch"))
    since = date(2026, 6, 1)
    as_of = date(2026, 6, 1)
    set_by = factory.SubFactory(UserFactory, branch=factory.SelfAttribute("..client.branch"))


class IndexLevelFactory(DjangoModelFactory[IndexLevel]):
    class Meta:
        model = IndexLevel

    index_code = IndexLevel.CSI300
    day = date(2026, 6, 1)
    level = Decimal("4000.0000")
