"""Segments and views on pages and over REST: built, counted, kept, shared, used by the list, by matching and by programs."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from advisory.models import MatchingRun
from advisory.services.matching import run_matching, start_matching
from advisory.services.solving import plan_of
from clients.columns import columns_for
from clients.models import Client, SavedView, Segment
from clients.segments import fields_for
from clients.services.segments import create_segment, create_view
from crm.core.errors import InvalidInput
from crm.core.models import AuditEntry, Branch, User
from tests.factories.advisory import AdvisorFactory
from tests.factories.clients import ClientFactory
from tests.factories.complaints import ComplaintFactory
from tests.factories.core import UserFactory
from tests.factories.tiers import TierFactory
from tiers.models import EvaluationRun, Tier, TierState

HTMX = {"HX-Request": "true"}
Staff = Callable[..., User]
Web = Callable[[User], Any]
Api = Callable[[User], Any]
ACTIVE = {"all": [{"field": "status", "op": "in", "value": ["active"]}]}
NEW = "/clients/segments/new/"


def token(page: Any) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page.content.decode())
    assert found is not None
    return found[1]


def kept(owner: User, name: str = "活跃", share: str = "mine", rule: Any = None) -> Segment:
    made: Segment = create_segment(values={"name": name, "share": share, "rule": rule or ACTIVE}, actor=owner)
    return made


def graded(branch: Branch) -> TierState:
    """A client of the branch who stands in the one tier of the company."""
    tier = Tier.objects.filter(programme__company=branch.company).first() or TierFactory(
        programme__company=branch.company
    )
    run, _made = EvaluationRun.objects.get_or_create(
        programme=tier.programme,
        branch=branch,
        day=date(2026, 6, 1),
        defaults={"window_days": 30, "down_after": 3, "actor": UserFactory(branch=branch)},
    )
    client = ClientFactory(branch=branch)
    state: TierState = TierState.objects.create(
        client=client, programme=tier.programme, tier=tier, since=date(2026, 6, 1), run=run
    )
    return state


# -- the builder -------------------------------------------------------------------------------------------------------


def test_each_change_of_the_builder_shows_whom_the_rule_means(branch: Branch, staff: Staff, web: Web) -> None:
    browser = web(staff("front_desk"))
    ClientFactory(branch=branch, name="甲富", total_assets=5000)
    ClientFactory(branch=branch, name="乙贫", total_assets=5)
    said = {"g0m": "all", "g0c0f": "assets", "g0c0o": "gte", "g0c0v": "1000"}

    shown = browser.post(NEW, {**said, "name": "大户"}, headers=HTMX).content.decode()

    assert "1 client" in shown
    assert "甲富" in shown
    assert "乙贫" not in shown
    assert 'value="大户"' in shown
    assert "<html" not in shown
    assert "Give a number." in browser.post(NEW, {**said, "g0c0v": "viel"}, headers=HTMX).content.decode()
    assert not Segment.objects.exists()


def test_conditions_and_boxes_come_and_go(staff: Staff, web: Web) -> None:
    browser = web(staff("front_desk"))
    said = {"g0m": "all", "g0c0f": "assets", "g0c0o": "gte", "g0c0v": "1"}

    def after(act: str, **more: str) -> str:
        return str(browser.post(NEW, {**said, **more, "act": act}, headers=HTMX).content.decode())

    assert 'name="g0c1f"' in after("add:0")
    assert 'name="g1m"' in after("box")
    assert 'name="g1m"' not in after("drop:1", g1m="any", g1c0f="status")
    assert 'value="1"' not in after("remove:0:0").split('name="g0c0v"')[-1][:60]
    assert (
        after("remove:9:9").count('name="g0c')
        == after("nonsense:1:2:3").count('name="g0c')
        == after("add:²").count('name="g0c')
        == after(f"add:{'9' * 5000}").count('name="g0c')
        == after("look").count('name="g0c')
    )


def test_a_segment_is_kept_from_the_page_and_changed_there(branch: Branch, staff: Staff, web: Web) -> None:
    manager = staff("branch_manager")
    browser = web(manager)
    page = browser.get(NEW)
    said = {
        "form_token": token(page),
        "name": "沉默大户",
        "share": "branch",
        "match": "any",
        "g0m": "all",
        "g0c0f": "assets",
        "g0c0o": "gte",
        "g0c0v": "1000",
        "g0c1f": "last_contact",
        "g0c1o": "not_last_days",
        "g0c1v": "30",
        "g1m": "all",
        "g1c0f": "status",
        "g1c0o": "in",
        "g1c0v": ["dormant", "suspended"],
        "act": "save",
    }

    assert browser.post(NEW, said).status_code == 302
    segment = Segment.objects.get()
    assert segment.rule == {
        "any": [
            {
                "all": [
                    {"field": "assets", "op": "gte", "value": "1000"},
                    {"field": "last_contact", "op": "not_last_days", "value": 30},
                ]
            },
            {"all": [{"field": "status", "op": "in", "value": ["dormant", "suspended"]}]},
        ]
    }
    edit = f"/clients/segments/{segment.public_id}/"
    text = browser.get(edit).content.decode()
    assert 'name="g1c0f"' in text
    assert (
        browser.post(edit, {**said, "form_token": token(browser.get(edit)), "g0c0v": "9", "version": "7"}).status_code
        == 412
    )
    colleague = web(staff("advisor"))
    assert "Saving makes a copy of your own" in colleague.get(edit).content.decode()
    assert colleague.post(f"{edit}delete/").status_code == 404
    assert browser.post(f"{edit}delete/", {"version": segment.version}).status_code == 302
    assert not Segment.objects.exists()


def test_a_refused_rule_stays_on_the_page(staff: Staff, web: Web) -> None:
    browser = web(staff("front_desk"))

    answer = browser.post(NEW, {"form_token": "a" * 26, "name": "空", "g0m": "all", "g0c0f": "", "act": "save"})

    assert answer.status_code == 400
    assert 'value="空"' in answer.content.decode()


def test_a_rule_deeper_than_the_page_is_said_to_be(staff: Staff, web: Web) -> None:
    owner = staff("front_desk")
    deep = kept(owner, rule={"all": [{"any": [ACTIVE]}]})

    assert (
        "lies deeper than this page can show" in web(owner).get(f"/clients/segments/{deep.public_id}/").content.decode()
    )


# -- used by the list --------------------------------------------------------------------------------------------------


def test_the_list_shows_the_members_now_and_an_export_takes_no_more(branch: Branch, staff: Staff, web: Web) -> None:
    manager = staff("branch_manager")
    browser, segment = web(manager), kept(manager)
    client = ClientFactory(branch=branch, name="甲活")
    ClientFactory(branch=branch, name="乙眠", status="dormant")
    url = f"/clients/?segment={segment.public_id}"

    text = browser.get(url, headers=HTMX).content.decode()
    assert ">甲活<" in text
    assert ">乙眠<" not in text
    assert "活跃" in text
    assert browser.get(f"/clients/segments/{segment.public_id}/count/").content == b"1"
    Client.objects.filter(pk=client.pk).update(status="dormant")
    assert ">甲活<" not in browser.get(url, headers=HTMX).content.decode()


def test_an_old_link_to_a_segment_that_is_gone_or_not_ones_own_shows_nobody(
    branch: Branch, staff: Staff, web: Web
) -> None:
    ClientFactory(branch=branch, name="甲某")
    owner = staff("branch_manager")
    private = kept(owner)

    for reader, key in ((staff("front_desk"), private.public_id), (owner, "01ARZ3NDEKTSV4RRFFQ69G5FAV")):
        text = web(reader).get(f"/clients/?segment={key}", headers=HTMX).content.decode()
        assert ">甲某<" not in text


def test_the_list_costs_the_same_with_a_segment_and_every_column(
    branch: Branch, staff: Staff, web: Web, cost_of: Any
) -> None:
    manager = staff("branch_manager")
    browser, segment = web(manager), kept(manager)
    keys = ",".join(column.key for column in columns_for(manager))
    url = f"/clients/?segment={segment.public_id}&cols={keys}"
    graded(branch)
    browser.get(url, headers=HTMX)
    one = cost_of(lambda: browser.get(url, headers=HTMX))
    for _number in range(9):
        graded(branch)

    assert cost_of(lambda: browser.get(url, headers=HTMX)) == one


def test_columns_are_chosen_and_those_one_may_not_see_are_not_offered(branch: Branch, staff: Staff, web: Web) -> None:
    ClientFactory(branch=branch, city="上海", birth_date=date(1990, 1, 1), introducer=(agent := staff("agent")))
    desk = web(staff("front_desk"))

    text = desk.get("/clients/?cols=city,tier,nonsense", headers=HTMX).content.decode()
    assert "上海" in text
    assert "Client tier" in text
    assert "Risk grade" not in text
    assert desk.get("/clients/?cols=city&cols=age").headers["Location"] == "/clients/?cols=city%2Cage"
    assert "上海" not in web(agent).get("/clients/?cols=city,age", headers=HTMX).content.decode()
    assert not {"city", "age", "tags", "needs", "document"} & {column.key for column in columns_for(agent)}


def test_a_view_keeps_filters_columns_and_order_and_not_what_was_typed(branch: Branch, staff: Staff, web: Web) -> None:
    manager = staff("branch_manager")
    browser = web(manager)
    url = "/clients/views/new/?risk=none&sort=-assets&cols=city,tier&q=张三&cursor=x"
    page = browser.get(url)

    answer = browser.post(url, {"form_token": token(page), "name": "无评级", "share": "branch"})

    view = SavedView.objects.get()
    assert (view.query, view.columns, view.sort) == ({"risk": ["none"]}, ["city", "tier"], "-assets")
    assert answer["Location"] == f"/clients/?risk=none&sort=-assets&cols=city%2Ctier&view={view.public_id}"
    shown = web(staff("front_desk")).get("/clients/tools/?risk=none", headers=HTMX).content.decode()
    assert "无评级" in shown
    assert '<input type="hidden" name="risk" value="none">' in shown
    assert "<html" not in shown
    browser.post(f"/clients/views/{view.public_id}/pin/", {"on": "1"})
    assert SavedView.objects.for_list(manager).get().is_pinned
    assert not SavedView.objects.for_list(staff("front_desk")).get().is_pinned
    browser.post(f"/clients/views/{view.public_id}/delete/", {"version": view.version})
    assert not SavedView.objects.exists()


def test_the_page_of_segments_tells_ones_own_and_shared_ones(staff: Staff, web: Web) -> None:
    manager, desk = staff("branch_manager"), staff("front_desk")
    kept(manager, "共享", "branch")
    kept(manager, "私有")
    create_view(values={"name": "我的视图", "query": {}}, actor=desk)

    text = web(desk).get("/clients/segments/").content.decode()

    assert "共享" in text
    assert "私有" not in text
    assert "我的视图" in text


# -- what apps to the right add ----------------------------------------------------------------------------------------


def test_tiers_complaints_and_surveys_are_fields_too(branch: Branch, staff: Staff) -> None:
    manager = staff("branch_manager")
    assert {"tier", "tier_since", "open_complaint", "survey_score", "call_due"} <= set(fields_for(manager))
    state = graded(branch)
    ComplaintFactory(client=ClientFactory(branch=branch, name="投诉"), branch=branch)
    now = timezone.now()

    def members(field: str, op: str, value: Any = None) -> set[int]:
        said = {"field": field, "op": op, **({} if value is None else {"value": value})}
        return set(
            kept(manager, f"{field}{op}", rule={"all": [said]}).members(manager, now).values_list("pk", flat=True)
        )

    assert members("tier", "in", [state.tier.code]) == {state.pk}
    assert members("open_complaint", "yes") == set(Client.objects.filter(name="投诉").values_list("pk", flat=True))
    assert state.pk in members("open_complaint", "no")
    assert members("survey_score", "filled") == set()


# -- used by matching --------------------------------------------------------------------------------------------------


def test_a_matching_of_a_segment_moves_only_its_clients_and_others_keep_their_places(
    branch: Branch, staff: Staff
) -> None:
    manager, now = staff("branch_manager"), datetime(2026, 6, 1, 2, tzinfo=UTC)
    advisor = staff("advisor")
    AdvisorFactory(user=advisor, capacity=2)
    ClientFactory(branch=branch, advisor=advisor)
    wanted = ClientFactory.create_batch(2, branch=branch, city="上海")
    ClientFactory(branch=branch, city="北京")
    segment = kept(manager, "上海", rule={"all": [{"field": "city", "op": "is", "value": "上海"}]})

    run = start_matching(actor=manager, branch=branch, now=now, segment=segment)
    run = run_matching(actor=manager, branch=branch, now=now, run=run, plan=plan_of(run, now))

    assert run.pool == "上海"
    assert set(run.proposals.values_list("client_id", flat=True)) == {client.pk for client in wanted}
    assert (run.newly_assigned, run.unassigned) == (1, 1)
    segment.delete()
    gone = MatchingRun.objects.get(pk=run.pk)
    assert (gone.pool, gone.segment) == ("上海", None)
    with pytest.raises(InvalidInput):
        plan_of(gone, now)


# -- REST --------------------------------------------------------------------------------------------------------------

URL = "/api/v1/segments/"


def test_a_segment_over_rest_from_its_fields_to_its_members(branch: Branch, staff: Staff, api: Api) -> None:
    phone = api(staff("front_desk"))
    client = ClientFactory(branch=branch, last_contact_at=timezone.now() - timedelta(days=60))
    fields = {row["key"]: row for row in phone.get(f"{URL}fields/").data}
    assert {"key": "not_last_days", "label": "not in the last … days", "value": "days"} in fields["last_contact"][
        "operators"
    ]
    rule = {"all": [{"field": "last_contact", "op": "not_last_days", "value": 30}]}

    made = phone.post(URL, {"name": "久未联系", "rule": rule}, format="json", headers={"Idempotency-Key": "s1"})
    assert (made.status_code, made.data["rule"], made["ETag"]) == (201, rule, '"1"')
    one = f"{URL}{made.data['id']}/"
    assert [row["id"] for row in phone.get(f"{one}members/").data["results"]] == [client.public_id]
    assert AuditEntry.objects.get(action="segment.view").object_ids == [client.public_id]
    assert phone.get("/api/v1/clients/", {"segment": made.data["id"]}).data["results"][0]["id"] == client.public_id
    assert phone.patch(one, {"name": "很久未联系"}, format="json").status_code == 428
    assert phone.patch(one, {"name": "很久未联系"}, format="json", headers={"If-Match": '"9"'}).status_code == 412
    changed = phone.patch(one, {"name": "很久未联系"}, format="json", headers={"If-Match": '"1"'})
    assert (changed.data["name"], changed["ETag"]) == ("很久未联系", '"2"')
    assert phone.delete(one, headers={"If-Match": '"2"'}).status_code == 204
    assert phone.get(one).status_code == 404


@pytest.mark.parametrize(
    "rule", [None, [], "x", {"all": []}, {"all": [{"field": "phone", "op": "is", "value": "1"}]}, 7]
)
def test_a_bad_rule_over_rest_is_a_400_with_a_sentence(staff: Staff, api: Api, rule: Any) -> None:
    answer = api(staff("front_desk")).post(
        URL, {"name": "x", "rule": rule}, format="json", headers={"Idempotency-Key": f"b{rule}"[:60]}
    )

    assert answer.status_code == 400
    assert answer.json()["fields"]["rule"]


@pytest.mark.parametrize(
    ("said", "field"),
    [({"name": "活跃"}, "name"), ({"name": "新", "share": "branch"}, "share")],
    ids=["twice", "nowhere"],
)
def test_a_name_of_ones_own_and_a_branch_that_one_has_not_are_refused_by_their_field(
    staff: Staff, api: Api, said: dict[str, str], field: str
) -> None:
    house = staff("head_office", branch=None)
    kept(house)

    answer = api(house).post(URL, {**said, "rule": ACTIVE}, format="json", headers={"Idempotency-Key": "k"})

    assert (answer.status_code, list(answer.data["fields"])) == (400, [field])
    assert Segment.objects.count() == 1


def test_foreign_segments_are_unknown_and_agents_make_none(branch: Branch, staff: Staff, api: Api) -> None:
    private, shared = kept(staff("branch_manager"), "一"), kept(staff("branch_manager"), "二", "branch")
    phone = api(staff("front_desk"))

    assert [row["id"] for row in phone.get(URL).data["results"]] == [shared.public_id]
    assert phone.get(f"{URL}{private.public_id}/members/").status_code == 404
    assert (
        phone.patch(f"{URL}{shared.public_id}/", {"name": "x"}, format="json", headers={"If-Match": '"1"'}).status_code
        == 403
    )
    assert api(staff("agent")).post(URL, {}, format="json", headers={"Idempotency-Key": "a"}).status_code == 403
