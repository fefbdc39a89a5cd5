"""Units in which files write amounts: 万元 in the title of a column, 亿 behind a figure. The books hold yuan."""

from __future__ import annotations

import re
from decimal import Decimal

#: Unit → yuan.
UNITS = {
    "元": Decimal(1),
    "千元": Decimal(1_000),
    "万": Decimal(10_000),
    "万元": Decimal(10_000),
    "百万元": Decimal(1_000_000),
    "亿": Decimal(100_000_000),
    "亿元": Decimal(100_000_000),
}
#: 资产总额(万元), 资产总额（单位：万元）, 资产总额_万元; not 超过50万元, which is a word of its own.
_TITLE = re.compile(r"(?<![0-9一二三四五六七八九十])(百万元|千元|万元|亿元|元)\s*[)）\]】]?\s*\Z")
_FIGURE = re.compile(r"(.*[0-9.,])\s*(百万元|千元|万元|亿元|万|亿|元)\Z", re.DOTALL)


def unit_of_title(title: str) -> str:
    """The unit that a column's title ends in, "" for none."""
    found = _TITLE.search(title)
    return found[1] if found else ""


def without_unit(title: str) -> str:
    """The title alone: 资产总额 of 资产总额（单位：万元）."""
    return re.sub(r"[\s(（\[【_:：/-]*(?:单位|人民币)?[:：\s]*\Z", "", _TITLE.sub("", title))


def split_unit(text: str) -> tuple[str, str]:
    """A figure and the unit behind it: 12.5万 → 12.5 and 万; "" where there is none."""
    found = _FIGURE.match(text)
    return (found[1], found[2]) if found else (text, "")
