"""A panel beside the client's facts, and what can be done from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Link:
    """What can be done from a panel, or where more of it is."""

    label: str
    url: str


@dataclass(frozen=True)
class Piece:
    """A panel beside the client's facts: its template says how it looks.

    A panel with nothing in it is there for its links alone; the brief before a call leaves it out.
    """

    key: str
    title: str
    template: str
    context: dict[str, Any] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    is_empty: bool = False
