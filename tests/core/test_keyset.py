"""Pages by keyset show each row exactly once, forwards and backwards, and never fail for a strange cursor."""

from __future__ import annotations

from datetime import date

import pytest
from django.core import signing
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.core.keyset import capped_count, capped_text, page_of
from crm.core.models import CalendarDay, User
from tests.factories.core import BranchFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(db):
    """Names repeat, so that only the number tells rows apart."""
    branch = BranchFactory()
    return [UserFactory(branch=branch, name=f"N{number % 3}", staff_number=f"K{number:03}") for number in range(23)]


def walk(rows, order, size, **options):
    """Every page from the first to the last, and back again from there."""
    forth, cursor = [], ""
    while True:
        page = page_of(rows, order, cursor=cursor, size=size, **options)
        forth.append(page.rows)
        if page.next is None:
            break
        cursor = page.next
        assert len(forth) < 100
    back = [page.rows]
    while page.previous is not None:
        page = page_of(rows, order, cursor=page.previous, size=size, **options)
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


def test_a_count_is_read_in_groups_with_a_plus_where_there_are_more(people):
    rows = User.objects.filter(staff_number__startswith="K")

    assert capped_text(*capped_count(rows)) == "23"
    assert capped_text(*capped_count(rows, cap=10)) == "10+"
    assert capped_text(1000, True) == "1,000+"


# -- a part of a list --------------------------------------------------------------------------------------------------


def parts(people):
    """A part that fills a page soon, one that lies at the end, one of a single row, and none."""
    rows = User.objects.filter(staff_number__startswith="K")
    return {
        "often": rows.exclude(name="N0"),
        "late": rows.filter(staff_number__gte="K018"),
        "once": rows.filter(staff_number="K011"),
        "never": rows.filter(staff_number="K999"),
    }


@pytest.mark.parametrize("which", ["often", "late", "once", "never"])
@pytest.mark.parametrize("order", [("staff_number",), ("-name", "-pk"), ("name", "staff_number")])
@pytest.mark.parametrize("counted", [True, False], ids=["counted", "not counted"])
def test_a_part_shows_the_same_pages_however_it_is_found(people, monkeypatch, which, order, counted):
    monkeypatch.setattr("crm.core.keyset.FRONT", 6)
    rows, among = parts(people)[which], User.objects.filter(staff_number__startswith="K")

    forth, back = walk(rows, order, 3, among=among, counted=counted)

    assert [row for page in forth for row in page] == list(rows.order_by(*order))
    assert [row for page in back for row in page] == list(rows.order_by(*order))


@pytest.mark.parametrize(("which", "statements", "matching"), [("often", 2, None), ("late", 3, 5), ("never", 3, 0)])
def test_what_does_not_fill_a_page_soon_is_found_as_a_set_and_counted_along(
    people, monkeypatch, which, statements, matching
):
    monkeypatch.setattr("crm.core.keyset.FRONT", 6)
    among = User.objects.filter(staff_number__startswith="K")

    with CaptureQueriesContext(connection) as seen:
        page = page_of(parts(people)[which], ("staff_number",), size=3, among=among, counted=True)

    assert len(seen) == statements
    assert page.matching == matching


def test_the_set_is_sorted_after_it_was_found(people, monkeypatch):
    monkeypatch.setattr("crm.core.keyset.FRONT", 6)
    rows, among = parts(people)["late"], User.objects.filter(staff_number__startswith="K")

    with CaptureQueriesContext(connection) as seen:
        page_of(rows, ("-staff_number",), size=10, among=among)

    # An order by the bare column would be taken from its index, row by row from the beginning of the list.
    assert 'COALESCE("core_user"."staff_number", MAX(' in seen[2]["sql"].split("ORDER BY")[-1]


def test_what_is_not_narrowed_takes_one_statement_as_ever(people):
    rows = User.objects.filter(staff_number__startswith="K")

    with CaptureQueriesContext(connection) as seen:
        page_of(rows, ("staff_number",), size=3, among=rows.all())

    assert len(seen) == 1


def test_an_order_by_what_is_no_column_takes_one_statement_as_ever(people):
    among = User.objects.filter(staff_number__startswith="K")

    with CaptureQueriesContext(connection) as seen:
        page_of(among.filter(name="N1").select_related("branch"), ("branch__code", "pk"), size=3, among=among)

    assert len(seen) == 1
