"""The language of rules: what is refused and why, how a rule reads in both languages, and what a client lacks."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils.translation import override

from tiers.errors import BadProgramme
from tiers.rules import Condition, checks, parse
from tiers.services.programmes import plain_bound

pytestmark = pytest.mark.nodb

LEAF = {"metric": "average", "at_least": "500000"}
TREE = {
    "any": [
        {"all": [{"metric": "average_trading", "span": 20, "at_least": "500000.00"}, {"metric": "month_end", "at_least": "1"}]},
        {"metric": "commission", "span": 12, "at_least": "20000.50"},
        {
            "metric": "weighted",
            "terms": [{"weight": "0.7", "metric": "average"}, {"weight": "12", "metric": "turnover", "span": 3}],
            "at_least": "800000",
        },
    ]
}  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        {},
        {"all": []},
        {"none": [LEAF]},
        {"all": [LEAF], "any": [LEAF]},
        {"metric": "profit", "at_least": "1"},
        {"metric": ["average"], "at_least": "1"},
        {"metric": "average", "at_least": 1},
        {"metric": "average", "at_least": "-1"},
        {"metric": "average", "at_least": "1.001"},
        {"metric": "average", "at_least": "NaN"},
        {"metric": "average", "at_least": "1e99"},
        {"metric": "average", "at_least": "1", "more": 1},
        {"metric": "average", "span": 367, "at_least": "1"},
        {"metric": "average", "span": True, "at_least": "1"},
        {"metric": "average_trading", "at_least": "1"},
        {"metric": "commission", "span": 37, "at_least": "1"},
        {"metric": "month_end", "span": 1, "at_least": "1"},
        {"metric": "weighted", "terms": [], "at_least": "1"},
        {"metric": "weighted", "terms": [{"weight": "0", "metric": "average"}], "at_least": "1"},
        {"metric": "weighted", "terms": [{"weight": "1.001", "metric": "average"}], "at_least": "1"},
        {"metric": "weighted", "terms": [{"weight": "1", "metric": "average"}] * 2, "at_least": "1"},
        {"metric": "weighted", "terms": ["x"], "at_least": "1"},
        {"all": [{"all": [{"all": [{"all": [LEAF]}]}]}]},
        {"all": [LEAF] * 13},
    ],
)
def test_what_is_no_rule_is_refused_with_a_reason(wrong):
    with pytest.raises(BadProgramme) as refused:
        parse(wrong)

    assert str(refused.value.message) and "rule" in refused.value.fields


def test_a_rule_reads_the_same_after_it_was_kept():
    assert parse(parse(TREE).as_json()) == parse(TREE)


def test_a_rule_is_said_in_both_languages():
    with override("en"):
        english = parse(TREE).words(30)
    with override("zh-hans"):
        chinese = parse(TREE).words(30)

    assert english == (
        "(average assets over 20 trading days at least 500,000.00 yuan and assets on the last day on file at least 1.00 yuan)"
        " or commission of 12 months at least 20,000.50 yuan"
        " or weighted sum (0.7 × average assets over 30 natural days + 12 × turnover of 3 months) at least 800,000.00 yuan"
    )
    assert chinese == (
        "（20个交易日日均资产不低于500,000.00元且最近一日资产不低于1.00元）"
        "或12个月佣金不低于20,000.50元"
        "或加权合计（0.7 × 30个自然日日均资产 + 12 × 3个月成交额）不低于800,000.00元"
    )


def test_what_a_client_lacks_is_told_line_by_line_in_yuan():
    values = {"average_trading:20": (149_999_999, 3), "month_end": (0, 1), "commission:12": (0, 1), "average": None}

    lines = checks(parse(TREE), values, 30)

    assert [(line.depth, line.holds, line.missing) for line in lines] == [
        (0, False, None),
        (1, False, None),
        (2, False, Decimal("0.01")),
        (2, False, Decimal("1.00")),
        (1, False, Decimal("20000.50")),
        (1, False, Decimal("800000.00")),
    ]


def test_a_rule_on_the_average_alone_is_a_bound():
    assert plain_bound(None, {"all": [LEAF]}) == (None, {"all": [{"metric": "average", "at_least": "500000.00"}]})
    assert plain_bound(None, LEAF) == (Decimal("500000.00"), {})
    assert isinstance(parse(LEAF), Condition)
    with pytest.raises(BadProgramme):
        plain_bound(Decimal(1), LEAF)
