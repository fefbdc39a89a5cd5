"""Many rows a batch at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

#: So many keys one statement names at most.
BATCH = 1_000


def batches(rows: Iterable[Any], size: int = BATCH) -> Iterator[list[Any]]:
    """The rows in lists of at most ``size``, read as they come."""
    source = iter(rows)
    while batch := list(islice(source, size)):
        yield batch
