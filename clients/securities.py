"""What kind of security a code names, by the ranges that the exchanges give out."""

from __future__ import annotations

from enum import StrEnum


class SecurityKind(StrEnum):
    STOCK = "stock"
    FUND = "fund"
    BOND = "bond"
    OTHER = "other"


#: First digits of a six-digit code → kind; the longest that fits decides. Shanghai, Shenzhen and Beijing together: where they
#: overlap (000001) clients hold the security and never the index.
_RANGES: dict[str, SecurityKind] = {
    "00": SecurityKind.STOCK,
    "20": SecurityKind.STOCK,
    "30": SecurityKind.STOCK,
    "43": SecurityKind.STOCK,
    "60": SecurityKind.STOCK,
    "68": SecurityKind.STOCK,
    "83": SecurityKind.STOCK,
    "87": SecurityKind.STOCK,
    "88": SecurityKind.STOCK,
    "90": SecurityKind.STOCK,
    "92": SecurityKind.STOCK,
    "15": SecurityKind.FUND,
    "16": SecurityKind.FUND,
    "18": SecurityKind.FUND,
    "50": SecurityKind.FUND,
    "51": SecurityKind.FUND,
    "52": SecurityKind.FUND,
    "53": SecurityKind.FUND,
    "55": SecurityKind.FUND,
    "56": SecurityKind.FUND,
    "58": SecurityKind.FUND,
    "01": SecurityKind.BOND,
    "02": SecurityKind.BOND,
    "10": SecurityKind.BOND,
    "11": SecurityKind.BOND,
    "12": SecurityKind.BOND,
    "13": SecurityKind.BOND,
    "14": SecurityKind.BOND,
    # Repos are lent money, not a bond that somebody prefers.
    "1318": SecurityKind.OTHER,
    "204": SecurityKind.OTHER,
}
_SUFFIXES = {"OF": SecurityKind.FUND, "HK": SecurityKind.STOCK}


def kind_of(code: str) -> SecurityKind:
    """The kind of ``600519``, ``600519.SH`` or ``SH600519``; OTHER for what we do not know."""
    text = code.strip().upper()
    number, _dot, suffix = text.partition(".")
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    digits = number[2:] if number[:2] in ("SH", "SZ", "BJ") else number
    if len(digits) != 6 or not digits.isascii() or not digits.isdigit():
        return SecurityKind.OTHER
    for length in (4, 3, 2):
        if found := _RANGES.get(digits[:length]):
            return found
    return SecurityKind.OTHER
