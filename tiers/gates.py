"""Conditions that a service may put on clients beside their tier: a seam that apps to the right fill with their own.

A service names a gate by its key; an app that knows more about a client (whether he is a qualified investor for private
funds, say) registers one in ``ready()``. A gate that no app knows any more lets nobody through.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual
from django.utils.translation import gettext_lazy as _

from clients.models import RiskGrade
from clients.querysets.consents import open_to_marketing
from clients.suitability import professional_q
from crm.core.fields import MoneyField
from crm.core.policies import figures


@dataclass(frozen=True)
class Gate:
    """One condition: the clients who meet it on a day, as a condition on clients."""

    key: str
    label: Any
    clients: Callable[[date], Q]


_gates: dict[str, Gate] = {}


def register_gate(gate: Gate) -> None:
    """Add a condition; raises ``ValueError`` for a key that is taken."""
    if gate.key in _gates:
        raise ValueError(f"gate {gate.key!r} is registered twice")
    _gates[gate.key] = gate


def gate_choices() -> list[tuple[str, Any]]:
    return [(gate.key, gate.label) for gate in _gates.values()]


def gate_label(key: str) -> str:
    return str(_gates[key].label) if key in _gates else key


def passing_q(item: Any, day: date) -> Q:
    """The clients whom a service may reach on ``day``: risk grade and condition; everybody where it names none."""
    found = Q()
    if item.least_grade:
        higher = [grade for grade in RiskGrade.values if grade >= item.least_grade]
        found &= Q(risk_grade__in=higher, risk_valid_until__gte=day)
    if item.gate:
        found &= _gates[item.gate].clients(day) if item.gate in _gates else Q(pk__in=[])
    return found


def offering_q(item: Any, day: date) -> Q:
    """Those of them to whom the branch may come with it unasked: with care (greetings, holidays) to nobody who has refused
    marketing. What a client books by himself is not asked this."""
    return passing_q(item, day) & open_to_marketing() if item.kind == "care" else passing_q(item, day)


def is_for_some(item: Any) -> bool:
    """Whether there are clients to whom the branch may not come with the service."""
    return bool(item.least_grade or item.gate or item.kind == "care")


def _qualified(day: date) -> Q:
    """Qualified investors of private funds (合格投资者): professional ones, persons by their financial assets here and
    elsewhere, institutions by their net assets.

    Figures: ``professional.private_fund``. The other road for persons, an average income of three years, needs a proof that is
    not on file; who qualifies by it alone applies as a professional investor.
    """
    least = figures(day).json("professional.private_fund")
    assets = F("total_assets") + Coalesce(F("outside_assets"), Value(Decimal(), output_field=MoneyField()))
    person = Q(kind="person") & Q(
        GreaterThanOrEqual(assets, Value(Decimal(least["financial_assets"]), output_field=MoneyField()))
    )
    return professional_q(day) | person | Q(kind="institution", own_funds__gte=Decimal(least["net_assets"]))


register_gate(Gate("professional", _("Professional investors only"), professional_q))
register_gate(Gate("qualified", _("Qualified investors of private funds only"), _qualified))
