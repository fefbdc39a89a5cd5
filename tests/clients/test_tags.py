"""Manual tags: a catalogue with an owner, set by those who may, on one client or many, and taken back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from clients.errors import AlreadyUndone, TagNotYours
from clients.models import Client, ClientTag, Tag, TagChange
from clients.services import change_tag, compute_behaviour, create_tag, set_tag, undo_tags
from crm.core.access import system_user
from crm.core.errors import InvalidInput, StaleEdit
from crm.core.models import AuditEntry, Branch, User
from tests.doors import HTMX, Api, Staff, Web, token
from tests.factories.clients import ClientFactory, HoldingFactory
from tests.factories.tags import ClientTagFactory, TagFactory

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


@pytest.fixture
def client_(branch: Branch) -> Client:
    return ClientFactory(branch=branch)


@pytest.fixture
def tag(branch: Branch) -> Tag:
    return TagFactory(branch=branch, name="移居海外")


def carried(tag: Tag) -> set[int]:
    return set(ClientTag.objects.filter(tag=tag).values_list("client_id", flat=True))


# -- the catalogue -----------------------------------------------------------------------------------------------------


def test_whoever_makes_a_tag_owns_it_and_its_name_is_taken_once(branch: Branch, staff: Staff) -> None:
    manager = staff("branch_manager")
    made = create_tag(values={"name": " 贵宾室 ", "meaning": "用贵宾室", "palette": 3}, branch=branch, actor=manager)

    assert (made.name, made.owner, made.company) == ("贵宾室", manager, branch.company)
    with pytest.raises(InvalidInput):
        create_tag(values={"name": "贵宾室"}, branch=branch, actor=manager)
    with pytest.raises(InvalidInput):
        create_tag(values={"name": "  "}, branch=branch, actor=manager)
    with pytest.raises(InvalidInput):
        create_tag(values={"name": "颜色", "palette": 9}, branch=branch, actor=manager)


@pytest.mark.parametrize("place", ["branch", "company"])
def test_two_who_give_a_tag_one_name_at_once_are_told_apart(
    branch: Branch, staff: Staff, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """The second looked before the first had written, so only the constraint can tell him."""
    owner, where = staff("branch_manager"), branch if place == "branch" else None
    values = {"name": "高净值", "meaning": "大家一样用"}
    create_tag(values=values, branch=where, actor=owner)
    monkeypatch.setattr("clients.services.tags.check", lambda _row: None)

    with pytest.raises(InvalidInput) as refused:
        create_tag(values=values, branch=where, actor=owner)

    assert list(refused.value.fields) == ["name"]
    assert Tag.objects.filter(name="高净值").count() == 1


def test_a_tag_is_renamed_by_version_and_stays_on_its_clients(tag: Tag, client_: Client, staff: Staff) -> None:
    ClientTagFactory(client=client_, tag=tag)

    change_tag(tag=tag, values={"name": "已移居"}, actor=staff("branch_manager"), version=1)

    assert str(ClientTag.objects.get(client=client_).tag) == "已移居"
    with pytest.raises(StaleEdit):
        change_tag(tag=tag, values={"name": "再改"}, actor=staff("branch_manager"), version=1)


def test_a_branch_sees_its_own_tags_and_those_of_the_company(
    branch: Branch, other_branch: Branch, tag: Tag, staff: Staff
) -> None:
    house = TagFactory(branch=None, company=branch.company, owner__branch=branch)
    TagFactory(branch=other_branch, owner__branch=other_branch)

    assert set(Tag.objects.visible_to(staff("advisor")).manual()) == {tag, house}


def test_the_catalogue_says_what_each_tag_means(tag: Tag, staff: Staff, web: Web) -> None:
    text = web(staff("front_desk")).get("/clients/tags/").content.decode()

    assert "移居海外" in text
    assert "大家一样用" in text
    assert "from 40 times high-frequency" in text
    assert web(staff("agent")).get("/clients/tags/").status_code == 403


def test_a_manager_adds_a_tag_on_the_page_and_only_its_owner_changes_it(
    branch: Branch, tag: Tag, staff: Staff, web: Web
) -> None:
    manager = staff("branch_manager")
    browser = web(manager)
    page = browser.get("/clients/tags/new/")

    answer = browser.post(
        "/clients/tags/new/",
        {
            "form_token": token(page),
            "name": "企业主",
            "meaning": "经营企业",
            "palette": 2,
            "scope": "branch",
            "setters": ["advisor"],
        },
    )

    assert answer.status_code == 302
    made = Tag.objects.get(name="企业主")
    assert (made.branch, made.setters, made.palette) == (branch, ["advisor"], 2)
    assert browser.get(f"/clients/tags/{made.public_id}/edit/").status_code == 200
    assert browser.get(f"/clients/tags/{tag.public_id}/edit/").status_code == 404


# -- on clients --------------------------------------------------------------------------------------------------------


def test_a_tag_is_set_once_and_only_who_changed_is_counted(branch: Branch, tag: Tag, staff: Staff) -> None:
    advisor = staff("advisor")
    first, second = ClientFactory(branch=branch), ClientFactory(branch=branch)
    set_tag(tag=tag, clients=[first], is_set=True, actor=advisor, now=NOW)

    change = set_tag(tag=tag, clients=[first, second], is_set=True, actor=advisor, now=NOW)

    assert set(change.clients) == {second.public_id}
    assert carried(tag) == {first.pk, second.pk}
    assert AuditEntry.objects.filter(action="tag.set").count() == 2


def test_setters_branch_computed_and_retired_tags_are_kept_from_others(
    branch: Branch, other_branch: Branch, tag: Tag, client_: Client, staff: Staff
) -> None:
    def refused(some: Tag, client: Client, actor: User) -> None:
        with pytest.raises(TagNotYours):
            set_tag(tag=some, clients=[client], is_set=True, actor=actor, now=NOW)

    advisor = staff("advisor")
    refused(TagFactory(branch=branch, setters=["front_desk"]), client_, advisor)
    refused(TagFactory(branch=branch, is_active=False), client_, advisor)
    refused(tag, ClientFactory(branch=other_branch), advisor)
    compute_behaviour(branch=branch, day=date(2026, 6, 1), actor=system_user(), now=NOW)
    refused(Tag.objects.computed()[0], client_, advisor)
    assert set_tag(
        tag=TagFactory(branch=branch, setters=["advisor"]), clients=[client_], is_set=True, actor=advisor, now=NOW
    ).clients


@pytest.mark.parametrize("is_set", [True, False])
def test_a_change_is_taken_back_once_and_not_for_long(branch: Branch, tag: Tag, staff: Staff, is_set: bool) -> None:
    advisor = staff("advisor")
    one, two = ClientFactory(branch=branch), ClientFactory(branch=branch)
    ClientTagFactory(client=one, tag=tag, since=date(2026, 1, 5), as_of=date(2026, 1, 5))
    before = list(ClientTag.objects.filter(tag=tag).values_list("client_id", "since", "set_by_id"))

    change = set_tag(tag=tag, clients=[one, two], is_set=is_set, actor=advisor, now=NOW)
    undo_tags(change=change, actor=advisor, now=NOW + timedelta(seconds=5))

    assert list(ClientTag.objects.filter(tag=tag).values_list("client_id", "since", "set_by_id")) == before
    with pytest.raises(AlreadyUndone):
        undo_tags(change=change, actor=advisor, now=NOW + timedelta(seconds=6))
    late = set_tag(tag=tag, clients=[two], is_set=True, actor=advisor, now=NOW)
    with pytest.raises(AlreadyUndone):
        undo_tags(change=late, actor=advisor, now=NOW + timedelta(hours=1))
    with pytest.raises(AlreadyUndone):
        undo_tags(change=late, actor=staff("advisor"), now=NOW)


def test_tags_are_set_and_taken_away_on_the_clients_page_in_place(
    client_: Client, tag: Tag, staff: Staff, web: Web
) -> None:
    browser, url = web(staff("front_desk")), f"/clients/{client_.public_id}/tags/"

    shown = browser.post(url, {"tag": tag.public_id, "on": "1"}, headers=HTMX).content.decode()

    assert "Take “移居海外” away" in shown
    assert "set on 1 client" in shown
    assert "移居海外" in browser.get(f"/clients/{client_.public_id}/").content.decode()
    change = TagChange.objects.get()
    browser.post(f"/clients/tags/undo/{change.public_id}/")
    assert carried(tag) == set()
    assert browser.post(url, {"tag": "nonsense", "on": "1"}, headers=HTMX).status_code == 400


def test_ticked_clients_of_the_list_get_a_tag_and_the_notice_takes_it_back(
    branch: Branch, other_branch: Branch, tag: Tag, staff: Staff, web: Web
) -> None:
    mine = ClientFactory.create_batch(3, branch=branch)
    foreign = ClientFactory(branch=other_branch)
    browser = web(staff("front_desk"))
    assert "data-select-all" in browser.get("/clients/").content.decode()

    page = browser.post(
        "/clients/tags/set/",
        {
            "ids": [client.public_id for client in (*mine[:2], foreign)],
            "tag": tag.public_id,
            "on": "1",
            "back": "risk=none",
        },
        follow=True,
    )

    assert page.redirect_chain[-1][0] == "/clients/?risk=none"
    assert carried(tag) == {mine[0].pk, mine[1].pk}
    assert f"/clients/tags/undo/{TagChange.objects.get().public_id}/" in page.content.decode()
    browser.post(f"/clients/tags/undo/{TagChange.objects.get().public_id}/")
    assert carried(tag) == set()


def test_a_ticked_row_that_names_nobody_is_passed_over(branch: Branch, staff: Staff, web: Web) -> None:
    client, tag = ClientFactory(branch=branch), TagFactory(branch=branch, name="移居海外")
    said = {"tag": tag.public_id, "on": "1", "ids": ["a\x00", client.public_id]}

    answer = web(staff("front_desk")).post("/clients/tags/set/", said)

    assert answer.status_code == 302
    assert ClientTag.objects.manual().get().client == client


def test_the_list_narrows_by_tags_computed_and_manual_all_of_them(
    branch: Branch, tag: Tag, staff: Staff, web: Web
) -> None:
    both, one = ClientFactory(branch=branch, name="甲两个"), ClientFactory(branch=branch, name="乙一个")
    ClientTagFactory(client=both, tag=tag)
    HoldingFactory(client=both, day=date(2026, 6, 1), security_code="510300")
    HoldingFactory(client=one, day=date(2026, 6, 1), security_code="510300")
    compute_behaviour(branch=branch, day=date(2026, 6, 1), actor=system_user(), now=NOW)
    fund = Tag.objects.get(code="preference.fund")
    browser = web(staff("front_desk"))

    def seen(*tags: Tag) -> set[str]:
        query = "&".join(f"tags={tag.public_id}" for tag in tags)
        text = browser.get(f"/clients/?{query}", headers=HTMX).content.decode()
        return {name for name in ("甲两个", "乙一个") if f">{name}<" in text}

    assert seen(fund) == {"甲两个", "乙一个"}
    assert seen(fund, tag) == {"甲两个"}


def test_an_agent_can_neither_see_nor_narrow_by_tags(branch: Branch, tag: Tag, staff: Staff, web: Web) -> None:
    agent = staff("agent")
    client = ClientFactory(branch=branch, introducer=agent, name="丙经纪")
    other = ClientFactory(branch=branch, introducer=agent, name="丁经纪")
    ClientTagFactory(client=client, tag=tag)

    text = web(agent).get(f"/clients/?tags={tag.public_id}&needs=unknown", headers=HTMX).content.decode()

    assert client.external_id in text
    assert other.external_id in text
    assert "移居海外" not in web(agent).get(f"/clients/{client.public_id}/").content.decode()


# -- REST --------------------------------------------------------------------------------------------------------------


def test_tags_over_rest(
    branch: Branch, other_branch: Branch, tag: Tag, client_: Client, staff: Staff, api: Api
) -> None:
    phone, foreign = api(staff("front_desk")), ClientFactory(branch=other_branch)
    listed = phone.get("/api/v1/tags/", {"computed": "false"}).data["results"]
    assert [(row["name"], row["meaning"]) for row in listed] == [("移居海外", "大家一样用")]

    url, body = f"/api/v1/tags/{tag.public_id}/set/", {"clients": [client_.public_id, foreign.public_id]}
    done = phone.post(url, body, format="json", headers={"Idempotency-Key": "t1"})

    assert (done.status_code, done.data["clients"]) == (201, [client_.public_id])
    rows = phone.get("/api/v1/client-tags/", {"client": client_.public_id}).data["results"]
    assert [row["name"] for row in rows] == ["移居海外"]
    back = phone.post(
        "/api/v1/tags/undo/", {"change": done.data["id"]}, format="json", headers={"Idempotency-Key": "t2"}
    )
    assert back.data["undone_at"] is not None
    assert carried(tag) == set()
    assert api(staff("auditor")).post(url, body, format="json", headers={"Idempotency-Key": "t3"}).status_code == 403


def test_the_database_refuses_what_no_tag_can_be(tag: Tag, client_: Client) -> None:
    from django.db import IntegrityError, transaction

    tag.full_clean()
    ClientTagFactory(client=client_, tag=tag).full_clean()
    for wrong in ({"code": "x.y"}, {"owner": None}, {"company": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            TagFactory(**{"branch": tag.branch, **wrong})


# -- the market --------------------------------------------------------------------------------------------------------


def test_index_levels_come_in_from_a_file_once(branch: Branch, staff: Staff) -> None:
    from clients.models import IndexLevel
    from crm.core.importing.mapping import from_tables
    from crm.core.services.importing import import_file

    raw = "指数代码,日期,收盘\n000300.SH,2026-06-01,4012.3456\n000300.SH,2026-06-02,0\n".encode()
    mapping = from_tables({"columns": {"index_code": "指数代码", "day": "日期", "level": "收盘"}})

    def bring(partial: bool) -> Any:
        return import_file(
            actor=staff("branch_manager"),
            kind="index_levels",
            branch=branch,
            file_name="指数.csv",
            raw=raw,
            mapping=mapping,
            partial=partial,
        )

    batch = bring(partial=True)

    assert (batch.created, batch.rejected) == (1, 1)
    assert str(IndexLevel.objects.get().level) == "4012.3456"
    assert bring(partial=True).unchanged == 1
