"""What the house works out by itself about an imported row: scores, tags of the night, calls planned and not yet taken.

Nobody has used the row by that. An undo takes such rows along; everything else that points at the row stands in its way.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Model, Q

_OWN_WORK: dict[str, Q] = {}


def own_work(model: type[Model], untouched: Q | None = None) -> None:
    """Rows of the model that fit ``untouched`` (all of them without it) are nobody's work; said in ``ready()`` of its app."""
    _OWN_WORK[model._meta.label] = Q() if untouched is None else untouched


def split(users: Any) -> tuple[Any, Any]:
    """Rows that point at imported ones: those that the house made by itself, and those that stand for use."""
    rule = _OWN_WORK.get(users.model._meta.label)
    if rule is None:
        return users.none(), users
    own = users.filter(rule)
    return own, users.exclude(pk__in=own.values("pk"))
