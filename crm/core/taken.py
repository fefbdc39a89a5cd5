"""A name or an occurrence that there may be once: the constraint decides between two who reach for it at the same moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, models, transaction

from crm.core.errors import DomainError

#: SQLSTATE of a unique violation.
_UNIQUE = "23505"


@contextmanager
def unless_taken(model: type[models.Model], *names: str, refusal: DomainError) -> Iterator[None]:
    """Write inside of it: ``refusal`` is raised where that breaks one of these unique constraints of ``model``.

    What was written inside is undone, the transaction around it goes on. Anything else that the database refuses stays the
    error that it is.
    """
    held = {one.name: one for one in model._meta.constraints if isinstance(one, models.UniqueConstraint)}
    named = [held[name] for name in names]
    try:
        with transaction.atomic():
            yield
    except IntegrityError as fault:
        if not any(_breaks(fault, model, one) for one in named):
            raise
        raise refusal from None


def _breaks(fault: IntegrityError, model: type[models.Model], constraint: models.UniqueConstraint) -> bool:
    """PostgreSQL names the constraint; SQLite its columns (two on the same ones it does not tell apart), or an index on more."""
    cause: Any = fault.__cause__
    if getattr(cause, "pgcode", None) is not None:
        return bool(cause.pgcode == _UNIQUE and cause.diag.constraint_name == constraint.name)
    table = model._meta.db_table
    fields: list[Any] = [model._meta.get_field(name) for name in constraint.fields]
    columns = ", ".join(f"{table}.{field.column}" for field in fields)
    said = str(cause)
    return said in (f"UNIQUE constraint failed: {columns}", f"UNIQUE constraint failed: index '{constraint.name}'")
