"""Letting a row say what is wrong with it, field by field."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

from crm.core.errors import InvalidInput


def check(row: Any) -> None:
    """Raise ``InvalidInput`` with the model's own words."""
    try:
        row.full_clean(validate_unique=False)
    except ValidationError as wrong:
        fields = {("" if name == "__all__" else name): " ".join(texts) for name, texts in wrong.message_dict.items()}
        raise InvalidInput(fields=fields) from None
