"""Each benchmark measures something on a small branch, and the drill knows a loss and a double when it sees one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import get_resolver

from bench import chaos, data, filters, lists, rest, served
from bench._rows import BELOW, LISTS, NO_PAGES, QUERIES, ROWS, STATES
from bench.measure import Report
from bench.pages import BUDGET, Page, addresses, tell
from bench.yardstick import goal, yardstick


@pytest.fixture
def small(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[data.House]:
    """A branch of 120 clients and five days, in the database of the test."""
    monkeypatch.setitem(data.SIZES, "s", (120, 5))
    monkeypatch.setattr(data, "analyse", lambda: None)
    yield data.House("s")


def test_goals_are_milliseconds_over_the_yardstick_of_the_same_machine():
    assert goal("list") == 2.9
    assert goal("rest detail") == 1.2


def test_the_yardstick_takes_three_statements(small: data.House):
    assert lists.statements(yardstick(small.manager)) == 3


def test_the_yardstick_leaves_the_addresses_of_the_product_in_mind(small: data.House):
    """Else the next subject pays for learning them again: a third of a list was that."""
    unit = yardstick(small.manager)
    known = get_resolver()

    unit()

    assert get_resolver() is known


def test_lists_are_measured_from_the_first_page_to_the_last(small: data.House):
    report = Report("lists", size="s", pairs=1)

    lists.measure(small, report)

    found = {line["name"]: line for line in report.as_json()["results"]}
    assert found["list, first page / yardstick"]["ratio"] > 0
    assert found["list: bytes of HTML"]["measured"] > 1000


def test_rest_is_measured_with_a_contact_for_each_create(small: data.House):
    from clients.models import ContactLog

    before = ContactLog.objects.count()
    report = Report("rest", size="s", pairs=1)

    rest.measure(small, report)

    assert ContactLog.objects.count() > before
    assert all(line["verdict"] for line in report.as_json()["results"])


def test_each_filter_and_each_night_is_measured(small: data.House):
    report = Report("filters", size="s", pairs=1)

    filters.measure(small, report)

    names = {line["name"] for line in report.as_json()["results"]}
    assert {f"{name} / first page" for name in filters.FILTERS} <= names
    assert "behaviour tags, the next night / scan of the book" in names


@pytest.mark.nodb
def test_a_page_of_a_list_above_its_budget_is_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    good, bad = Page("clients:list"), Page("care:queue")
    good.looks["advisor"] = ("/clients/", 10.0, BUDGET, 1000)
    bad.looks["advisor"] = ("/care/", 10.0, BUDGET + 1, 1000)

    assert tell([good], tmp_path) == 0
    bad.found.append("too many")
    assert tell([good, bad], tmp_path) == 1
    assert "care:queue" in (tmp_path / "pages.csv").read_text()


@pytest.mark.nodb
def test_every_list_and_row_that_the_pages_command_names_exists():
    from django.apps import apps

    names = {name for name, _parts in addresses()}

    assert names >= LISTS | STATES.keys() | QUERIES.keys()
    assert all(any(name.startswith(row[0]) for name in names) for row in (*ROWS, *BELOW))
    assert all(apps.get_model(label) for label in {label for _name, label in ROWS} | {row[2] for row in BELOW})


def test_every_page_about_a_row_has_a_row_to_be_looked_at():
    def is_known(name: str, part: str) -> bool:
        if any(name.startswith(row[0]) and (row[1] == part or (part == "public_id" and row[3])) for row in BELOW):
            return True
        return part == "public_id" and any(name.startswith(beginning) for beginning, _label in ROWS)

    wanted = {"public_id", "row", "tier_id"}
    unknown = [
        (name, part)
        for name, parts in addresses()
        if name not in NO_PAGES
        for part in wanted & set(parts)
        if not is_known(name, part)
    ]

    assert unknown == []


class _Deeds:
    """A day on which nothing was done."""

    first_entry = 0
    done: dict[str, int] = {}  # noqa: RUF012  nobody writes it

    def __init__(self, *proofs: Any) -> None:
        self.proofs = proofs


def test_the_drill_names_what_was_lost_and_what_was_done_twice(db: None, tmp_path: Path):
    from bench._deeds import Proof

    deeds = _Deeds(Proof("kept", lambda: 1), Proof("lost", lambda: 0), Proof("doubled", lambda: 2))

    assert list(chaos.findings(deeds, tmp_path)) == ["lost: 0 instead of 1", "doubled: 2 instead of 1"]


def test_the_drill_names_a_message_that_left_without_being_noted(db: None, tmp_path: Path):
    (tmp_path / "outbox").mkdir()
    (tmp_path / "outbox" / "one.json").write_text(json.dumps({}))

    assert list(chaos.findings(_Deeds(), tmp_path)) == ["1 messages left the house, 0 are noted as sent"]


class Counter(served.Site):
    """A site that gets slower with every crowd, without a process."""

    def __init__(self, *rates: float) -> None:
        super().__init__("", {}, port=0)
        self.rates = list(rates)

    def crowd(self, address: str, times: int) -> tuple[float, float]:
        rate = self.rates.pop(0)
        return rate, 1 / rate


def test_what_is_served_is_measured_between_two_looks_at_the_yardstick():
    rates, slowest = served._in_turn(Counter(60, 40, 20), Counter(99, 25, 15), "/clients/", 8, 2)

    assert rates == [(25, 50), (15, 30)]
    assert slowest[0][0] == 1 / 25
    line = served._ratio("list", rates, 0.41, at_least=True)
    assert (line.median, line.verdict) == (0.5, "met")
    assert line.line().endswith("20 / 40")
