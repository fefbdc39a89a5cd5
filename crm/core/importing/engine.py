"""Check, apply, undo: the three things that happen to a batch, the same from a page and from a command.

A check reads the file and stages what each row would do, in short transactions that let others write in between. Apply and
undo are one transaction each, so that a kill at any moment leaves either all of it or nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from crm.core.faults import fault
from crm.core.importing import bulk, rejects
from crm.core.importing.binding import Binding, Reading
from crm.core.importing.fields import by_name
from crm.core.importing.mapping import Mapping
from crm.core.importing.problems import ImportStale, Problem
from crm.core.importing.reader import read
from crm.core.importing.table import Limits
from crm.core.importing.targets import (
    CHUNK,
    CREATED,
    REJECTED,
    UNCHANGED,
    UPDATED,
    ImportContext,
    ImportTarget,
    InputRow,
    RowPlan,
    Stage,
)
from crm.core.models import ImportBatch, ImportRow

Progress = Callable[[int, int], None]
#: What a row of the file ends with, to tell how many there will be before they are read; a workbook does not say.
_ROW_END = {"csv": b"\n", "vcard": b"END:VCARD"}
_COLUMNS = ("batch_id", "number", "key", "outcome", "ref", "values", "before", "problems")


@dataclass(slots=True)
class Tally:
    """What the rows of a file come to."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    skipped: int = 0
    removed: int = 0
    mapped: list[str] = field(default_factory=list)
    layout: list[str] = field(default_factory=list)

    def count(self, outcome: str) -> None:
        setattr(self, outcome, getattr(self, outcome) + 1)

    @property
    def total(self) -> int:
        return self.created + self.updated + self.unchanged + self.rejected


def digest(raw: bytes) -> str:
    """What makes a file the same file."""
    return hashlib.sha256(raw).hexdigest()


def check(
    batch: ImportBatch,
    raw: bytes,
    *,
    target: ImportTarget,
    limits: Limits,
    now: datetime,
    progress: Progress | None = None,
) -> Tally:
    """Stage what every row of the file would do. Raises ``FileRefused`` or ``MappingRefused``; starts over when repeated."""
    mapping = Mapping.from_dict(batch.mapping)
    table = read(raw, mapping.file, limits)
    binding = Binding(
        mapping, table.headers, target.fields, row_key_field=target.row_key_field, assumed=_assumed(target, batch)
    )
    context = context_of(batch, now=now, mapped=binding.mapped)
    _forget_rows(batch)
    target.begin(context)
    tally = Tally(mapped=sorted(binding.mapped), layout=target.layout(context))
    expected = min(limits.rows, raw.count(_ROW_END.get(table.kind, b"\0\0")))
    described = by_name(target.fields)
    seen = last = 0
    while records := list(islice(table.records, CHUNK)):
        seen, last = seen + len(records), max(last, records[-1].number)
        readings = list(binding.read(records))
        tally.skipped += len(records) - len(readings)
        _stage(batch, _plans(target, context, readings), described, tally)
        if progress:
            progress(seen, max(expected, seen))
    if not tally.rejected:  # of a file of which a row could not be read nobody knows what it no longer names
        _stage(batch, iter(target.finish(context, last=last)), described, tally)
    return tally


def apply(batch: ImportBatch, *, target: ImportTarget, now: datetime) -> None:
    """Write everything that is staged; the caller holds the transaction. Raises ``ImportStale``."""
    context = context_of(batch, now=now, mapped=frozenset(batch.options.get("mapped", [])))
    target.begin(context)
    if target.layout(context) != batch.options.get("layout", []):
        raise ImportStale
    target.apply(context, Stage(batch))
    fault("import.applying")


def undo(batch: ImportBatch, *, target: ImportTarget, now: datetime) -> None:
    """Put back what the batch wrote; the caller holds the transaction. Raises ``ImportTouched``."""
    context = context_of(batch, now=now, mapped=frozenset(batch.options.get("mapped", [])))
    target.begin(context)
    target.undo(context, Stage(batch))


def rejected_lines(batch: ImportBatch) -> Iterator[tuple[str, ...]]:
    """Lines of the rejects file, in row order."""
    rows = batch.rows.filter(outcome=REJECTED).order_by("number")
    for number, problems in rows.values_list("number", "problems").iterator(chunk_size=CHUNK):
        for problem in problems or []:
            yield rejects.line(number, problem)


def _warned(batch: ImportBatch) -> Any:
    return batch.rows.exclude(outcome=REJECTED).filter(problems__isnull=False)


def warned_count(batch: ImportBatch) -> int:
    """How many rows that are written all the same a person should look at."""
    found: int = _warned(batch).count()
    return found


def warned_lines(batch: ImportBatch) -> Iterator[tuple[str, ...]]:
    """Lines of the file of warnings, in row order."""
    rows = _warned(batch).order_by("number")
    for number, problems in rows.values_list("number", "problems").iterator(chunk_size=CHUNK):
        for problem in problems or []:
            yield rejects.line(number, problem)


def context_of(batch: ImportBatch, *, now: datetime, mapped: frozenset[str]) -> ImportContext:
    day = batch.options.get("date")
    return ImportContext(
        branch=batch.branch,
        actor=batch.actor,
        batch=batch,
        day=date.fromisoformat(day) if day else None,
        now=now,
        mapped=mapped,
        formats=batch.mapping.get("formats", {}),
    )


def _assumed(target: ImportTarget, batch: ImportBatch) -> dict[str, str]:
    day = batch.options.get("date")
    return {target.date_field: day} if target.date_field and day else {}


def _forget_rows(batch: ImportBatch) -> None:
    """A check that was cut short leaves rows behind; they go in small steps."""
    while True:
        pks = list(ImportRow.objects.filter(batch=batch).values_list("pk", flat=True)[: 5 * CHUNK])
        if not pks:
            return
        bulk.delete(ImportRow, "id", pks)


def _plans(target: ImportTarget, context: ImportContext, readings: Sequence[Reading]) -> Iterator[RowPlan]:
    """The plan of each row in the file's order: unreadable rows are settled, the others are the target's to decide."""
    rows: list[tuple[InputRow, list[Problem]]] = []
    good: list[InputRow] = []
    for reading in readings:
        key = reading.key or str(reading.values.get(target.row_key_field) or "")
        row = InputRow(reading.record.number, reading.record.ordinal, key, reading.values)
        rows.append((row, reading.problems))
        if not reading.problems:
            good.append(row)
    barred = target.barred(context, good) if good else {}
    decided = iter(target.plan(context, good) if good else ())
    for row, problems in rows:
        plan = row.rejected(*problems) if problems else next(decided)
        if row.number in barred and plan.outcome in (CREATED, UPDATED):
            plan = row.rejected(barred[row.number])
        yield plan


def _stage(batch: ImportBatch, plans: Iterator[RowPlan], described: dict[str, Any], tally: Tally) -> None:
    cells = []
    for plan in plans:
        tally.count(plan.outcome)
        if plan.outcome != UNCHANGED:
            cells.append(_cells(batch.pk, plan, described))
    with transaction.atomic():
        bulk.insert(ImportRow, _COLUMNS, cells)


def _cells(batch_id: int, plan: RowPlan, described: dict[str, Any]) -> tuple[Any, ...]:
    problems = [_problem(problem, described) for problem in (plan.problems or plan.warnings)] or None
    values = plan.values if plan.outcome in (CREATED, UPDATED) else None
    # A key may be a secret of the trade (an account); it is staged for rows that are applied, never for rejected ones.
    key = plan.row.key[:200] if values is not None else ""
    return (
        batch_id,
        plan.row.number,
        key,
        plan.outcome,
        plan.ref[:120],
        _json(values),
        _json(plan.before),
        _json(problems),
    )


#: Staged values are plain already; whatever is not becomes text as Django's own encoder would write it.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=DjangoJSONEncoder().default).encode


def _json(value: Any) -> str | None:
    return None if value is None else _encode(value)


def _problem(problem: Problem, described: dict[str, Any]) -> dict[str, str]:
    known = described.get(problem.field)
    value = rejects.hidden(problem.value) if known is not None and known.sensitive else problem.value[:200]
    said = {"field": problem.field, "value": value, "code": problem.code, "message": str(problem.message)}
    return {name: text.replace("\0", "\ufffd") for name, text in said.items()}  # PostgreSQL has no place for a NUL
