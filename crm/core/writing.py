"""What is writing: one rule for pages, REST and imports. Line breaks and tabs are; other control characters are not."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

#: Control characters, halves of characters, and the signs that turn the direction of writing: they make one name look like
#: another.
_NO_WRITING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_WHOLE = re.compile("[0-9]{1,9}")
REFUSAL = _("The text contains characters that are not allowed.")


def is_writing(text: str) -> bool:
    """Whether a text holds nothing but what people write."""
    return _NO_WRITING.search(text) is None


def refuse_controls(text: object) -> None:
    """A validator of form fields. Raises ``ValidationError``."""
    if isinstance(text, str) and not is_writing(text):
        raise ValidationError(REFUSAL, code="control_character")


def whole_number(text: str) -> int | None:
    """The number that is written in plain digits, nine at most; None for anything else: to Python, “²” is a digit, too."""
    return int(text) if _WHOLE.fullmatch(text) else None
