"""Conditions that many sets of this app share: whose a row is, and when it holds."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db.models import Q

from crm.core.access import NOTHING

if TYPE_CHECKING:
    from crm.core.models import User


def house_q(user: User, path: str = "") -> Q:
    """What belongs to the user's company as a whole, and to his own branches; company roles see every branch's."""
    if not user.is_authenticated or not user.scope.reaches or user.scope.company_id is None:
        return NOTHING
    scope = user.scope
    own = Q(**{f"{path}company_id": scope.company_id})
    if scope.sees_company:
        return own
    return own & (Q(**{f"{path}branch": None}) | Q(**{f"{path}branch_id__in": scope.branch_ids}))


def in_force_q(day: date, first: str = "valid_from", last: str = "valid_to") -> Q:
    """Rows that hold on ``day``."""
    return Q(**{f"{first}__lte": day}) & not_over_q(day, last)


def not_over_q(day: date, last: str = "valid_to") -> Q:
    """Rows that hold on ``day`` or will later: the last day is open, or not yet over."""
    return Q(**{last: None}) | Q(**{f"{last}__gte": day})
