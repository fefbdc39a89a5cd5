"""Who may get clients at a branch, and how many places he has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet

from advisory.models import AdvisorProfile
from crm.core.models import Branch
from crm.core.policies import Figures


@dataclass(frozen=True)
class Advisor:
    """A licensed advisor of the branch, with his places and the clients he has."""

    user_id: int
    public_id: str
    profile: AdvisorProfile
    capacity: int
    load: int
    #: Whether he may get clients he does not have yet.
    takes_new: bool


def licensed_advisors(branch: Branch, today: date, found: Figures) -> list[Advisor]:
    """Active advisors of the branch with a valid licence; who is on leave or takes nobody new keeps the clients he has."""
    default = found.integer("matching.default_capacity")
    rows: QuerySet[Any] = (  # each with its load
        AdvisorProfile.objects.of_branch(branch)
        .filter(
            licence_kind=AdvisorProfile.LicenceKind.INVESTMENT_ADVISOR,
            licence_valid_until__gte=today,
            user__groups__name="advisor",
        )
        .with_load()
        .select_related("user")
        .order_by("user_id")
    )
    return [
        Advisor(
            user_id=row.user_id,
            public_id=row.user.public_id,
            profile=row,
            capacity=default if row.capacity is None else row.capacity,
            load=row.load,
            takes_new=row.accepts_clients and not row.is_on_leave(today),
        )
        for row in rows
    ]
