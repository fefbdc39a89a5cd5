"""Behaviour tags: against a plain reference that looks at every row, once a day, writing only what has changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from clients.behaviour import FAMILIES, Bounds, Facts, judge
from clients.behaviour.rules import Window
from clients.errors import LaterDayComputed
from clients.models import Client, ClientTag, DailyAsset, Holding, IndexLevel, Tag, TagRun
from clients.services import AssetDay, compute_behaviour, put_asset_days
from clients.tasks import TAGS, start_behaviour
from crm.core.access import system_user
from crm.core.jobs import run_due, take_and_run
from crm.core.models import AuditEntry, Branch, JobRun
from crm.core.policies import Figures
from crm.core.policies import figures as figures_on
from tests.factories.clients import ClientFactory, HoldingFactory
from tests.factories.core import BranchFactory
from tests.factories.tags import IndexLevelFactory

DAY = date(2026, 6, 1)
NOW = datetime(2026, 6, 2, 1, 0, tzinfo=UTC)


def compute(branch: Branch, day: date = DAY) -> TagRun:
    run: TagRun = compute_behaviour(branch=branch, day=day, actor=system_user(), now=NOW)
    return run


def tags(client: Client) -> dict[str, tuple[str, Decimal]]:
    rows = ClientTag.objects.computed().filter(client=client).select_related("tag")
    return {row.family: (row.tag.code, row.value) for row in rows}


def days(client: Client, count: int, **figures: int) -> list[AssetDay]:
    """The last ``count`` days up to DAY, the same on each; fen."""
    return [AssetDay(client.pk, DAY - timedelta(days=n), **figures) for n in range(count)]  # type: ignore[arg-type]


# -- the rules at their boundaries -------------------------------------------------------------------------------------


@pytest.fixture
def bounds(figures: Figures) -> Bounds:
    return Bounds.of(figures)


@pytest.mark.parametrize(
    ("turnover", "tag"),
    [(40, "high"), (39, "short"), (12, "short"), (11, "medium"), (3, "medium"), (2, "long"), (0, "long")],
)
def test_turnover_is_judged_by_its_bands_lower_bounds_included(bounds: Bounds, turnover: int, tag: str) -> None:
    year = Window(days=242, net_assets=242 * 1000, turnover=turnover * 1000)

    found = judge(Facts(year=year), bounds, None)["turnover"]

    assert (found.code, found.value) == (f"turnover.{tag}", Decimal(turnover))


def test_a_hair_below_a_bound_is_below_whatever_the_value_shown(bounds: Bounds) -> None:
    year = Window(days=242, net_assets=242 * 1_000_000, turnover=40 * 1_000_000 - 1)

    found = judge(Facts(year=year), bounds, None)["turnover"]

    assert (found.code, found.value) == ("turnover.short", Decimal("40.0"))


def test_nothing_is_said_where_nothing_is_known(bounds: Bounds) -> None:
    assert judge(Facts(), bounds, Fraction(1, 10)) == {}
    assert "turnover" not in judge(Facts(year=Window(59, 59_000, 1)), bounds, None)
    assert "turnover" not in judge(Facts(year=Window(242, 0, 1)), bounds, None)


@pytest.mark.parametrize(("gain", "tag"), [(15, "above"), (14, "with"), (6, "with"), (5, "below")])
def test_skill_is_the_return_net_of_flows_less_that_of_the_index(bounds: Bounds, gain: int, tag: str) -> None:
    """Average assets 100, index +10 %: from +15 better, from +5 worse."""
    facts = Facts(year=Window(10, 1000, 0), start=100, end=130 + gain, net_flow=30)

    found = judge(facts, bounds, Fraction(1, 10))["skill"]

    assert (found.code, found.value) == (f"skill.{tag}", Decimal(gain - 10))
    assert "skill" not in judge(facts, bounds, None)


def test_every_family_explains_itself_in_both_languages_and_names_its_version(figures: Figures) -> None:
    from django.utils import translation

    for family in FAMILIES.values():
        with translation.override("zh-hans"):
            chinese = family.text(figures)
        with translation.override("en"):
            assert family.text(figures) != chinese
        assert family.version(figures).split("/")[0] == "1"
    with translation.override("en"):
        assert "40 times" in FAMILIES["turnover"].text(figures)


# -- the night ---------------------------------------------------------------------------------------------------------


def test_a_night_tags_every_client_and_the_second_run_writes_nothing(branch: Branch) -> None:
    busy, calm = ClientFactory(branch=branch), ClientFactory(branch=branch)
    rows = days(busy, 100, net_assets=1_000_000, turnover=200_000, margin_debt=500_000)
    put_asset_days(branch=branch, rows=rows + days(calm, 100, net_assets=1_000_000), actor=system_user())
    HoldingFactory(client=busy, day=DAY, security_code="510300", market_value=80)
    HoldingFactory(client=busy, day=DAY, security_code="600519", market_value=20)

    run = compute(branch)

    assert tags(busy) == {
        "turnover": ("turnover.high", Decimal("48.4")),
        "activity": ("activity.month", Decimal(60_000)),
        "concentration": ("concentration.high", Decimal(80)),
        "preference": ("preference.fund", Decimal(80)),
        "margin": ("margin.user", Decimal("33.3")),
        "trend": ("trend.steady", Decimal(0)),
    }
    assert tags(calm)["activity"] == ("activity.dormant", Decimal(0))
    assert (run.clients, run.written) == (2, 9)
    assert ClientTag.objects.get(client=busy, family="concentration").count == 2

    with CaptureQueriesContext(connection) as seen:
        compute(branch)
    writes = ("INSERT", "UPDATE", "DELETE", "COPY")
    assert [query["sql"] for query in seen if "clienttag" in query["sql"] and query["sql"].startswith(writes)] == []
    assert TagRun.objects.get().written == 9
    assert AuditEntry.objects.filter(action="tags.compute").count() == 1


def test_only_rows_that_change_are_touched(branch: Branch) -> None:
    """The next day one client sells half a holding: his two tags move, everybody else's keep their day."""
    seller, other = ClientFactory(branch=branch), ClientFactory(branch=branch)
    for client in (seller, other):
        HoldingFactory(client=client, day=DAY, security_code="600519", market_value=50)
        HoldingFactory(client=client, day=DAY, security_code="510300", market_value=50)
    compute(branch)

    later = DAY + timedelta(days=1)
    for client, share in ((seller, 90), (other, 50)):
        HoldingFactory(client=client, day=later, security_code="600519", market_value=share)
        HoldingFactory(client=client, day=later, security_code="510300", market_value=100 - share)
    run = compute(branch, later)

    assert run.written == 2
    moved = ClientTag.objects.get(client=seller, family="concentration")
    assert (moved.tag.code, moved.since, moved.as_of) == ("concentration.high", later, later)
    assert set(ClientTag.objects.filter(client=other).values_list("as_of", flat=True)) == {DAY}


def test_a_new_version_of_a_figure_shows_on_the_tags_that_rest_on_it(branch: Branch) -> None:
    from crm.core.models import Policy

    client = ClientFactory(branch=branch)
    HoldingFactory(client=client, day=DAY, security_code="600519")
    compute(branch)
    before = ClientTag.objects.get(client=client, family="preference").definition

    old = Policy.objects.get(policy_key_id="tag.preference_share")
    old.pk, old.public_id, old.version, old.effective_from = None, "01ARZ3NDEKTSV4RRFFQ69G5FAV", 2, DAY
    old.save()
    compute(branch)

    assert ClientTag.objects.get(client=client, family="preference").definition != before


def test_who_leaves_or_sells_everything_loses_his_tags(branch: Branch) -> None:
    client = ClientFactory(branch=branch)
    HoldingFactory(client=client, day=DAY, security_code="600519")
    compute(branch)
    assert tags(client)

    client.status, client.closed_on = "closed", DAY
    client.save()
    compute(branch, DAY + timedelta(days=1))

    assert tags(client) == {}


def test_an_earlier_day_never_takes_the_place_of_a_later_one(branch: Branch) -> None:
    compute(branch)

    with pytest.raises(LaterDayComputed):
        compute(branch, DAY - timedelta(days=1))


def test_the_sweep_starts_one_run_for_each_branch_and_day_and_a_failed_one_is_not_repeated(branch: Branch) -> None:
    client = ClientFactory(branch=branch)
    put_asset_days(branch=branch, rows=days(client, 70, net_assets=100), actor=system_user())

    assert start_behaviour(NOW) == 1
    assert start_behaviour(NOW) == 0
    run = JobRun.objects.get(kind=TAGS)
    assert take_and_run(run.pk)
    run.refresh_from_db()
    assert run.state == JobRun.State.DONE
    assert TagRun.objects.covers(branch, DAY)
    assert start_behaviour(NOW) == 0


def test_a_run_that_dies_before_its_end_has_written_nothing(branch: Branch, monkeypatch: pytest.MonkeyPatch) -> None:
    from clients.services import behaviour

    client = ClientFactory(branch=branch)
    put_asset_days(branch=branch, rows=days(client, 70, net_assets=100), actor=system_user())

    def killed(*_args: Any, **_named: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(behaviour, "_sum_up", killed)
        with pytest.raises(KeyboardInterrupt):
            compute(branch)
    assert not ClientTag.objects.exists()

    assert compute(branch).written > 0


def test_the_sweep_is_one_of_those_that_run_by_themselves(branch: Branch) -> None:
    assert run_due(NOW)["clients.behaviour"] == 0


# -- against the reference ---------------------------------------------------------------------------------------------

_CODES = ("600519", "000001", "510300", "161725", "019666", "113050", "204001")
_CLIENT = st.fixed_dictionaries(
    {
        "first": st.sampled_from([0, 20, 58, 59, 60, 119, 120, 364, 365, 400]),
        "every": st.sampled_from([1, 2, 3, 7]),
        "net": st.sampled_from([-50, 0, 1, 242, 1_000, 1_210, 2_000]),
        "grows": st.sampled_from([0, 0, 1, -1, 4]),
        "turnover": st.sampled_from([0, 0, 1, 30, 200, 1_000]),
        "traded_until": st.sampled_from([0, 29, 30, 31, 89, 90, 91, 364, 365, 366]),
        "flow": st.integers(-200, 200),
        "debt": st.sampled_from([0, 0, 150]),
        # Few and round: shares of exactly 30 and 60 per cent must come up.
        "holdings": st.dictionaries(st.sampled_from(_CODES), st.sampled_from([0, 10, 20, 30, 40, 60]), max_size=4),
    }
)


def _rows_of(key: int, said: dict[str, Any]) -> list[AssetDay]:
    """Every so many days from ``first`` days ago; deposits on one day, trades until some days ago."""
    rows = []
    for ago in range(said["first"], -1, -1):
        if (said["first"] - ago) % said["every"]:
            continue
        rows.append(
            AssetDay(
                client_id=key,
                day=DAY - timedelta(days=ago),
                net_assets=(said["net"] + said["grows"] * (said["first"] - ago)) * 100,
                margin_debt=said["debt"] * 100,
                inflow=max(said["flow"], 0) * 100 if ago % 97 == 5 else 0,
                outflow=max(-said["flow"], 0) * 100 if ago % 97 == 5 else 0,
                turnover=said["turnover"] * 100 if ago >= said["traded_until"] else 0,
            )
        )
    return rows


class _Reference:
    """The definitions read aloud, row by row; shares no code with the product."""

    def __init__(self, branch: Branch) -> None:
        self.branch, self.figures = branch, figures_on(DAY, branch)
        self.file_days = sorted(set(DailyAsset.objects.filter(client__branch=branch).values_list("day", flat=True)))

    def of(self, client: Client) -> dict[str, tuple[str, Decimal]]:
        rows = list(DailyAsset.objects.filter(client=client, day__lte=DAY).order_by("day"))
        held = list(Holding.objects.filter(client=client, day=DAY))
        found: dict[str, tuple[str, Decimal]] = {}
        self._turnover(rows, found)
        self._activity(rows, found)
        self._trend(rows, found)
        self._skill(rows, found)
        self._holdings(held, found)
        last = [row for row in rows if row.day == self._file_day(DAY)]
        if last and last[0].margin_debt > 0:
            all_ = last[0].net_assets + last[0].margin_debt
            share = Fraction(last[0].margin_debt) / Fraction(all_) * 100 if all_ > 0 else Fraction(100)
            found["margin"] = ("margin.user", self._show(share))
        return found

    def _window(self, rows: list[Any], length: int, end: date = DAY) -> list[Any]:
        return [row for row in rows if end - timedelta(days=length) < row.day <= end]

    def _file_day(self, day: date) -> date | None:
        return max((on for on in self.file_days if on <= day), default=None)

    def _show(self, value: Fraction) -> Decimal:
        return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)

    def _turnover(self, rows: list[Any], found: dict[str, tuple[str, Decimal]]) -> None:
        year = self._window(rows, 365)
        if len(year) < 60:
            return
        average = Fraction(sum(row.net_assets for row in year)) / len(year)
        if average <= 0:
            return
        rate = Fraction(sum(row.turnover for row in year)) * 242 / len(year) / average
        tag = "high" if rate >= 40 else "short" if rate >= 12 else "medium" if rate >= 3 else "long"
        found["turnover"] = (f"turnover.{tag}", self._show(rate))

    def _activity(self, rows: list[Any], found: dict[str, tuple[str, Decimal]]) -> None:
        sums = {n: sum((row.turnover for row in self._window(rows, n)), Decimal(0)) for n in (30, 90, 365)}
        if sums[30] > 0:
            found["activity"] = ("activity.month", sums[30])
        elif sums[90] > 0:
            found["activity"] = ("activity.quarter", sums[90])
        elif len(self._window(rows, 365)) >= 60:
            found["activity"] = ("activity.quiet" if sums[365] > 0 else "activity.dormant", sums[365])

    def _trend(self, rows: list[Any], found: dict[str, tuple[str, Decimal]]) -> None:
        now, then = self._window(rows, 30), self._window(rows, 30, DAY - timedelta(days=90))
        if not now or not then or sum(row.net_assets for row in then) <= 0:
            return
        average_now = Fraction(sum(row.net_assets for row in now)) / len(now)
        change = average_now / (Fraction(sum(row.net_assets for row in then)) / len(then)) - 1
        tag = "rising" if change >= Fraction(1, 10) else "falling" if change <= -Fraction(1, 10) else "steady"
        found["trend"] = (f"trend.{tag}", self._show(change * 100))

    def _skill(self, rows: list[Any], found: dict[str, tuple[str, Decimal]]) -> None:
        first, last = self._file_day(DAY - timedelta(days=365)), self._file_day(DAY)
        start = [row for row in rows if row.day == first]
        end = [row for row in rows if row.day == last]
        year = self._window(rows, 365)
        if first is None or not start or not end or sum(row.net_assets for row in year) <= 0:
            return
        flow = sum((row.inflow - row.outflow for row in rows if first < row.day <= DAY), Decimal(0))
        gain = Fraction(end[0].net_assets - start[0].net_assets - flow)
        own = gain / (Fraction(sum(row.net_assets for row in year)) / len(year))
        ahead = own - (Fraction(4400, 4000) - 1)
        tag = "above" if ahead >= Fraction(1, 20) else "below" if ahead <= -Fraction(1, 20) else "with"
        found["skill"] = (f"skill.{tag}", self._show(ahead * 100))

    def _holdings(self, held: list[Any], found: dict[str, tuple[str, Decimal]]) -> None:
        total = sum(row.market_value for row in held)
        if total <= 0:
            return
        largest = Fraction(max(row.market_value for row in held)) / Fraction(total)
        tag = "high" if largest >= Fraction(6, 10) else "medium" if largest >= Fraction(3, 10) else "spread"
        found["concentration"] = (f"concentration.{tag}", self._show(largest * 100))
        kinds: dict[str, Decimal] = {}
        for row in held:
            kind = {"6": "stock", "00": "stock", "51": "fund", "16": "fund", "01": "bond", "11": "bond", "20": "bond"}
            name = kind.get(row.security_code[:2]) or kind[row.security_code[0]]
            kinds[name] = kinds.get(name, Decimal(0)) + row.market_value
        most, worth = max(kinds.items(), key=lambda item: (item[1], item[0]))
        share = Fraction(worth) / Fraction(total)
        word = most if share >= Fraction(6, 10) else "mixed"
        found["preference"] = (f"preference.{word}", self._show(share * 100))


class TestAgainstReference(TestCase):
    """Whatever is on file, the set-based night finds what the plain reading of the definitions finds."""

    @settings(max_examples=40, deadline=None)
    @given(st.lists(_CLIENT, min_size=2, max_size=6))
    def test_a_night_finds_what_the_definitions_say(self, people: list[dict[str, Any]]) -> None:
        branch = BranchFactory()
        clients = [ClientFactory(branch=branch) for _said in people]
        rows = [row for client, said in zip(clients, people, strict=True) for row in _rows_of(client.pk, said)]
        put_asset_days(branch=branch, rows=rows, actor=system_user())
        for client, said in zip(clients, people, strict=True):
            for code, value in said["holdings"].items():
                HoldingFactory(client=client, day=DAY, security_code=code, market_value=value)
        IndexLevel.objects.all().delete()
        reference = _Reference(branch)
        for ago, level in ((0, 4400), (365, 4000)):
            on = reference._file_day(DAY - timedelta(days=ago)) or DAY - timedelta(days=ago)
            IndexLevelFactory(day=on - timedelta(days=2), level=Decimal(level))

        compute(branch)

        assert {client.pk: tags(client) for client in clients} == {
            client.pk: reference.of(client) for client in clients
        }
        assert Tag.objects.computed().count() == sum(len(family.tags) for family in FAMILIES.values())
