"""The builder of a segment as a form works it: boxes of conditions, one row each; and keeping a view of the list."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models import Segment, Share
from clients.segments.catalogue import SegmentField
from clients.segments.kinds import Kind, Shape
from crm.core.forms.commands import CommandForm
from crm.core.models import User
from crm.core.writing import whole_number

_NAME = re.compile(r"^g(\d{1,2})(?:m|c(\d{1,2})[fovw])$")
#: Boxes and rows that a page holds at most; a rule over REST is bound by its own limits.
_BOXES, _ROWS = 8, 12


@dataclass
class Line:
    """One condition as it stands in the form, finished or not."""

    field: str = ""
    op: str = ""
    values: list[str] = dataclasses.field(default_factory=list)
    second: str = ""


@dataclass
class Box:
    match: str = "all"
    lines: list[Line] = dataclasses.field(default_factory=lambda: [Line()])


@dataclass
class RuleSheet:
    """Boxes of which all or any must hold."""

    match: str = "all"
    boxes: list[Box] = dataclasses.field(default_factory=lambda: [Box()])

    @classmethod
    def of_post(cls, data: QueryDict) -> RuleSheet:
        """What the form holds; numbers may have gaps where something was taken away."""
        places: dict[int, set[int]] = {}
        for name in data:
            if found := _NAME.match(name):
                rows = places.setdefault(int(found[1]), set())
                rows |= {int(found[2])} if found[2] else set()
        boxes = [
            Box(
                _match(data.get(f"g{box}m", "")),
                [
                    Line(
                        data.get(f"g{box}c{row}f", ""),
                        data.get(f"g{box}c{row}o", ""),
                        [value for value in data.getlist(f"g{box}c{row}v") if value.strip()],
                        data.get(f"g{box}c{row}w", ""),
                    )
                    for row in sorted(rows)[:_ROWS]
                ],
            )
            for box, rows in sorted(places.items())[:_BOXES]
        ]
        return cls(_match(data.get("match", "")), boxes or [Box()])

    @classmethod
    def of_rule(cls, rule: Mapping[str, Any]) -> RuleSheet | None:
        """A kept rule as boxes; None for one that lies deeper than the page can show."""
        match, nodes = next(iter(rule.items()))
        if all("field" in node for node in nodes):
            return cls("all", [Box(match, [_line(node) for node in nodes])])
        boxes = []
        for node in nodes:
            inner, rows = ("all", [node]) if "field" in node else next(iter(node.items()))
            if not all("field" in row for row in rows):
                return None
            boxes.append(Box(inner, [_line(row) for row in rows]))
        return cls(match, boxes)

    def do(self, act: str) -> None:
        """What a button asks for: ``add:BOX``, ``remove:BOX:ROW``, ``box``, ``drop:BOX``; anything else is nothing."""
        verb, *places = act.split(":")
        numbers = [number for place in places if (number := whole_number(place)) is not None]
        if verb == "box" and len(self.boxes) < _BOXES:
            self.boxes.append(Box())
        elif numbers and numbers[0] < len(self.boxes):
            box = self.boxes[numbers[0]]
            if verb == "add" and len(box.lines) < _ROWS:
                box.lines.append(Line())
            elif verb == "remove" and len(numbers) == 2 and numbers[1] < len(box.lines):
                del box.lines[numbers[1]]
                box.lines = box.lines or [Line()]
            elif verb == "drop" and len(self.boxes) > 1:
                del self.boxes[numbers[0]]

    def as_tree(self, known: Mapping[str, SegmentField], *, finished: bool = False) -> dict[str, Any]:
        """The rule that the form says; rows in which nothing was chosen yet are left out, and with ``finished`` those as well
        whose value nobody has given yet."""

        def counts(line: Line) -> bool:
            return bool(line.field) and not (finished and _lacks_value(line, known))

        boxes = [
            {box.match: [_condition(line, known) for line in box.lines if counts(line)]}
            for box in self.boxes
            if any(counts(line) for line in box.lines)
        ]
        return boxes[0] if len(boxes) == 1 else {self.match: boxes}

    def unfinished(self, known: Mapping[str, SegmentField]) -> int:
        """Conditions whose value nobody has given yet."""
        return sum(bool(line.field) and _lacks_value(line, known) for box in self.boxes for line in box.lines)

    def dressed(self, known: Mapping[str, SegmentField], user: User) -> list[dict[str, Any]]:
        """The boxes with what the page needs to draw them."""
        choices: dict[str, list[tuple[str, str]]] = {}
        return [
            {
                "number": number,
                "match": box.match,
                "lines": [_dressed(line, known, user, choices) for line in box.lines],
            }
            for number, box in enumerate(self.boxes)
        ]


def _match(said: str) -> str:
    return "any" if said == "any" else "all"


def _line(node: Mapping[str, Any]) -> Line:
    value = node.get("value")
    if isinstance(value, list):
        is_pair = node["op"] == "between"
        return Line(
            node["field"], node["op"], [str(value[0])] if is_pair else list(value), str(value[1]) if is_pair else ""
        )
    return Line(node["field"], node["op"], [] if value is None else [str(value)])


def _operator(line: Line, known: Mapping[str, SegmentField]) -> Any:
    """The operator of a row: the one chosen, else the first that its field knows."""
    if line.field not in known:
        return None
    operators = known[line.field].operators()
    return operators.get(line.op) or next(iter(operators.values()))


def _lacks_value(line: Line, known: Mapping[str, SegmentField]) -> bool:
    operator = _operator(line, known)
    if operator is None or operator.shape is Shape.NOTHING:
        return False
    is_pair = operator.shape in (Shape.NUMBERS, Shape.TWO_DAYS)
    return not line.values or (is_pair and not line.second.strip())


def _condition(line: Line, known: Mapping[str, SegmentField]) -> dict[str, Any]:
    operator = _operator(line, known)
    if operator is None:
        return {"field": line.field, "op": line.op}
    said: dict[str, Any] = {"field": line.field, "op": operator.key}
    if operator.shape is Shape.NOTHING:
        return said
    if operator.shape is Shape.MANY:
        return {**said, "value": line.values}
    first = line.values[0] if line.values else ""
    return {**said, "value": [first, line.second] if operator.shape in (Shape.NUMBERS, Shape.TWO_DAYS) else first}


def _dressed(
    line: Line, known: Mapping[str, SegmentField], user: User, choices: dict[str, list[tuple[str, str]]]
) -> dict[str, Any]:
    found, operator = known.get(line.field), _operator(line, known)
    if found is not None and found.choices is not None and found.key not in choices:
        choices[found.key] = [(code, str(label)) for code, label in found.choices(user)]
    return {
        "field": found.key if found else "",
        "label": found.label if found else "",
        "operators": list(found.operators().values()) if found else [],
        "op": operator.key if operator else "",
        "shape": operator.shape.value if operator else "",
        "is_day": bool(operator and operator.shape in (Shape.DAY, Shape.TWO_DAYS)),
        "is_pair": bool(operator and operator.shape in (Shape.NUMBERS, Shape.TWO_DAYS)),
        "choices": [(code, label, code in line.values) for code, label in choices.get(line.field, [])],
        "value": line.values[0] if line.values else "",
        "second": line.second,
        "unit": found.unit if found and found.kind in (Kind.MONEY, Kind.NUMBER) else "",
    }


class SegmentForm(CommandForm):
    """What a segment is called, what for, and for whom; its rule stands beside it."""

    name = forms.CharField(label=pgettext_lazy("thing", "Name"), max_length=40)
    description = forms.CharField(label=_("What it is for"), max_length=200, required=False)
    share = forms.ChoiceField(label=_("For"), choices=Share.choices, initial=Share.MINE)

    def __init__(self, *args: Any, user: User, segment: Segment | None = None, **kwargs: Any) -> None:
        if segment is not None:
            kwargs["initial"] = {name: getattr(segment, name) for name in ("name", "description", "share", "version")}
        super().__init__(*args, **kwargs)
        limit_share(self, user)


class ViewForm(CommandForm):
    """The list as it stands, under a name."""

    name = forms.CharField(label=pgettext_lazy("thing", "Name"), max_length=40)
    share = forms.ChoiceField(label=_("For"), choices=Share.choices, initial=Share.MINE)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limit_share(self, user)


def limit_share(form: forms.Form, user: User) -> None:
    """Only what the user may share with whom; who may share with nobody is not asked."""
    if not user.has_perm("clients.share_segment"):
        del form.fields["share"]
        return
    share: Any = form.fields["share"]
    allowed = {Share.MINE.value, *([Share.BRANCH.value] if user.branch_id else [])}
    allowed |= {Share.COMPANY.value} if user.scope.sees_company else set()
    share.choices = [(value, label) for value, label in Share.choices if value in allowed]
