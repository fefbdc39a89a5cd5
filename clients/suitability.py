"""How far the risk of a product may go for a client (适当性匹配): one rule, asked of one client or of many.

Sources: 适当性管理办法 Art. 22 (nothing above his grade is recommended to an ordinary investor, nothing above R1 to one in the
lowest class, 风险承受能力最低类别), Art. 7–12 (professional investors may buy R1 to R5). How far a grade reaches is
the figure ``suitability.match``; ``reach`` is its value.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import OuterRef, Q, Subquery

from clients.models import Client, InvestorClass
from crm.core.models import Branch, Policy
from crm.core.policies import figures
from crm.core.querysets.aside import compiled_for

#: All that the lowest class may have.
_LEAST = "R1"


_STEPS = "suitability.remind_before_days"


def told_from(day: date, branch: Branch | None) -> int:
    """So many days before its end a risk grade is told to run out: the longest step of ``suitability.remind_before_days``."""
    return max(figures(day, branch).integers(_STEPS), default=0)


@compiled_for("clients.Client")
def steps_along(day: date, branch: int | OuterRef | None) -> Subquery:
    """The steps themselves, in the statement of clients: as one branch has them, or each client's own (an ``OuterRef``)."""
    return Policy.objects.value_along(_STEPS, day, branch)


def told_along(client: Any) -> int:
    """``told_from`` for a client whom ``steps_along`` came with."""
    return max(client.steps_along or (), default=0)


def is_professional(client: Client, today: date) -> bool:
    """Whether the client is a professional investor of class A, B or C whose class has not run out."""
    until = client.investor_class_until
    return client.investor_class != InvestorClass.ORDINARY and (until is None or until >= today)


def professional_q(today: date) -> Q:
    """The professional investors among clients."""
    in_force = Q(investor_class_until=None) | Q(investor_class_until__gte=today)
    return ~Q(investor_class=InvestorClass.ORDINARY) & in_force


def may_be_recommended_to(client: Client, today: date) -> bool:
    """Whether anything may be recommended to the client: a professional investor, or one whose risk grade is valid."""
    return is_professional(client, today) or client.risk_is_valid(today)


def highest_risk(client: Client, today: date, reach: Mapping[str, str]) -> str:
    """The highest risk grade of a product (R1–R5) that may be recommended to the client; "" where nothing may be."""
    if is_professional(client, today):
        return max(reach.values())
    if not may_be_recommended_to(client, today):
        return ""
    return _LEAST if client.is_lowest_risk else reach[client.risk_grade]


def suits_q(risk: str, today: date, reach: Mapping[str, str]) -> Q:
    """The clients to whom a product of this risk may be recommended; everybody where it has no risk grade."""
    if not risk:
        return Q()
    enough = Q(risk_grade__in=[grade for grade, most in reach.items() if most >= risk])
    if risk <= _LEAST:
        enough |= Q(is_lowest_risk=True) & ~Q(risk_grade="")
    else:
        enough &= Q(is_lowest_risk=False)
    return (enough & Q(risk_valid_until__gte=today)) | professional_q(today)
