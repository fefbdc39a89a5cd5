"""What a tier asks for (等级条件): metrics of a client, compared with amounts, joined by "all" and "any".

A rule is kept as JSON, ``{"all": [...]}`` or ``{"any": [...]}`` of further groups and of conditions
``{"metric": "average_trading", "span": 20, "at_least": "500000.00"}``; a weighted sum lists its parts,
``{"metric": "weighted", "terms": [{"weight": "0.7", "metric": "average"}, …], "at_least": "…"}``. Here it is read and checked,
evaluated for one client, and said in words; ``tiers.rules_sql`` says it in SQL for whole books. Both compare whole fen:
an average is a sum against amount × days and never rounded, save inside a weighted sum, whose parts are rounded to the fen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from crm.core.fields import LARGEST_YUAN, from_fen
from tiers.errors import BadProgramme

MOST_CONDITIONS, DEEPEST, MOST_TERMS = 12, 3, 5
#: Metrics with the unit of their span and the longest span; no span means that there is none.
SPANS: dict[str, tuple[str, int]] = {
    "average": ("natural", 366),
    "average_trading": ("trading", 250),
    "month_end": ("", 0),
    "commission": ("months", 36),
    "turnover": ("months", 36),
}
#: What the page puts in for a span that nobody gave; 0 is the house's own window (figure ``tier.window_days``).
USUAL_SPAN = {"average": 0, "average_trading": 20, "month_end": 0, "commission": 12, "turnover": 12}
_LARGEST_WEIGHT = Decimal(1000)

#: Sum in fen and the number of days it is spread over, by the key of the metric; None where nothing is on file.
Values = Mapping[str, tuple[int, int] | None]


@dataclass(frozen=True)
class Metric:
    """A figure of a client: its kind, and how far back it looks."""

    kind: str
    span: int = 0

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.span}" if self.span else self.kind

    def as_json(self) -> dict[str, Any]:
        return {"metric": self.kind, **({"span": self.span} if self.span else {})}

    def words(self, window: int) -> str:
        """The metric in the reader's language; ``window`` is what a span of 0 stands for."""
        if self.kind == "average":
            return _("average assets over %(days)d natural days") % {"days": self.span or window}
        if self.kind == "average_trading":
            return _("average assets over %(days)d trading days") % {"days": self.span}
        if self.kind == "month_end":
            return _("assets on the last day on file")
        said = {"months": self.span}
        if self.kind == "commission":
            return _("commission of %(months)d months") % said
        return _("turnover of %(months)d months") % said


@dataclass(frozen=True)
class Term:
    """A part of a weighted sum; the weight in hundredths."""

    weight: int
    metric: Metric

    def as_json(self) -> dict[str, Any]:
        return {"weight": f"{Decimal(self.weight) / 100:f}", **self.metric.as_json()}


@dataclass(frozen=True)
class Condition:
    """A metric, or a weighted sum of several, that reaches an amount (fen, inclusive)."""

    terms: tuple[Term, ...]
    at_least: int
    is_weighted: bool = False

    @property
    def metric(self) -> Metric:
        return self.terms[0].metric

    def as_json(self) -> dict[str, Any]:
        amount = f"{from_fen(self.at_least):.2f}"
        if self.is_weighted:
            return {"metric": "weighted", "terms": [term.as_json() for term in self.terms], "at_least": amount}
        return {**self.metric.as_json(), "at_least": amount}

    def value(self, values: Values) -> tuple[int, int] | None:
        """What is compared: a sum and what it is divided by; None where the single metric has nothing on file."""
        if not self.is_weighted:
            return values.get(self.metric.key)
        total = 0
        for term in self.terms:
            found = values.get(term.metric.key)
            total += term.weight * (half_up(*found) if found else 0)
        return total, 100

    def holds(self, values: Values) -> bool:
        found = self.value(values)
        return found is not None and found[0] >= self.at_least * found[1]

    def missing(self, values: Values) -> int:
        """What is lacking in fen, rounded up, so that whoever is promised it gets there; 0 where it holds."""
        total, days = self.value(values) or (0, 1)
        return max(0, -(-(self.at_least * days - total) // days))

    def tells_of(self, kinds: Collection[str]) -> bool:
        """Whether its figure is, or is made of, one of these."""
        return any(term.metric.kind in kinds for term in self.terms)

    def words(self, window: int) -> str:
        return _("%(metric)s at least %(amount)s yuan") % {
            "metric": self.subject(window),
            "amount": f"{from_fen(self.at_least):,.2f}",
        }

    def subject(self, window: int) -> str:
        """What is compared, without the amount."""
        if not self.is_weighted:
            return self.metric.words(window)
        parts = (f"{Decimal(term.weight) / 100:f} × {term.metric.words(window)}" for term in self.terms)
        return _("weighted sum (%(parts)s)") % {"parts": " + ".join(parts)}


@dataclass(frozen=True)
class Group:
    """Conditions and groups of which all or any must hold."""

    match: str
    nodes: tuple[Group | Condition, ...]

    def as_json(self) -> dict[str, Any]:
        return {self.match: [node.as_json() for node in self.nodes]}

    def holds(self, values: Values) -> bool:
        test = all if self.match == "all" else any
        return test(node.holds(values) for node in self.nodes)

    def words(self, window: int) -> str:
        joint = _(" and ") if self.match == "all" else _(" or ")
        parts = [
            _("(%(rule)s)") % {"rule": node.words(window)} if isinstance(node, Group) else node.words(window)
            for node in self.nodes
        ]
        return joint.join(parts)


Node = Group | Condition


@dataclass(frozen=True)
class Check:
    """One condition held against a client's figures, for reading; amounts in yuan."""

    words: str
    depth: int
    #: "all" or "any" for the line that heads a group, empty for a condition.
    match: str
    #: None, as the amounts, where the figure is kept from the reader.
    holds: bool | None
    value: Decimal | None = None
    at_least: Decimal | None = None
    missing: Decimal | None = None


def ladder(bound_fen: int) -> Condition:
    """The plain rule of a ladder: average assets over the house's window."""
    return Condition((Term(100, Metric("average")),), bound_fen)


def conditions(node: Node | None) -> Iterator[Condition]:
    if isinstance(node, Condition):
        yield node
    elif node is not None:
        for each in node.nodes:
            yield from conditions(each)


def metrics(nodes: Iterable[Node | None]) -> list[Metric]:
    """The metrics that rules speak of, each once, in their order."""
    found: dict[str, Metric] = {}
    for node in nodes:
        for condition in conditions(node):
            for term in condition.terms:
                found.setdefault(term.metric.key, term.metric)
    return list(found.values())


def checks(
    node: Node | None, values: Values, window: int, depth: int = 0, *, kept: Collection[str] = ()
) -> list[Check]:
    """The rule as lines with the client's own figures: what holds, and what the others lack.

    ``kept``: kinds of figures that the reader may not see; whether they suffice is not said either, nor of a group with one.
    """
    if node is None:
        return []
    if isinstance(node, Group):
        heading = _("All of these") if node.match == "all" else _("One of these")
        is_told = not any(condition.tells_of(kept) for condition in conditions(node))
        lines = [Check(heading, depth, node.match, node.holds(values) if is_told else None)]
        for each in node.nodes:
            lines += checks(each, values, window, depth + 1, kept=kept)
        return lines
    if node.tells_of(kept):
        return [Check(node.subject(window), depth, "", None, at_least=from_fen(node.at_least))]
    found, holds = node.value(values), node.holds(values)
    return [
        Check(
            node.subject(window),
            depth,
            "",
            holds,
            None if found is None else from_fen(half_up(*found)),
            from_fen(node.at_least),
            None if holds else from_fen(node.missing(values)),
        )
    ]


def half_up(total: int, days: int) -> int:
    """A sum ÷ days in whole fen, halves away from zero; the SQL rounds alike."""
    found = (2 * abs(total) + days) // (2 * days)
    return found if total >= 0 else -found


# -- reading -----------------------------------------------------------------------------------------------------------


def parse(tree: Any) -> Node:
    """The checked rule. Raises ``BadProgramme`` with the place and the reason."""
    found = _node(tree, "", 1)
    count = sum(1 for _condition in conditions(found))
    if count > MOST_CONDITIONS:
        raise _wrong("", _("At most %(count)s conditions.") % {"count": MOST_CONDITIONS})
    return found


def _node(tree: Any, place: str, depth: int) -> Node:
    if isinstance(tree, dict) and "metric" in tree:
        return _condition(tree, place)
    if not isinstance(tree, dict) or len(tree) != 1 or next(iter(tree)) not in ("all", "any"):
        raise _wrong(place, _("Say “all” or “any” with a list of conditions."))
    match, nodes = next(iter(tree.items()))
    if not isinstance(nodes, list) or not nodes or len(nodes) > MOST_CONDITIONS:
        raise _wrong(place, _("Say “all” or “any” with a list of conditions."))
    if depth > DEEPEST:
        raise _wrong(place, _("Groups lie at most %(count)s deep.") % {"count": DEEPEST})
    return Group(match, tuple(_node(each, f"{place}.{n}".lstrip("."), depth + 1) for n, each in enumerate(nodes, 1)))


def _condition(said: Mapping[str, Any], place: str) -> Condition:
    weighted = said["metric"] == "weighted"
    _only(said, {"metric", "at_least", "terms"} if weighted else {"metric", "at_least", "span"}, place)
    at_least = _amount(said.get("at_least"), place)
    if not weighted:
        return Condition((Term(100, _metric(said, place)),), at_least)
    terms = said.get("terms")
    if not isinstance(terms, list) or not 1 <= len(terms) <= MOST_TERMS:
        raise _wrong(place, _("A weighted sum has one to %(count)s parts.") % {"count": MOST_TERMS})
    read = tuple(_term(each, place) for each in terms)
    if len({term.metric.key for term in read}) != len(read):
        raise _wrong(place, _("A weighted sum names each figure once."))
    return Condition(read, at_least, is_weighted=True)


def _term(said: Any, place: str) -> Term:
    if not isinstance(said, dict):
        raise _wrong(place, _("A part of a weighted sum is a weight and a figure."))
    _only(said, {"weight", "metric", "span"}, place)
    weight = _decimal(said.get("weight"), place)
    if not 0 < weight <= _LARGEST_WEIGHT or weight * 100 != int(weight * 100):
        raise _wrong(place, _("A weight lies above 0 and up to 1,000 and has at most two places."))
    return Term(int(weight * 100), _metric(said, place))


def _metric(said: Mapping[str, Any], place: str) -> Metric:
    kind, span = said.get("metric"), said.get("span", 0)
    if not isinstance(kind, str) or kind not in SPANS:
        raise _wrong(place, _("There is no figure “%(name)s”.") % {"name": str(kind)[:40]})
    unit, longest = SPANS[kind]
    if isinstance(span, bool) or not isinstance(span, int):
        raise _wrong(place, _("A span is a whole number."))
    # 0 stands for the house's own window, which plain averages alone know.
    least = 1 if unit in ("trading", "months") else 0
    if not least <= span <= longest:
        raise _wrong(place, _("The span lies between %(least)d and %(most)d.") % {"least": least, "most": longest})
    return Metric(kind, span)


def _amount(said: Any, place: str) -> int:
    amount = _decimal(said, place)
    if not 0 <= amount <= LARGEST_YUAN or amount * 100 != int(amount * 100):
        raise _wrong(place, _("An amount is not below zero and has at most two places."))
    return int(amount * 100)


def _decimal(said: Any, place: str) -> Decimal:
    if not isinstance(said, str) or len(said) > 24:
        raise _wrong(place, _("Send numbers as text, such as “1234.50”."))
    try:
        found = Decimal(said)
    except InvalidOperation:
        raise _wrong(place, _("“%(value)s” is no number.") % {"value": said}) from None
    if not found.is_finite():
        raise _wrong(place, _("“%(value)s” is no number.") % {"value": said})
    return found


def _only(said: Mapping[str, Any], known: set[str], place: str) -> None:
    if strange := sorted(str(name) for name in set(said) - known):
        raise _wrong(place, _("“%(name)s” is not known.") % {"name": strange[0][:40]})


def _wrong(place: str, text: str) -> BadProgramme:
    said = _("Condition %(place)s: %(text)s") % {"place": place, "text": text} if place else text
    return BadProgramme(said, fields={"rule": said})


def from_stored(facts: Mapping[str, Any], total_fen: int | None, days: int | None) -> dict[str, tuple[int, int] | None]:
    """The figures kept with a proof; a plain ladder keeps sum and days alone."""
    found: dict[str, tuple[int, int] | None] = {
        key: None if pair[0] is None or not pair[1] else (int(pair[0]), int(pair[1]))
        for key, pair in facts.get("values", {}).items()
    }
    found.setdefault("average", (total_fen, days) if total_fen is not None and days else None)
    return found


def floor_words(floors: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[str]:
    """The floors for clients of long standing, in words."""
    return [
        _("%(months)d months with us: at least %(tier)s")
        % {"months": each["months"], "tier": names.get(each["tier"], each["tier"])}
        for each in floors
    ]
