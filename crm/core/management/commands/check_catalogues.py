"""Say what is missing in the catalogues; exit 1 when something is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from crm.core.catalogues import faults


class Command(BaseCommand):
    help = "Count empty, fuzzy and stale texts of both languages."

    def handle(self, *args: Any, **options: Any) -> None:
        found = faults(Path(settings.LOCALE_PATHS[0]))
        for fault in found[:50]:
            self.stdout.write(f"{fault.language} {fault.kind}: {fault.text}")
        if found:
            raise CommandError(f"{len(found)} faults in the catalogues")
        self.stdout.write("both catalogues are complete")
