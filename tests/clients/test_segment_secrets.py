"""A segment by money-laundering grades: for those who may know them, and leading nowhere where others would learn of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from advisory.services.matching import start_matching
from advisory.services.solving import plan_matching
from care.services import find_audience, invite_segment
from clients.models import Client, Segment
from clients.segments import fields_for
from clients.services.bulk import plan_bulk_edit
from clients.services.export import take_out
from clients.services.segments import change_segment, create_segment, delete_segment
from crm.core.audit import veiled_from
from crm.core.errors import InvalidInput
from crm.core.models import AuditEntry, Branch, User
from tests.clients.segment_reading import disagreements
from tests.factories.aml import AmlGradeFactory
from tests.factories.clients import ClientFactory
from tests.factories.services import ServiceItemFactory
from tiers.models import MenuEntry
from tiers.services.market_events import call_round
from tiers.services.menus import Line, create_preference
from tiers.services.promises import deliver

NOW = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)
TODAY = date(2026, 6, 15)
HTMX = {"HX-Request": "true"}
HIGH = {"all": [{"field": "aml_grade", "op": "in", "value": ["high"]}]}
Staff = Callable[..., User]
Web = Callable[[User], Any]
Api = Callable[[User], Any]


def kept(owner: User, name: str = "高风险客户", share: str = "branch", rule: Any = None) -> Segment:
    made: Segment = create_segment(values={"name": name, "share": share, "rule": rule or HIGH}, actor=owner)
    return made


def known_to(reader: User) -> Any:
    """What of the trail is shown to the reader."""
    return AuditEntry.objects.exclude(veiled_from(reader))


def test_the_present_grade_and_its_review_find_whom_they_say(branch: Branch, staff: Staff) -> None:
    manager, crowd = staff("branch_manager"), {}
    for n in range(5):
        client = ClientFactory(branch=branch)
        facts: dict[str, Any] = {"aml_grade": "", "aml_graded": None, "aml_review": None}
        if n:
            AmlGradeFactory(client=client, grade="low", is_present=False, review_on=TODAY)
            day = TODAY - timedelta(days=n * 15)
            AmlGradeFactory(
                client=client, grade=("high", "middle")[n % 2], graded_on=day, review_on=day + timedelta(days=45)
            )
            facts = {"aml_grade": ("high", "middle")[n % 2], "aml_graded": day, "aml_review": day + timedelta(days=45)}
        crowd[client.pk] = facts

    for who in (manager, staff("compliance")):
        assert disagreements(who, NOW, TODAY, crowd, codes={"aml_grade": ["high", "low", "middle"]}) == []


def test_nobody_else_has_the_fields_finds_the_segment_or_meets_its_name_in_the_trail(
    branch: Branch, staff: Staff, web: Web, api: Api
) -> None:
    manager, officer = staff("branch_manager"), staff("compliance")
    graded = AmlGradeFactory(client=ClientFactory(branch=branch, name="闻人鸢飞")).client
    segment = kept(manager)
    api(manager).get(f"/api/v1/segments/{segment.public_id}/members/")
    change_segment(segment=segment, values={"rule": {"all": [*HIGH["all"], *HIGH["all"]]}}, actor=manager)
    gone = kept(manager, "另一个")
    delete_segment(segment=gone, actor=manager)

    assert list(segment.members(manager, NOW)) == list(segment.members(officer, NOW)) == [graded]
    assert {"segment.create", "segment.change", "segment.delete", "segment.view"} <= set(
        known_to(manager).values_list("action", flat=True)
    )
    for role in ("head_office", "auditor", "advisor", "front_desk", "follow_up_caller", "administrator"):
        reader = staff(role)
        assert not [key for key in fields_for(reader) if key.startswith("aml")]
        assert not Segment.objects.visible_to(reader).exists()
        assert list(segment.members(reader, NOW)) == []
        told = [str(row) for row in known_to(reader).values_list("after", "before", "object_id", "object_ids")]
        assert not [
            line
            for line in told
            for word in ("aml_grade", "高风险客户", segment.public_id, graded.public_id)
            if word in line
        ]
    for role in ("head_office", "front_desk"):
        browser = web(staff(role))
        assert "高风险客户" not in browser.get("/clients/segments/").content.decode()
        text = browser.get(f"/clients/?segment={segment.public_id}", headers=HTMX).content.decode()
        assert "闻人鸢飞" not in text


def test_a_segment_that_no_longer_asks_for_the_grade_keeps_its_past_to_itself(branch: Branch, staff: Staff) -> None:
    manager, house = staff("branch_manager"), staff("head_office")
    segment = kept(manager)
    open_rule = {"all": [{"field": "status", "op": "in", "value": ["active"]}]}

    change_segment(segment=segment, values={"name": "服务中客户", "rule": open_rule}, actor=manager)
    change_segment(segment=segment, values={"rule": {"any": open_rule["all"]}}, actor=manager)

    assert list(Segment.objects.visible_to(staff("front_desk"))) == [segment]
    told = list(known_to(house).filter(action="segment.change").values_list("before", "after"))
    assert told == [({"rule": open_rule}, {"rule": {"any": open_rule["all"]}})]


def test_each_look_by_the_grade_is_on_the_trail(branch: Branch, staff: Staff, web: Web, api: Api) -> None:
    manager = staff("branch_manager")
    AmlGradeFactory(client=ClientFactory(branch=branch))
    segment, browser = kept(manager), web(manager)
    builder = {"g0m": "all", "g0c0f": "aml_grade", "g0c0o": "in", "g0c0v": ["high"]}

    for look in (
        lambda: browser.get(f"/clients/?segment={segment.public_id}", headers=HTMX),
        lambda: browser.get(f"/clients/segments/{segment.public_id}/count/"),
        lambda: browser.post("/clients/segments/new/", builder, headers=HTMX),
        lambda: api(manager).get("/api/v1/clients/", {"segment": segment.public_id}),
    ):
        before = AuditEntry.objects.filter(action="aml.view", actor=manager).count()
        assert look().status_code == 200
        assert AuditEntry.objects.filter(action="aml.view", actor=manager).count() == before + 1


def doings(branch: Branch, manager: User, segment: Segment) -> dict[str, Callable[[], Any]]:
    now = timezone.now()
    contact, event = (
        ServiceItemFactory(company=branch.company),
        ServiceItemFactory(company=branch.company, proof="event"),
    )
    people = Client.objects.visible_to(manager)
    query = f"segment={segment.public_id}"
    menu = [Line(MenuEntry.Kind.REPORT, "月报", "Monthly")]
    return {
        "matching": lambda: start_matching(actor=manager, branch=branch, now=now, segment=segment),
        "matching under way": lambda: plan_matching(branch=branch, now=now, segment=segment, reader=manager),
        "survey": lambda: invite_segment(segment=segment, title="服务", branch=branch, actor=manager, now=now),
        "look at a survey": lambda: find_audience(
            segment=segment, title="服务", branch=branch, reader=manager, now=now
        ),
        "delivery": lambda: deliver(
            item=event, branch=branch, title="年会", day=now.date(), actor=manager, now=now, segment=segment
        ),
        "market event": lambda: call_round(
            branch=branch, item=contact, name="大跌", day=now.date(), ask="问候", due_on=now.date() + timedelta(days=9),
            actor=manager, now=now, segment=segment,
        ),
        "preference segment": lambda: create_preference(
            values={"name_zh": "甲", "name_en": "A", "rule": HIGH}, menu=menu, company=branch.company, branch=branch,
            actor=manager,
        ),
        "export": lambda: take_out(
            actor=manager, clients=people, kind="clients", narrowed_by=query, now=now,
            said={"form": "csv", "columns": ["external_id"], "reason": "核对名单", "is_unmasked": False},
        ),
        "change of many": lambda: plan_bulk_edit(
            field="preferred_channel", said={"channel": "phone"}, clients=people, actor=manager, now=now,
            narrowed_by=query,
        ),
    }  # fmt: skip


@pytest.mark.parametrize(
    "doing",
    [
        "matching", "matching under way", "survey", "look at a survey", "delivery", "market event",
        "preference segment", "export", "change of many",
    ],
)  # fmt: skip
def test_nothing_that_others_see_is_made_from_it(branch: Branch, staff: Staff, doing: str) -> None:
    manager = staff("branch_manager")
    AmlGradeFactory(client=ClientFactory(branch=branch, email="a@b.cn"))
    segment = kept(manager)

    with pytest.raises(InvalidInput) as refusal:
        doings(branch, manager, segment)[doing]()

    assert "may not know" in str(refusal.value.fields)


def test_it_is_not_offered_where_something_is_made_of_segments(branch: Branch, staff: Staff, web: Web) -> None:
    manager = staff("branch_manager")
    kept(manager)
    kept(manager, "普通分群", rule={"all": [{"field": "status", "op": "in", "value": ["active"]}]})
    browser = web(manager)

    for name in (
        "advisory:matching", "care:survey_round_new", "tiers:delivery_new", "tiers:market_event_new",
        "tiers:preference_new",
    ):  # fmt: skip
        address = reverse(name)
        text = browser.get(address).content.decode()
        assert "普通分群" in text, address
        assert "高风险客户" not in text, address
