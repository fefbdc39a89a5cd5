"""The page of one rate: what it is now, what may be done with it, and how long it has."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.urls import reverse

from crm.core.models import Branch, User
from tests.factories.clients import ClientFactory
from tests.factories.tiers import ClientRateFactory
from tiers.models import ClientRate
from tiers.services.commission import approve_client_rate, end_client_rate

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
