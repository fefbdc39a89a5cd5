"""The rule of a tier as a form works it: boxes of conditions, one row each, a weighted sum with rows of its own."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from crm.core.writing import whole_number
from tiers.rules import MOST_CONDITIONS, MOST_TERMS, SPANS, USUAL_SPAN, Condition, Node, parse

METRICS = [
    ("average", _("Average assets (natural days)")),
    ("average_trading", _("Average assets (trading days)")),
    ("month_end", _("Assets on the last day")),
    ("commission", _("Commission")),
    ("turnover", _("Turnover")),
]
WEIGHTED = ("weighted", _("Weighted sum"))
_UNITS = {"natural": _("natural days"), "trading": _("trading days"), "months": _("months")}
_NAME = re.compile(r"^g(\d{1,2})(?:m|c(\d{1,2})(?:[ksa]|t(\d)[wks]))$")
_BOXES = 4
#: What separates thousands, as people type or paste it.
_GROUPING = str.maketrans("", "", ",， \u00a0")


@dataclass
class Part:
    """A figure with its span; in a weighted sum with its weight."""

    kind: str = ""
    span: str = ""
    weight: str = "1"

    @property
    def unit(self) -> Any:
        return _UNITS.get(SPANS.get(self.kind, ("", 0))[0], "")

    def as_json(self) -> dict[str, Any]:
        said: dict[str, Any] = {"metric": self.kind}
        if self.unit:
            span = self.span.strip()
            # What is no number stays what was typed: reading the rule refuses it with a word.
            number = whole_number(span)
            said["span"] = (span if number is None else number) if span else USUAL_SPAN[self.kind]
        return said


@dataclass
class Line:
    """One condition as it stands in the form, finished or not."""

    part: Part = dataclasses.field(default_factory=Part)
    amount: str = ""
    terms: list[Part] = dataclasses.field(default_factory=list)

    @property
    def is_weighted(self) -> bool:
        return self.part.kind == "weighted"

    def as_json(self) -> dict[str, Any]:
        amount = self.amount.translate(_GROUPING)
        if not self.is_weighted:
            return {**self.part.as_json(), "at_least": amount}
        terms = [{"weight": term.weight.strip(), **term.as_json()} for term in self.terms if term.kind]
        return {"metric": "weighted", "terms": terms, "at_least": amount}


@dataclass
class Box:
    match: str = "all"
    lines: list[Line] = dataclasses.field(default_factory=lambda: [Line()])


@dataclass
class RuleSheet:
    """Boxes of which all or any must hold; ``prefix`` keeps two sheets of one page apart."""

    prefix: str
    match: str = "all"
    boxes: list[Box] = dataclasses.field(default_factory=lambda: [Box()])
    #: A rule that lies deeper than the page can draw.
    too_deep: bool = False

    @classmethod
    def of_post(cls, data: QueryDict, prefix: str) -> RuleSheet:
        """What the form holds; numbers may have gaps where something was taken away."""
        places: dict[int, dict[int, set[int]]] = {}
        for name in data:
            if found := _NAME.match(name.removeprefix(prefix) if name.startswith(prefix) else ""):
                rows = places.setdefault(int(found[1]), {})
                if found[2]:
                    terms = rows.setdefault(int(found[2]), set())
                    terms |= {int(found[3])} if found[3] else set()

        def said(name: str) -> str:
            return data.get(f"{prefix}{name}", "")[:40]

        boxes = []
        for box, rows in sorted(places.items())[:_BOXES]:
            lines = []
            for row, numbers in sorted(rows.items())[:MOST_CONDITIONS]:
                at = f"g{box}c{row}"
                parts = [
                    Part(said(f"{at}t{n}k"), said(f"{at}t{n}s"), said(f"{at}t{n}w"))
                    for n in sorted(numbers)[:MOST_TERMS]
                ]
                lines.append(Line(Part(said(f"{at}k"), said(f"{at}s")), said(f"{at}a"), parts))
            boxes.append(Box(_match(said(f"g{box}m")), lines or [Line()]))
        sheet = cls(prefix, _match(said("match")), boxes or [Box()])
        for line in (line for box in sheet.boxes for line in box.lines):
            if line.is_weighted and not line.terms:
                line.terms = [Part(), Part()]
        return sheet

    @classmethod
    def of_rule(cls, node: Node | None, prefix: str) -> RuleSheet:
        """A kept rule as boxes."""
        if node is None:
            return cls(prefix)
        if isinstance(node, Condition):
            return cls(prefix, "all", [Box("all", [_line(node)])])
        plain = [each for each in node.nodes if isinstance(each, Condition)]
        if len(plain) == len(node.nodes):
            return cls(prefix, "all", [Box(node.match, [_line(each) for each in plain])])
        boxes = []
        for each in node.nodes:
            match, inner = ("all", (each,)) if isinstance(each, Condition) else (each.match, each.nodes)
            within = [one for one in inner if isinstance(one, Condition)]
            if len(within) != len(inner):
                return cls(prefix, too_deep=True)
            boxes.append(Box(match, [_line(one) for one in within]))
        return cls(prefix, node.match, boxes)

    def do(self, act: str) -> None:
        """What a button asks for: ``add:BOX``, ``remove:BOX:ROW``, ``term:BOX:ROW``, ``box``, ``drop:BOX``, after the prefix."""
        prefix, _colon, said = act.partition("/")
        verb, *places = said.split(":")
        numbers = [number for place in places if (number := whole_number(place)) is not None]
        if prefix != self.prefix:
            return
        if verb == "box" and len(self.boxes) < _BOXES:
            self.boxes.append(Box())
        elif numbers and numbers[0] < len(self.boxes):
            self._do_in(self.boxes[numbers[0]], verb, numbers)

    def _do_in(self, box: Box, verb: str, numbers: list[int]) -> None:
        row = numbers[1] if len(numbers) == 2 and numbers[1] < len(box.lines) else None
        if verb == "add" and len(box.lines) < MOST_CONDITIONS:
            box.lines.append(Line())
        elif verb == "drop" and len(self.boxes) > 1:
            del self.boxes[numbers[0]]
        elif verb == "remove" and row is not None:
            del box.lines[row]
            box.lines = box.lines or [Line()]
        elif verb == "term" and row is not None and len(box.lines[row].terms) < MOST_TERMS:
            box.lines[row].terms.append(Part())

    def as_tree(self) -> dict[str, Any]:
        """The rule that the form says, empty for none; rows in which nothing was chosen yet are left out."""
        boxes = [
            {box.match: [line.as_json() for line in box.lines if line.part.kind]}
            for box in self.boxes
            if any(line.part.kind for line in box.lines)
        ]
        if not boxes:
            return {}
        tree: dict[str, Any] = boxes[0] if len(boxes) == 1 else {self.match: boxes}
        nodes = next(iter(tree.values()))
        return nodes[0] if len(nodes) == 1 else tree

    def node(self) -> Node | None:
        """The rule, read. Raises ``BadProgramme``."""
        tree = self.as_tree()
        return parse(tree) if tree else None


def _match(said: str) -> str:
    return "any" if said == "any" else "all"


def _line(asked: Condition) -> Line:
    amount = asked.as_json()["at_least"].removesuffix(".00")
    if not asked.is_weighted:
        return Line(_part(asked.as_json()), amount)
    return Line(Part("weighted"), amount, [_part(term.as_json()) for term in asked.terms])


def _part(said: Mapping[str, Any]) -> Part:
    span = said.get("span")
    return Part(said["metric"], str(span) if span else "", str(said.get("weight", "1")))
