"""Running sums and window averages against a plain reference that knows no SQL."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.errors import DoubledAssets, ForeignAssets
from clients.models import BranchDay, Client, DailyAsset
from clients.services import AssetDay, put_asset_days
from clients.services.asset_sql import AMOUNTS
from crm.core.access import system_user
from crm.core.models import AuditEntry, Branch
from tests.factories.clients import ClientFactory

DAY = date(2026, 6, 1)

#: (client number, day number, net assets, turnover, commission); None as amount takes the row away.
Change = tuple[int, int, int | None, int, int]
changes = st.tuples(
    st.integers(0, 3),
    st.integers(0, 60),
    st.none() | st.integers(-100_000, 10_000_000),
    st.integers(0, 1_000),
    st.integers(0, 50),
)
calls = st.lists(st.lists(changes, min_size=1, max_size=8), min_size=1, max_size=6)


class Book:
    """The plain reference: a dictionary of what was said last."""

    def __init__(self) -> None:
        self.rows: dict[tuple[int, date], AssetDay] = {}

    def sums(self, client_id: int, until: date) -> tuple[int, int, int, int]:
        mine = [row for (who, day), row in self.rows.items() if who == client_id and day <= until]
        return (
            sum(row.net_assets for row in mine),
            sum(row.turnover for row in mine),
            sum(row.commission for row in mine),
            len(mine),
        )

    def average(self, client_id: int, day: date, window: int) -> tuple[int, Decimal] | None:
        first = day - timedelta(days=window)
        mine = [r.net_assets for (who, on), r in self.rows.items() if who == client_id and first < on <= day]
        if not mine:
            return None
        exact = Decimal(sum(mine)) / len(mine) / 100
        return len(mine), exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


def carry_out(branch: Branch, clients: list[Client], book: Book, call: list[Change]) -> None:
    rows: dict[tuple[int, date], AssetDay] = {}
    gone: set[tuple[int, date]] = set()
    for number, offset, assets, turnover, commission in call:
        key = (clients[number].pk, DAY + timedelta(days=offset))
        if assets is None:
            if key not in rows:
                gone.add(key)
        elif key not in gone:
            rows[key] = AssetDay(*key, assets, turnover=turnover, commission=commission, inflow=turnover)
    put_asset_days(branch=branch, rows=rows.values(), removed=gone, actor=system_user())
    for key in gone:
        book.rows.pop(key, None)
    book.rows.update(rows)


@pytest.mark.django_db(transaction=False)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=calls)
def test_any_order_of_days_gives_the_sums_of_a_plain_book(branch: Branch, calls: list[list[Change]]) -> None:
    DailyAsset.objects.all().delete()
    BranchDay.objects.all().delete()
    clients = [ClientFactory(branch=branch) for _ in range(4)]
    book = Book()

    for call in calls:
        carry_out(branch, clients, book, call)

    on_file = {(row.client_id, row.day): row for row in DailyAsset.objects.filter(client__in=clients)}
    assert on_file.keys() == book.rows.keys()
    for key, row in on_file.items():
        said = book.rows[key]
        assert all(getattr(row, name) * 100 == getattr(said, name) for name in AMOUNTS)
        kept = (row.sum_net_assets * 100, row.sum_turnover * 100, row.sum_commission * 100, row.days_on_file)
        assert kept == book.sums(*key)
    for client in clients:
        client.refresh_from_db()
        mine = [day for who, day in book.rows if who == client.pk]
        newest = max(mine, default=None)
        assert client.assets_on == newest
        assert client.total_assets * 100 == (book.rows[client.pk, newest].net_assets if newest else 0)
    for offset, window in ((0, 1), (10, 20), (30, 7), (60, 20), (60, 61), (70, 5)):
        day = DAY + timedelta(days=offset)
        found = DailyAsset.objects.averages(branch=branch, day=day, window_days=window)
        expected = {c.pk: book.average(c.pk, day, window) for c in clients}
        assert {a.client_id: (a.days, a.average_assets) for a in found} == {k: v for k, v in expected.items() if v}
    totals = {row.day: (row.clients, row.net_assets * 100) for row in BranchDay.objects.filter(branch=branch)}
    days = {day for _who, day in book.rows}
    plain = {day: [r.net_assets for (_w, on), r in book.rows.items() if on == day] for day in days}
    assert totals == {day: (len(found), sum(found)) for day, found in plain.items()}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    amounts=st.lists(st.lists(st.none() | st.integers(-9_999, 9_999), min_size=3, max_size=3), min_size=2, max_size=8)
)
@pytest.mark.django_db
def test_days_that_follow_each_other_give_the_same_sums_as_any_other_way(
    branch: Branch, amounts: list[list[int | None]]
) -> None:
    _forget_assets()
    clients = [ClientFactory(branch=branch) for _ in range(3)]
    days = [
        [
            AssetDay(client.pk, DAY + timedelta(days=n), amount, turnover=abs(amount), commission=abs(amount) // 7)
            for client, amount in zip(clients, row, strict=True)
            if amount is not None
        ]
        for n, row in enumerate(amounts)
    ]
    for rows in days:
        put(branch, *rows)
    appended = _everything()

    # The same days once more, the last one first, which no append can do.
    _forget_assets()
    for rows in reversed(days):
        put(branch, *rows)

    assert _everything() == appended


def _forget_assets() -> None:
    DailyAsset.objects.all().delete()
    BranchDay.objects.all().delete()
    Client.objects.update(assets_on=None, total_assets=0)


def _everything() -> tuple[Any, ...]:
    return (
        list(DailyAsset.objects.order_by("day", "client_id").values_list()),
        list(BranchDay.objects.order_by("day").values_list()),
        list(Client.objects.order_by("pk").values_list("pk", "assets_on", "total_assets")),
    )


def put(branch: Branch, *rows: AssetDay) -> Any:
    return put_asset_days(branch=branch, rows=rows, actor=system_user())


def test_a_late_day_shifts_the_sums_of_later_days(branch: Branch) -> None:
    client = ClientFactory(branch=branch)
    put(branch, AssetDay(client.pk, DAY, 100), AssetDay(client.pk, DAY + timedelta(days=2), 300))

    put(branch, AssetDay(client.pk, DAY + timedelta(days=1), 200))

    rows = DailyAsset.objects.filter(client=client).order_by("day")
    assert [(int(r.sum_net_assets * 100), r.days_on_file) for r in rows] == [(100, 1), (300, 2), (600, 3)]


def test_days_that_a_client_brings_from_an_older_branch_stay_outside_of_the_window(
    branch: Branch, other_branch: Branch
) -> None:
    """His new branch has no day before the window; his sums are those of all his days all the same."""
    mover, old_day = ClientFactory(branch=other_branch), DAY - timedelta(days=40)
    put_asset_days(branch=other_branch, rows=[AssetDay(mover.pk, old_day, 900_00)], actor=system_user())
    mover.branch = branch
    mover.save(update_fields=["branch"])
    put_asset_days(branch=branch, rows=[AssetDay(mover.pk, DAY, 100_00)], actor=system_user())

    (found,) = DailyAsset.objects.averages(branch=branch, day=DAY, window_days=30)

    assert (found.days, found.average_assets) == (1, Decimal(100))


def test_the_same_book_again_writes_nothing(branch: Branch) -> None:
    client = ClientFactory(branch=branch)
    rows = [AssetDay(client.pk, DAY + timedelta(days=n), 100 + n) for n in range(3)]
    put(branch, *rows)
    entries = AuditEntry.objects.count()

    again = put(branch, *rows)

    assert not again.any
    assert AuditEntry.objects.count() == entries


def test_a_book_of_another_branch_is_refused(branch: Branch, other_branch: Branch) -> None:
    stranger = ClientFactory(branch=other_branch)

    with pytest.raises(ForeignAssets):
        put(branch, AssetDay(stranger.pk, DAY, 100))

    assert not DailyAsset.objects.exists()


def test_a_client_twice_on_a_day_is_refused(branch: Branch) -> None:
    client = ClientFactory(branch=branch)

    with pytest.raises(DoubledAssets):
        put(branch, AssetDay(client.pk, DAY, 100), AssetDay(client.pk, DAY, 200))


def test_the_newest_day_is_that_of_the_branch_itself(branch: Branch, other_branch: Branch) -> None:
    put(branch, AssetDay(ClientFactory(branch=branch).pk, DAY, 100))
    put(other_branch, AssetDay(ClientFactory(branch=other_branch).pk, DAY + timedelta(days=1), 100))

    assert DailyAsset.objects.newest_day(branch) == DAY


def test_a_year_of_branch_totals_takes_each_month_at_its_last_day(branch: Branch) -> None:
    one, two = ClientFactory(branch=branch), ClientFactory(branch=branch)
    put(
        branch,
        AssetDay(one.pk, date(2026, 5, 28), 10_000, inflow=500),
        AssetDay(one.pk, date(2026, 5, 29), 20_000, outflow=200),
        AssetDay(two.pk, date(2026, 5, 29), 5_000),
        AssetDay(one.pk, DAY, 30_000),
        AssetDay(one.pk, date(2025, 5, 30), 1_000),
    )

    months = BranchDay.objects.by_month([branch.pk], DAY, 13)

    assert [(m["month"].month, m["net_assets"], m["net_inflow"]) for m in months] == [
        (5, Decimal("250.00"), Decimal("3.00")),
        (6, Decimal("300.00"), Decimal("0.00")),
    ]


def test_a_curve_has_one_clients_days_in_order(branch: Branch) -> None:
    client, other = ClientFactory(branch=branch), ClientFactory(branch=branch)
    put(branch, *(AssetDay(c.pk, DAY + timedelta(days=n), 100 * n) for n in (3, 1) for c in (client, other)))

    curve = DailyAsset.objects.curve(client, DAY, DAY + timedelta(days=5))

    assert [(row.day.day, row.net_assets) for row in curve] == [(2, Decimal("1.00")), (4, Decimal("3.00"))]
