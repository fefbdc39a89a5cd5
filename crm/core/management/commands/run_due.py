"""`manage.py run_due [--now ISO]`: everything that is due, once, without queue or broker. Prints JSON counts by rule."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from crm.core.jobs import run_due


class Command(BaseCommand):
    help = "Run every sweep once and print how many rows each has moved; -1 marks a sweep that failed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--now", default="", help="ISO moment to take for the present; the database's clock if missing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        counts = run_due(_moment(options["now"]), by_hand=True)
        self.stdout.write(json.dumps(counts))
        if any(count < 0 for count in counts.values()):
            raise CommandError("At least one sweep failed; see the log.", returncode=1)


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise CommandError("--now wants a moment such as 2026-11-22T09:00:00+08:00.", returncode=2)
    return timezone.make_aware(found) if timezone.is_naive(found) else found
