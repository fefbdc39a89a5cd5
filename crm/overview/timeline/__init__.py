"""Everything that touched a client in one list, the newest first: what the page and REST show alike.

A kind of touch is shown to whoever holds its right, its rows by their own ``visible_to``: a complaint from which the reader is
recused leaves no step here, nor the survey that followed it. One statement a kind, whatever the page.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from clients.models import Client
from clients.views.contacts import files_of
from crm.core.clocks import day_bounds, end_of_day
from crm.core.merged import MergedPage, merged
from crm.core.models import User
from crm.overview.timeline.asked import TimelineForm
from crm.overview.timeline.kinds import KINDS, Kind
from crm.overview.timeline.words import Touch, told

__all__ = ["KINDS", "Kind", "MergedPage", "TimelineForm", "Touch", "kinds_for", "touches_of", "touches_told"]


def kinds_for(user: User) -> dict[str, Kind]:
    """The kinds of touches that ``user`` may see, by key."""
    return {kind.key: kind for kind in KINDS if user.has_perm(kind.right)}


def touches_of(
    user: User, client: Client, said: dict[str, Any], *, now: datetime, cursor: str = "", size: int = 20
) -> MergedPage:
    """One page of what happened up to ``now``, narrowed as ``TimelineForm`` has it."""
    kinds = kinds_for(user)
    only = "contact" if any(said[name] for name in ("channel", "direction", "outcome")) else said["kind"]
    chosen = [kind for key, kind in kinds.items() if not only or key == only]
    until: date | None = said["until"]
    since: date | None = said["since"]
    strands = [kind.strand(user, client, said) for kind in chosen if not said["person"] or kind.people]
    return merged(
        strands,
        before=min(now, end_of_day(until)) if until else now,
        since=day_bounds(since)[0] if since else None,
        cursor=cursor,
        size=size,
    )


def touches_told(user: User, client: Client, page: MergedPage) -> list[Touch]:
    """The entries of a page in words; one statement for the files of its contacts, where there are any."""
    for one in page.rows:
        if hasattr(one.row, "client_id"):
            one.row.client = client  # whose page it is need not be asked again
    files = files_of([one.row for one in page.rows if one.strand.key == "contact"])
    return [told(user, one, files) for one in page.rows]
