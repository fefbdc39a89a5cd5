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

from clients.models import Client
from crm.core.models import User
from tiers.models import TierState
from tiers.querysets.lines import TierLine, tier_lines


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


PIECES: tuple[Callable[[User, Client, date], Piece | None], ...] = (tier_piece,)


def pieces(user: User, client: Client, today: date) -> list[Piece]:
    """Everything that ``user`` may see beside this client's own facts."""
    return [found for piece in PIECES if (found := piece(user, client, today)) is not None]


def lines_for(user: User, client: Client, today: date) -> list[TierLine]:
    """The bounds of the tiers, for the curve of assets."""
    return tier_lines(client.branch, today) if user.has_perm("tiers.view_tierstate") else []
