"""Services, entitlements and promises."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import factory
from factory.django import DjangoModelFactory

from clients.models import Client
from crm.core.access import system_user
from crm.core.models import Branch
from tests.factories.clients import ClientFactory
from tests.factories.core import CompanyFactory
from tiers.models import Entitlement, EvaluationRun, Programme, Promise, ServiceItem, TierState
from tiers.services.programmes import seed_default_programme
from tiers.services.promise_plan import plan_promises


class ServiceItemFactory(DjangoModelFactory[ServiceItem]):
    """Something due in every period and proved by a contact for care."""

    class Meta:
        model = ServiceItem

    company = factory.SubFactory(CompanyFactory)
    code = factory.Sequence(lambda n: f"service-{n}")
    name_en = "Greeting"
    name_zh = "问候"
    kind = "care"
    rhythm = "periodic"
    proof = "contact"
    purposes = ["care"]
    limit_days = 2
    starts_on = date(2000, 1, 1)

    class Params:
        booked = factory.Trait(rhythm="on_request", proof="booking", purposes=[], places=2)


class EntitlementFactory(DjangoModelFactory[Entitlement]):
    class Meta:
        model = Entitlement

    item = factory.SubFactory(ServiceItemFactory)
    programme_code = "default"
    tier_code = "gold"
    times = 1
    period = "quarter"
    valid_from = date(2000, 1, 1)
    created_by = factory.LazyFunction(system_user)


class PromiseFactory(DjangoModelFactory[Promise]):
    """Owed from a month before today to a month after it."""

    class Meta:
        model = Promise

    client = factory.SubFactory(ClientFactory)
    item = factory.SubFactory(ServiceItemFactory, company=factory.SelfAttribute("..client.branch.company"))
    occurrence_key = factory.Sequence(lambda n: f"test:{n}")
    programme_code = "default"
    tier_code = "gold"
    opens_on = factory.LazyFunction(lambda: date.today() - timedelta(days=30))
    due_on = factory.LazyFunction(lambda: date.today() + timedelta(days=30))
    last_day = factory.LazyAttribute(lambda made: made.due_on + timedelta(days=4))


def programme_of(branch: Branch) -> Programme:
    made: Programme = seed_default_programme(company=branch.company, actor=system_user())
    return made


def put_in_tier(client: Client, code: str, since: date) -> TierState:
    """The client stands in this tier of the default programme from a day on."""
    programme = programme_of(client.branch)
    run, _made = EvaluationRun.objects.get_or_create(
        programme=programme,
        branch=client.branch,
        day=since,
        defaults={"window_days": 30, "down_after": 3, "actor": system_user()},
    )
    values = {"programme": programme, "tier": programme.tiers.get(code=code), "since": since, "run": run}
    state, _made = TierState.objects.update_or_create(client=client, defaults={**values, "below_since": None})
    return state


def morning(day: date) -> datetime:
    """Half past ten in Shanghai."""
    return datetime(day.year, day.month, day.day, 2, 30, tzinfo=UTC)


def plan_on(branch: Branch, day: date) -> dict[str, int]:
    """The sweep of a branch on the morning of a day."""
    found: dict[str, int] = plan_promises(branch=branch, now=morning(day), actor=system_user())
    return found


def rows_of(branch: Branch) -> list[tuple[Any, ...]]:
    """What is owed and what became of it, without the time of making."""
    rows = Promise.objects.filter(client__branch=branch).order_by("client_id", "item_id", "due_on", "occurrence_key")
    return list(
        rows.values_list(
            "client_id", "item_id", "occurrence_key", "opens_on", "due_on", "last_day", "state", "kept_on", "closed_as"
        )
    )
