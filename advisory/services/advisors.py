"""The advisory side of a member of staff: licence, capacity, leave, what he is good at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from advisory.errors import NotAnAdvisor
from advisory.models import AdvisorProfile
from crm.core import audit
from crm.core.checked import check
from crm.core.models import User
from crm.core.service import service
from crm.core.versions import lock

EDITABLE = (
    "licence_kind",
    "licence_number",
    "licence_valid_until",
    "capacity",
    "accepts_clients",
    "leave_from",
    "leave_until",
    "languages",
    "sectors",
    "channels",
    "risk_grades",
    "tier_ranks",
    "experience_since",
)


@service("advisor.change_profile")
def change_profile(*, user: User, values: Mapping[str, Any], actor: User, version: int | None = None) -> AdvisorProfile:
    """Enter or correct the profile of an advisor; the first one needs the licence.

    Raises ``NotAnAdvisor``, ``StaleEdit``, and ``InvalidInput`` with the fields that are wrong.
    """
    if unknown := sorted(set(values) - set(EDITABLE)):
        raise TypeError(f"not for advisors: {', '.join(unknown)}")
    if AdvisorProfile.objects.filter(user=user).exists():
        row: AdvisorProfile = lock(AdvisorProfile.objects.select_related("user"), user=user, version=version)
    elif user.has_role("advisor"):
        row = AdvisorProfile(user=user)
    else:
        raise NotAnAdvisor
    before, after = audit.changes(row, list(values), dict(values))
    if row.pk and not after:
        return row
    for name, value in after.items():
        setattr(row, name, value)
    check(row)
    if row.pk:
        row.save_changed(list(after))
    else:
        row.save()
        before = {}
    audit.record(actor, "advisor.change_profile", row, before=before, after=after)
    return row
