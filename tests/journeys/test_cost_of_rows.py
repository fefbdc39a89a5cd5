"""Every page and every resource without a row in its address costs the same statements however many rows there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLResolver, get_resolver, reverse
from django.utils import timezone

from bench.pages import NO_PAGES, addresses
from clients.querysets.client import ClientQuerySet
from crm.core.models import Branch
from tests.factories.advisory import AdvisorFactory, AgreementFactory
from tests.factories.care import FindingFactory, FollowUpCallFactory, SurveyInvitationFactory
from tests.factories.clients import (
    AccountFactory,
    ClientFactory,
    ContactLogFactory,
    IdentityDocumentFactory,
    InvestorClassificationFactory,
    RelationFactory,
    TradingPermissionFactory,
)
from tests.factories.complaints import ComplaintFactory
from tests.factories.services import PromiseFactory, put_in_tier
from tests.factories.tags import ClientTagFactory
from tests.factories.tiers import ClientRateFactory, TierOverrideFactory

pytestmark = pytest.mark.django_db

#: What opens and closes a transaction asks for nothing; looks are counted in lots, whatever the page.
NOT_COUNTED = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "UPDATE core_lookcount")


def pages() -> Iterator[str]:
    yield from (reverse(name) for name, parts in addresses() if not parts and name not in NO_PAGES)


def resources() -> Iterator[str]:
    def walk(resolver: Any, space: str) -> Iterator[str]:
        for one in resolver.url_patterns:
            if isinstance(one, URLResolver):
                yield from walk(one, f"{space}{one.namespace}:" if one.namespace else space)
            elif space.startswith("api:") and one.name and not one.pattern.regex.groupindex:
                yield reverse(f"{space}{one.name}")

    yield from sorted({path for path in walk(get_resolver(), "") if "schema" not in path})


@pytest.fixture
def more(branch: Branch, staff: Any) -> Callable[[], None]:
    """One client more, with an advisor of his own and a row of everything that lists show."""

    def make() -> None:
        advisor = staff("advisor")
        AdvisorFactory(user=advisor)
        client = ClientFactory(branch=branch, advisor=advisor)
        put_in_tier(client, "gold", timezone.localdate())
        ContactLogFactory(client=client, staff=advisor, at=timezone.now())
        for factory in (AccountFactory, IdentityDocumentFactory, TradingPermissionFactory, RelationFactory):
            factory(client=client)
        for factory in (InvestorClassificationFactory, ComplaintFactory, FollowUpCallFactory, PromiseFactory):
            factory(client=client)
        for factory in (AgreementFactory, ClientRateFactory, TierOverrideFactory, ClientTagFactory):
            factory(client=client)
        FindingFactory(call=FollowUpCallFactory(client=client, state="done", done_at=timezone.now(), caller=advisor))
        SurveyInvitationFactory(branch=branch, client=client)

    return make


def growing(paths: list[str], browser: Any, more: Callable[[], None]) -> dict[str, tuple[int, int]]:
    """The addresses that cost more statements with seven rows than with two, and how many; of each the second look."""

    def costs() -> dict[str, int]:
        found = {}
        for path in paths:
            browser.get(path)
            with CaptureQueriesContext(connection) as seen:
                answer = browser.get(path)
            if answer.status_code == 200:
                found[path] = sum(not one["sql"].startswith(NOT_COUNTED) for one in seen)
        return found

    for _number in range(2):
        more()
    few = costs()
    for _number in range(5):
        more()
    many = costs()
    assert few.keys() == many.keys()
    assert len(few) > 0
    return {path: (few[path], count) for path, count in many.items() if count > few[path]}


@pytest.mark.parametrize("role", ["branch_manager", "compliance", "advisor"])
def test_no_page_asks_more_for_seven_rows_than_for_two(
    web: Any, staff: Any, more: Callable[[], None], role: str
) -> None:
    assert growing(list(pages()), web(staff(role)), more) == {}


@pytest.mark.parametrize("role", ["branch_manager", "compliance"])
def test_no_resource_asks_more_for_seven_rows_than_for_two(
    api: Any, staff: Any, more: Callable[[], None], role: str
) -> None:
    assert growing(list(resources()), api(staff(role)), more) == {}


def test_a_row_that_asks_by_itself_is_found(
    web: Any, staff: Any, more: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proof that the tests above can fail."""
    whole = ClientQuerySet.for_list

    def forgetful(rows: ClientQuerySet, ids: list[int], **options: Any) -> list[Any]:
        found = whole(rows, ids, **options)
        for client in found:
            client.refresh_from_db(fields=["city"])
        return found

    monkeypatch.setattr(ClientQuerySet, "for_list", forgetful)

    few, many = growing(["/clients/", "/tiers/"], web(staff("branch_manager")), more)["/clients/"]
    assert many - few >= 5
