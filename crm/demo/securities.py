"""Securities for demo portfolios, with invented prices.

Share codes and short names are an excerpt of adata 2.9.5 (Apache-2.0), adata/stock/cache/code.csv, state of
October 2023, later renames not followed; funds and bonds use the exchanges' public codes and short names.
**Every price here is made up**: a random walk around a made-up level, of the right order of magnitude and
nothing more. No price is a quotation, and no path says anything about the security.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Prices are defined for days from here on; the walk of a security does not depend on who asks for which days.
FIRST_DAY = date(2024, 1, 1)


class Security(NamedTuple):
    """A security: code with leading zeros, exchange (SSE or SZSE), kind (share, fund, bond) and sector."""

    code: str
    name: str
    exchange: str
    kind: str
    sector: str
    level: int
    """Made-up price on FIRST_DAY, fen per share or unit, or per 100 yuan of face value."""

    @property
    def lot(self) -> int:
        """Smallest quantity that is bought: 100 shares or units, 200 on the STAR market, 10 bonds."""
        return 10 if self.kind == "bond" else 200 if self.code.startswith("688") else 100


# "code name level in fen"
_SHARES = {
    "银行": (
        "600036 招商银行 3800, 601398 工商银行 620, 601166 兴业银行 1850, 000001 平安银行 1080, "
        "002142 宁波银行 2450, 601288 农业银行 480, 601939 建设银行 780, 601988 中国银行 500, "
        "601328 交通银行 690, 601658 邮储银行 540"
    ),
    "证券保险": (
        "601318 中国平安 5200, 300059 东方财富 2100, 600030 中信证券 2600, 601688 华泰证券 1700, "
        "601601 中国太保 3300, 601628 中国人寿 3900, 601336 新华保险 4700"
    ),
    "食品饮料": (
        "600519 贵州茅台 152000, 000858 五粮液 13600, 600887 伊利股份 2800, 000568 泸州老窖 13000, "
        "600809 山西汾酒 20500, 603288 海天味业 4200, 000895 双汇发展 2500, 600600 青岛啤酒 7100"
    ),
    "医药": (
        "600276 恒瑞医药 4900, 300760 迈瑞医疗 25500, 603259 药明康德 6200, 600436 片仔癀 21500, "
        "000538 云南白药 5600, 300015 爱尔眼科 1350, 300122 智飞生物 2700, 600196 复星医药 2500, "
        "000963 华东医药 3700"
    ),
    "新能源": (
        "300750 宁德时代 25500, 601012 隆基绿能 1650, 300274 阳光电源 7700, 600438 通威股份 2100, "
        "300014 亿纬锂能 4600, 688599 天合光能 2000, 002460 赣锋锂业 3500, 002466 天齐锂业 3400"
    ),
    "汽车": (
        "002594 比亚迪 9900, 600104 上汽集团 1650, 601633 长城汽车 2600, 000625 长安汽车 1320, 600660 福耀玻璃 5800"
    ),
    "家电": ("000333 美的集团 7300, 000651 格力电器 4300, 600690 海尔智家 2800, 688169 石头科技 21500"),
    "电子": (
        "002415 海康威视 3000, 002475 立讯精密 3900, 000725 京东方A 430, 002371 北方华创 38000, "
        "688981 中芯国际 8200, 603986 兆易创新 11000, 688012 中微公司 18500, 688008 澜起科技 6700, "
        "002049 紫光国微 6400, 601138 工业富联 2200"
    ),
    "计算机": (
        "002230 科大讯飞 4600, 688111 金山办公 26500, 600588 用友网络 1300, 600570 恒生电子 2600, 300033 同花顺 21000"
    ),
    "通信": ("000063 中兴通讯 3300, 600941 中国移动 10800, 601728 中国电信 700, 600050 中国联通 540"),
    "公用事业": (
        "600900 长江电力 2850, 600905 三峡能源 440, 600011 华能国际 710, 601985 中国核电 960, 003816 中国广核 390"
    ),
    "能源": (
        "601857 中国石油 830, 600028 中国石化 600, 601088 中国神华 3950, 600938 中国海油 2700, 601225 陕西煤业 2200"
    ),
    "有色": ("601899 紫金矿业 1750, 603799 华友钴业 3500, 603993 洛阳钼业 780, 600547 山东黄金 2700"),
    "化工建材": (
        "600309 万华化学 6900, 002493 荣盛石化 910, 600019 宝钢股份 650, 600585 海螺水泥 2450, 002271 东方雨虹 1250"
    ),
    "机械军工": (
        "600031 三一重工 1850, 300124 汇川技术 6200, 600406 国电南瑞 2350, 600150 中国船舶 3400, 600893 航发动力 3700"
    ),
    "交通运输": (
        "600009 上海机场 3300, 002352 顺丰控股 4100, 601919 中远海控 1550, 601006 大秦铁路 660, 601816 京沪高铁 560"
    ),
    "建筑地产": ("601668 中国建筑 550, 601390 中国中铁 600, 600048 保利发展 900, 001979 招商蛇口 1000"),
    "消费服务": (
        "601888 中国中免 6600, 002027 分众传媒 700, 300144 宋城演艺 950, 002714 牧原股份 4000, 603605 珀莱雅 8700"
    ),
}
_FUNDS = (
    "510300 沪深300ETF 395, 510050 上证50ETF 270, 510500 中证500ETF 570, 588000 科创50ETF 95, "
    "159915 创业板ETF 210, 512880 证券ETF 105, 512010 医药ETF 39, 515790 光伏ETF 78, 512690 酒ETF 62, "
    "512480 半导体ETF 96, 518880 黄金ETF 570, 511880 银华日利 10030, 512800 银行ETF 140, "
    "513100 纳指ETF 150"
)
_BONDS = (
    "010303 03国债(3) 10180, 019547 16国债19 10420, 019666 22国债01 10230, 113052 兴业转债 11150, "
    "113044 大秦转债 11600, 128136 立讯转债 11750, 127045 牧原转债 12100, 123107 温氏转债 12400, "
    "113050 南银转债 11900"
)
#: Yearly scatter of the made-up walk, by kind and for the livelier sectors.
_SCATTER = {"share": 0.30, "fund": 0.20, "bond": 0.04}
_LIVELY = {
    "新能源": 0.45,
    "电子": 0.45,
    "计算机": 0.48,
    "有色": 0.38,
    "银行": 0.20,
    "公用事业": 0.18,
    "货币": 0.002,
    "国债": 0.015,
}


@cache
def securities() -> tuple[Security, ...]:
    """All demo securities, shares first."""
    shares = [_security(text, "share", sector) for sector, line in _SHARES.items() for text in line.split(", ")]
    funds = [_security(text, "fund", "货币" if "银华日利" in text else "指数") for text in _FUNDS.split(", ")]
    bonds = [_security(text, "bond", "国债" if "国债" in text else "可转债") for text in _BONDS.split(", ")]
    return (*shares, *funds, *bonds)


@cache
def by_code() -> dict[str, Security]:
    """The same by code."""
    return {s.code: s for s in securities()}


def closing_prices(code: str, days: Sequence[date], *, seed: int = 1) -> NDArray[np.int64]:
    """Made-up closing prices in fen, one per day of ``days``; days before FIRST_DAY raise ValueError.

    The same code, day and seed always give the same price, whatever other days are asked for. On weekends the
    price of Friday stands.
    """
    if not days:
        return np.zeros(0, dtype=np.int64)
    places = weekday_index(days)
    factors = _walk(code, seed, int(places.max()) + 1)
    return np.maximum(factors[places] * by_code()[code].level // 1_000_000, 1)


def weekday_index(days: Sequence[date]) -> NDArray[np.int64]:
    """How many weekdays lie between FIRST_DAY and each day; a weekend counts as its Friday."""
    if min(days) < FIRST_DAY:
        raise ValueError("no demo prices before 2024")
    wanted = np.array(days, dtype="datetime64[D]")
    return np.busday_count(np.datetime64(FIRST_DAY), np.busday_offset(wanted, 0, roll="backward")).astype(np.int64)


@cache
def _walk(code: str, seed: int, length: int) -> NDArray[np.int64]:
    """Price on every weekday as millionths of the level; whole numbers, so that no machine rounds differently."""
    security = by_code()[code]
    scatter = _LIVELY.get(security.sector, _SCATTER[security.kind]) / 252**0.5
    market = market_walk(seed, length)
    # Shares follow the market for the most part, bonds and money funds hardly.
    share_of_market = {"share": 0.9, "fund": 1.0, "bond": 0.1}[security.kind] if security.sector != "货币" else 0.0
    own = np.random.default_rng([seed, int(code)]).standard_normal(length) * scatter
    own[0] = 0.0
    steps = np.clip(own + share_of_market * market, -0.0999, 0.0999)  # the daily price limit of the main boards
    return np.rint(np.exp(np.cumsum(steps)) * 1_000_000).astype(np.int64)


def market_walk(seed: int, length: int) -> NDArray[np.float64]:
    """Daily returns that all securities share: calm and lively stretches around a faint upward drift."""
    draws = np.random.default_rng([seed, 0x5A5A]).standard_normal(length)
    season = np.sin(np.arange(length) / 41.0)
    steps = 0.0002 + 0.0012 * season + draws * (0.007 + 0.003 * np.cos(np.arange(length) / 67.0))
    steps[0] = 0.0
    return np.asarray(steps, dtype=np.float64)


def pick(maker: random.Random, count: int, *, cautious: bool = False) -> list[Security]:
    """Some securities that one client might hold; cautious people prefer funds, bonds and banks."""
    pool = securities()
    if cautious:
        weights = [6.0 if s.kind != "share" else 3.0 if s.sector in {"银行", "公用事业"} else 0.4 for s in pool]
    else:
        weights = [1.2 if s.kind == "fund" else 0.3 if s.kind == "bond" else 1.0 for s in pool]
    chosen: dict[str, Security] = {}
    while len(chosen) < min(count, len(pool)):
        security = maker.choices(pool, weights)[0]
        chosen[security.code] = security
    return list(chosen.values())


def _security(text: str, kind: str, sector: str) -> Security:
    code, name, level = text.split(" ")
    return Security(
        code, name, "SSE" if code[0] in "56" or code[:2] in {"01", "11"} else "SZSE", kind, sector, int(level)
    )
