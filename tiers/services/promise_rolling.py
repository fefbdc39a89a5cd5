"""What comes next of a service that is owed so long after the last time, and what becomes of its clock in a pause."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Next:
    """The next one: its name, and from when until when it is to be given."""

    key: str
    opens_on: date
    due_on: date


@dataclass(frozen=True)
class Row:
    """How a client's row of one service stands, with none owed.

    ``begun``: since when he has a right to it. ``last``: the day on which the last one was given, or was due and was not given.
    ``closed``: what a pause closed last. ``ran_out``: the last day of grace of the last one, if it was missed; until then no
    other could begin.
    """

    begun: date
    last: date | None
    closed: Next | None
    ran_out: date | None = None

    @property
    def paused(self) -> Next | None:
        """What a pause closed, if it was to come after the last one."""
        closed = self.closed
        if closed is None or self.last is None:
            return closed
        follows = closed.key == f"after:{self.last}"
        return closed if follows or (closed.key.startswith("from:") and closed.opens_on >= self.last) else None

    def _free(self, today: date) -> date:
        """The first day on which he had a right to it and none was owed; what a pause took back was not owed to its last day."""
        if self.ran_out is None or self.ran_out >= today:
            return self.begun
        return max(self.begun, self.ran_out + _DAY)

    def next(self, step: timedelta, planned: date, today: date) -> Next:
        """The next one as of today, where promises were planned on ``planned`` before.

        Nothing is owed for a time in which the client could not be served: what a pause closed is owed again while its day is
        yet to come; else the clock begins anew with the right, or today where it is not known when the pause ended.
        """
        paused = self.paused
        free = self._free(today)
        # A run before this one would have made it, if the client could have been served then.
        is_new = planned <= self.begun or planned < free
        seen = free if is_new else today
        if paused is not None and paused.due_on >= seen:
            return paused
        if self.last is not None and paused is None and (self.last + step >= seen or self.begun <= self.last):
            # A contact that kept the last one does not keep the next as well.
            return Next(f"after:{self.last}", self.last + _DAY, self.last + step)
        begun = self.begun if is_new or self.begun + step >= today else today
        if paused is not None and begun <= paused.opens_on:
            begun = today
        return Next(f"from:{begun}", begun, begun + step)
