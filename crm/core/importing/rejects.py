"""The file of rejected rows: what is wrong where, safe to open in a spreadsheet and free of values that are nobody's business."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from crm.core.importing.problems import Problem
from crm.core.importing.table import DANGEROUS

COLUMNS = ("row", "field", "value", "code", "message")
_MOST = 200


def defused(text: str) -> str:
    """Text that no spreadsheet takes for a formula, and that ``table.plain_text`` reads back as it was."""
    return f"'{text}" if text.lstrip("'").startswith(DANGEROUS) else text


def hidden(text: str) -> str:
    """A sensitive value in a report: enough to find it in the file, too little to use it."""
    return f"****{text[-2:]}" if len(text) >= 6 else ("****" if text else "")


def line(number: int, problem: Problem | dict[str, Any]) -> tuple[str, ...]:
    """One line of the file."""
    said = problem if isinstance(problem, dict) else _plain(problem)
    value = str(said["value"])[:_MOST]
    return (str(number), said["field"], defused(value), said["code"], defused(str(said["message"])))


def _plain(problem: Problem) -> dict[str, Any]:
    return {"field": problem.field, "value": problem.value, "code": problem.code, "message": problem.message}


def write(stream: IO[str], lines: Iterable[tuple[str, ...]]) -> int:
    """Write head and lines to an open text stream; returns the number of lines."""
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    count = 0
    for cells in lines:
        writer.writerow(cells)
        count += 1
    return count


def save(path: Path, lines: Iterable[tuple[str, ...]]) -> int:
    with path.open("w", encoding="utf-8", newline="") as stream:
        return write(stream, lines)


class _Echo:
    """A stream that gives back what is written, for answers that are sent line by line."""

    def write(self, text: str) -> str:
        return text


def streamed(lines: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """The file in pieces, with a byte order mark so that a spreadsheet reads Chinese at once."""
    writer = csv.writer(_Echo(), lineterminator="\r\n")
    yield "\ufeff" + writer.writerow(COLUMNS)
    for cells in lines:
        yield writer.writerow(cells)
