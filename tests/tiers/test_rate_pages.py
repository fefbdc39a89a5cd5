"""The page of one rate: what it is now, what may be done with it, and how long it has."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from clients.services.asset_sql import AssetDay
from clients.services.assets import put_asset_days
from crm.core.access import system_user
from crm.core.models import Branch, User
from tests.factories.clients import ClientFactory
from tests.factories.tiers import ClientRateFactory, RateCardFactory
from tiers.models import ClientRate
from tiers.services.commission import approve_client_rate, end_client_rate
from tiers.services.evaluation import evaluate
from tiers.services.programmes import seed_default_programme

pytestmark = pytest.mark.django_db

Staff = Callable[..., User]
NOW = datetime(2026, 6, 1, 2, tzinfo=UTC)
LATER = date(2026, 6, 10)


@pytest.fixture(autouse=True)
def first_of_june(time_machine: Any) -> None:
    time_machine.move_to(NOW)


def doors(page: Any, rate: ClientRate) -> set[str]:
    """What the page offers to do."""
    text = page.content.decode()
    verbs = ("approve", "reject", "accept", "decline", "end")
    return {verb for verb in verbs if reverse(f"tiers:rate_{verb}", args=[rate.public_id]) in text}


def test_the_page_offers_what_the_reader_may_do_with_the_rate_as_it_stands(
    branch: Branch, staff: Staff, web: Any
) -> None:
    advisor, manager, officer = staff("advisor"), staff("branch_manager"), staff("compliance")
    rate = ClientRateFactory(client=ClientFactory(branch=branch, advisor=advisor), proposed_by=advisor)
    url = reverse("tiers:rate_detail", args=[rate.public_id])

    waiting = [doors(web(user).get(url), rate) for user in (advisor, manager, officer)]
    ClientRate.objects.filter(pk=rate.pk).update(endorsed_by=manager, endorsed_at=NOW)
    endorsed = [doors(web(user).get(url), rate) for user in (advisor, manager, officer)]
    approve_client_rate(rate=rate, actor=officer, now=NOW)
    held = [doors(web(user).get(url), rate) for user in (advisor, manager, officer)]

    assert waiting == [set(), {"approve", "reject"}, {"approve", "reject"}]
    assert endorsed == [set(), set(), {"approve", "reject"}]
    assert held == [set(), {"end"}, {"end"}]


def test_an_offer_is_answered_from_its_page_by_who_speaks_with_the_client(
    branch: Branch, staff: Staff, web: Any
) -> None:
    advisor, manager = staff("advisor"), staff("branch_manager")
    rate = ClientRateFactory(
        client=ClientFactory(branch=branch, advisor=advisor),
        state="offered",
        decided_by=manager,
        decided_at=NOW,
        accept_by=LATER,
    )
    url = reverse("tiers:rate_detail", args=[rate.public_id])

    page = web(advisor).get(url)

    assert doors(page, rate) == {"accept", "decline"}
    assert "2026-06-10" in page.content.decode() and "due in 9 days" in page.content.decode()
    assert doors(web(staff("compliance")).get(url), rate) == set()


def test_a_rate_told_to_end_later_reads_as_one_that_still_holds(branch: Branch, staff: Staff, web: Any) -> None:
    manager = staff("branch_manager")
    rate = ClientRateFactory(client__branch=branch)
    approve_client_rate(rate=rate, actor=manager, now=NOW)
    end_client_rate(rate=rate, last_day=LATER, reason="x", actor=manager, now=NOW)

    pages = [
        web(manager).get(url).content.decode()
        for url in (reverse("tiers:rate_detail", args=[rate.public_id]), reverse("tiers:commission"))
    ]

    assert all("Ends after 2026-06-10" in text and "due in 9 days" in text for text in pages)


def test_whoever_decides_sees_the_rate_of_today_and_what_the_step_costs_a_year(
    branch: Branch, staff: Staff, web: Any
) -> None:
    programme = seed_default_programme(company=branch.company, actor=system_user())
    client, manager = ClientFactory(branch=branch), staff("branch_manager")
    day = AssetDay(client.pk, date(2026, 5, 29), 60_000_000, turnover=1_000_000_00)
    put_asset_days(branch=branch, rows=[day], actor=system_user())
    evaluate(branch=branch, day=date(2026, 5, 29), actor=system_user())
    gold = programme.tiers.get(code="gold")
    RateCardFactory(tier=gold, rate=Decimal("0.0003"), valid_from=date(2026, 1, 1))
    RateCardFactory(tier=gold, product="FUND", rate=Decimal("0.0002"), valid_from=date(2026, 1, 1))
    shares = ClientRateFactory(client=client, rate=Decimal("0.00025"), valid_from=LATER)
    funds = ClientRateFactory(client=client, product="FUND", rate=Decimal("0.00015"), valid_from=LATER)

    pages = {
        rate: web(manager).get(reverse("tiers:rate_approve", args=[rate.public_id])).context["effect"]
        for rate in (shares, funds)
    }
    desk = web(manager).get(reverse("tiers:commission"))

    # 1,000,000 yuan of shares at half a ten-thousandth less.
    assert [(effect.holds.rate, effect.yearly) for effect in pages.values()] == [
        (Decimal("0.0003"), Decimal("-50.00")),
        (Decimal("0.0002"), None),
    ]
    assert {rate: rate.effect for rate in desk.context["waiting"]} == pages
    assert "today 3 bp" in desk.content.decode()


def test_who_may_not_decide_any_more_is_told_so_and_given_no_form(branch: Branch, staff: Staff, web: Any) -> None:
    manager = staff("branch_manager")
    own = ClientRateFactory(client__branch=branch, proposed_by=manager)
    decided = ClientRateFactory(client__branch=branch)
    approve_client_rate(rate=decided, actor=manager, now=NOW)

    pages = [
        web(manager).get(reverse("tiers:rate_approve", args=[rate.public_id])).content.decode()
        for rate in (own, decided)
    ]

    assert "somebody else has to approve it" in pages[0] and "decided already" in pages[1]
    assert all('name="note"' not in text for text in pages)
