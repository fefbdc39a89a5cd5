"""What a service said from each version on, and in what it differs from the one before."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tiers.gates import gate_label

if TYPE_CHECKING:
    from tiers.models import ServiceEdition, ServiceItem


@dataclass(frozen=True)
class Change:
    """One thing that was said otherwise before, in the reader's words."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Edition:
    """One edition with what it changed; nothing in the first one."""

    row: ServiceEdition
    changes: list[Change]


def editions_of(item: ServiceItem, most: int, *, costs: bool) -> list[Edition]:
    """The newest editions of a service, the newest first. Costs are told to who may see them."""
    rows = list(item.editions.select_related("made_by").order_by("-number")[: most + 1])
    told = [Edition(row, _changes(item, before.terms, row.terms, costs=costs)) for row, before in pairwise(rows)]
    return (told + [Edition(row, []) for row in rows[-1:]])[:most]


def _changes(item: ServiceItem, before: dict[str, Any], after: dict[str, Any], *, costs: bool) -> list[Change]:
    names = [name for name in after if after[name] != before.get(name) and (costs or name != "cost")]
    fields: list[Any] = [item._meta.get_field(name) for name in names]
    return [
        Change(str(field.verbose_name), _word(field, before.get(field.name)), _word(field, after[field.name]))
        for field in fields
    ]


def _word(field: Any, value: Any) -> str:
    """A value as the page says it; nothing where there is none."""
    if value is None:
        return ""
    if isinstance(value, list):
        labels = dict(field.flatchoices)
        return " · ".join(str(labels.get(code, code)) for code in value)
    if field.name == "gate":
        return gate_label(value)
    return str(dict(field.flatchoices).get(value, value))
