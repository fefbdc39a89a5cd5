"""What an app lets out: its columns, its rows, whose right it needs. The ground floor knows no word of the trade."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from crm.core.models import User


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """One column of a file. ``private``: it leaves masked unless the whole value was asked for and approved."""

    name: str
    label: Any
    value: Callable[[Any], Any]
    mask: Callable[[str], str] | None = None
    is_money: bool = False
    #: Whether it is ticked when the form opens.
    usual: bool = True
    #: Needed besides the right to the list.
    right: str = ""

    @property
    def private(self) -> bool:
        return self.mask is not None


class ExportKind(ABC):
    """One kind of list. Rows are named by ids that the app freezes when somebody asks, and looked at again by ``rows``."""

    key: str = ""
    label: Any = ""
    #: Needed to ask, when the file is made, and when it is fetched.
    permission: str = ""
    #: The action under which the export stands in the trail, and the kind of object.
    action: str = "export.make"
    object_type: str = ""
    columns: Sequence[ExportColumn] = ()
    #: Names of the columns that ``key_of`` joins with "|".
    key_columns: Sequence[str] = ()

    @abstractmethod
    def rows(self, actor: User, asked: dict[str, Any]) -> QuerySet[Any]:
        """The rows that ``actor`` may see now, of those that were asked for."""

    @abstractmethod
    def ref(self, row: Any) -> str:
        """What the trail calls the row: a public id."""

    @abstractmethod
    def key_of(self, row: Any) -> str:
        """What names the row in the file itself, so that a file can be known again by its rows."""

    def prepared(self, actor: User, columns: Sequence[ExportColumn]) -> Sequence[ExportColumn]:
        """The columns as this member of staff may have them."""
        return columns

    def columns_for(self, actor: User) -> list[ExportColumn]:
        """The columns to which ``actor`` has the right."""
        return [column for column in self.columns if not column.right or actor.has_perm(column.right)]

    def chosen(self, names: Iterable[str]) -> list[ExportColumn]:
        """Columns by name in their usual order; the first, which names the row, is always there."""
        wanted = set(names)
        return [column for at, column in enumerate(self.columns) if at == 0 or column.name in wanted]


#: Kinds of lists by key, in the order of registration.
KINDS: dict[str, ExportKind] = {}


def register(kind: ExportKind) -> ExportKind:
    """Offer a kind of list; called once from the ``ready()`` of the app that owns it."""
    if not kind.key or kind.key in KINDS:
        raise ValueError(f"export kind {kind.key!r} is empty or registered twice")
    KINDS[kind.key] = kind
    return kind


def kind_of(key: str) -> ExportKind:
    """Raises ``LookupError`` for a kind that no app has registered."""
    return KINDS[key]
