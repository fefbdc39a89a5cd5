"""Which rows of a batch somebody changed or used since: what an undo that is refused says about them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from crm.core.clocks import SHANGHAI
from crm.core.importing.problems import ImportTouched
from crm.core.importing.shape import ModelShape
from crm.core.importing.targets import CREATED, REMOVED, UPDATED, StagedRow
from crm.core.models import ImportBatch, ImportRow

#: So many rows are named.
NAMED = 5
#: Of a key so many last characters are shown: it may be the number of an account.
_SHOWN = 4


@dataclass
class Touched:
    """Collects rows that stand in the way of an undo."""

    shape: ModelShape | None = None
    sentences: list[str] = field(default_factory=list)

    def changed(self, row: StagedRow, pk: tuple[Any, ...], names: list[str]) -> None:
        """Attributes of a row say something else now; without a name it was one that the file does not bring."""
        if self.full or self.shape is None:
            return
        labels = [str(self.shape.fields[name].verbose_name) for name in names if name != "version"]
        self.otherwise(row, labels or [_("other facts")], self._when(pk))

    def otherwise(self, row: StagedRow, what: list[str], when: datetime | None = None, key: str = "") -> None:
        """The same in words, for what is not one row of a model; ``key`` where the row's own says too little."""
        said = {"row": row.number, "key": key or masked(row.key), "what": _(", ").join(what)}
        if when is None:
            self._say(_("Row %(row)s (%(key)s) was changed: %(what)s.") % said)
            return
        said["when"] = f"{when.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
        self._say(_("Row %(row)s (%(key)s) was changed, last on %(when)s: %(what)s.") % said)

    def overwritten(self, row: StagedRow, what: list[str], by: ImportBatch, key: str = "") -> None:
        """A later file says something else."""
        said = {
            "row": row.number, "key": key or masked(row.key), "what": _(", ").join(what), "file": by.file_name,
            "when": f"{(by.applied_at or by.created_at).astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
        }  # fmt: skip
        text = _("Row %(row)s (%(key)s) was changed by the later import %(file)s of %(when)s: %(what)s.")
        self._say(text % said)

    def gone(self, row: StagedRow, key: str = "") -> None:
        said = {"row": row.number, "key": key or masked(row.key)}
        self._say(_("Row %(row)s (%(key)s) is no longer there.") % said)

    def used(self, row: StagedRow, what: str) -> None:
        """Rows of another kind hang on it."""
        said = {"row": row.number, "key": masked(row.key), "what": what}
        self._say(_("Row %(row)s (%(key)s) has been used: %(what)s.") % said)

    def shut(self, row: StagedRow, why: str) -> None:
        """Nothing of it may be changed, whatever stands there."""
        said = {"row": row.number, "key": masked(row.key), "why": why}
        self._say(_("Row %(row)s (%(key)s): %(why)s") % said)

    @property
    def full(self) -> bool:
        """Whether as many rows are named as will be."""
        return len(self.sentences) >= NAMED

    def _say(self, sentence: str) -> None:
        if not self.full:
            self.sentences.append(sentence)

    def refuse(self) -> None:
        """Raises ``ImportTouched`` if there is any."""
        if self.sentences:
            raise ImportTouched(" ".join([str(ImportTouched.message), *self.sentences]))

    def _when(self, pk: tuple[Any, ...]) -> datetime | None:
        stamp = next((name for name in self.shape.stamps), "") if self.shape else ""
        if not stamp or self.shape is None:
            return None
        named = dict(zip(self.shape.keys, pk, strict=True))
        found = self.shape.model._base_manager.filter(**named).values_list(stamp, flat=True).first()
        return found if isinstance(found, datetime) else None


def later_batches(batch: ImportBatch, refs: Iterable[str]) -> dict[str, ImportBatch]:
    """Which import of the kind has written each of these rows since, as far as its staged rows are kept."""
    since = ImportBatch.objects.filter(branch=batch.branch, kind=batch.kind, state=ImportBatch.State.APPLIED)
    known = {one.pk: one for one in since.filter(applied_at__gt=batch.applied_at)} if batch.applied_at else {}
    rows = ImportRow.objects.filter(batch__in=known, ref__in=list(refs), outcome__in=(CREATED, UPDATED, REMOVED))
    return {ref: known[pk] for ref, pk in rows.order_by("batch__applied_at").values_list("ref", "batch_id")}


def masked(key: str) -> str:
    """The last characters of a key, less than all of it."""
    return f"…{key[-min(_SHOWN, len(key) // 2) :]}" if len(key) > 1 else "…"
