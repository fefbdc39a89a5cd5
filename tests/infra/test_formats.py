"""Figures and dates read as the trade writes them, in both languages."""

import datetime
from decimal import Decimal

import pytest
from django.template import Context, Template
from django.utils import translation


def shown(text: str, language: str, **values: object) -> str:
    with translation.override(language):
        return Template(text).render(Context(values))


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_money_is_grouped_by_three(language: str) -> None:
    assert shown('{{ x|floatformat:"2g" }}', language, x=Decimal("1234567.8")) == "1,234,567.80"


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_plain_number_stays_as_it_is(language: str) -> None:
    assert shown("{{ x }}", language, x=2026) == "2026"


def test_dates_are_chinese_in_chinese_and_iso_when_short() -> None:
    day = datetime.date(2026, 3, 5)
    assert shown("{{ x }}", "zh-hans", x=day) == "2026年3月5日"
    assert shown('{{ x|date:"SHORT_DATE_FORMAT" }}', "zh-hans", x=day) == "2026-03-05"
    assert shown("{{ x }}", "en", x=day) == "5 Mar 2026"
    assert shown('{{ x|date:"SHORT_DATE_FORMAT" }}', "en", x=day) == "2026-03-05"
