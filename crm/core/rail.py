"""The entries beside every page, as the parts of a page that are drawn from them see them."""

from __future__ import annotations

from functools import cached_property
from typing import Any


class Rail(list[dict[str, Any]]):
    """Entries for one person on one page: {key, label, short, icon, url, active, children}."""

    @cached_property
    def state(self) -> tuple[Any, ...]:
        """What sets this rail apart from others; worked out once a page, however many parts are drawn from it."""
        return tuple(map(_state, self))


def _state(item: dict[str, Any]) -> tuple[Any, ...]:
    return item["key"], item["url"], item["active"], *map(_state, item["children"])
