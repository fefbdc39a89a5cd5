"""Pages by keyset show each row exactly once, forwards and backwards, and never fail for a strange cursor."""

from __future__ import annotations

from datetime import date

import pytest
from django.core import signing
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.core.keyset import capped_count, page_of
from crm.core.models import CalendarDay, User
from tests.factories.core import BranchFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(db):
    """Names repeat, so that only the number tells rows apart."""
    branch = BranchFactory()
    return [UserFactory(branch=branch, name=f"N{number % 3}", staff_number=f"K{number:03}") for number in range(23)]


def walk(rows, order, size):
    """Every page from the first to the last, and back again from there."""
    forth, cursor = [], ""
    while True:
        page = page_of(rows, order, cursor=cursor, size=size)
        forth.append(page.rows)
        if page.next is None:
            break
        cursor = page.next
        assert len(forth) < 100
    back = [page.rows]
    while page.previous is not None:
        page = page_of(rows, order, cursor=page.previous, size=size)
        back.append(page.rows)
        assert len(back) < 100
    return forth, back[::-1]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    size=st.integers(1, 30),
    order=st.sampled_from(
        [("name", "pk"), ("-name", "pk"), ("name", "-pk"), ("-name", "-pk"), ("pk",), ("-staff_number",),
         ("name", "-staff_number")]
    ),
)  # fmt: skip
def test_walking_all_pages_shows_each_row_once_in_order(people, size, order):
    rows = User.objects.filter(staff_number__startswith="K")

    forth, back = walk(rows, order, size)

    whole = list(rows.order_by(*order))
    assert [row for page in forth for row in page] == whole
    assert [row for page in back for row in page] == whole


def test_the_first_page_has_nothing_before_and_the_last_nothing_after(people):
    rows = User.objects.filter(staff_number__startswith="K")

    first = page_of(rows, ("staff_number",), size=20)
    last = page_of(rows, ("staff_number",), cursor=first.next, size=20)

    assert (first.previous, last.next) == (None, None)
    assert page_of(rows.none(), ("staff_number",)).next is None


def test_rows_that_come_in_between_are_neither_skipped_nor_doubled(people):
    rows = User.objects.filter(staff_number__startswith="K")
    first = page_of(rows, ("staff_number",), size=10)
    UserFactory(branch=people[0].branch, staff_number="K0000")

    second = page_of(rows, ("staff_number",), cursor=first.next, size=10)

    assert [row.staff_number for row in second.rows] == [f"K{number:03}" for number in range(10, 20)]


@pytest.mark.parametrize(
    "cursor",
    ["x", "a:b:c", "é", "\x00", signing.dumps({"o": ["pk"], "at": [1]}, salt="other")],
    ids=["letter", "parts", "accent", "nul", "another salt"],
)
def test_a_cursor_that_is_not_ours_shows_the_first_page(people, cursor):
    page = page_of(User.objects.filter(staff_number__startswith="K"), ("staff_number",), cursor=cursor, size=5)

    assert page.rows[0].staff_number == "K000"


def test_a_cursor_of_another_order_shows_the_first_page(people):
    rows = User.objects.filter(staff_number__startswith="K")
    cursor = page_of(rows, ("name", "pk"), size=5).next

    assert page_of(rows, ("staff_number",), cursor=cursor, size=5).rows[0].staff_number == "K000"


def test_days_can_be_the_order():
    first = page_of(CalendarDay.objects.of_year(2026), ("day",), size=10)
    second = page_of(CalendarDay.objects.of_year(2026), ("day",), cursor=first.next, size=10)

    assert second.rows[0].day == date(2026, 1, 11)


def test_a_page_never_counts_or_skips(people):
    rows = User.objects.filter(staff_number__startswith="K")
    cursor = page_of(rows, ("name", "pk"), size=5).next

    with CaptureQueriesContext(connection) as seen:
        page_of(rows, ("name", "pk"), cursor=cursor, size=5)

    assert len(seen) == 1
    assert "OFFSET" not in seen[0]["sql"].upper()
    assert "COUNT(" not in seen[0]["sql"].upper()


def test_the_count_stops_at_its_cap(people):
    rows = User.objects.filter(staff_number__startswith="K")

    assert capped_count(rows) == (23, False)
    assert capped_count(rows, cap=10) == (10, True)
    assert capped_count(rows, cap=23) == (23, False)
