"""The list of erased clients outside of the database, so that an older backup does not bring them back.

One JSON object a line in ``var/tombstones.jsonl``; operators copy it off the machine with the backups. After a restore
``manage.py replay_tombstones`` erases everybody on it again before the site opens.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

NAME = "tombstones.jsonl"


def place() -> Path:
    """Where the list lies."""
    return Path(settings.CRM_VAR) / NAME


def bury(certificate: dict[str, Any]) -> None:
    """Add one client, and a line for each who had become part of him: a backup may be older than the merge.

    Written through to the disk before it returns. The same client twice does no harm.
    """
    path = place()
    path.parent.mkdir(parents=True, exist_ok=True)
    stone = {key: certificate[key] for key in ("erased_at", "proposed_by", "approved_by")}
    lines = "".join(
        json.dumps({"client": number, **stone}, ensure_ascii=False) + "\n"
        for number in [certificate["client"], *certificate.get("absorbed", [])]
    )
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, lines.encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a list. Raises ``ValueError`` with the number of a line that is none of ours."""
    for number, text in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if not text.strip():
            continue
        try:
            found = json.loads(text)
            found["client"], found["erased_at"]
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"line {number}") from None
        yield found
