"""How long a client's data have to be kept, and what stops their erasure.

The matrix is a figure (``retention.matrix``): for each kind of record the years, counted from the end of the relationship or
from the newest record. A client's data may go after the last of these days. Apps to the right add when their newest record
was made, and what else stands against an erasure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db.models import Max
from django.utils.translation import gettext as _

from clients.months import add_months
from crm.core.clocks import local_date
from crm.core.policies import figures

if TYPE_CHECKING:
    from clients.models import Client
    from crm.core.models import User

#: For a kind of record the day of this client's newest one, None without any.
NewestRecord = Callable[["Client"], date | None]
#: Why a client's data must not be erased now, as the reader may know it (None: whoever reads it); "" if nothing is against it.
Obstacle = Callable[["Client", "User | None"], str]

_records: dict[str, NewestRecord] = {}
_obstacles: list[Obstacle] = []


def keeps(record: str) -> Callable[[NewestRecord], NewestRecord]:
    """Register the newest record of a line of the matrix."""

    def register(newest: NewestRecord) -> NewestRecord:
        _records[record] = newest
        return newest

    return register


def stops_erasure(obstacle: Obstacle) -> Obstacle:
    """Register what stands against an erasure."""
    _obstacles.append(obstacle)
    return obstacle


@dataclass(frozen=True)
class Retention:
    """Until when a client's data are kept; None while the relationship goes on. ``lines`` says which rule asks for which day."""

    until: date | None
    lines: tuple[tuple[str, date], ...] = ()

    def runs(self, today: date) -> bool:
        return self.until is None or self.until >= today


def retention_of(client: Client, today: date) -> Retention:
    """The latest day that any line of the matrix asks for."""
    if client.closed_on is None:
        return Retention(None)
    found: list[tuple[str, date]] = []
    for line in figures(today, client.branch).json("retention.matrix"):
        start = client.closed_on if line["start"] == "end" else _newest(line["record"], client)
        if start is not None:
            found.append((line["record"], add_months(start, 12 * int(line["years"]))))
    return Retention(max(day for _name, day in found), tuple(found)) if found else Retention(None)


def shortest_years(today: date, branch: Any = None) -> int:
    """Nobody who left less than so many years ago can be due for erasure: what a list may narrow by."""
    rows = figures(today, branch).json("retention.matrix")
    return max(int(line["years"]) for line in rows if line["start"] == "end")


def obstacles(client: Client, today: date, reader: User | None) -> list[str]:
    """Every reason why the data of ``client`` must stay for now; an empty list means that they may go.

    In the words that ``reader`` may read; None where they are written down for whoever comes: then no hold gives its reason
    and no complaint its number that is kept from somebody.
    """
    from clients.models import LegalHold

    found = []
    hold = LegalHold.objects.standing().filter(client=client).first()
    if hold is not None:
        may_read = reader is not None and reader.has_perm("clients.view_legalhold")
        found.append(_("Legal hold: %(reason)s") % {"reason": hold.reason} if may_read else _("A legal hold stands."))
    found += [text for obstacle in _obstacles if (text := obstacle(client, reader))]
    kept = retention_of(client, today)
    if kept.until is None:
        found.append(_("The relationship has not ended."))
    elif kept.runs(today):
        found.append(_("The law asks to keep the data until %(day)s.") % {"day": kept.until})
    return found


def _newest(record: str, client: Client) -> date | None:
    return _records[record](client) if record in _records else None


@keeps("visits")
def newest_contact(client: Client) -> date | None:
    moment = client.contacts.aggregate(at=Max("at"))["at"]
    return local_date(moment) if moment else None


@keeps("suitability")
def newest_assessment(client: Client) -> date | None:
    found: date | None = client.risk_assessments.aggregate(day=Max("assessed_on"))["day"]
    return found
