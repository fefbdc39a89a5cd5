"""What tiers bring into my day: requests for tiers by hand, and programmes, that wait for one's own decision."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from clients.querysets.scope import shown_name
from crm.core.models import User
from crm.workbench.item import PER_SOURCE, Item
from tiers.models import Programme, TierOverride


def tier_decisions(user: User, today: date) -> Iterator[Item]:
    """Requests for tiers by hand of others, by the day on which they lapse."""
    if not user.has_perm("tiers.approve_tieroverride"):
        return
    rows = TierOverride.objects.visible_to(user).waiting().exclude(requested_by=user).select_related("client")
    for row in rows.order_by("decide_by", "pk")[:PER_SOURCE]:
        yield Item(
            "decision",
            _("Approval"),
            "user-shield",
            row.decide_by,
            shown_name(row.client, user),
            _("Tier by hand"),
            reverse("tiers:override_approve", args=[row.public_id]),
            rank=2,
        )


def programme_decisions(user: User, today: date) -> Iterator[Item]:
    """Programmes that others have handed in; they are wanted from their first day on."""
    if not user.has_perm("tiers.approve_programme"):
        return
    rows: Any = Programme.objects.visible_to(user)
    for row in rows.submitted().exclude(authors=user).order_by("effective_from", "pk")[:PER_SOURCE]:
        yield Item(
            "decision",
            _("Approval"),
            "stairs-up",
            row.effective_from,
            row.name,
            _("Tier programme to be put in force"),
            reverse("tiers:programme", args=[row.public_id]),
            rank=2,
        )
