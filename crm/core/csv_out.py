"""Files that leave the house as CSV: readable in Excel, without a cell that a spreadsheet would run."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from crm.core.importing.rejects import defused


class _Echo:
    def write(self, text: str) -> str:
        return text


def cell(value: Any) -> str:
    """Text is kept from being a formula; numbers stay numbers; moments are local."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M:%S")
    return defused(value) if isinstance(value, str) else str(value)


def csv_lines(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The file line by line, with a byte order mark so that Excel reads Chinese."""
    writer = csv.writer(_Echo(), lineterminator="\r\n")
    yield "\ufeff" + writer.writerow([cell(str(name)) for name in head])
    for row in rows:
        yield writer.writerow([cell(value) for value in row])
