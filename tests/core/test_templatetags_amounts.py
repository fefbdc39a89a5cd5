"""Amounts, rates and days read as a branch speaks."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.utils import translation

from crm.core.templatetags import amounts

pytestmark = pytest.mark.nodb

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1234567.8"), "1,234,567.80"),
        (Decimal("0.005"), "0.01"),
        (Decimal("-0.001"), "0.00"),
        (Decimal("99999999999999.99"), "99,999,999,999,999.99"),
        (0, "0.00"),
        (None, "—"),
        ("", "—"),
        ("no figure", "—"),
    ],
)
def test_yuan_has_two_decimals_grouped_and_rounds_half_up(value, text):
    assert amounts.yuan(value) == text


@pytest.mark.parametrize(
    ("value", "chinese", "english"),
    [
        (Decimal("1234567.80"), "123.46万", "1.23M"),
        (Decimal("312345678.90"), "3.12亿", "312.35M"),
        (Decimal("9999.994"), "9,999.99", "10.00K"),
        (Decimal("9999.996"), "1.00万", "10.00K"),
        (Decimal("999.50"), "999.50", "999.50"),
        (Decimal("-45210.33"), "-4.52万", "-45.21K"),
        (Decimal("2500000000"), "25.00亿", "2.50B"),
    ],
)
def test_short_amounts_use_the_units_of_the_readers_language(value, chinese, english):
    with translation.override("zh-hans"):
        assert f">{chinese}<" in amounts.wan(value)
    with translation.override("en"):
        assert f">{english}<" in amounts.wan(value)


def test_a_short_amount_keeps_the_exact_one_in_its_title():
    assert 'title="1,234,567.80"' in amounts.wan(Decimal("1234567.80"))


@pytest.mark.parametrize(
    ("value", "sign"), [(Decimal("0.01"), "up"), (Decimal(-3), "down"), (0, "flat"), (None, "flat")]
)
def test_a_movement_says_its_direction_and_leaves_the_colour_to_the_reader(value, sign):
    assert amounts.sign_class(value) == sign


def test_a_movement_carries_its_sign():
    assert ">+1,250.00<" in amounts.signed(Decimal(1250))
    assert ">-1,250.00<" in amounts.signed(Decimal(-1250))
    assert ">0.00<" in amounts.signed(Decimal(0))
    assert ">+3.12%<" in amounts.rise(Decimal("0.0312"))


@pytest.mark.parametrize(
    ("rate", "permille", "chinese", "english"),
    [
        (Decimal("0.0003"), "0.30‰", "万分之3", "3 bp"),
        (Decimal("0.00025"), "0.25‰", "万分之2.5", "2.5 bp"),
        (Decimal("0.000015"), "0.015‰", "万分之0.15", "0.15 bp"),
        (Decimal("0.003"), "3.00‰", "万分之30", "30 bp"),
    ],
)
def test_rates_read_per_thousand_or_per_ten_thousand(rate, permille, chinese, english):
    assert amounts.permille(rate) == permille
    with translation.override("zh-hans"):
        assert amounts.per_ten_thousand(rate) == chinese
    with translation.override("en"):
        assert amounts.per_ten_thousand(rate) == english


@pytest.mark.parametrize(
    ("due", "words"),
    [
        (date(2026, 11, 22), "due today"),
        (date(2026, 11, 23), "due tomorrow"),
        (date(2026, 11, 25), "due in 3 days"),
        (date(2026, 11, 21), "overdue by 1 day"),
        (date(2026, 11, 12), "overdue by 10 days"),
        (None, "—"),
        ("", "—"),
    ],
)
def test_a_due_day_reads_as_its_distance(due, words):
    with translation.override("en"):
        assert amounts.due_in(due, TODAY) == words


def test_a_moment_counts_as_its_day_in_shanghai():
    late_evening_in_utc = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)  # already the 23rd in Shanghai

    with translation.override("en"):
        assert amounts.due_in(late_evening_in_utc, TODAY) == "due tomorrow"
        assert amounts.ago(late_evening_in_utc, date(2026, 11, 24)) == "yesterday"
