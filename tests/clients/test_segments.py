"""Segments: rules checked against the catalogue, compiled to one condition, live, and no way to learn what is kept back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from clients.errors import InvalidRule, NameTaken
from clients.models import Client, ClientTag, Segment
from clients.segments import Context, compiled, fields_for, parse
from clients.segments.compare import birthdays
from clients.segments.kinds import OPERATORS
from clients.services import AssetDay, put_asset_days
from clients.services.behaviour import computed_tags
from clients.services.segments import change_segment, create_segment, delete_segment, pin
from crm.core.access import system_user
from crm.core.errors import MissingRight, StaleEdit
from crm.core.models import AuditEntry, Branch, User
from tests.doors import Staff
from tests.factories.clients import AccountFactory, ClientFactory
from tests.factories.needs import NeedsInterviewFactory
from tests.factories.tags import ClientTagFactory, TagFactory

NOW = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)
TODAY = date(2026, 6, 15)
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
        {"all": [{"field": "opened_on", "op": "before", "value": "0001-01-01"}]},
        {"all": [{"field": "last_contact", "op": "between", "value": ["2026-01-01", "9999-12-31"]}]},
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
