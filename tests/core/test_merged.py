"""Rows of several kinds in one list: each exactly once, in the order of time, forwards and backwards, one statement a kind."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advisory.models import AdvisoryAgreement
from clients.models import ContactLog
from crm.core.merged import Strand, is_ours, merged
from crm.core.models import Branch
from tests.factories.advisory import AgreementFactory
from tests.factories.clients import ClientFactory, ContactLogFactory

pytestmark = pytest.mark.django_db

#: Midnight in Shanghai, where a day without an hour stands.
FIRST = datetime(2026, 5, 31, 16, 0, tzinfo=UTC)
LATER = FIRST + timedelta(days=400)


@pytest.fixture
def touched(branch: Branch) -> Any:
    """Contacts and agreements, several of them at the same moment."""
    client = ClientFactory(branch=branch)
    for number in range(11):
        ContactLogFactory(client=client, at=FIRST + timedelta(days=number // 3, hours=12 * (number % 2)))
    for number in range(7):
        first = date(2026, 6, 1) + timedelta(days=number // 2)
        AgreementFactory(client=client, signed_on=first, ended_on=first + timedelta(days=number % 3))
    return client


def strands(**kept: Any) -> list[Strand]:
    contacts = ContactLog.objects.filter(**kept)
    return [
        Strand("contact", contacts, ("at",)),
        Strand("agreement", AdvisoryAgreement.objects.filter(**kept), ("signed_on", "ended_on"), by_day=True),
    ]


def walk(size: int, **between: Any) -> tuple[list[Any], list[Any]]:
    forth: list[Any] = []
    cursor = ""
    while True:
        page = merged(strands(), cursor=cursor, size=size, **between)
        forth.append([one.place for one in page.rows])
        if page.next is None:
            break
        cursor = page.next
        assert len(forth) < 100
    back = [forth[-1]]
    while page.previous is not None:
        page = merged(strands(), cursor=page.previous, size=size, **between)
        back.append([one.place for one in page.rows])
        assert len(back) < 100
    return sum(forth, []), sum(reversed(back), [])


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(1, 30))
def test_walking_all_pages_shows_each_entry_once_in_order(touched: Any, size: int) -> None:
    forth, back = walk(size, before=LATER)

    assert len(forth) == len(set(forth)) == 11 + 2 * 7
    assert forth == sorted(forth, reverse=True)
    assert back == forth


def test_only_what_happened_between_two_moments_is_shown(touched: Any) -> None:
    since, before = FIRST + timedelta(days=1), FIRST + timedelta(days=2, hours=6)

    found, _back = walk(2, since=since, before=before)

    whole, _back = walk(100, before=LATER)
    assert found == [place for place in whole if since <= place[0] < before]
    assert 0 < len(found) < len(whole)


def test_a_kind_is_asked_once_and_never_for_more_than_a_page(touched: Any, cost_of: Any) -> None:
    assert cost_of(lambda: merged(strands(), before=LATER, size=3)) == 2
    page = merged(strands(), before=LATER, size=3)
    assert cost_of(lambda: merged(strands(), before=LATER, size=3, cursor=page.next or "")) == 2


def test_a_strange_cursor_shows_the_first_page(touched: Any) -> None:
    page = merged(strands(), before=LATER, size=3)

    assert [one.place for one in merged(strands(), before=LATER, size=3, cursor="x.y").rows] == [
        one.place for one in page.rows
    ]
    assert is_ours(page.next or "") and not is_ours("x.y")
