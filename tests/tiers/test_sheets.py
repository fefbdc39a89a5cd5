"""The two sheets of paper: what a client may read of himself, and what hangs in the branch for everybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from clients.models import Client
from crm.core.access import system_user
from crm.core.models import Branch, User
from tests.factories.clients import ClientFactory
from tests.factories.tiers import RateCardFactory, put_days
from tiers.models import Programme, RateCard, Tier
from tiers.services.evaluation import evaluate
from tiers.services.programmes import seed_default_programme

pytestmark = pytest.mark.django_db

Staff = Callable[..., User]
#: A month-end, and days of the month after it.
MAY, EARLY, LATER = date(2026, 5, 29), date(2026, 6, 8), date(2026, 6, 12)
#: The newest trading day of a window that holds no day of May.
JULY = date(2026, 7, 8)


@pytest.fixture
def programme(branch: Branch) -> Programme:
    made: Programme = seed_default_programme(company=branch.company, actor=system_user())
    return made


@pytest.fixture
def client(branch: Branch, programme: Programme, staff: Staff) -> Client:
    """Silver since the end of May, with 200,000 yuan."""
    made: Client = ClientFactory(branch=branch, advisor=staff("advisor"))
    put_days(branch, {made: {MAY: 20_000_000}})
    evaluate(branch=branch, day=MAY, actor=system_user())
    return made


@pytest.fixture
def statement(client: Client, web: Any) -> Callable[[], str]:
    def read() -> str:
        page = web(client.advisor).get(reverse("tiers:statement", args=[client.public_id]))
        text: str = page.content.decode()
        return " ".join(text.split())

    return read


def test_the_statement_says_where_the_clients_tier_begins_and_where_the_next_one_does(statement: Any) -> None:
    text = statement()

    assert "Silver begins at 100,000.00 yuan." in text
    assert "The next tier, Gold, begins at 500,000.00 yuan." in text


def test_a_client_whose_assets_reach_a_higher_tier_reads_when_it_is_given(
    branch: Branch, client: Client, statement: Any
) -> None:
    put_days(branch, {client: {EARLY: 150_000_000}})

    text = statement()

    assert "Your average already reaches Gold, which begins at 500,000.00 yuan" in text
    assert "at the month-end" in text
    assert "The next tier, Platinum, begins at 1,000,000.00 yuan." in text


def test_a_client_whose_assets_have_fallen_reads_that_he_keeps_his_tier_for_now(
    branch: Branch, client: Client, statement: Any
) -> None:
    put_days(branch, {client: {JULY: 3_000_000}})

    text = statement()

    assert "Silver begins at 100,000.00 yuan." in text
    assert "Your average lies below it" in text and "3 month-ends in a row" in text
    assert "The next tier, Silver" not in text


def test_the_public_sheet_says_what_is_measured_what_institutions_are_asked_and_when_a_tier_rises_or_falls(
    branch: Branch, programme: Programme, staff: Staff, web: Any
) -> None:
    gold = programme.tiers.get(code="gold")
    Tier.objects.filter(pk=gold.pk).update(rule_institution={"metric": "average", "at_least": "9000000"})

    page = web(staff("branch_manager")).get(reverse("tiers:criteria"))

    text = " ".join(page.content.decode().split())
    assert "average assets over 30 natural days at least 500,000.00 yuan" in text
    assert "Institutions: average assets over 30 natural days at least 9,000,000.00 yuan" in text
    assert "Everybody else" in text
    assert "without margin debt" in text and "after 3 month-ends in a row below" in text


def test_the_public_sheet_is_one_card_of_tiers_by_products(
    branch: Branch, programme: Programme, staff: Staff, web: Any
) -> None:
    gold, silver = (programme.tiers.get(code=code) for code in ("gold", "silver"))
    RateCardFactory(tier=gold, rate=Decimal("0.00025"), valid_from=date(2026, 1, 1))
    RateCardFactory(tier=silver, rate=Decimal("0.00031"), basis="net", min_fee=7, valid_from=date(2026, 1, 1))

    page = web(staff("branch_manager")).get(reverse("tiers:criteria"))

    text = page.content.decode()
    assert page.context["products"] == [("A_SHARE", "A shares")]
    assert text.count('<th scope="col" class="num">A shares</th>') == 1
    assert all(word in text for word in ("2.5", "3.1", "All-in", "Net of fees", "5.00", "7.00"))


def test_of_two_rates_to_come_the_card_names_the_next_one(
    branch: Branch, programme: Programme, staff: Staff, web: Any
) -> None:
    gold = programme.tiers.get(code="gold")
    for year, rate in ((2098, "0.00021"), (2099, "0.00019")):
        RateCardFactory(tier=gold, rate=Decimal(rate), valid_from=date(year, 1, 1), valid_to=date(year, 12, 31))

    lines = web(staff("branch_manager")).get(reverse("tiers:commission")).context["lines"]

    (later,) = [cell["later"] for line in lines for cell in line["cells"] if cell["later"]]
    assert later == RateCard.objects.get(valid_from=date(2098, 1, 1))
