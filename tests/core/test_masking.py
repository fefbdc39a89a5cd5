"""Private values look the same masked wherever they are shown, and a mask never gives the value away."""

from __future__ import annotations

import pytest
from django.template import Context, Template
from hypothesis import given
from hypothesis import strategies as st

from crm.core.masking import MASKS, mask_account, mask_address, mask_email, mask_id_number, mask_name, mask_phone


@pytest.mark.parametrize(
    ("name", "shown"),
    [("张三", "张*"), ("张三丰", "张**"), ("欧阳娜娜娜", "欧***"), ("Ada Lovelace", "A***"), ("", ""), (None, "")],
)
def test_names_keep_their_first_character(name, shown):
    assert mask_name(name) == shown


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("13812348000", "138****8000"),
        ("+86 138 1234 8000", "138****8000"),
        ("+862168888888", "021****8888"),
        ("+8675588888888", "075****8888"),
        ("+864008889999", "400****999"),
        ("+852 9123 4567", "+852****4567"),
        ("+1 650 253 0000", "+1****0000"),
        ("+44 20 7946 0958", "+44****0958"),
        ("+354 551 2345", "+354****345"),
        ("+65 1234", "****34"),
        ("62228888", "****88"),
        ("+²²²²²²²²²²", ""),
        ("+①②③④⑤⑥⑦⑧⑨⑩", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_phones_keep_three_and_four_digits(phone, shown):
    assert mask_phone(phone) == shown


def test_id_numbers_keep_their_province_and_their_tail():
    assert mask_id_number("110101199003074518") == "110***********4518"
    assert mask_id_number("12345") == "****"
    assert mask_id_number("") == ""


def test_accounts_mails_and_addresses():
    assert mask_account("310012345678") == "****5678"
    assert mask_account("123") == "****"
    assert mask_email("ada@example.com") == "a***@example.com"
    assert mask_email("not a mail") == "****"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("上海市浦东新区世纪大道100号", "上海市浦东新区****"),
        ("浙江省杭州市余杭区文一西路969号", "浙江省杭州市余杭区****"),
        ("上海市世纪大道100号", "上海市****"),
        ("内蒙古自治区呼和浩特市新城东街1号", "内蒙古自治区****"),
        ("世纪大道1号", "****"),
        ("世纪花园小区5栋", "****"),
        ("10 Main Street", "****"),
        ("", ""),
        (None, ""),
    ],
)
def test_addresses_end_at_their_district(address, shown):
    assert mask_address(address) == shown


digits = st.text("0123456789", min_size=11, max_size=18)


@given(digits)
def test_a_mask_never_shows_the_whole_value(value):
    for mask in (mask_phone, mask_id_number, mask_account):
        assert value not in mask(value)
        assert len([c for c in mask(value) if c.isdigit()]) <= 7


@given(st.text("0123456789", min_size=9, max_size=15))
def test_a_mask_of_a_phone_from_anywhere_hides_four_digits_at_least_and_shows_seven_at_most(value):
    shown = [c for c in mask_phone(f"+{value}") if c.isdigit()]
    assert len(shown) <= 7
    assert len(shown) <= len(value) - 4 + mask_phone(f"+{value}").startswith("0")


@given(st.text("张王李赵欧阳abcXYZ ", min_size=2))
def test_a_masked_name_shows_one_character(value):
    shown = mask_name(value)
    assert len(shown.replace("*", "")) <= 1


def test_templates_mask_with_the_same_functions():
    page = Template("{% load masking %}{{ p|mask_phone }} {{ n|mask_name }} {{ i|mask_id_number }}")

    assert page.render(Context({"p": "13812348000", "n": "张三", "i": "110101199003074518"})) == (
        "138****8000 张* 110***********4518"
    )


def test_every_mask_has_a_name_for_serializers_and_exports():
    assert set(MASKS) == {"name", "phone", "id_number", "account", "email", "address"}
    assert all(mask("") == "" for mask in MASKS.values())
