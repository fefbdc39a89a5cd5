"""The one search box, the same on both engines."""

from __future__ import annotations

import pytest

from clients.models import Client
from clients.querysets.search import search_q
from crm.core.models import Branch
from tests.factories.clients import ClientFactory

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
        ("  ", sorted(PEOPLE)),
    ],
)
def test_the_box_finds(book: Branch, typed: str, found: list[str]) -> None:
    rows = Client.objects.filter(search_q(typed)).values_list("external_id", flat=True)

    assert sorted(rows) == found
