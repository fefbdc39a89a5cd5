"""A service that is owed in every quarter, and a client to whom it is owed."""

from __future__ import annotations

import pytest

from clients.models import Client
from crm.core.models import Branch, User
from tests.doors import Staff
from tests.factories.clients import ClientFactory
from tests.factories.publications import locals_of
from tests.factories.services import EntitlementFactory, ServiceItemFactory, plan_on, put_in_tier
from tests.tiers.owing import FIRST, OLD
from tiers.models import PreferenceSegment, ServiceItem


@pytest.fixture
def greeting(branch: Branch) -> ServiceItem:
    """Once a quarter for gold, three times for private clients."""
    item: ServiceItem = ServiceItemFactory(company=branch.company, code="greeting")
    EntitlementFactory(item=item)
    EntitlementFactory(item=item, tier_code="private", times=3)
    return item


@pytest.fixture
def greeted(branch: Branch, staff: Staff, greeting: ServiceItem) -> Client:
    """A gold client with an advisor, owed a greeting in the second quarter."""
    found: Client = ClientFactory(branch=branch, advisor=staff("advisor"))
    put_in_tier(found, "gold", OLD)
    plan_on(branch, FIRST)
    return found


@pytest.fixture
def boss(staff: Staff) -> User:
    return staff("branch_manager")


@pytest.fixture
def segment(branch: Branch, boss: User) -> PreferenceSegment:
    """Gold clients who live in Shanghai."""
    return locals_of(branch, boss)
