"""Why a file, a mapping or a row is refused, in words for people and codes for programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.core.errors import DomainError


class ImportRefused(DomainError):
    """Nothing of this file can be brought in. Commands leave with status 2."""

    code = "import_refused"
    status = 400
    message = _("This file cannot be imported.")

    def __init__(self, message: Any = None, *, code: str = "") -> None:
        if code:
            self.code = code
        super().__init__(message)


class FileRefused(ImportRefused):
    """The file is unreadable, hostile or too large."""

    code = "unreadable_file"
    message = _("This file cannot be read.")


class MappingRefused(ImportRefused):
    """The mapping does not fit the kind of data or the file."""

    code = "bad_mapping"
    message = _("The mapping does not fit.")


class ImportStale(DomainError):
    """The data changed between check and apply; nothing was written."""

    code = "import_stale"
    message = _("The data has changed since this file was checked. Nothing was written; check the file again.")


class ImportTouched(DomainError):
    """Undo would take away or overwrite later work."""

    code = "import_touched"
    message = _("Rows of this batch were changed or used after the import, so it cannot be undone.")


class ImportBusy(DomainError):
    """Another import of the same kind is at work in the branch."""

    code = "import_busy"
    message = _("Another import of this kind is running for the branch. Wait until it has ended.")


class ImportCancelled(DomainError):
    """Somebody stopped the work before anything was written."""

    code = "import_cancelled"
    message = _("The import was cancelled. Nothing was written.")


class WrongImportState(DomainError):
    """The batch is not in a state in which this can be done."""

    code = "import_wrong_state"
    message = _("This batch is no longer in a state in which this is possible.")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one value of a row."""

    field: str
    value: str
    code: str
    message: str
