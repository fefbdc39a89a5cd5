"""What an app offers to take in. The ground floor knows no word of the trade: apps register their kinds of data here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from crm.core.importing.fields import ImportField
from crm.core.importing.problems import Problem
from crm.core.importing.values import message

if TYPE_CHECKING:
    from crm.core.models import Branch, ImportBatch, User

CREATED, UPDATED, UNCHANGED, REJECTED = "created", "updated", "unchanged", "rejected"
#: A row on file that a corrected file no longer has.
REMOVED = "removed"
#: Rows that are planned, staged and applied together.
CHUNK = 2_000


@dataclass(slots=True)
class ImportContext:
    """For whom and when an import works. ``mapped`` names the fields of the file: no other may be changed."""

    branch: Branch
    actor: User
    batch: ImportBatch
    day: date | None
    now: datetime
    mapped: frozenset[str]
    #: What [formats] of the mapping says of single fields.
    formats: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: Room for what the target looks up once and needs in every chunk.
    memo: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class InputRow:
    """One row of typed values. ``number`` is what a spreadsheet shows, ``ordinal`` counts data rows from 1."""

    number: int
    ordinal: int
    key: str
    values: dict[str, Any]

    def created(self, values: Any, ref: str = "") -> RowPlan:
        return RowPlan(self, CREATED, ref, values)

    def updated(self, values: Any, before: Any, ref: str) -> RowPlan:
        return RowPlan(self, UPDATED, ref, values, before)

    def unchanged(self) -> RowPlan:
        return RowPlan(self, UNCHANGED)

    def rejected(self, *problems: Problem) -> RowPlan:
        return RowPlan(self, REJECTED, problems=problems)

    def problem(self, field_name: str, code: str, text: str = "", **params: Any) -> Problem:
        """A problem with one of the row's values; ``text`` unless the code has a sentence of its own."""
        value = self.values.get(field_name)
        return Problem(field_name, "" if value is None else str(value), code, text or message(code, **params))


@dataclass(slots=True)
class RowPlan:
    """What one row would do. ``values`` and ``before`` are JSON, ready for the database and sealed where secret."""

    row: InputRow
    outcome: str
    ref: str = ""
    values: Any = None
    before: Any = None
    problems: Sequence[Problem] = ()
    #: What a person should look at before the row is written; it is written all the same.
    warnings: Sequence[Problem] = ()


@dataclass(slots=True)
class StagedRow:
    """A planned row as it comes back from the stage."""

    number: int
    key: str
    ref: str
    values: Any
    before: Any


class Stage:
    """The staged rows of a batch, in row order, a chunk at a time."""

    def __init__(self, batch: ImportBatch) -> None:
        self.batch = batch

    def chunks(self, outcome: str, size: int = CHUNK) -> Iterator[list[StagedRow]]:
        last = -1
        rows = self.batch.rows.filter(outcome=outcome).order_by("number")
        while True:
            found = rows.filter(number__gt=last).values_list("number", "key", "ref", "values", "before")[:size]
            page = [StagedRow(*row) for row in found]
            if not page:
                return
            yield page
            last = page[-1].number

    def lists(self, outcome: str) -> Any:
        """The staged values as a set of rows of the database, in row order; for what can be done without Python."""
        rows = self.batch.rows.filter(outcome=outcome)
        return rows.order_by("number").values_list("values", flat=True)

    def rows(self, outcome: str) -> Iterator[StagedRow]:
        for page in self.chunks(outcome):
            yield from page


class ImportTarget(ABC):
    """One kind of data. Subclass this where a row touches several tables, ``ModelTarget`` where it is one row of a model."""

    #: The word after ``import_`` and in the page's list.
    kind: str = ""
    label: Any = ""
    #: Needed on the page besides ``core.add_importbatch``; "" for none.
    permission: str = ""
    fields: Sequence[ImportField] = ()
    #: The field that [file] key fills.
    row_key_field: str = ""
    #: The field that --date fills when the file has no such column.
    date_field: str | None = None

    @property
    def sees(self) -> str:
        """The right to see what files of this kind bring in; "" for none of its own."""
        return ""

    def begin(self, context: ImportContext) -> None:  # noqa: B027  most kinds need nothing
        """Look up once, into ``context.memo``, what every chunk needs."""

    def layout(self, context: ImportContext) -> list[str]:
        """The meaning of staged values, if it is not in them; an import whose layout has changed since is refused."""
        return []

    def barred(self, context: ImportContext, rows: list[InputRow]) -> dict[int, Problem]:
        """Rows of a chunk, by their number, that may change nothing whatever they say, and why; asked before ``plan``.

        A barred row that would change nothing counts as unchanged, so that a file may go on naming what is shut.
        """
        return {}

    @abstractmethod
    def plan(self, context: ImportContext, rows: list[InputRow]) -> Iterable[RowPlan]:
        """Decide each row of a chunk, in order: reads only, and with the same number of statements for any chunk."""

    def finish(self, context: ImportContext, *, last: int) -> Iterable[RowPlan]:
        """What the file does besides its rows, once all of them are read and good; numbers come after ``last``."""
        return ()

    @abstractmethod
    def apply(self, context: ImportContext, stage: Stage) -> None:
        """Write all staged rows, set by set, inside the one transaction. Raises ``ImportStale`` if the world has moved."""

    @abstractmethod
    def undo(self, context: ImportContext, stage: Stage) -> None:
        """Put everything back inside one transaction. Raises ``ImportTouched`` if anything was changed or used since."""


#: Kinds of data by name, in the order of registration.
TARGETS: dict[str, ImportTarget] = {}


def register(target: ImportTarget) -> ImportTarget:
    """Offer a kind of data; called once from the ``ready()`` of the app that owns it."""
    if not target.kind or target.kind in TARGETS:
        raise ValueError(f"import kind {target.kind!r} is empty or registered twice")
    TARGETS[target.kind] = target
    return target


def target_of(kind: str) -> ImportTarget:
    """Raises ``LookupError`` for a kind that no app has registered."""
    return TARGETS[kind]


def kinds_for(user: User) -> list[ImportTarget]:
    """Kinds of data that the user may bring in."""
    return [target for target in TARGETS.values() if not target.permission or user.has_perm(target.permission)]


def kinds_kept_from(user: User) -> list[str]:
    """Kinds of which the user must not see the rows: then neither what others brought of them, nor what was refused of it."""
    return [target.kind for target in TARGETS.values() if target.sees and not user.has_perm(target.sees)]


def may_bring(user: User, kind: str) -> bool:
    """Whether the user may bring in, apply and take back files of a kind that has a right of its own."""
    return any(target.kind == kind for target in kinds_for(user))
