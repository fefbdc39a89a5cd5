"""Reading figures as of a day.

``figures(day, branch)`` asks the database once and answers every figure that governs that branch on that day; the newest
version with the latest effective date wins, a branch's own figure beats the company's. A snapshot is for one piece of work:
nothing keeps it across requests.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from crm.core.errors import DomainError
from crm.core.models import Policy

if TYPE_CHECKING:
    from crm.core.models import Branch


class PolicyMissing(DomainError, LookupError):
    """No version of a figure is in force on the day asked for: people read the day, the log the figure too."""

    code = "figure_missing"
    status = 400

    def __init__(self, key: str = "", day: date | None = None) -> None:
        self.key, self.day = key, day
        super().__init__(_("No figure is on file for this day: %(day)s.") % {"day": day or "—"})

    def __str__(self) -> str:
        return f"{self.key} on {self.day}"


@dataclass(frozen=True)
class Figure:
    """A figure with the version and source that a decision must be able to name."""

    key: str
    value: Any
    version: int
    effective_from: date
    source: str
    certainty: str = ""


class Figures:
    """All figures that govern one place on one day."""

    def __init__(self, day: date, found: dict[str, tuple[Any, ...]]) -> None:
        self.day = day
        self._found = found

    def figure(self, key: str) -> Figure:
        """The figure with its version. Raises ``PolicyMissing``."""
        try:
            return Figure(*self._found[key])
        except KeyError:
            raise PolicyMissing(key, self.day) from None

    def raw(self, key: str) -> Any:
        return self.figure(key).value

    def integer(self, key: str) -> int:
        return int(self.raw(key))

    #: A number of days or months reads the same as any whole number; the name says what is counted.
    days = integer
    months = integer

    def money(self, key: str) -> Decimal:
        """An amount in yuan."""
        return Decimal(str(self.raw(key)))

    def rate(self, key: str) -> Decimal:
        """A rate or share as a plain fraction."""
        return Decimal(str(self.raw(key)))

    def flag(self, key: str) -> bool:
        return bool(self.raw(key))

    def text(self, key: str) -> str:
        return str(self.raw(key))

    def integers(self, key: str) -> list[int]:
        return [int(item) for item in self.raw(key)]

    def json(self, key: str) -> Any:
        """A table or bands, as stored."""
        return self.raw(key)

    def keys(self) -> Iterable[str]:
        return self._found.keys()


def figures(day: date, branch: Branch | None = None) -> Figures:
    """The figures in force for ``branch`` (or the company) on ``day``; one query."""
    # Company rows come first and, within a place, older ones first: the last one read of each figure governs.
    columns = ("policy_key_id", "value", "version", "effective_from", "source", "certainty")
    return Figures(day, {row[0]: row for row in Policy.objects.in_force(day, branch).values_list(*columns)})
