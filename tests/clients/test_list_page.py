"""The list of clients: who finds whom there, in which order, narrowed by what, and what a page of it costs."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from clients.models import Client, ClientTag, Tag
from clients.querysets.tags import tags_along
from crm.core.models import Branch, User
from tests.doors import HTMX, Staff, Web
from tests.factories.clients import ClientFactory
from tests.factories.tags import TagFactory


def test_the_list_shows_the_branch_to_the_desk_and_only_his_book_to_an_advisor(
    branch: Branch, other_branch: Branch, staff: Staff, web: Web
) -> None:
    advisor = staff("advisor")
    ClientFactory(branch=branch, name="甲在册", advisor=advisor)
    ClientFactory(branch=branch, name="乙无人")
    ClientFactory(branch=other_branch, name="丙外地")

    def seen(user: User) -> set[str]:
        text = web(user).get("/clients/").content.decode()
        return {name for name in ("甲在册", "乙无人", "丙外地") if name in text}

    assert seen(staff("front_desk")) == {"甲在册", "乙无人"}
    assert seen(advisor) == {"甲在册"}
    assert seen(staff("compliance")) == {"甲在册", "乙无人", "丙外地"}


def test_an_agent_sees_the_clients_he_brought_with_masked_names(branch: Branch, staff: Staff, web: Web) -> None:
    agent = staff("agent")
    ClientFactory(branch=branch, name="张三丰", introducer=agent)

    text = web(agent).get("/clients/").content.decode()

    assert "张**" in text
    assert "张三丰" not in text


def test_an_administrator_has_no_list_of_clients(staff: Staff, web: Web) -> None:
    assert web(staff("administrator")).get("/clients/").status_code == 403


def test_no_private_value_stands_in_the_list(branch: Branch, staff: Staff, web: Web) -> None:
    ClientFactory(branch=branch, phone="+8613812348000", id_number="110101199003074514")

    text = web(staff("front_desk")).get("/clients/").content.decode()

    assert "****8000" in text
    assert "13812348000" not in text
    assert "110101199003074514" not in text


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=zs", {"张三"}),
        ("q=张", {"张三"}),
        ("status=dormant", {"李四"}),
        ("risk=C3", {"王五"}),
        ("risk=none", {"张三", "李四"}),
        ("assets_from=1000", {"李四", "王五"}),
        ("assets_from=1000&assets_to=1999.99", {"李四"}),
        ("advisor=null", {"李四", "王五"}),
        ("silent=30", {"张三", "王五"}),
        ("due=on", {"王五"}),
    ],
)
def test_the_list_narrows(branch: Branch, staff: Staff, web: Web, query: str, names: set[str]) -> None:
    ClientFactory(branch=branch, name="张三", advisor=staff("advisor"))
    now = datetime.now(UTC)
    ClientFactory(branch=branch, name="李四", status="dormant", total_assets=Decimal(1000), last_contact_at=now)
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    ClientFactory(
        branch=branch,
        name="王五",
        risk_grade="C3",
        risk_valid_until=date(2099, 1, 1),
        total_assets=Decimal(2000),
        last_contact_at=long_ago,
        next_contact_on=date(2020, 2, 2),
    )

    text = web(staff("front_desk")).get(f"/clients/?{query}", headers=HTMX).content.decode()

    assert {name for name in ("张三", "李四", "王五") if f">{name}<" in text} == names


@pytest.mark.parametrize("sort", ["", "-assets", "assets", "name", "-name", "contact", "-contact", "-new"])
def test_paging_by_key_shows_every_client_once_in_every_order(
    branch: Branch, staff: Staff, web: Web, sort: str
) -> None:
    moments = [None, datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC)]
    for n in range(120):
        ClientFactory(branch=branch, total_assets=Decimal(n % 7), last_contact_at=moments[n % 3], name=f"李{n % 5}")
    browser, seen, url = web(staff("front_desk")), [], f"/clients/?sort={sort}"
    for _page in range(5):
        text = browser.get(url, headers=HTMX).content.decode()
        seen += re.findall(r'class="row-link" href="/clients/([^/]+)/"', text)
        following = re.search(r'rel="next" href="([^"]+)"', text)
        if following is None:
            break
        url = "/clients/" + following[1].replace("&amp;", "&")

    assert len(seen) == len(set(seen)) == 120
    back = re.search(r'rel="prev" href="([^"]+)"', text)
    assert back is not None
    text = browser.get("/clients/" + back[1].replace("&amp;", "&"), headers=HTMX).content.decode()
    assert re.findall(r'class="row-link" href="/clients/([^/]+)/"', text) == seen[50:100]


def test_the_list_costs_the_same_for_one_row_and_for_ten(branch: Branch, staff: Staff, web: Web, cost_of: Any) -> None:
    advisor = staff("advisor")
    ClientFactory(branch=branch, advisor=advisor)
    browser = web(staff("front_desk"))
    browser.get("/clients/")

    one = cost_of(lambda: browser.get("/clients/", headers=HTMX))
    ClientFactory.create_batch(9, branch=branch, advisor=advisor)

    # Seven of them find out who is asking; three are the list: ids, rows, capped count.
    assert cost_of(lambda: browser.get("/clients/", headers=HTMX)) == one <= 10


def test_fifty_rows_weigh_little(branch: Branch, staff: Staff, web: Web) -> None:
    advisor = staff("advisor")
    ClientFactory.create_batch(
        60, branch=branch, advisor=advisor, phone="+8613812348000", assessed=True, total_assets=Decimal("1234567.89")
    )

    page = web(staff("front_desk")).get("/clients/")

    assert page.content.count(b"row-link") == 50
    assert len(page.content) <= 45_000


def test_the_tags_to_choose_from_come_when_somebody_has_ticked_a_client(branch: Branch, staff: Staff, web: Web) -> None:
    manager = staff("branch_manager")
    ClientFactory(branch=branch)
    tag = TagFactory(branch=branch, name="贵宾厅")
    browser = web(manager)

    page = browser.get("/clients/").content.decode()
    choices = browser.get(reverse("clients:tag_choices")).content.decode()

    assert tag.name not in page.split("data-bulk-bar")[1]
    assert f'hx-get="{reverse("clients:tag_choices")}"' in page
    assert f'<option value="{tag.public_id}">贵宾厅</option>' in choices


def test_the_folded_filters_come_when_somebody_opens_them(branch: Branch, staff: Staff, web: Web) -> None:
    browser = web(staff("front_desk"))

    page = browser.get("/clients/").content.decode()
    panel = browser.get("/clients/filters/", headers=HTMX).content.decode()
    plain = browser.get("/clients/filters/")

    assert 'name="stage"' not in page
    assert 'hx-get="/clients/filters/"' in page
    for name in ("tags", "stage", "wanting", "due", "assets_from"):
        assert f'name="{name}"' in panel
    assert 'name="risk"' not in panel
    assert plain["Location"] == "/clients/?filters=all"
    assert 'name="stage"' in browser.get(plain["Location"]).content.decode()


def test_a_folded_filter_in_use_stays_in_the_form(branch: Branch, staff: Staff, web: Web) -> None:
    ClientFactory(branch=branch, name="张三", stage="lost")
    ClientFactory(branch=branch, name="李四", stage="stable")

    page = web(staff("front_desk")).get("/clients/?stage=lost").content.decode()

    assert '<option value="lost" selected>' in page
    assert "张三" in page
    assert "李四" not in page


def test_the_tags_under_a_name_come_with_the_client(branch: Branch, staff: Staff, web: Web) -> None:
    desk = staff("front_desk")
    client = ClientFactory(branch=branch)
    manual = Tag.objects.create(name="移居海外", company=branch.company, owner=desk, palette=4)
    computed, _made = Tag.objects.get_or_create(code="turnover.high", defaults={"palette": 2})
    rows = [
        ClientTag(
            client=client, tag=computed, family="turnover", value=Decimal("12.50"), count=3, definition="turnover.1"
        ),
        ClientTag(client=client, tag=manual, set_by=desk),
    ]
    for row in rows:
        row.since = row.as_of = date(2026, 6, 1)
        row.save()

    along = tags_along(Client.objects.visible_to(desk).with_tags().get(pk=client.pk))
    by_row = list(ClientTag.objects.filter(client=client).select_related("tag").order_by("family", "pk"))

    def told(found: list[ClientTag]) -> list[tuple[Any, ...]]:
        return [(str(row.tag), row.tag.palette, row.value, row.count, row.value_in_words) for row in found]

    assert told(along) == told(by_row)
    assert [str(row.tag) for row in along][0] == "移居海外"
    assert tags_along(Client.objects.with_tags().get(pk=ClientFactory(branch=branch).pk)) == []
    page = web(desk).get(f"/clients/{client.public_id}/").content.decode()
    assert page.index("移居海外") < page.index(str(computed))


def test_the_list_is_narrowed_to_institutions(branch: Branch, staff: Staff, web: Web) -> None:
    ClientFactory(branch=branch, name="段欣莹")
    ClientFactory(branch=branch, name="上海某某贸易有限公司", kind="institution")

    text = web(staff("front_desk")).get("/clients/?kind=institution").content.decode()

    assert "上海某某贸易有限公司" in text and "段欣莹" not in text


def test_a_client_restricted_to_storage_is_marked_in_the_list_of_those_who_see_him(
    branch: Branch, staff: Staff, web: Web
) -> None:
    ClientFactory(branch=branch, name="段欣莹", restricted_on=date(2026, 6, 1), restriction_reason="本人要求")

    assert "Restricted to storage" in web(staff("compliance", branch=None)).get("/clients/").content.decode()
