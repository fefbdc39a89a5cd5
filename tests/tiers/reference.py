"""The rules of grading in plain Python, one client at a time: what the set-based evaluation is held against.

Written from docs/adr/0004 and 0017 without a line of the product's own arithmetic: fractions instead of whole-number
comparisons, the raw JSON of a rule instead of its parsed form.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from crm.core.clocks import Calendar


@dataclass(frozen=True)
class Day:
    """One row of a client's daily assets, in fen."""

    net: int
    commission: int = 0
    turnover: int = 0


@dataclass
class Terms:
    """A programme as the tests make it; ``rules`` from the second tier on, a number of fen or a tree."""

    rules: list[Any]
    institutions: list[Any]
    window: int
    down_after: int
    grace_months: int = 0
    #: (months, rank)
    floors: list[tuple[int, int]] = field(default_factory=list)


def earlier(day: date, months: int) -> date:
    month = day.month - months
    year = day.year
    while month < 1:
        month, year = month + 12, year - 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def closes(day: date, known: Calendar) -> bool:
    later = day + timedelta(days=1)
    while later.month == day.month:
        if known.is_trading(later):
            return False
        later += timedelta(days=1)
    return True


class Reference:
    """One client through the evaluations."""

    def __init__(self, terms: Terms, known: Calendar, *, institution: bool = False, opened: date | None = None) -> None:
        self.terms, self.known, self.institution, self.opened = terms, known, institution, opened
        self.rank: int | None = None
        self.below_since: date | None = None
        self.moves: list[tuple[date, str, int | None, int]] = []

    def evaluate(self, book: dict[date, Day], day: date) -> None:
        own = self._average(book, day, self.terms.window)
        if own is None:
            return
        target = self._target(book, day, own)
        if self.rank is None:
            self._move(day, "first", target)
        elif not closes(day, self.known):
            return
        elif target > self.rank:
            self._move(day, "up", target)
        elif target == self.rank:
            self.below_since = None
        elif self._in_grace(day):
            return
        else:
            self.below_since = self.below_since or day
            since = self.below_since
            if (day.year - since.year) * 12 + day.month - since.month + 1 >= self.terms.down_after:
                self._move(day, "down", target)

    def _move(self, day: date, reason: str, target: int) -> None:
        self.moves.append((day, reason, self.rank, target))
        self.rank, self.below_since = target, None

    def _in_grace(self, day: date) -> bool:
        months = self.terms.grace_months
        return bool(months and self.opened and self.opened > earlier(day, months))

    def _target(self, book: dict[date, Day], day: date, own: Fraction) -> int:
        if own < 0:
            return 1
        rules = self.terms.institutions if self.institution else self.terms.rules
        held = [rank for rank, rule in enumerate(rules, 2) if self._holds(rule, book, day)]
        floors = [rank for months, rank in self.terms.floors if self.opened and self.opened <= earlier(day, months)]
        return max([1, *held, *floors])

    def _holds(self, rule: Any, book: dict[date, Day], day: date) -> bool:
        if isinstance(rule, int):
            found = self._average(book, day, self.terms.window)
            return found is not None and found >= rule
        if "all" in rule:
            return all(self._holds(each, book, day) for each in rule["all"])
        if "any" in rule:
            return any(self._holds(each, book, day) for each in rule["any"])
        least = Decimal(rule["at_least"])
        if rule["metric"] == "weighted":
            total = Decimal(0)
            for term in rule["terms"]:
                fen = self._figure(term, book, day)
                if fen is not None:
                    yuan = Decimal(fen.numerator) / Decimal(fen.denominator) / 100
                    total += Decimal(term["weight"]) * yuan.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
            return total >= least
        found = self._figure(rule, book, day)
        return found is not None and found >= Fraction(least) * 100

    def _figure(self, said: dict[str, Any], book: dict[date, Day], day: date) -> Fraction | None:
        kind, span = said["metric"], said.get("span", 0)
        if kind == "average":
            return self._average(book, day, span or self.terms.window)
        if kind == "average_trading":
            first = day
            left = span
            while True:
                left -= self.known.is_trading(first)
                if not left:
                    break
                first -= timedelta(days=1)
            return self._average(book, day, (day - first).days + 1)
        if kind == "month_end":
            inside = [on for on in book if day - timedelta(days=self.terms.window) < on <= day]
            return Fraction(book[max(inside)].net) if inside else None
        start = earlier(day, span)
        return Fraction(sum(getattr(row, kind) for on, row in book.items() if start < on <= day))

    def _average(self, book: dict[date, Day], day: date, span: int) -> Fraction | None:
        held = [row.net for on, row in book.items() if day - timedelta(days=span) < on <= day]
        return Fraction(sum(held), len(held)) if held else None
