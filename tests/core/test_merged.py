"""Rows of several kinds in one list: each exactly once, in the order of time, forwards and backwards, one statement a kind."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db.models import F
from django.db.models.functions import TruncDate
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


#: What tells a client of his agreement, and who signed it.
TOLD = ("public_id", "number", "signed_on", "ended_on", "advisor__id", "advisor__name")


def strands(told_by: tuple[str, ...] = (), **kept: Any) -> list[Strand]:
    """Contacts, agreements, and when they could be cancelled; told by ``told_by`` the last two come in one statement."""
    contacts, papers = ContactLog.objects.filter(**kept), AdvisoryAgreement.objects.filter(**kept)
    return [
        Strand("contact", contacts, ("at",)),
        Strand("agreement", papers, ("signed_on", "ended_on"), by_day=True, told_by=told_by),
        Strand(
            "cancel",
            papers.annotate(until=F("cancel_until")),
            ("until",),
            by_day=True,
            told_by=told_by and (*told_by, "until"),
        ),
    ]


def walk(size: int, told_by: tuple[str, ...] = (), **between: Any) -> tuple[list[Any], list[Any]]:
    forth: list[Any] = []
    cursor = ""
    while True:
        page = merged(strands(told_by), cursor=cursor, size=size, **between)
        forth.append([one.place for one in page.rows])
        if page.next is None:
            break
        cursor = page.next
        assert len(forth) < 100
    back = [forth[-1]]
    while page.previous is not None:
        page = merged(strands(told_by), cursor=page.previous, size=size, **between)
        back.append([one.place for one in page.rows])
        assert len(back) < 100
    return sum(forth, []), sum(reversed(back), [])


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(1, 30), told_by=st.sampled_from([(), TOLD]))
def test_walking_all_pages_shows_each_entry_once_in_order(touched: Any, size: int, told_by: tuple[str, ...]) -> None:
    forth, back = walk(size, told_by, before=LATER)

    assert len(forth) == len(set(forth)) == 11 + 3 * 7
    assert forth == sorted(forth, reverse=True)
    assert back == forth


def test_only_what_happened_between_two_moments_is_shown(touched: Any) -> None:
    since, before = FIRST + timedelta(days=1), FIRST + timedelta(days=2, hours=6)

    found, _back = walk(2, since=since, before=before)

    whole, _back = walk(100, before=LATER)
    assert found == [place for place in whole if since <= place[0] < before]
    assert 0 < len(found) < len(whole)


def test_a_kind_is_asked_once_and_never_for_more_than_a_page(touched: Any, cost_of: Any) -> None:
    assert cost_of(lambda: merged(strands(), before=LATER, size=3)) == 3
    page = merged(strands(), before=LATER, size=3)
    assert cost_of(lambda: merged(strands(), before=LATER, size=3, cursor=page.next or "")) == 3


def test_kinds_that_are_told_by_a_few_fields_are_asked_together_and_say_the_same(touched: Any, cost_of: Any) -> None:
    def told(told_by: tuple[str, ...]) -> list[Any]:
        page = merged(strands(told_by), before=LATER, size=100)
        return [
            (one.place, one.row.number, one.row.signed_on, one.row.ended_on, one.row.advisor.pk, one.row.advisor.name)
            for one in page.rows
            if one.strand.key != "contact"
        ]

    assert cost_of(lambda: merged(strands(TOLD), before=LATER, size=3)) == 2
    assert told(TOLD) == told(()) != []
    assert cost_of(lambda: told(TOLD)) == 2


def test_nobody_stands_where_nobody_is(touched: Any) -> None:
    rows = ContactLog.objects.annotate(day=TruncDate("at"))
    strand = Strand(
        "contact", rows, ("day",), by_day=True, told_by=("public_id", "day", "corrects__id", "corrects__public_id")
    )

    page = merged([strand, strands(TOLD)[1]], before=LATER, size=100)

    assert {one.row.corrects for one in page.rows if one.strand.key == "contact"} == {None}


def test_a_strange_cursor_shows_the_first_page(touched: Any) -> None:
    page = merged(strands(), before=LATER, size=3)

    assert [one.place for one in merged(strands(), before=LATER, size=3, cursor="x.y").rows] == [
        one.place for one in page.rows
    ]
    assert is_ours(page.next or "") and not is_ours("x.y")
