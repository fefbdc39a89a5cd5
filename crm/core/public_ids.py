"""Public ids: the only names of rows that leave the house.

A public id is a ULID: 26 characters, sortable by the time it was made, 80 random bits. It is made in Python, before the
row exists, so that encryption (whose associated data is the id) and cursors can rest on it. Integer keys never appear in a
URL, an answer or a message.
"""

from __future__ import annotations

import re

from ulid import ULID

LENGTH = 26
_SHAPE = re.compile(r"^[0-9A-HJKMNP-TV-Z]{26}$")


def new_public_id() -> str:
    """A fresh id, unique without asking the database."""
    return str(ULID())


def is_public_id(text: str) -> bool:
    """Whether ``text`` has the shape of a public id; says nothing about a row."""
    return bool(_SHAPE.match(text))
