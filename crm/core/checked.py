"""Letting a row say what is wrong with it, field by field."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError

from crm.core.errors import InvalidInput


def check(row: Any, *, exclude: Iterable[str] = (), constraints: bool = True) -> None:
    """Raise ``InvalidInput`` with the model's own words; ``constraints`` off leaves to the database what only it can ask."""
    try:
        row.full_clean(exclude=set(exclude), validate_unique=False, validate_constraints=constraints)
    except ValidationError as wrong:
        fields = {("" if name == "__all__" else name): " ".join(texts) for name, texts in wrong.message_dict.items()}
        raise InvalidInput(fields=fields) from None
