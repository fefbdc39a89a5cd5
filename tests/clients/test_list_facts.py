"""What apps further right show in the list of clients: tier as column, filter and in the file; open complaints as a mark."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission

from bench.yardstick import LIST_STATEMENTS
from clients.columns import Column, add_column, add_flag
from clients.models import Client, ClientQuality
from clients.models.client import ClientTeamMember
from crm.core.models import Branch, User
from tests.doors import HTMX, Staff, Web
from tests.factories.clients import ClientFactory
from tests.factories.complaints import ComplaintFactory
from tests.factories.tiers import ProgrammeFactory, TierFactory
from tiers.models import EvaluationRun, TierState

pytestmark = pytest.mark.django_db


@pytest.fixture
def gold(branch: Branch) -> Any:
    return TierFactory(
        programme=ProgrammeFactory(company=branch.company), code="gold", name_zh="金卡", name_en="Gold", rank=2
    )


def put_in(tier: Any, client: Client) -> None:
    day = client.opened_on or tier.programme.effective_from
    run, _made = EvaluationRun.objects.get_or_create(
        programme=tier.programme,
        branch=client.branch,
        day=day,
        defaults={"actor": client.advisor or User.objects.first(), "window_days": 60, "down_after": 2},
    )
    TierState.objects.create(client=client, programme=tier.programme, tier=tier, since=day, run=run)


def rows(browser: Any, query: str = "", language: str = "en") -> str:
    answer = browser.get(f"/clients/?{query}", headers={"Accept-Language": language, **HTMX})
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_the_tier_stands_in_the_list_in_the_language_of_the_reader(
    branch: Branch, staff: Staff, web: Web, gold: Any
) -> None:
    put_in(gold, ClientFactory(branch=branch, name="段欣莹"))
    browser = web(staff("branch_manager"))

    assert ">Gold<" in rows(browser)
    assert ">金卡<" in rows(browser, language="zh-hans")
    assert ">Gold<" not in rows(browser, "cols=number,risk")


def test_the_list_narrows_to_a_tier_on_the_page_and_over_rest(
    branch: Branch, staff: Staff, web: Web, api: Any, gold: Any
) -> None:
    rich, poor = ClientFactory(branch=branch, name="段欣莹"), ClientFactory(branch=branch, name="何秀兰")
    put_in(gold, rich)
    manager = staff("branch_manager")
    browser = web(manager)

    text = rows(browser, "tier=gold")
    assert rich.name in text
    assert poor.name not in text
    assert [row["id"] for row in api(manager).get("/api/v1/clients/?tier=gold").json()["results"]] == [rich.public_id]
    assert api(manager).get("/api/v1/clients/?tier=silver").status_code == 400


def test_a_filter_in_use_stands_in_the_folded_panel_from_the_start(
    branch: Branch, staff: Staff, web: Web, gold: Any
) -> None:
    put_in(gold, ClientFactory(branch=branch))
    browser = web(staff("branch_manager"))

    page = browser.get("/clients/?tier=gold", headers={"Accept-Language": "en"}).content.decode()
    panel = browser.get("/clients/filters/?tier=gold", headers=HTMX).content.decode()

    assert '<option value="gold" selected>' in page
    assert 'name="stage"' not in page
    assert '<option value="gold" selected>' in panel
    assert 'name="stage"' in panel
    assert browser.get("/clients/filters/?tier=gold")["Location"] == "/clients/?tier=gold&filters=all"


@pytest.mark.parametrize(
    "query",
    [
        *("needs=fresh", "tags=none", "quality=good", "wanting=phone", "stage=lost", "document=expired"),
        *("permission=star", "line=margin", "margin=liquidation"),
    ],
)
def test_what_an_agent_may_not_see_he_cannot_find_out_by_narrowing_to_it(
    branch: Branch, staff: Staff, web: Web, query: str
) -> None:
    agent, name = staff("agent"), query.partition("=")[0]
    ClientFactory(branch=branch, introducer=agent, stage="active", name="段欣莹")

    shown = web(agent).get(f"/clients/?{query}")
    panel = web(agent).get("/clients/filters/", headers=HTMX).content.decode()

    assert len(shown.context["page"]) == 1
    assert f'name="{name}"' not in panel
    assert f'name="{name}"' in web(staff("advisor")).get("/clients/filters/", headers=HTMX).content.decode()


def test_a_score_that_one_may_not_see_gives_no_order(branch: Branch, staff: Staff, web: Web) -> None:
    agent = staff("agent")
    for score, assets in ((20, 100), (90, 200), (50, 300)):
        row = ClientFactory(branch=branch, introducer=agent, total_assets=assets)
        parts = dict.fromkeys(("completeness", "verification", "freshness", "score"), score)
        ClientQuality.objects.create(client=row, scored_on=date(2026, 6, 1), client_version=1, **parts)

    shown = web(agent).get("/clients/?sort=quality").context["page"]

    assert [int(row.total_assets) for row in shown] == [300, 200, 100]


def test_a_role_without_the_right_has_neither_column_nor_filter_nor_mark(
    branch: Branch, staff: Staff, web: Web, gold: Any
) -> None:
    group = Group.objects.get(name="front_desk")
    group.permissions.remove(*Permission.objects.filter(codename__in=["view_complaint", "view_tierstate"]))
    client, other = ClientFactory(branch=branch), ClientFactory(branch=branch)
    put_in(gold, client)
    ComplaintFactory(client=client)
    browser = web(staff("front_desk"))

    text = rows(browser, "open_complaint=yes&tier=gold&cols=number,tier")
    form = browser.get("/clients/export/", headers={"Accept-Language": "en"})

    assert other.external_id in text
    assert client.external_id in text
    assert "Open complaint" not in text
    assert "Gold" not in text
    assert form.status_code == 403 or 'value="tier"' not in form.content.decode()


def test_an_open_complaint_is_marked_and_found_but_not_by_whom_it_is_about(
    branch: Branch, staff: Staff, web: Web
) -> None:
    head = staff("branch_manager")
    advisor = staff("advisor")
    below = staff("advisor", manager=advisor)
    about_advisor = ClientFactory(branch=branch, name="段欣莹", advisor=below)
    ended = ClientFactory(branch=branch, name="何秀兰", advisor=below)
    ComplaintFactory(client=about_advisor, complained_of=advisor)
    ComplaintFactory(client=ended, closed=True)

    text = rows(web(head))
    assert text.count('aria-label="Open complaint"') == 1
    found = rows(web(head), "open_complaint=yes")
    assert "段欣莹" in found
    assert "何秀兰" not in found
    assert "段欣莹" not in rows(web(head), "open_complaint=no")
    assert 'aria-label="Open complaint"' not in rows(web(below))
    assert "段欣莹" not in rows(web(below), "open_complaint=yes")


def test_an_advisor_with_a_team_and_a_superior_asks_no_more_than_a_manager(
    branch: Branch, staff: Staff, web: Web, cost_of: Any, gold: Any
) -> None:
    advisor = staff("advisor", manager=staff("branch_manager"))
    colleague = staff("advisor")
    mine, theirs = ClientFactory(branch=branch, advisor=advisor), ClientFactory(branch=branch, advisor=colleague)
    ClientTeamMember.objects.create(client=theirs, member=advisor, since=date(2026, 1, 1))
    put_in(gold, mine)
    browser = web(advisor)
    browser.get("/clients/")

    assert cost_of(lambda: browser.get("/clients/")) <= LIST_STATEMENTS
    assert theirs.external_id in rows(browser)


def test_the_tier_leaves_in_the_file_for_those_who_see_it(branch: Branch, staff: Staff, web: Web, gold: Any) -> None:
    put_in(gold, ClientFactory(branch=branch))
    browser = web(staff("branch_manager"))

    said = {"form": "csv", "reason": "季度核对", "form_token": "x", "columns": ["external_id", "tier"]}
    answer = browser.post("/clients/export/", said, headers={"Accept-Language": "en"})

    table = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert table[1] == ["Client number", "Client tier"]
    assert table[2][1] == "Gold"


def test_a_key_is_offered_once(branch: Branch) -> None:
    for offer in (add_column, add_flag):
        with pytest.raises(ValueError, match="twice"):
            offer(Column("tier" if offer is add_column else "complaint", "x", lambda _c, _l, _t: ""))


def test_a_rare_part_of_the_list_is_found_and_counted_in_the_statements_of_any_part(
    branch: Branch,
    staff: Staff,
    web: Web,
    gold: Any,
    django_assert_max_num_queries: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("crm.core.keyset.FRONT", 3)
    for number in range(8):
        client = ClientFactory(branch=branch, name=f"客户{number}", total_assets=1000 - number)
        if number > 5:
            put_in(gold, client)
    browser = web(staff("branch_manager"))

    with django_assert_max_num_queries(LIST_STATEMENTS + 1):
        shown = rows(browser, "tier=gold")

    assert [name in shown for name in ("客户5", "客户6", "客户7")] == [False, True, True]
    assert shown.index("客户6") < shown.index("客户7")
    assert "2 clients" in shown


def test_rest_finds_a_rare_part_with_all_that_a_row_tells(
    branch: Branch, staff: Staff, api: Any, gold: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.core.keyset.FRONT", 2)
    clients = [ClientFactory(branch=branch) for _number in range(6)]
    for client in clients[:3]:
        put_in(gold, client)

    phone = api(staff("branch_manager"))
    everybody = {row["id"]: row for row in phone.get("/api/v1/clients/").json()["results"]}

    first = phone.get("/api/v1/clients/?tier=gold&page_size=2").json()

    assert first["results"] == [everybody[clients[2].public_id], everybody[clients[1].public_id]]
    assert first["next"] and first["previous"] is None


def test_the_lines_of_business_that_a_client_uses_by_several_facts_bring_him_once(
    branch: Branch, staff: Staff, web: Web
) -> None:
    from clients.models import Account, BusinessLineMark

    client, manager = ClientFactory(branch=branch, name="段欣莹"), staff("branch_manager")
    Account.objects.create(client=client, kind="credit", margin_ratio="1.8", margin_on="2026-06-30")
    BusinessLineMark.objects.create(client=client, line="margin", marked_on="2026-06-30", marked_by=manager)

    shown = rows(web(manager), "line=margin")

    assert "1 client<" in shown or "1 client " in shown
