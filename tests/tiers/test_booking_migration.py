"""Why a booking went beyond the entitlement stood in one column with why it was cancelled; both are kept apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, time, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from crm.core.models import Branch, User
from tests.factories.clients import ClientFactory
from tests.factories.services import ServiceItemFactory, morning
from tiers.models import Booking
from tiers.services.bookings import ask_booking

_STEP = "0014_why_beyond_moves_to_its_own_column"
DAY = date(2026, 6, 3)


@pytest.fixture
def then(transactional_db: None) -> Iterator[Any]:
    """The rows as the step saw them, with a column for whether they went beyond."""
    apps = MigrationLoader(None, replace_migrations=False).project_state(("tiers", _STEP)).apps
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE tiers_booking ADD COLUMN is_beyond boolean NOT NULL DEFAULT false")
    yield apps
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE tiers_booking DROP COLUMN is_beyond")


@pytest.mark.django_db(transaction=True)
def test_older_bookings_keep_apart_why_they_went_beyond_and_why_they_were_cancelled(
    then: Any, branch: Branch, staff: Callable[..., User]
) -> None:
    """Of a cancelled one the trail still has the first reason: the row had lost it."""
    boss = staff("branch_manager")
    item = ServiceItemFactory(company=branch.company, code="pick-up", booked=True, limit_days=1)

    def book(beyond: str, place: int) -> Booking:
        client, day = ClientFactory(branch=branch), DAY + timedelta(days=place)
        made: Booking = ask_booking(
            client=client, item=item, day=day, at=time(9, 30), beyond=beyond, actor=boss, now=morning(DAY)
        )
        return made

    rows = {name: book(name, place) for place, name in enumerate(("贵宾", "老客户", "补偿"))}
    plain = book("不计", 9)
    step = import_module(f"tiers.migrations.{_STEP}")
    old = then.get_model("tiers", "Booking").objects

    step.move_back(then, None)
    went_back = dict(old.filter(is_beyond=True).values_list("public_id", "reason"))
    old.update(beyond="")  # the column goes with the step before
    old.filter(pk=rows["老客户"].pk).update(state="cancelled", reason="改期")
    # One whose trail is kept elsewhere by now.
    old.filter(pk=rows["补偿"].pk).update(state="cancelled", reason="天气", public_id="0" * 26)
    old.filter(pk=plain.pk).update(is_beyond=False, state="cancelled", reason="改期")
    step.move(then, None)

    assert went_back[rows["贵宾"].public_id] == "贵宾"
    found = {row.pk: (row.beyond, row.reason) for row in Booking.objects.all()}
    assert found == {
        rows["贵宾"].pk: ("贵宾", ""),
        rows["老客户"].pk: ("老客户", "改期"),
        rows["补偿"].pk: ("天气", "天气"),
        plain.pk: ("", "改期"),
    }
