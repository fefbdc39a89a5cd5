"""What a kind of data can take in: its fields, described once for commands, pages, guessing and checking."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

#: text: prose · code: an identifier, without blanks inside · money: yuan, two places · datetime: Shanghai wall time.
TYPES = ("text", "code", "integer", "decimal", "money", "date", "datetime", "boolean", "choice")

Choice = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class ImportField:
    """One field of a kind of data. ``required``: in every file and row; ``required_for_new``: where a row creates something."""

    name: str
    type: str
    label: Any = ""
    required: bool = False
    required_for_new: bool = False
    choices: Sequence[Any] = ()
    help: Any = ""
    sensitive: bool = False
    #: Other column titles by which a file may call it, Chinese and English.
    headers: Sequence[str] = ()
    max_length: int | None = None
    minimum: Decimal | int | None = None
    maximum: Decimal | int | None = None
    #: Decimal places of type decimal; more digits than these are refused, never rounded away in silence.
    places: int = 6
    #: "phone" or "email": a way to reach somebody, which the kind of data reads itself; [formats] may say of which country
    #: its numbers are, and that one which cannot be read is left out with a warning.
    reads: str = ""

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            raise ValueError(f"{self.name}: unknown type {self.type!r}")
        if self.type == "choice" and not self.choices:
            raise ValueError(f"{self.name}: a choice needs choices")

    @property
    def pairs(self) -> list[Choice]:
        """Choices as (value, label)."""
        return [tuple(c) if isinstance(c, tuple | list) else (str(c), str(c)) for c in self.choices]

    def described(self) -> dict[str, Any]:
        """The field as ``--fields`` prints it."""
        return {
            "name": self.name,
            "type": self.type,
            "required": self.required,
            "required_for_new": self.required or self.required_for_new,
            "choices": [str(value) for value, _label in self.pairs],
            "label": str(self.label),
            "help": str(self.help),
            "sensitive": self.sensitive,
        }


def by_name(fields: Iterable[ImportField]) -> dict[str, ImportField]:
    return {field.name: field for field in fields}
