"""Why something is asked of a client again: a code with its figures is on file, and whoever reads it gets the sentence in his own
language. Each app to the right names the codes of its own in ``AppConfig.ready()``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

#: Code → sentence with %(day)s and %(reason)s; a lazy text each.
_sentences: dict[str, Any] = {}


def add_reasons(sentences: Mapping[str, Any]) -> None:
    """Name codes; called from ``AppConfig.ready()``."""
    _sentences.update(sentences)


@dataclass(frozen=True)
class Reason:
    """``words`` are a person's own and stay as he wrote them; ``code`` says what they are about, ``day`` of which day it is."""

    words: str
    code: str = ""
    day: date | None = None

    @property
    def on_file(self) -> dict[str, str]:
        """As JSON holds it."""
        return (
            {"words": self.words}
            | ({"code": self.code} if self.code else {})
            | ({"day": self.day.isoformat()} if self.day else {})
        )

    def __str__(self) -> str:
        return in_words(self.on_file)


def in_words(held: Mapping[str, str]) -> str:
    """A reason on file in the reader's language; the words alone where nobody has named its code."""
    sentence = _sentences.get(held.get("code", ""), "%(reason)s")
    return str(sentence) % {"day": held.get("day", ""), "reason": held["words"]}
