"""What is owed equals a slow, plain reference; run twice, in parallel or late, the sweep leaves the same rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from clients.models import Client
from crm.core.clocks import Calendar
from crm.core.models import User
from tests.factories.clients import ClientFactory, ContactLogFactory
from tests.factories.core import BranchFactory
from tests.factories.services import (
    EntitlementFactory,
    ServiceItemFactory,
    morning,
    plan_on,
    put_in_tier,
)
from tiers.models import Promise

START = date(2026, 1, 5)
DAY = timedelta(days=1)
LENGTHS = {"month": 30, "quarter": 91, "half_year": 182, "year": 365}
Staff = Callable[..., User]


# -- the reference: day by day, client by client, without a set ----------------------------------------------------------


@dataclass
class Row:
    key: str
    opens: date
    due: date
    last: date
    state: str = "due"
    kept: date | None = None


@dataclass(frozen=True)
class Case:
    """One client's year: his tier's terms, the days on which he was spoken with, and the days on which the sweep ran."""

    rhythm: str
    period: str
    times: int
    limit: int
    since: int
    valid_from: int
    contacts: tuple[int, ...]
    runs: tuple[int, ...]


def part_of(period: str, times: int, day: date) -> tuple[str, date, date] | None:
    """The part of the period in which ``day`` lies, found by walking."""
    months = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}[period]
    first = day.replace(day=1)
    while (first.month - 1) % months:
        first = (first - DAY).replace(day=1)
    last = first
    for _month in range(months):
        last = (last + timedelta(days=31)).replace(day=1)
    days = (last - first).days
    name = {
        "month": f"{first:%Y-%m}",
        "quarter": f"{first.year}-Q{first.month // 3 + 1}",
        "half_year": f"{first.year}-H{first.month // 6 + 1}",
        "year": f"{first.year}",
    }[period]
    for number in range(1, times + 1):
        opens, due = first + DAY * (days * (number - 1) // times), first + DAY * (days * number // times) - DAY
        if opens <= day <= due:
            return f"{name}:{number}/{times}", opens, due
    return None


def reference(case: Case, calendar: Calendar, last: date) -> list[Row]:
    rows: list[Row] = []
    since = max(START + DAY * case.since, START + DAY * case.valid_from, START)
    entered, begins = START + DAY * case.since, max(START + DAY * case.valid_from, START)
    day, anchor = START, None
    while day <= last:
        for row in rows:
            if row.state == "due" and row.last < day:
                row.state = "missed"
                anchor = row.due
        if case.rhythm == "periodic":
            part = part_of(case.period, case.times, day)
            if part and part[0] not in [row.key for row in rows]:
                key, opens, due = part
                half = opens + DAY * ((due - opens).days // 2)
                if entered <= half and begins <= half and day >= opens:
                    rows.append(Row(key, opens, due, calendar.add_working_days(due, case.limit)))
        elif all(row.state != "due" for row in rows) and since <= day and entered <= day:
            start = anchor or since
            step = DAY * max(2, LENGTHS[case.period] // case.times)
            opens = start + DAY if anchor else start
            name = "after" if anchor else "from"
            rows.append(
                Row(f"{name}:{start}", opens, start + step, calendar.add_working_days(start + step, case.limit))
            )
        if (day - START).days in case.contacts:
            for row in sorted(rows, key=lambda row: row.due):
                if row.state == "due" and row.opens <= day <= row.last:
                    row.state, row.kept = "done", day
                    anchor = day
                    break
        day += DAY
    return rows


cases = st.builds(
    Case,
    rhythm=st.sampled_from(["periodic", "rolling"]),
    period=st.sampled_from(["month", "quarter", "half_year", "year"]),
    times=st.integers(1, 6),
    limit=st.integers(0, 12),
    since=st.integers(-400, 150),
    valid_from=st.integers(-400, 60),
    contacts=st.sets(st.integers(0, 219), max_size=12).map(lambda days: tuple(sorted(days))),
    runs=st.sets(st.integers(1, 219), max_size=8).map(lambda days: tuple(sorted(days))),
)


def told(client: Client) -> list[tuple[Any, ...]]:
    rows = Promise.objects.filter(client=client).order_by("due_on", "opens_on")
    return list(rows.values_list("occurrence_key", "opens_on", "due_on", "last_day", "state", "kept_on"))


#: The first one is kept on the day on which it begins: the next one counts from the same day.
AT_ONCE = Case("rolling", "month", 3, 4, since=100, valid_from=-84, contacts=(100,), runs=(101,))


@pytest.mark.django_db
@example(case=AT_ONCE)
@settings(max_examples=40, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(case=cases)
def test_what_is_owed_equals_a_plain_reference_however_late_the_sweep_runs(case: Case) -> None:
    last = START + DAY * 220
    with transaction.atomic():
        branch = BranchFactory()
        item = ServiceItemFactory(company=branch.company, branch=branch, rhythm=case.rhythm, limit_days=case.limit)
        EntitlementFactory(item=item, times=case.times, period=case.period, valid_from=START + DAY * case.valid_from)
        plan_on(branch, START - DAY)  # nobody is there yet: the branch begins
        Promise.objects.all().delete()
        client = ClientFactory(branch=branch)
        put_in_tier(client, "gold", START + DAY * case.since)
        from tiers.models import PromiseRun

        PromiseRun.objects.filter(branch=branch).update(first_day=START, day=START)
        for day in case.contacts:
            ContactLogFactory(client=client, at=morning(START + DAY * day), purpose="care")
        for run in case.runs:
            plan_on(branch, START + DAY * run)
        plan_on(branch, last)
        plan_on(branch, last)

        found = told(client)
        wanted = [
            (row.key, row.opens, row.due, row.last, row.state, row.kept)
            for row in sorted(reference(case, Calendar.around(START), last), key=lambda row: (row.due, row.opens))
        ]
        transaction.set_rollback(True)

    assert found == wanted
