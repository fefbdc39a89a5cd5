"""What one field of a change of many clients has to say and do; the fields themselves are in ``clients.services.bulk_fields``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.functional import Promise

from clients.models import BulkEditRow, Client
from crm.core.models import User

#: What was said of the field, by the names of its form, as JSON holds it.
Said = Mapping[str, Any]
Why = BulkEditRow.Why


@dataclass(frozen=True)
class Moment:
    """Who changes, and when; ``reason`` is what an undo says where a service asks for one."""

    actor: User
    now: datetime
    today: date
    reason: str = ""


class BulkField(ABC):
    """One field. ``held`` reads what stands there for many clients at once, ``target`` says what it becomes."""

    key = ""
    label: str | Promise = ""
    right = "clients.change_client"

    def read(self, said: Said) -> Said:
        """What was said with the rows that it names, read once for all clients; ``target`` and ``why_not`` are given this."""
        return said

    @abstractmethod
    def held(self, clients: Collection[int], said: Said) -> dict[int, Any]:
        """What stands there for each of the clients (keys), as JSON holds it."""

    @abstractmethod
    def target(self, held: Any, said: Said) -> Any:
        """What it becomes."""

    def same(self, held: Any, target: Any) -> bool:
        return bool(held == target)

    def why_not(self, client: Client, held: Any, said: Said) -> str:
        """A code of ``BulkEditRow.Why`` where it is plain from the start that the service will refuse."""
        return ""

    @abstractmethod
    def apply(self, client: Client, said: Said, held: Any, moment: Moment) -> str:
        """Do it; the public id of the row that was made for it, where putting back needs that."""

    def stands(self, row: BulkEditRow) -> bool:
        """Whether what was done to the client of ``row`` is still what stands there."""
        return self.same(self.held([row.client_id], row.edit.said).get(row.client_id), row.after)

    @abstractmethod
    def put_back(self, client: Client, row: BulkEditRow, moment: Moment) -> None:
        """Let stand again what stood before."""

    def hidden(self, values: Iterable[Any], user: User) -> Collection[str]:
        """Public ids in values that ``user`` may not know whose they are."""
        return ()

    def words(self, value: Any, hidden: Collection[str] = ()) -> str:
        """A value as people read it; of whom ``hidden`` names only that there is somebody."""
        return str(value) if value else "—"
