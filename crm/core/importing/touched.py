"""Which rows of a batch somebody changed or used since: what an undo that is refused says about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from crm.core.clocks import SHANGHAI
from crm.core.importing.problems import ImportTouched
from crm.core.importing.shape import ModelShape
from crm.core.importing.targets import StagedRow

#: So many rows are named.
NAMED = 5
#: Of a key so many last characters are shown: it may be the number of an account.
_SHOWN = 4


@dataclass
class Touched:
    """Collects rows that stand in the way of an undo."""

    shape: ModelShape
    sentences: list[str] = field(default_factory=list)

    def changed(self, row: StagedRow, pk: tuple[Any, ...], names: list[str]) -> None:
        """Attributes of a row say something else now; without a name it was one that the file does not bring."""
        if len(self.sentences) >= NAMED:
            return
        labels = [str(self.shape.fields[name].verbose_name) for name in names if name != "version"]
        said = {"row": row.number, "key": masked(row.key), "what": _(", ").join(labels) or _("other facts")}
        when = self._when(pk)
        if when is None:
            self.sentences.append(_("Row %(row)s (%(key)s) was changed: %(what)s.") % said)
            return
        said["when"] = f"{when.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
        self.sentences.append(_("Row %(row)s (%(key)s) was changed, last on %(when)s: %(what)s.") % said)

    def gone(self, row: StagedRow) -> None:
        if len(self.sentences) < NAMED:
            self.sentences.append(
                _("Row %(row)s (%(key)s) is no longer there.") % {"row": row.number, "key": masked(row.key)}
            )

    def used(self, row: StagedRow, what: str) -> None:
        """Rows of another kind hang on it."""
        if len(self.sentences) < NAMED:
            said = {"row": row.number, "key": masked(row.key), "what": what}
            self.sentences.append(_("Row %(row)s (%(key)s) has been used: %(what)s.") % said)

    def refuse(self) -> None:
        """Raises ``ImportTouched`` if there is any."""
        if self.sentences:
            raise ImportTouched(" ".join([str(ImportTouched.message), *self.sentences]))

    def _when(self, pk: tuple[Any, ...]) -> datetime | None:
        stamp = next((name for name in self.shape.stamps), "")
        if not stamp:
            return None
        named = dict(zip(self.shape.keys, pk, strict=True))
        found = self.shape.model._base_manager.filter(**named).values_list(stamp, flat=True).first()
        return found if isinstance(found, datetime) else None


def masked(key: str) -> str:
    """The last characters of a key, less than all of it."""
    return f"…{key[-min(_SHOWN, len(key) // 2) :]}" if len(key) > 1 else "…"
