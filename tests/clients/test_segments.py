"""Segments: rules checked against the catalogue, compiled to one condition, live, and no way to learn what is kept back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from clients.behaviour import FAMILIES
from clients.errors import InvalidRule, NameTaken
from clients.models import Client, ClientTag, Segment, Tag
from clients.segments import Context, compiled, fields_for, parse
from clients.segments.compare import birthdays
from clients.segments.kinds import OPERATORS, Kind
from clients.services import AssetDay, put_asset_days
from clients.services.behaviour import computed_tags
from clients.services.segments import change_segment, create_segment, delete_segment, pin
from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.errors import MissingRight, StaleEdit
from crm.core.models import AuditEntry, Branch, User
from tests.factories.clients import AccountFactory, ClientFactory
from tests.factories.core import BranchFactory, UserFactory
from tests.factories.needs import NeedsInterviewFactory
from tests.factories.tags import ClientTagFactory, TagFactory

NOW = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)
TODAY = date(2026, 6, 15)
Staff = Callable[..., User]
RICH = {"field": "assets", "op": "gte", "value": "1000"}


def found(tree: dict[str, Any], user: User, now: datetime = NOW) -> set[str]:
    rows = Client.objects.visible_to(user).filter(compiled(parse(tree, user), Context(user, now)))
    return set(rows.values_list("name", flat=True))


def only(field: str, op: str, value: Any = None) -> dict[str, Any]:
    said = {"field": field, "op": op}
    return {"all": [said if value is None else {**said, "value": value}]}


# -- the rules of rules ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tree",
    [
        None,
        [],
        {},
        {"all": []},
        {"all": {}},
        {"all": [], "any": []},
        {"none": [RICH]},
        {"all": [{"any": []}]},
        {"all": [{"all": [{"all": [{"all": [RICH]}]}]}]},
        {"all": [RICH] * 31},
        {"all": [{**RICH, "field": "phone"}]},
        {"all": [{**RICH, "field": "pk__gt"}]},
        {"all": [{**RICH, "field": 7}]},
        {"all": [{**RICH, "op": "contains"}]},
        {"all": [{**RICH, "op": ["gte"]}]},
        {"all": [{**RICH, "value": "x"}]},
        {"all": [{**RICH, "value": "1e400"}]},
        {"all": [{**RICH, "value": 1.5}]},
        {"all": [{**RICH, "value": "NaN"}]},
        {"all": [{**RICH, "sql": "1"}]},
        {"all": [{"field": "assets", "op": "between", "value": ["2", "1"]}]},
        {"all": [{"field": "status", "op": "in", "value": []}]},
        {"all": [{"field": "status", "op": "in", "value": ["nonsense"]}]},
        {"all": [{"field": "status", "op": "in", "value": [["active"]]}]},
        {"all": [{"field": "last_contact", "op": "last_days", "value": -1}]},
        {"all": [{"field": "last_contact", "op": "last_days", "value": "9" * 30}]},
        {"all": [{"field": "last_contact", "op": "last_days", "value": "000000001" + "9" * 9}]},
        {"all": [{"field": "last_contact", "op": "last_days", "value": "000000001" + "9" * 5000}]},
        {"all": [{"field": "opened_on", "op": "before", "value": "2026-02-30"}]},
        {"all": [{"field": "birthday", "op": "in_month", "value": 13}]},
        {"all": [{"field": "city", "op": "is", "value": "x" * 61}]},
    ],
)
def test_what_is_no_rule_is_refused_with_a_sentence(staff: Staff, tree: Any) -> None:
    with pytest.raises(InvalidRule) as refusal:
        parse(tree, staff("branch_manager"))

    assert refusal.value.fields["rule"]


def test_the_reason_names_the_place(staff: Staff) -> None:
    with pytest.raises(InvalidRule) as refusal:
        parse({"all": [RICH, {"any": [RICH, {**RICH, "value": "x"}]}]}, staff("branch_manager"))

    assert "2.2" in str(refusal.value)


def test_every_field_has_operators_and_every_denial_denies_one_that_is_there(staff: Staff) -> None:
    for field in fields_for(staff("head_office")).values():
        operators = field.operators()
        assert operators
        assert {operator.denies for operator in operators.values() if operator.denies} <= set(OPERATORS[field.kind])


# -- one example for each sentence of the trade ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tree", "names"),
    [
        (only("last_contact", "not_last_days", 30), {"久未", "从未"}),
        (only("last_contact", "last_days", 30), {"刚联"}),
        (only("last_contact", "longer_ago", 30), {"久未"}),
        (only("birthday", "next_days", 7), {"刚联"}),
        (only("birthday", "in_month", 6), {"刚联"}),
        (only("id_valid_until", "next_days", 90), {"久未"}),
        (only("id_valid_until", "past"), {"从未"}),
        (only("opened_on", "last_month"), {"从未"}),
        (only("risk_valid_until", "past"), {"刚联"}),
        (only("risk_grade", "empty"), {"久未", "从未"}),
        (only("city", "contains", "海"), {"刚联"}),
        (only("age", "gte", "60"), {"久未"}),
        (only("advisor", "empty"), {"久未", "从未"}),
        (only("advisor", "mine"), {"刚联"}),
        ({"any": [only("age", "gte", "60"), {"all": [RICH, {"field": "city", "op": "filled"}]}]}, {"久未", "刚联"}),
    ],
)
def test_people_are_found_by_what_the_trade_asks(branch: Branch, staff: Staff, tree: Any, names: set[str]) -> None:
    manager = staff("branch_manager")
    ClientFactory(
        branch=branch,
        name="刚联",
        last_contact_at=NOW - timedelta(days=30),
        birth_date=date(1990, 6, 22),
        risk_grade="C3",
        risk_valid_until=TODAY - timedelta(days=1),
        city="上海",
        total_assets=5000,
        advisor=manager,
    )
    ClientFactory(
        branch=branch,
        name="久未",
        last_contact_at=NOW - timedelta(days=31),
        birth_date=date(1960, 7, 1),
        id_valid_until=TODAY + timedelta(days=90),
        id_kind="id_card",
    )
    ClientFactory(
        branch=branch,
        name="从未",
        opened_on=date(2026, 5, 31),
        id_valid_until=TODAY - timedelta(days=1),
        id_kind="id_card",
    )

    assert found(tree, manager) == names


def test_needs_tags_and_accounts_are_asked_in_the_rows_of_the_client(branch: Branch, staff: Staff) -> None:
    manager = staff("branch_manager")
    keen, plain = ClientFactory(branch=branch, name="想要"), ClientFactory(branch=branch, name="没有")
    NeedsInterviewFactory(client=keen, goals=["growth", "ipo"], loss_tolerance=Decimal("12.5"))
    tag = TagFactory(branch=branch)
    ClientTagFactory(client=keen, tag=tag)
    AccountFactory(client=plain, kind="credit", margin_ratio=Decimal("1.4"))

    assert found(only("needs_goals", "all", ["growth", "ipo"]), manager) == {"想要"}
    assert found(only("needs_goals", "none", ["ipo"]), manager) == {"没有"}
    assert found(only("needs_loss_tolerance", "gte", "12.5"), manager) == {"想要"}
    assert found(only("needs_loss_tolerance", "gte", "99999"), manager) == set()
    assert found(only("needs_on", "empty"), manager) == {"没有"}
    assert found(only("tag", "any", [tag.public_id]), manager) == {"想要"}
    assert found(only("tag", "none", [tag.public_id]), manager) == {"没有"}
    assert found(only("account", "any", ["credit"]), manager) == {"没有"}
    assert found(only("collateral", "lte", "1.5"), manager) == {"没有"}
    assert found(only("quality", "empty"), manager) == {"想要", "没有"}
    assert found(only("investor_class", "in", ["A"]), manager) == set()


def test_averages_are_those_of_the_house(branch: Branch, staff: Staff) -> None:
    """Sum over the days on file in the window ÷ those days, compared without rounding."""
    manager, now = staff("branch_manager"), NOW
    client, poor = ClientFactory(branch=branch, name="日均"), ClientFactory(branch=branch, name="不足")
    rows = [AssetDay(client.pk, TODAY - timedelta(days=n), 100_00 + n * 100, turnover=50_00) for n in range(40)]
    put_asset_days(branch=branch, rows=[*rows, AssetDay(poor.pk, TODAY, 114_49)], actor=system_user())

    assert found(only("assets_avg_30", "gte", "114.50"), manager, now) == {"日均"}
    assert found(only("assets_avg_30", "between", ["114.49", "114.49"]), manager, now) == {"不足"}
    assert found(only("turnover_30", "gte", "1500"), manager, now) == {"日均"}


def test_a_branch_without_any_assets_on_file_has_no_averages(branch: Branch, staff: Staff) -> None:
    ClientFactory(branch=branch, name="无数据")

    assert found(only("assets_avg_30", "gte", "0"), staff("branch_manager")) == set()
    assert found(only("assets_avg_30", "empty"), staff("branch_manager")) == {"无数据"}


def test_a_computed_tag_is_none_that_people_have_set(branch: Branch, staff: Staff) -> None:
    client = ClientFactory(branch=branch, name="有算")
    ClientTag.objects.create(
        client=client, tag_id=computed_tags()["turnover.high"], family="turnover", value=50, since=TODAY, as_of=TODAY
    )

    assert found(only("tag", "filled"), staff("branch_manager")) == set()
    assert found(only("tag_turnover", "in", ["turnover.high"]), staff("branch_manager")) == {"有算"}


def test_birthdays_of_29_february_are_kept_on_the_28th_in_common_years() -> None:
    assert 29 in birthdays("next_days", 3, date(2026, 2, 26))[2]
    assert 29 not in birthdays("next_days", 2, date(2028, 2, 26)).get(2, set())
    assert 29 in birthdays("next_days", 3, date(2028, 2, 26))[2]
    assert birthdays("next_days", 2, date(2026, 12, 31)) == {12: {31}, 1: {1, 2}}


# -- no oracle ---------------------------------------------------------------------------------------------------------


def test_an_agent_has_no_field_that_his_pages_keep_back(branch: Branch, staff: Staff) -> None:
    agent = staff("agent")
    ClientFactory(branch=branch, name="张三丰", introducer=agent)
    fields = fields_for(agent)

    kept = {
        "name",
        "birthday",
        "age",
        "city",
        "occupation",
        "assets_avg_30",
        "needs_goals",
        "tag",
        "account",
        "permission",
    }
    assert not kept & set(fields)
    for field, op, value in (("name", "contains", "张"), ("assets_avg_30", "gte", "1"), ("tag", "any", ["x"])):
        with pytest.raises(InvalidRule):
            parse(only(field, op, value), agent)


def test_a_shared_segment_with_fields_that_one_may_not_see_is_not_there_and_matches_nobody(
    branch: Branch, staff: Staff
) -> None:
    manager, agent = staff("branch_manager"), staff("agent")
    ClientFactory(branch=branch, name="张三丰", introducer=agent)
    named = create_segment(
        values={"name": "张姓", "share": "branch", "rule": only("name", "contains", "张")}, actor=manager
    )
    open_ = create_segment(
        values={"name": "活跃", "share": "branch", "rule": only("status", "in", ["active"])}, actor=manager
    )

    assert list(Segment.objects.visible_to(agent)) == [open_]
    assert list(named.members(agent, NOW)) == []
    denied = create_segment(
        values={"name": "非张", "share": "branch", "rule": only("name", "is_not", "张三丰")}, actor=manager
    )
    assert list(denied.members(agent, NOW)) == []


def test_members_lie_inside_what_each_reader_may_see_and_are_live(
    branch: Branch, other_branch: Branch, staff: Staff
) -> None:
    advisor = staff("advisor")
    mine = ClientFactory(branch=branch, advisor=advisor)
    other = ClientFactory(branch=branch)
    ClientFactory(branch=other_branch)
    segment = create_segment(
        values={"name": "全部", "share": "branch", "rule": only("status", "in", ["active"])},
        actor=staff("branch_manager"),
    )

    assert set(segment.members(staff("front_desk"), NOW)) == {mine, other}
    assert set(segment.members(advisor, NOW)) == {mine}
    other.status = "dormant"
    other.save()
    assert set(segment.members(staff("front_desk"), NOW)) == {mine}


# -- keeping them ------------------------------------------------------------------------------------------------------


def test_a_segment_is_its_owners_and_changes_by_version(branch: Branch, staff: Staff) -> None:
    owner, colleague = staff("branch_manager"), staff("branch_manager")
    made = create_segment(values={"name": " 大客户 ", "rule": {"all": [RICH]}}, actor=owner)

    assert (made.name, made.share, made.rule) == ("大客户", "mine", {"all": [RICH]})
    assert not Segment.objects.visible_to(colleague).exists()
    with pytest.raises(NameTaken):
        create_segment(values={"name": "大客户", "rule": {"all": [RICH]}}, actor=owner)
    with pytest.raises(MissingRight):
        change_segment(segment=made, values={"name": "我的"}, actor=colleague)
    change_segment(segment=made, values={"rule": only("name", "contains", "张")}, actor=owner, version=1)
    made.refresh_from_db()
    assert made.rights == ["names"]
    with pytest.raises(StaleEdit):
        change_segment(segment=made, values={"name": "旧"}, actor=owner, version=1)
    pin(row=made, is_pinned=True, actor=owner)
    assert Segment.objects.for_list(owner).get().is_pinned
    delete_segment(segment=made, actor=owner)
    assert set(AuditEntry.objects.values_list("action", flat=True)) >= {
        "segment.create",
        "segment.change",
        "segment.delete",
    }


def test_sharing_needs_its_right_and_the_company_is_the_head_offices(staff: Staff) -> None:
    rule = {"all": [RICH]}
    with pytest.raises(MissingRight):
        create_segment(values={"name": "a", "share": "branch", "rule": rule}, actor=staff("advisor"))
    from crm.core.errors import InvalidInput

    with pytest.raises(InvalidInput):
        create_segment(values={"name": "b", "share": "company", "rule": rule}, actor=staff("branch_manager"))


# -- against a plain reading of the tree -------------------------------------------------------------------------------

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
        return self._condition(_FIELDS[node["field"]], node["op"], node.get("value"), self._fact(node["field"]))

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

    def _condition(self, kind: Kind, op: str, value: Any, fact: Any) -> bool:
        denials = {
            "empty": "filled",
            "not_in": "in",
            "none": "any",
            "is_not": "is",
            "no": "yes",
            "not_last_days": "last_days",
        }
        if op in denials:
            return not self._condition(kind, denials[op], value, fact)
        if op == "filled":
            return fact not in (None, "", [])
        if op == "yes":
            return bool(fact)
        if fact is None or fact == "":
            return False
        if kind is Kind.TEXT:
            return fact == value if op == "is" else value.lower() in fact.lower()
        if kind is Kind.CHOICE:
            return fact in value
        if kind is Kind.CODES:
            return bool(set(fact) & set(value)) if op == "any" else set(value) <= set(fact)
        if kind is Kind.BIRTHDAY:
            return self._birthday(op, value, fact)
        if kind is Kind.DAY:
            return self._day(op, value, fact)
        if op == "between":
            return Decimal(value[0]) <= fact <= Decimal(value[1])
        return fact >= Decimal(value) if op == "gte" else fact <= Decimal(value)

    def _birthday(self, op: str, value: int, born: date) -> bool:
        if op == "in_month":
            return born.month == value
        for offset in range(min(value, 366) + 1):
            day = TODAY + timedelta(days=offset)
            leap = (day.year % 4 == 0 and day.year % 100 != 0) or day.year % 400 == 0
            kept = (2, 28) if (born.month, born.day) == (2, 29) and not leap else (born.month, born.day)
            if kept == (day.month, day.day):
                return True
        return False

    def _day(self, op: str, value: Any, day: date) -> bool:
        ago = (TODAY - day).days
        same_month = (day.year, day.month) == (TODAY.year, TODAY.month)
        return {
            "last_days": lambda: 0 <= ago <= value,
            "longer_ago": lambda: ago > value,
            "next_days": lambda: 0 <= -ago <= value,
            "past": lambda: ago > 0,
            "this_month": lambda: same_month,
            "last_month": lambda: (day.year, day.month) == (2026, 5),
            "this_year": lambda: day.year == TODAY.year,
            "on_or_after": lambda: day >= date.fromisoformat(value),
            "before": lambda: day < date.fromisoformat(value),
            "between": lambda: date.fromisoformat(value[0]) <= day <= date.fromisoformat(value[1]),
        }[op]()


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


def _samples(kind: Kind, op: str, codes: list[str]) -> list[Any]:
    """Values for a comparison, the boundaries of the crowd among them; None where it takes no value."""
    if OPERATORS[kind][op].shape == "nothing":
        return [None]
    if kind in (Kind.MONEY, Kind.NUMBER):
        amounts = ["-100", "0", "100", "150", "200"] if kind is Kind.MONEY else ["0", "18", "35.5", "36", "65"]
        return (
            [[low, high] for low in amounts for high in amounts if Decimal(low) <= Decimal(high)]
            if op == "between"
            else amounts
        )
    if kind is Kind.DAY and op in ("on_or_after", "before", "between"):
        days = [(TODAY + timedelta(days=n)).isoformat() for n in (-91, -30, 0, 1, 30)]
        return [[low, high] for low in days for high in days if low <= high] if op == "between" else days
    if kind in (Kind.DAY, Kind.BIRTHDAY):
        return [1, 2, 6, 12] if op == "in_month" else [0, 1, 14, 15, 29, 30, 31, 45, 90, 366]
    if kind is Kind.TEXT:
        return ["张", "张三", "上海", "hai", "%", "_"]
    return [codes[:1], codes[:2], codes]


class TestEveryComparison(TestCase):
    """Each comparison of each field by itself, on people who stand on every boundary."""

    def test_each_comparison_finds_whom_it_says(self) -> None:
        branch = BranchFactory()
        manager = UserFactory(branch=branch, role="branch_manager")
        tags = [TagFactory(branch=branch) for _number in range(3)]
        ids = {str(number): tag.public_id for number, tag in enumerate(tags)}
        rest = TestAgainstPlainReading()
        keys = {rest._client(branch, said, tags): said for said in _crowd()}

        wrong = []
        for field, kind in _FIELDS.items():
            for op in _FEWER.get(field) or OPERATORS[kind]:
                for value in _samples(kind, op, _CODES.get(field, [])):
                    tree = only(field, op, value)
                    rule = parse(rest._named(tree, ids), manager)
                    rows = Client.objects.filter(branch=branch).filter(compiled(rule, Context(manager, NOW)))
                    expected = {pk for pk, said in keys.items() if _Reading(said).holds(tree)}
                    if set(rows.values_list("pk", flat=True)) != expected:
                        wrong.append(tree)

        assert wrong == []


def test_the_reading_itself_can_fail() -> None:
    """A planted slip would be seen: the reading knows "not" from its opposite."""
    facts = {"status": "active", "goals": None}

    assert _Reading(facts).holds({"field": "status", "op": "in", "value": ["active"]})
    assert not _Reading(facts).holds({"field": "status", "op": "not_in", "value": ["active"]})
