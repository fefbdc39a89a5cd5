"""Public ids: the only names of rows that leave the house.

A public id is a ULID: 26 characters, sortable by the time it was made, 80 random bits. It is made in Python, before the
row exists, so that encryption (whose associated data is the id) and cursors can rest on it. Integer keys never appear in a
URL, an answer or a message.
"""

from __future__ import annotations

import os
import re
import time

LENGTH = 26
_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _SIGNS for second in _SIGNS]
_SHIFTS = range(120, -1, -10)
_SHAPE = re.compile(r"^[0-9A-HJKMNP-TV-Z]{26}$")


def new_public_id() -> str:
    """A fresh id, unique without asking the database: 48 bits of milliseconds, then 80 random ones."""
    # By hand, two signs at a time: the library takes 20 µs, and an import makes a hundred thousand.
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in _SHIFTS])


def is_public_id(text: str) -> bool:
    """Whether ``text`` has the shape of a public id; says nothing about a row."""
    return bool(_SHAPE.match(text))
