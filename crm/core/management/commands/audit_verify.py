"""`manage.py audit_verify`: walk the chain of the audit trail; exit 1 and name every flaw.

The newest link is noted in a file outside of the database. Without this anchor nobody could see that the end of the trail
was cut off. Copy the file off the machine once a day.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from crm.core import audit
from crm.core.clocks import database_now
from crm.core.jobs import beat

SHOWN = 100


class Command(BaseCommand):
    help = "Verify the audit trail against its hash chain and its anchor."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--anchor", type=Path, default=settings.CRM_VAR / "audit-anchor.json")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["anchor"]
        anchor = _read(file)
        position, digest = audit.head()
        flaws = audit.verify(anchor)
        beat("audit_verify", database_now(), {"position": position, "flaws": len(flaws)})
        for flaw in flaws[:SHOWN]:
            self.stderr.write(f"{flaw.kind} at {flaw.position}: {flaw.detail}")
        self.stdout.write(
            json.dumps({"position": position, "flaws": len(flaws), "anchor": anchor[0] if anchor else None})
        )
        if flaws:
            raise CommandError(f"The audit trail has {len(flaws)} flaws.", returncode=1)
        _write(file, position, digest)


def _read(file: Path) -> tuple[int, str] | None:
    """The anchor noted last time; a file that cannot be read is a flaw of its own."""
    if not file.exists():
        return None
    try:
        noted = json.loads(file.read_text(encoding="utf-8"))
        return int(noted["position"]), str(noted["digest"])
    except (ValueError, KeyError, TypeError):
        raise CommandError(f"{file.name} is not an anchor. Fetch the copy kept elsewhere.", returncode=1) from None


def _write(file: Path, position: int, digest: str) -> None:
    part = file.with_suffix(".part")
    part.write_text(json.dumps({"position": position, "digest": digest, "at": database_now().isoformat()}))
    part.chmod(0o600)
    part.replace(file)
