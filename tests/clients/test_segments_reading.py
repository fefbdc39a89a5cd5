"""Whom a segment finds equals a plain reading of its rule, client by client, on and beside every boundary."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from clients.behaviour import FAMILIES
from clients.models import Client, ClientTag, Tag
from clients.segments import Context, compiled, parse
from clients.segments.kinds import OPERATORS, Kind
from clients.services import AssetDay, put_asset_days
from clients.services.behaviour import computed_tags
from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.models import Branch
from tests.clients.segment_reading import holds, samples
from tests.factories.clients import AccountFactory, ClientFactory
from tests.factories.core import BranchFactory, UserFactory
from tests.factories.needs import NeedsInterviewFactory
from tests.factories.tags import ClientTagFactory, TagFactory

NOW = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)
TODAY = date(2026, 6, 15)


#: Facts and values come from the same few, so that they meet at every boundary.
_OFFSETS = st.sampled_from([-400, -91, -90, -46, -45, -31, -30, -29, -15, -14, -1, 0, 1, 15, 16, 29, 30, 31, 90])
_DAYS = st.none() | _OFFSETS.map(lambda n: TODAY + timedelta(days=n))
_BIRTHDAYS = [(1990, 6, 15), (1990, 6, 16), (1961, 6, 14), (1961, 7, 15), (2000, 2, 29), (1944, 12, 31), (2008, 5, 1)]
_PEOPLE = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["张三", "张伟", "李四", "王小明", ""]),
        "city": st.sampled_from(["", "上海", "北京", "Shanghai"]),
        "status": st.sampled_from(["active", "dormant", "suspended"]),
        "kind": st.sampled_from(["person", "institution"]),
        "birth_date": st.none() | st.sampled_from(_BIRTHDAYS).map(lambda born: date(*born)),
        "age_on_file": st.none() | st.sampled_from([18, 35, 36, 65]),
        "opened_on": _DAYS,
        "total_assets": st.integers(-1, 4).map(lambda n: Decimal(n) * 100),
        "risk_grade": st.sampled_from(["", "C1", "C3", "C5"]),
        "risk_valid_until": _DAYS,
        "do_not_contact": st.booleans(),
        # Ten in the morning: ten hours ago was midnight, eleven hours ago yesterday.
        "last_contact_at": st.none()
        | st.builds(
            lambda n, hours: NOW + timedelta(days=min(n, 0), hours=hours), _OFFSETS, st.sampled_from([0, -10, -11])
        ),
        "preferred_channel": st.sampled_from(["", "phone", "wechat"]),
        "goals": st.none() | st.lists(st.sampled_from(["growth", "ipo", "income"]), unique=True),
        "horizon": st.sampled_from(["", "short", "long"]),
        "loss": st.none() | st.sampled_from([0, 18, 35, 36, 65, 100]),
        "tags": st.lists(st.integers(0, 2), unique=True),
        "turnover_tag": st.none() | st.sampled_from(["turnover.high", "turnover.long"]),
        "accounts": st.lists(st.sampled_from(["cash", "credit", "option"]), unique=True),
        "daily": st.lists(
            st.tuples(st.sampled_from([0, 1, 28, 29, 30, 31]), st.sampled_from([0, 100, 200, 300])),
            max_size=5,
            unique_by=lambda d: d[0],
        ),
    }
)
_MONEY = st.integers(-1, 4).map(lambda n: f"{n * 100}")
_NUMBER = st.sampled_from(["0", "18", "35", "36", "36.5", "65", "100"])
_ISO = _OFFSETS.map(lambda n: (TODAY + timedelta(days=n)).isoformat())
_SPAN = st.sampled_from([0, 1, 14, 15, 29, 30, 31, 45, 90, 400])


def _pair(values: Any, key: Callable[[Any], Any]) -> Any:
    return st.tuples(values, values).map(lambda two: sorted(two, key=key))


def _values(kind: Kind, op: str, codes: list[str]) -> Any:
    if kind in (Kind.MONEY, Kind.NUMBER):
        amounts = _MONEY if kind is Kind.MONEY else _NUMBER
        return _pair(amounts, Decimal) if op == "between" else amounts
    if kind is Kind.DAY:
        return _pair(_ISO, str) if op == "between" else _ISO if op in ("on_or_after", "before") else _SPAN
    if kind is Kind.BIRTHDAY:
        return st.integers(1, 12) if op == "in_month" else _SPAN
    if kind is Kind.TEXT:
        return st.sampled_from(["张", "三", "上海", "hai", "%", "_"])
    return st.lists(st.sampled_from(codes), min_size=1, max_size=3, unique=True)


_CODES = {
    "status": ["active", "dormant", "closed"],
    "kind": ["person", "institution"],
    "risk_grade": ["C1", "C3", "C4"],
    "preferred_channel": ["phone", "email"],
    "needs_goals": ["growth", "ipo", "pension"],
    "needs_horizon": ["short", "open"],
    "tag_turnover": ["turnover.high", "turnover.short"],
    "account": ["cash", "credit", "fund"],
    "tag": ["0", "1", "2"],
}
_FIELDS: dict[str, Kind] = {
    "name": Kind.TEXT,
    "city": Kind.TEXT,
    "status": Kind.CHOICE,
    "kind": Kind.CHOICE,
    "age": Kind.NUMBER,
    "birthday": Kind.BIRTHDAY,
    "birth_date": Kind.DAY,
    "opened_on": Kind.DAY,
    "assets": Kind.MONEY,
    "assets_avg_30": Kind.MONEY,
    "risk_grade": Kind.CHOICE,
    "risk_valid_until": Kind.DAY,
    "do_not_contact": Kind.FLAG,
    "last_contact": Kind.DAY,
    "preferred_channel": Kind.CHOICE,
    "needs_goals": Kind.CODES,
    "needs_horizon": Kind.CHOICE,
    "needs_loss_tolerance": Kind.NUMBER,
    "tag": Kind.CODES,
    "tag_turnover": Kind.CHOICE,
    "account": Kind.CODES,
}
_FEWER = {"status": ("in", "not_in"), "kind": ("in", "not_in"), "assets": ("gte", "lte", "between")}


@st.composite
def _conditions(draw: Any) -> dict[str, Any]:
    field = draw(st.sampled_from(sorted(_FIELDS)))
    kind = _FIELDS[field]
    op = draw(st.sampled_from(_FEWER.get(field) or sorted(OPERATORS[kind])))
    said = {"field": field, "op": op}
    if OPERATORS[kind][op].shape != "nothing":
        said["value"] = draw(_values(kind, op, _CODES.get(field, [])))
    return said


_TREES = st.recursive(
    _conditions(),
    lambda nodes: st.builds(
        lambda match, inner: {match: inner}, st.sampled_from(["all", "any"]), st.lists(nodes, min_size=1, max_size=3)
    ),
    max_leaves=6,
)


class _Reading:
    """The tree read aloud for one client; shares no code with the product."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.facts = facts

    def holds(self, node: dict[str, Any]) -> bool:
        if "field" not in node:
            match, nodes = next(iter(node.items()))
            return (all if match == "all" else any)(self.holds(each) for each in nodes)
        return holds(_FIELDS[node["field"]], node["op"], node.get("value"), self._fact(node["field"]), TODAY)

    def _fact(self, field: str) -> Any:
        said = self.facts
        asked = said["goals"] is not None
        return {
            "age": self._age,
            "birthday": lambda: said["birth_date"],
            "assets": lambda: said["total_assets"],
            "assets_avg_30": self._average,
            "last_contact": lambda: said["last_contact_at"] and local_date(said["last_contact_at"]),
            "needs_goals": lambda: said["goals"] or [],
            "needs_horizon": lambda: said["horizon"] if asked else "",
            "needs_loss_tolerance": lambda: said["loss"] if asked else None,
            "tag": lambda: [str(number) for number in said["tags"]],
            "tag_turnover": lambda: said["turnover_tag"] or "",
            "account": lambda: said["accounts"],
        }.get(field, lambda: said[field])()

    def _age(self) -> int | None:
        born = self.facts["birth_date"]
        if born is None:
            told: int | None = self.facts["age_on_file"]
            return told
        return TODAY.year - born.year - ((TODAY.month, TODAY.day) < (born.month, born.day))

    def _average(self) -> Decimal | None:
        days = [Decimal(worth) for ago, worth in self.facts["daily"] if ago < 30]
        return sum(days) / len(days) if days else None


class TestAgainstPlainReading(TestCase):
    """On any clients, the compiled condition finds whom the tree describes."""

    @settings(max_examples=60, deadline=None)
    @given(people=st.lists(_PEOPLE, min_size=2, max_size=5), trees=st.lists(_TREES, min_size=3, max_size=12))
    def test_the_condition_finds_whom_the_tree_describes(self, people: list[Any], trees: list[Any]) -> None:
        branch = BranchFactory()
        manager = UserFactory(branch=branch, role="branch_manager")
        tags = [TagFactory(branch=branch) for _number in range(3)]
        ids = {str(number): tag.public_id for number, tag in enumerate(tags)}
        keys = {self._client(branch, said, tags): said for said in people}

        for drawn in trees:
            tree = drawn if "field" not in drawn else {"all": [drawn]}
            if self._depth(tree) > 3:
                continue
            rule = parse(self._named(tree, ids), manager)
            rows = Client.objects.visible_to(manager).filter(compiled(rule, Context(manager, NOW)))
            assert set(rows.values_list("pk", flat=True)) == {
                pk for pk, said in keys.items() if _Reading(said).holds(tree)
            }, tree

    def _depth(self, tree: dict[str, Any]) -> int:
        return 0 if "field" in tree else 1 + max(self._depth(node) for node in next(iter(tree.values())))

    def _named(self, tree: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
        if "field" not in tree:
            match, nodes = next(iter(tree.items()))
            return {match: [self._named(node, ids) for node in nodes]}
        if tree["field"] == "tag" and "value" in tree:
            return {**tree, "value": [ids[number] for number in tree["value"]]}
        return tree

    def _client(self, branch: Branch, said: dict[str, Any], tags: list[Tag]) -> int:
        own = ["name", "city", "status", "kind", "birth_date", "age_on_file", "opened_on", "total_assets", "risk_grade"]
        own += ["risk_valid_until", "do_not_contact", "last_contact_at", "preferred_channel"]
        facts = {name: said[name] for name in own}
        client = ClientFactory(
            branch=branch, **facts, do_not_contact_reason="客户要求" if said["do_not_contact"] else ""
        )
        if said["goals"] is not None:
            NeedsInterviewFactory(
                client=client, goals=said["goals"], horizon=said["horizon"], loss_tolerance=said["loss"], answered_on={}
            )
        for number in said["tags"]:
            ClientTagFactory(client=client, tag=tags[number])
        if said["turnover_tag"]:
            ClientTag.objects.create(
                client=client,
                tag_id=computed_tags()[said["turnover_tag"]],
                family=FAMILIES["turnover"].key,
                value=1,
                since=TODAY,
                as_of=TODAY,
            )
        for kind in said["accounts"]:
            AccountFactory(client=client, kind=kind)
        rows = [AssetDay(client.pk, TODAY - timedelta(days=ago), worth * 100) for ago, worth in said["daily"]]
        if rows:
            put_asset_days(branch=branch, rows=rows, actor=system_user())
            Client.objects.filter(pk=client.pk).update(total_assets=said["total_assets"])
        return int(client.pk)


_EDGES = (-400, -91, -90, -46, -45, -31, -30, -29, -15, -14, -1, 0, 1, 15, 16, 29, 30, 31, 90)


def _crowd() -> list[dict[str, Any]]:
    """People of whom somebody stands on either side of, and on, every boundary that ``_samples`` asks for."""
    born = [None, *(date(*each) for each in _BIRTHDAYS)]
    crowd = []
    for n in range(40):
        day = None if n % 20 == 19 else TODAY + timedelta(days=_EDGES[n % 19])
        crowd.append(
            {
                "name": ("张三", "张伟", "李四", "")[n % 4],
                "city": ("", "上海", "北京", "Shanghai")[n % 4],
                "status": ("active", "dormant", "suspended")[n % 3],
                "kind": ("person", "institution")[n % 2],
                "birth_date": born[n % 8],
                "age_on_file": (None, 18, 35, 36, 65)[n % 5],
                "opened_on": day,
                "total_assets": Decimal((n % 6 - 1) * 100),
                "risk_grade": ("", "C1", "C3", "C5")[n % 4],
                "risk_valid_until": day,
                "do_not_contact": n % 2 == 0,
                "last_contact_at": None
                if day is None
                else NOW + timedelta(days=min((day - TODAY).days, 0), hours=(0, -10, -11)[n % 3]),
                "preferred_channel": ("", "phone", "wechat")[n % 3],
                "goals": (None, [], ["growth"], ["growth", "ipo"])[n % 4],
                "horizon": ("", "short", "long")[n % 3],
                "loss": (None, 0, 18, 35, 36, 65, 100)[n % 7],
                "tags": ([], [0], [0, 1], [2])[n % 4],
                "turnover_tag": (None, "turnover.high", "turnover.long")[n % 3],
                "accounts": ([], ["cash"], ["cash", "credit"])[n % 3],
                "daily": ([], [(0, 100)], [(29, 300), (30, 0)], [(30, 300)], [(1, 200), (28, 100)])[n % 5],
            }
        )
    return crowd


class TestEveryComparison(TestCase):
    """Each comparison of each field by itself, on people who stand on every boundary."""

    def test_each_comparison_finds_whom_it_says(self) -> None:
        branch = BranchFactory()
        manager = UserFactory(branch=branch, role="branch_manager")
        tags = [TagFactory(branch=branch) for _number in range(3)]
        ids = {str(number): tag.public_id for number, tag in enumerate(tags)}
        rest = TestAgainstPlainReading()
        keys = {rest._client(branch, said, tags): said for said in _crowd()}

        wrong: list[Any] = []
        for field, kind in _FIELDS.items():
            for op in _FEWER.get(field) or OPERATORS[kind]:
                for value in samples(kind, op, TODAY, _CODES.get(field, [])):
                    tree = {"all": [{"field": field, "op": op} | ({} if value is None else {"value": value})]}
                    rule = parse(rest._named(tree, ids), manager)
                    rows = Client.objects.filter(branch=branch).filter(compiled(rule, Context(manager, NOW)))
                    if set(rows.values_list("pk", flat=True)) != {pk for pk in keys if _Reading(keys[pk]).holds(tree)}:
                        wrong.append(tree)

        assert wrong == []


def test_the_reading_itself_can_fail() -> None:
    """A planted slip would be seen: the reading knows "not" from its opposite."""
    facts = {"status": "active", "goals": None}

    assert _Reading(facts).holds({"field": "status", "op": "in", "value": ["active"]})
    assert not _Reading(facts).holds({"field": "status", "op": "not_in", "value": ["active"]})
