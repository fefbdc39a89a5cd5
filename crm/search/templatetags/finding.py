"""Picking places of the navigation by what was typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from django import template

from clients.pinyin import pinyin_query, to_pinyin

register = template.Library()


@register.filter
def found_by(items: Iterable[Mapping[str, Any]], typed: str) -> list[Mapping[str, Any]]:
    """Places whose name contains ``typed``, or begins so in pinyin or initials; all top places for an empty box."""
    wanted = str(typed).strip().casefold()
    if not wanted:
        return list(items)
    spoken = pinyin_query(wanted)
    found: dict[str, Mapping[str, Any]] = {}
    for item in items:
        for place in (item, *(item.get("children") or ())):
            if _matches(str(place["label"]), wanted, spoken):
                found.setdefault(str(place["url"]), place)
    return list(found.values())


def _matches(label: str, wanted: str, spoken: str) -> bool:
    if wanted in label.casefold():
        return True
    full, initials = _spoken(label)
    return bool(spoken) and (full.startswith(spoken) or initials.startswith(spoken))


@lru_cache(maxsize=256)
def _spoken(label: str) -> tuple[str, str]:
    reading = to_pinyin(label, firm=True)
    return reading.full, reading.initials
