"""A figure by its name, and setting one."""

from __future__ import annotations

from datetime import date

from crm.core.models import PolicyKey
from crm.core.services.policies import set_policy

TODAY = date(2026, 11, 22)


def key(name: str) -> PolicyKey:
    return PolicyKey.objects.get(pk=name)


def put(actor, name, value, day, *, branch=None, today=TODAY):
    return set_policy(
        actor=actor, key=key(name), value=value, effective_from=day, source="decision 1", reason="because",
        branch=branch, today=today,
    )  # fmt: skip
