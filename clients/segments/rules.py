"""Rule trees: read from JSON, checked against the catalogue, compiled to one condition on clients.

A tree is ``{"all": [...]}`` or ``{"any": [...]}`` of further trees and of conditions ``{"field": …, "op": …, "value": …}``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext as _

from clients.errors import InvalidRule
from clients.segments.catalogue import Context, field_of
from clients.segments.kinds import BadValue, read_value
from crm.core.errors import InvalidInput

if TYPE_CHECKING:
    from crm.core.models import User

MOST_CONDITIONS, DEEPEST = 30, 3
#: Keys of a whole tree and of a condition.
_GROUPS, _CONDITION = ("all", "any"), {"field", "op", "value"}


@dataclass(frozen=True)
class Condition:
    """One comparison; ``value`` in the form in which it is kept."""

    field: str
    op: str
    value: Any = None

    def as_json(self) -> dict[str, Any]:
        said = {"field": self.field, "op": self.op}
        return said if self.value is None else {**said, "value": self.value}


@dataclass(frozen=True)
class Group:
    """Conditions and groups of which all or any must hold."""

    match: str
    nodes: tuple[Group | Condition, ...] = field(default_factory=tuple)

    def as_json(self) -> dict[str, Any]:
        return {self.match: [node.as_json() for node in self.nodes]}

    def conditions(self) -> Iterator[Condition]:
        for node in self.nodes:
            if isinstance(node, Condition):
                yield node
            else:
                yield from node.conditions()


def parse(tree: Any, user: User) -> Group:
    """The checked tree as ``user`` may use it. Raises ``InvalidRule`` with the place and the reason."""
    found = _group(tree, user, "", 1)
    count = sum(1 for _condition in found.conditions())
    if not count:
        raise _wrong("", _("A segment needs at least one condition."))
    if count > MOST_CONDITIONS:
        raise _wrong("", _("At most %(count)s conditions.") % {"count": MOST_CONDITIONS})
    return found


def _group(tree: Any, user: User, place: str, depth: int) -> Group:
    if not isinstance(tree, dict) or len(tree) != 1 or next(iter(tree)) not in _GROUPS:
        raise _wrong(place, _("Say “all” or “any” with a list of conditions."))
    match, nodes = next(iter(tree.items()))
    if not isinstance(nodes, list) or (depth > 1 and not nodes) or len(nodes) > MOST_CONDITIONS:
        raise _wrong(place, _("Say “all” or “any” with a list of conditions."))
    if depth > DEEPEST:
        raise _wrong(place, _("Groups lie at most %(count)s deep.") % {"count": DEEPEST})
    read = []
    for number, node in enumerate(nodes, 1):
        at = f"{place}.{number}".lstrip(".")
        is_condition = isinstance(node, dict) and "field" in node
        read.append(_condition(node, user, at) if is_condition else _group(node, user, at, depth + 1))
    return Group(match, tuple(read))


def _condition(said: dict[str, Any], user: User, place: str) -> Condition:
    if strange := sorted(set(said) - _CONDITION):
        raise _wrong(place, _("“%(name)s” is not known.") % {"name": str(strange[0])[:60]})
    key, op = said.get("field"), said.get("op")
    found = field_of(key) if isinstance(key, str) else None
    # A field that he may not use is answered like one that does not exist.
    if found is None or not found.usable_by(user):
        raise _wrong(place, _("There is no field “%(name)s”.") % {"name": str(key)[:60]})
    operator = found.operators().get(op) if isinstance(op, str) else None
    if operator is None:
        raise _wrong(
            place, _("“%(label)s” has no comparison “%(name)s”.") % {"label": found.label, "name": str(op)[:60]}
        )
    known = {code for code, _label in found.choices(user)} if found.choices else None
    try:
        value = read_value(operator.shape, said.get("value"), known)
    except BadValue as wrong:
        raise _wrong(place, f"{found.label}: {wrong}") from None
    return Condition(found.key, operator.key, value)


def _wrong(place: str, text: str) -> InvalidRule:
    said = _("Condition %(place)s: %(text)s") % {"place": place, "text": text} if place else text
    return InvalidRule(said, fields={"rule": said})


def stored(tree: Any) -> Group:
    """A tree that was checked when it was kept; conditions on fields that no app offers any more match nobody."""
    match, nodes = next(iter(tree.items()))
    return Group(
        match,
        tuple(
            Condition(node["field"], node["op"], node.get("value")) if "field" in node else stored(node)
            for node in nodes
        ),
    )


def compiled(node: Group | Condition, context: Context) -> Q:
    """One condition on clients. A field that the reader may not use, or that is gone, makes its condition match nobody."""
    if isinstance(node, Condition):
        return _compiled(node, context)
    parts = [compiled(each, context) for each in node.nodes]
    found = parts[0]
    for part in parts[1:]:
        found = found & part if node.match == "all" else found | part
    return found


def _compiled(said: Condition, context: Context) -> Q:
    found = field_of(said.field)
    if found is None or not found.usable_by(context.user) or said.op not in found.operators():
        return Q(pk__in=[])
    operator = found.operators()[said.op]
    if operator.denies:
        return ~found.compile(operator.denies, said.value, context)
    return found.compile(operator.key, said.value, context)


def rights_of(group: Group) -> list[str]:
    """The rights that the rule's fields need; whoever lacks one does not get to use the segment."""
    fields = (field_of(condition.field) for condition in group.conditions())
    return sorted({right for each in fields if each is not None for right in each.rights})


def secret_of(group: Group) -> str:
    """Label of the model about which hardly anybody may know and that the rule asks for; "" for an open rule."""
    fields = (field_of(condition.field) for condition in group.conditions())
    return next((each.secret for each in fields if each is not None and each.secret), "")


def refuse_secret(group: Group | None, name: str = "segment") -> None:
    """Raises ``InvalidInput`` at ``name`` where something that others see would be made of such a rule: a call, a letter, a
    proposal, a file. Whoever is in it would be known."""
    if group is not None and secret_of(group):
        raise InvalidInput(fields={name: _("It asks for what those who see the result may not know.")})
