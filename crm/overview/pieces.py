"""What other apps know about a client, piece by piece for his page.

Each piece is asked through its own app's right and ``visible_to``: a complaint from which somebody is recused must not show
up here by the back door. A piece is a function (user, client, today) → ``Piece`` or None; a new one gets a line in ``PIECES``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from care.models import FollowUpCall
from clients.models import Client
from complaints.models import Complaint
from crm.core.models import User
from tiers.models import TierState
from tiers.querysets.lines import TierLine, tier_lines

#: Rows of a panel; the rest is a click away.
_MOST = 5


@dataclass(frozen=True)
class Piece:
    """A panel beside the client's facts: its template says how it looks."""

    key: str
    title: str
    template: str
    context: dict[str, Any] = field(default_factory=dict)


def tier_piece(user: User, client: Client, today: date) -> Piece | None:
    """The present tier, since when."""
    if not user.has_perm("tiers.view_tierstate"):
        return None
    rows = TierState.objects.visible_to(user).select_related("tier", "programme")
    state = rows.filter(client=client).first()
    return Piece("tier", _("Client tier"), "overview/_tier.html", {"state": state}) if state else None


def complaint_piece(user: User, client: Client, today: date) -> Piece | None:
    """Complaints under way; who is recused from one does not learn of it here either."""
    if not user.has_perm("complaints.view_complaint"):
        return None
    rows = list(Complaint.objects.visible_to(user).open().filter(client=client).order_by("-received_at", "-pk")[:_MOST])
    return Piece("complaints", _("Open complaints"), "overview/_complaints.html", {"rows": rows}) if rows else None


def care_piece(user: User, client: Client, today: date) -> Piece | None:
    """Follow-up calls that have to be made."""
    if not user.has_perm("care.view_followupcall"):
        return None
    calls = FollowUpCall.objects.visible_to(user).filter(client=client, state__in=FollowUpCall.OPEN)
    rows = list(calls.select_related("programme").order_by("due_on", "pk")[:_MOST])
    return (
        Piece("care", _("Follow-up calls due"), "overview/_care.html", {"rows": rows, "today": today}) if rows else None
    )


PIECES: tuple[Callable[[User, Client, date], Piece | None], ...] = (tier_piece, complaint_piece, care_piece)


def pieces(user: User, client: Client, today: date) -> list[Piece]:
    """Everything that ``user`` may see beside this client's own facts."""
    return [found for piece in PIECES if (found := piece(user, client, today)) is not None]


def lines_for(user: User, client: Client, today: date) -> list[TierLine]:
    """The bounds of the tiers, for the curve of assets."""
    return tier_lines(client.branch, today) if user.has_perm("tiers.view_tierstate") else []
