"""What is owed equals a slow, plain reference; run twice, in parallel or late, the sweep leaves the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from clients.models import Client
from crm.core.clocks import Calendar
from tests.factories.clients import ClientFactory, ContactLogFactory
from tests.factories.core import BranchFactory
from tests.factories.services import (
    EntitlementFactory,
    ServiceItemFactory,
    morning,
    plan_on,
    put_in_tier,
)
from tiers.models import Promise, PromiseRun
from tiers.services.promise_contacts import follow_contacts

START = date(2026, 1, 5)
DAY = timedelta(days=1)
LAST = 220
LENGTHS = {"month": 30, "quarter": 91, "half_year": 182, "year": 365}


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
    """One client's year: his tier's terms, the days on which he was spoken with, and the days on which the sweep ran.

    ``silences``: from each of these days on he wants no contact, for so many days. ``gap``: the last day of the entitlement
    and, so many days later, the first of the next one; the sweep runs on the days on which they change.
    """

    rhythm: str
    period: str
    times: int
    limit: int
    since: int
    valid_from: int
    contacts: tuple[int, ...]
    runs: tuple[int, ...]
    silences: tuple[tuple[int, int], ...] = ()
    gap: tuple[int, int] | None = None

    def is_silent(self, day: date) -> bool:
        return any(first <= (day - START).days < first + length for first, length in self.silences)

    @property
    def planned(self) -> list[int]:
        """The days on which the sweep runs: it is there when an entitlement ends and begins."""
        changes = set() if self.gap is None else {self.gap[0], self.gap[0] + 1, sum(self.gap)}
        return sorted({run for run in {*self.runs, *changes, LAST} if 0 < run <= LAST})

    @property
    def terms(self) -> list[tuple[date, date | None]]:
        """First and last day of each entitlement."""
        begins = START + DAY * self.valid_from
        if self.gap is None:
            return [(begins, None)]
        end, pause = self.gap
        return [(begins, START + DAY * end), (START + DAY * (end + pause), None)]


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


class Reference:
    """One client's rows, day by day, as a sweep on each day would leave them.

    What nobody can know stays out: that he wants silence is known from the next sweep on, and that he may be spoken with again
    from the first sweep that finds it. For the days before a sweep that finds him silent nothing new is made.
    """

    def __init__(self, case: Case, calendar: Calendar) -> None:
        self.case, self.calendar = case, calendar
        self.rows: list[Row] = []
        #: The day on which the last one was kept, or was due and was missed.
        self.last_time: date | None = None
        self.silent = False
        self.back = START
        self.spoken: list[date] = []

    def through(self, last: date) -> list[Row]:
        day = START
        while day <= last:
            self._miss(day)
            if (day - START).days in self.case.planned:
                self._look(day)
            if not self.silent and self._is_found_contactable(day):
                self._close(day)
                self._owe(day)
            if (day - START).days in self.case.contacts:
                self.spoken.append(day)
                self._keep()
            day += DAY
        return self.rows

    def _is_found_contactable(self, day: date) -> bool:
        planned = [START + DAY * run for run in self.case.planned]
        return not self.case.is_silent(min(run for run in planned if run >= day))

    def _look(self, day: date) -> None:
        """What the sweep of this day finds of his wish."""
        if self.silent and not self.case.is_silent(day):
            self.back = day
        self.silent = self.case.is_silent(day)
        if self.silent:
            self._stop(day)

    def _stop(self, day: date) -> None:
        for row in self._due():
            if row.due < day:
                self._is_missed(row)
            else:
                row.state = "closed"

    def _close(self, day: date) -> None:
        if self._terms_on(day) is None:
            for row in self._due():
                if row.due >= day:
                    row.state = "closed"

    def _miss(self, day: date) -> None:
        for row in self._due():
            if row.last < day:
                self._is_missed(row)

    def _is_missed(self, row: Row) -> None:
        row.state = "missed"
        self._was(row.due)

    def _was(self, day: date) -> None:
        self.last_time = max(day, self.last_time or day)

    def _due(self) -> list[Row]:
        return [row for row in self.rows if row.state == "due"]

    def _terms_on(self, day: date) -> date | None:
        """Since when the terms of this day hold; None where none do."""
        return next((first for first, end in self.case.terms if first <= day <= (end or day)), None)

    # -- what is owed anew ---------------------------------------------------------------------------------------------

    def _owe(self, day: date) -> None:
        begun = self._terms_on(day)
        if begun is None:
            return
        entered = START + DAY * self.case.since
        if self.case.rhythm == "periodic":
            self._owe_part(day, entered)
        elif max(begun, entered) <= day:
            while not self._due():  # what is made may be kept already, by a contact in a pause
                self._owe_next(day, max(begun, entered, self.back))

    def _owe_part(self, day: date, entered: date) -> None:
        part = part_of(self.case.period, self.case.times, day)
        if part is None:
            return
        key, opens, due = part
        half = opens + DAY * ((due - opens).days // 2)
        known = next((row for row in self.rows if row.key == key), None)
        if known is not None and known.state == "closed":
            self._again(known)
        elif known is None and self._terms_on(half) and max(entered, self.back) <= half:
            self._add(key, opens, due)

    def _owe_next(self, day: date, begun: date) -> None:
        """So long after the last time; after a pause what is not over yet, else so long after the pause."""
        step = DAY * max(2, LENGTHS[self.case.period] // self.case.times)
        last = self.last_time
        closed = [row for row in self.rows if row.state == "closed" and (last is None or row.opens >= last)]
        if closed and closed[-1].due >= day:
            self._again(closed[-1])
        elif not closed and last is not None and (last >= begun or last + step >= day):
            self._add(f"after:{last}", last + DAY, last + step)
        else:
            self._add(f"from:{begun}", begun, begun + step)

    def _add(self, key: str, opens: date, due: date) -> None:
        self.rows.append(Row(key, opens, due, self.calendar.add_working_days(due, self.case.limit)))
        self._keep()

    def _again(self, row: Row) -> None:
        row.state = "due"
        self._keep()

    def _keep(self) -> None:
        """Each contact keeps one, the one due first; what is new or owed again also by a contact that came meanwhile."""
        used = [row.kept for row in self.rows]
        for row in sorted(self.rows, key=lambda row: row.due):
            for day in self.spoken:
                if row.state in ("due", "missed") and row.opens <= day <= row.last and day not in used:
                    row.state, row.kept = "done", day
                    used.append(day)
                    self._was(day)


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
    silences=st.lists(st.tuples(st.integers(0, 219), st.integers(1, 90)), max_size=2).map(tuple),
    gap=st.none() | st.tuples(st.integers(61, 200), st.integers(2, 60)),
)


def told(client: Client) -> list[tuple[Any, ...]]:
    rows = Promise.objects.filter(client=client).order_by("due_on", "opens_on")
    return list(rows.values_list("occurrence_key", "opens_on", "due_on", "last_day", "state", "kept_on"))


#: The first one is kept on the day on which it begins: the next one counts from the same day.
AT_ONCE = Case("rolling", "month", 3, 4, since=100, valid_from=-84, contacts=(100,), runs=(101,))
#: Silent just when the one after the last was to begin, and back long after its day.
SILENT = Case("rolling", "month", 1, 2, 0, 0, contacts=(10,), runs=(*range(1, 12), 12, 80), silences=((11, 60),))
#: Overdue when he asked for silence; he calls himself, and is to be spoken with again soon after.
CALLS = Case("rolling", "month", 1, 12, 0, 0, contacts=(35,), runs=(1, 32, 50), silences=((32, 10),))
#: He called twice while nobody was to call him.
TWICE = Case("rolling", "half_year", 1, 1, 0, 0, contacts=(52, 63, 83), runs=(15, 65, 108), silences=((24, 87),))
#: Entitled anew on the very day for which something was closed.
ANEW = Case("rolling", "quarter", 1, 2, 0, 0, contacts=(20,), runs=(1, 21), gap=(70, 10))
#: Entitled anew while the last one had days of grace left, and no sweep between their end and long after.
RENEWED = Case("rolling", "quarter", 5, 11, 0, 0, contacts=(171,), runs=(99, 126, 162, 174), gap=(108, 4))
#: The same, with no sweep after the day on which the new terms began.
RENEWED_LAST = Case("rolling", "quarter", 5, 11, 0, 0, contacts=(), runs=(99, 112, 162), gap=(108, 4))


@pytest.mark.django_db
@example(case=RENEWED)
@example(case=RENEWED_LAST)
@example(case=AT_ONCE)
@example(case=SILENT)
@example(case=CALLS)
@example(case=ANEW)
@example(case=TWICE)
@settings(max_examples=60, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(case=cases)
def test_what_is_owed_equals_a_plain_reference_however_late_the_sweep_runs(case: Case) -> None:
    with transaction.atomic():
        branch = BranchFactory()
        item = ServiceItemFactory(company=branch.company, branch=branch, rhythm=case.rhythm, limit_days=case.limit)
        for first, end in case.terms:
            EntitlementFactory(item=item, times=case.times, period=case.period, valid_from=first, valid_to=end)
        plan_on(branch, START - DAY)  # nobody is there yet: the branch begins
        Promise.objects.all().delete()
        client = ClientFactory(branch=branch)
        put_in_tier(client, "gold", START + DAY * case.since)
        PromiseRun.objects.filter(branch=branch).update(first_day=START, day=START)
        for number in range(LAST + 1):
            day = START + DAY * number
            if number in case.planned:
                wish = {"do_not_contact": True, "do_not_contact_reason": "客户要求"}
                Client.objects.filter(pk=client.pk).update(
                    **(wish if case.is_silent(day) else {"do_not_contact": False, "do_not_contact_reason": ""})
                )
                plan_on(branch, day)
            if number in case.contacts:
                ContactLogFactory(client=client, at=morning(day), purpose="care")
                follow_contacts([client.pk], day)
        assert plan_on(branch, START + DAY * LAST) == {}

        found = told(client)
        rows = Reference(case, Calendar.around(START)).through(START + DAY * LAST)
        wanted = [
            (row.key, row.opens, row.due, row.last, row.state, row.kept)
            for row in sorted(rows, key=lambda row: (row.due, row.opens))
        ]
        transaction.set_rollback(True)

    assert found == wanted
