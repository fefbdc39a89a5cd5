"""Text that lies in rows in both languages."""

from __future__ import annotations

from django.utils.translation import get_language


def in_language(*, en: str, zh: str) -> str:
    """The wording for the reader's language; the other one where it is missing."""
    return (zh or en) if (get_language() or "").lower().startswith("zh") else (en or zh)
