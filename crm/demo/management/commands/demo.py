"""Load the demo branch."""

from __future__ import annotations

import gc
import json
import os
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from crm.core.clocks import local_date
from crm.demo.building import build, digest, is_empty

#: So that both branches have some.
FEWEST = 20


class Command(BaseCommand):
    help = "Load an invented company with two branches, so that the product can be tried. The same arguments build the same."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--date", type=date.fromisoformat, help="the morning that the demo stands at (today)")
        parser.add_argument("--clients", type=int, default=2000)
        parser.add_argument("--digest", action="store_true", help="print a digest of what was built")
        parser.add_argument("--if-empty", action="store_true", help="do nothing where somebody has worked already")

    def handle(self, *args: Any, **options: Any) -> None:
        if not is_empty():
            if options["if_empty"]:
                return
            raise CommandError("There are members of staff in this database; the demo is for an empty one.")
        if options["clients"] < FEWEST:
            raise CommandError(f"The demo needs at least {FEWEST} clients, so that both branches have some.")
        today = options["date"] or local_date(timezone.now())
        with _no_collecting():
            crew = build(
                seed=options["seed"], today=today, clients=options["clients"], say=lambda text: self.stdout.write(text)
            )
        _keep_logins([asdict(login) for login in crew.logins], settings.CRM_VAR / "demo-logins.json")
        for login in crew.logins:
            self.stdout.write(f"  {login.role:<18} {login.number}  {login.password}  {login.name} ({login.branch})")
        if options["digest"]:
            self.stdout.write(digest())


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Looking for circles among millions of short-lived rows costs a tenth of the building, and finds next to nothing."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _keep_logins(logins: list[dict[str, str]], path: Path) -> None:
    """Readable by the owner alone from the first byte on."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(logins, file, ensure_ascii=False, indent=1)
