"""`manage.py replay_tombstones [FILE]`: after a restore, erase again whom the list names."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clients import tombstones
from clients.services.replay import replay
from crm.core.access import system_user
from crm.core.clocks import database_now


class Command(BaseCommand):
    help = "Erases again, after a restore, every client on the list of tombstones. Run it before the site opens."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", help="The list; var/tombstones.jsonl if missing.")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"]) if options["file"] else tombstones.place()
        if not path.is_file():
            if options["file"]:
                raise CommandError(f"no such file: {path}")
            self.stdout.write(json.dumps({"erased": 0, "already": 0, "unknown": 0}))
            return
        try:
            stones = list(tombstones.read(path))
        except ValueError as wrong:
            raise CommandError(f"not a list of tombstones: {wrong}") from None
        self.stdout.write(json.dumps(replay(stones=stones, actor=system_user(), now=database_now())))
