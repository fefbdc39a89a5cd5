"""What stands in a list before anybody has chosen, and what is said beside a field, in the words of the house."""

from __future__ import annotations

from datetime import date

import django_filters as filters
import pytest
from django import forms
from django.utils.translation import override

from crm.core.controls import control
from crm.core.models import Branch
from crm.core.templatetags.amounts import next_in


class Asked(forms.Form):
    branch = forms.ModelChoiceField(Branch.objects.none(), required=False)
    count = forms.IntegerField(min_value=1, max_value=5)
    rate = forms.DecimalField(max_digits=4, decimal_places=2)
    name = forms.CharField(max_length=3)
    kind = forms.ChoiceField(choices=[("a", "A")])


class Narrowed(filters.FilterSet):
    late = filters.BooleanFilter()
    kind = filters.ChoiceFilter(choices=[("a", "A")])


def test_an_empty_choice_is_said_in_words(db: None) -> None:
    with override("zh-hans"):
        asked, narrowed = control(Asked()["branch"]), Narrowed({}, Branch.objects.none()).form
        shown = asked + control(narrowed["late"]) + control(narrowed["kind"])

    assert "请选择" in asked
    assert shown.count("不限") == 2
    assert "---" not in shown and "未知" not in shown


@pytest.mark.parametrize(
    ("said", "field", "text"),
    [
        ({"count": "0"}, "count", "不能小于 1。"),
        ({"count": "9"}, "count", "不能大于 5。"),
        ({"count": "x"}, "count", "请填写整数。"),
        ({"rate": "12345"}, "rate", "总位数不能超过 4 位。"),
        ({"rate": "1.234"}, "rate", "小数不能超过 2 位。"),
        ({"name": "abcd"}, "name", "最多 3 个字符，现有 4 个。"),
        ({"kind": "q"}, "kind", "请从列表中选择，“q”不在可选范围内。"),
        ({}, "name", "请填写此项。"),
    ],
)
def test_what_is_said_beside_a_field_reads_as_a_branch_would_say_it(
    db: None, said: dict[str, str], field: str, text: str
) -> None:
    with override("zh-hans"):
        assert [str(one) for one in Asked(said).errors[field]] == [text]


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (date(2026, 6, 1), "今天"),
        (date(2026, 6, 2), "明天"),
        (date(2026, 6, 4), "3 天后"),
        (date(2026, 5, 30), "超期 2 天"),
        (None, "—"),
    ],
)
def test_a_day_that_was_agreed_on_reads_as_a_day_and_not_as_a_debt(day: date | None, text: str) -> None:
    with override("zh-hans"):
        assert next_in(day, date(2026, 6, 1)).replace("已", "") == text
