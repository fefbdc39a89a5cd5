"""One row of my day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

#: No source fills the day alone.
PER_SOURCE = 60
#: What runs out, or is agreed for a day, shows up this many days before.
AHEAD = 30


@dataclass(frozen=True)
class Item:
    """One thing to do."""

    kind: str
    label: str
    icon: str
    due_on: date
    title: str
    reason: str
    url: str
    #: Opens beside the queue instead of leaving it; empty where the item has a page of its own.
    brief_url: str = ""
    #: Takes a POST that puts the item off; empty where it cannot wait.
    put_off_url: str = ""
    #: Lower comes first among items of the same day.
    rank: int = 5
