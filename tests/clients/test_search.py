"""The one search box, the same on both engines."""

from __future__ import annotations

from typing import Any

import pytest

from clients.models import Client
from clients.querysets.search import FoundBy, Hits
from crm.core.models import Branch, User
from tests.doors import Staff, Web
from tests.factories.clients import AccountFactory, ClientFactory
from tests.factories.tags import ClientTagFactory, TagFactory

PEOPLE = {
    "1001": {"name": "张三", "phone": "+8613812348000"},
    "1002": {"name": "张伟民"},
    "1003": {"name": "张伟 伟民"},
    "1004": {"name": "单雄信"},
    "1005": {"name": "阿卜杜拉·买买提"},
    "1006": {"name": "Ada Lovelace"},
    "1007": {"name": "吕布"},
    "8000": {"name": "李四", "id_number": "11010119900307451X"},
    "x_%1": {"name": "钱五"},
    "2001": {"name": "陳麗華"},
    "2002": {"name": "陈丽华"},
}


@pytest.fixture
def book(branch: Branch) -> Branch:
    for number, facts in PEOPLE.items():
        ClientFactory(branch=branch, external_id=number, **facts)
    return branch


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("张", ["1001", "1002", "1003"]),
        ("张三", ["1001"]),
        ("伟民", ["1002", "1003"]),
        ("张伟民", ["1002"]),
        ("zs", ["1001"]),
        ("ZS", ["1001"]),
        ("zhang", ["1001", "1002", "1003"]),
        ("zhang wei", ["1002", "1003"]),
        ("shan", ["1004"]),
        ("dan", []),
        ("lv", ["1007"]),
        ("lü", ["1007"]),
        ("买买提", ["1005"]),
        ("阿卜杜拉 买买提", ["1005"]),
        ("love", ["1006"]),
        ("8000", ["1001", "8000"]),
        ("451x", ["8000"]),
        ("13812348000", ["1001"]),
        ("+86 138 1234 8000", ["1001"]),
        ("11010119900307451x", ["8000"]),
        ("1002", ["1002"]),
        ("x_%1", ["x_%1"]),
        ("%", []),
        ("_", []),
        ("王", []),
        ("陳麗華", ["2001", "2002"]),
        ("陈丽华", ["2001", "2002"]),
        ("麗華", ["2001", "2002"]),
        ("丽", ["2001", "2002"]),
        ("張偉民", ["1002"]),
        ("８０００", ["1001", "8000"]),
        ("１３８１２３４８０００", ["1001"]),
        ("张　三", ["1001"]),
        ("阿卜杜拉•买买提", ["1005"]),
        ("拉买", ["1005"]),
        ("张三 8000", ["1001"]),
        ("8000 张", ["1001"]),
        ("张伟 8000", []),
        ("三三三", []),
        ("  ", sorted(PEOPLE)),
    ],
)
def test_the_box_finds(book: Branch, typed: str, found: list[str]) -> None:
    rows = Client.objects.filter(Hits(typed).q).values_list("external_id", flat=True)

    assert sorted(rows) == found


# -- the account -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "by"),
    [
        ("0600 1234 5678", FoundBy.ACCOUNT),
        ("060012345678", FoundBy.ACCOUNT),
        ("5678", FoundBy.ACCOUNT_TAIL),
        ("12345678", None),
        ("0600123456", None),
        ("678", None),
    ],
)
def test_an_account_is_found_whole_or_by_its_last_four_signs_and_by_no_other_part(
    branch: Branch, staff: Staff, typed: str, by: FoundBy | None
) -> None:
    owner = AccountFactory(client__branch=branch, number="060012345678").client
    hits = Hits.of(typed, staff("front_desk"))

    found = list(Client.objects.filter(hits.q).annotate(found_by=hits.found_by).values_list("pk", "found_by"))

    assert found == ([(owner.pk, by)] if by else [])


@pytest.mark.parametrize("typed", ["1381234", "38123480", "80 00", "1010119900307", "307451"])
def test_a_masked_value_is_never_found_by_another_part_of_it(book: Branch, typed: str) -> None:
    assert not Client.objects.filter(Hits(typed).q).exists()


# -- the tag -----------------------------------------------------------------------------------------------------------


def test_who_carries_a_tag_of_that_name_is_found_after_those_of_that_name(branch: Branch, staff: Staff) -> None:
    tag = TagFactory(branch=branch, name="王牌")
    ClientTagFactory(client=ClientFactory(branch=branch, external_id="1", name="李四"), tag=tag)
    ClientFactory(branch=branch, external_id="2", name="王牌")
    ClientFactory(branch=branch, external_id="3", name="王五")

    assert ordered(staff("front_desk"), "王牌") == [("2", "name"), ("1", "tag")]
    assert ordered(staff("front_desk"), "王") == [("3", "name"), ("2", "name")]


def test_who_sees_no_tags_finds_nobody_by_them(branch: Branch, staff: Staff) -> None:
    agent = staff("agent")
    client = ClientFactory(branch=branch, name="李四", introducer=agent)
    ClientTagFactory(client=client, tag=TagFactory(branch=branch, name="王牌"))

    assert ordered(agent, "王牌") == []


# -- which comes first -------------------------------------------------------------------------------------------------


def ordered(user: User, typed: str) -> list[tuple[str, str]]:
    hits = Hits.of(typed, user)
    rows, order = Client.objects.visible_to(user).filter(hits.q).ranked(hits, user)
    return list(rows.annotate(found_by=hits.found_by).order_by(*order).values_list("external_id", "found_by"))


def test_the_exact_number_or_name_comes_first_then_what_begins_so_then_initials_tails_and_the_rest(
    branch: Branch, staff: Staff
) -> None:
    people = {
        "5001": {"name": "小张三", "total_assets": 900},
        "5002": {"name": "张三丰", "total_assets": 800},
        "5003": {"name": "张三", "total_assets": 1},
    }
    for number, facts in people.items():
        ClientFactory(branch=branch, external_id=number, **facts)
    ClientFactory(branch=branch, external_id="zs", name="李四")
    ClientFactory(branch=branch, external_id="5005", name="周森茂")

    assert ordered(staff("front_desk"), "张三") == [("5003", "name"), ("5002", "name"), ("5001", "name")]
    assert ordered(staff("front_desk"), "zs") == [
        ("zs", "number"),
        ("5003", "initials"),
        ("5002", "initials"),
        ("5005", "initials"),
    ]
    assert ordered(staff("front_desk"), "zhangsan") == [("5003", "pinyin"), ("5002", "pinyin")]


def test_a_client_number_stands_before_the_same_digits_at_the_end_of_a_phone(branch: Branch, staff: Staff) -> None:
    ClientFactory(branch=branch, external_id="9001", phone="+8613812348000", total_assets=900)
    ClientFactory(branch=branch, external_id="8000")

    assert ordered(staff("front_desk"), "8000") == [("8000", "number"), ("9001", "phone_tail")]


def test_among_equal_hits_the_own_book_comes_first_and_then_the_larger_assets(branch: Branch, staff: Staff) -> None:
    manager, colleague = staff("branch_manager"), staff("advisor")
    for number, advisor, assets in (("1", colleague, 900), ("2", manager, 10), ("3", manager, 20), ("4", None, 950)):
        ClientFactory(branch=branch, external_id=number, name="王芳", advisor=advisor, total_assets=assets)

    assert [number for number, _by in ordered(manager, "王芳")] == ["3", "2", "4", "1"]
    assert [number for number, _by in ordered(colleague, "王芳")] == ["1"]


@pytest.mark.parametrize("size", [1, 2, 7])
def test_pages_of_a_search_follow_the_same_order_and_lose_nobody(branch: Branch, staff: Staff, size: int) -> None:
    from crm.core.keyset import page_of

    desk = staff("front_desk")
    for at in range(9):
        ClientFactory(branch=branch, external_id=f"70{at}", name=("王", "王五", "小王")[at % 3], total_assets=at // 4)
    hits = Hits.of("王", desk)
    rows, order = Client.objects.visible_to(desk).filter(hits.q).ranked(hits, desk)
    whole = list(rows.order_by(*order).values_list("pk", flat=True))

    seen: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = page_of(rows, order, cursor=cursor, size=size)
        seen += [row.pk for row in page.rows]
        cursor = page.next

    assert seen == whole


# -- the pages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["/search/", "/search/palette/", "/clients/"])
@pytest.mark.parametrize(
    ("typed", "word"), [("8000", "手机尾号"), ("张三", "姓名"), ("zs", "拼音首字母"), ("5678", "账号尾号")]
)
def test_a_hit_says_by_what_it_was_found_and_shows_no_private_value(
    branch: Branch, staff: Staff, web: Web, url: str, typed: str, word: str
) -> None:
    client = ClientFactory(branch=branch, name="张三", phone="+8613812348000", external_id="900001")
    AccountFactory(client=client, number="060012345678")
    browser = web(staff("front_desk"))

    text = browser.get(url, {"q": typed}, headers={"accept-language": "zh-hans"}).content.decode()

    assert word in text
    assert "13812348000" not in text
    assert "060012345678" not in text


def test_a_search_of_the_list_costs_what_the_list_costs_and_one_statement_each_for_accounts_merged_numbers_and_tags(
    branch: Branch, staff: Staff, web: Web, cost_of: Any
) -> None:
    ClientFactory.create_batch(3, branch=branch, name="张三", phone="+8613812348000")
    browser = web(staff("front_desk"))
    browser.get("/clients/?q=8000")

    plain = cost_of(lambda: browser.get("/clients/"))

    assert cost_of(lambda: browser.get("/clients/?q=张")) <= plain + 1
    assert cost_of(lambda: browser.get("/clients/?q=8000")) <= plain + 2


def test_over_rest_the_best_hit_comes_first_and_says_by_what(branch: Branch, staff: Staff, api: Any) -> None:
    for number, name in (("1", "小张三"), ("2", "张三"), ("3", "张三丰")):
        ClientFactory(branch=branch, external_id=number, name=name)
    phone = api(staff("front_desk"))

    first = phone.get("/api/v1/clients/", {"q": "张三", "page_size": 2}).json()
    rest = phone.get(first["next"]).json()

    assert [(row["external_id"], row["found_by"]) for row in first["results"]] == [("2", "name"), ("3", "name")]
    assert [row["external_id"] for row in rest["results"]] == ["1"]
    assert phone.get("/api/v1/clients/").json()["results"][0]["found_by"] == ""
