"""Bring both catalogues up to the sources (needs gettext), and compile them."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from crm.core.catalogues import LANGUAGES, compiled, read, written

_NOT_OURS = ("var", ".venv", "node_modules", "static", "tests", "bench", "launcher", "deploy", "scripts")


class Command(BaseCommand):
    help = "Collect texts, give English its own words, compile. --compile only compiles (needs no gettext)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--compile", action="store_true", help="only compile what is there")

    def handle(self, *args: Any, **options: Any) -> None:
        root = Path(settings.LOCALE_PATHS[0])
        root.mkdir(exist_ok=True)
        if not options["compile"]:
            call_command(
                "makemessages",
                locale=list(LANGUAGES),
                ignore_patterns=[f"{name}/*" for name in _NOT_OURS],
                no_location=True,
                no_wrap=True,
                no_obsolete=True,
                verbosity=0,
            )
            _speak_english(root / "en" / "LC_MESSAGES" / "django.po")
        for language in LANGUAGES:
            folder = root / language / "LC_MESSAGES"
            (folder / "django.mo").write_bytes(compiled(read(folder / "django.po")))


def _speak_english(path: Path) -> None:
    """The sources are English: each text is its own translation."""
    header, *entries = [entry for entry in read(path) if not entry.is_obsolete]
    for entry in entries:
        entry.texts = {0: entry.msgid, 1: entry.plural} if entry.plural else {0: entry.msgid}
    path.write_text("\n".join(map(written, [header, *entries])), encoding="utf-8")
