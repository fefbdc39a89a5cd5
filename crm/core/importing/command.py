"""``manage.py import_<kind>``: the same import as on the page, for scripts and for the night."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from crm.core.access import system_user
from crm.core.clocks import database_now, local_date
from crm.core.errors import DomainError
from crm.core.importing import engine, rejects
from crm.core.importing.mapping import Mapping, parse, text_of
from crm.core.importing.problems import MappingRefused
from crm.core.importing.reader import load
from crm.core.importing.targets import target_of
from crm.core.models import Branch, ImportBatch
from crm.core.services.importing import import_file, limits_for

NOTHING = {"created": 0, "updated": 0, "unchanged": 0, "rejected": 0}


def iso_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a date (YYYY-MM-DD)") from None


class ImportCommand(BaseCommand):
    """Subclass with ``kind``. Exit status: 0 nothing rejected, 1 rows rejected, 2 file, mapping or branch unusable."""

    kind = ""
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="CSV or XLSX file")
        parser.add_argument("--mapping", type=Path, help="TOML file that says which column is which field")
        parser.add_argument("--branch", help="code of the branch")
        parser.add_argument("--date", type=iso_day, help="day of the data, where the file has no such column")
        parser.add_argument("--dry-run", action="store_true", help="check only, write nothing")
        parser.add_argument("--partial", action="store_true", help="write the good rows although some are rejected")
        parser.add_argument("--errors", type=Path, help="where rejected rows are listed (default: FILE.errors.csv)")
        parser.add_argument("--fields", action="store_true", help="print the fields of this kind as JSON and stop")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["fields"]:
            described = [field.described() for field in target_of(self.kind).fields]
            self.stdout.write(json.dumps(described, ensure_ascii=False, indent=2))
            return
        missing = [name for name in ("file", "mapping", "branch") if not options[name]]
        if missing:
            raise CommandError(_("Missing: %(names)s.") % {"names": ", ".join(missing)}, returncode=2)
        try:
            batch = self._run(options)
        except DomainError as refusal:
            self.stdout.write(json.dumps({"batch": None, **NOTHING}))
            raise CommandError(f"{refusal.code}: {refusal.message}", returncode=2) from None
        self._report(batch, options)

    def _run(self, options: dict[str, Any]) -> ImportBatch:
        branch = Branch.objects.filter(code=options["branch"]).first()
        if branch is None:
            raise MappingRefused(
                _("There is no branch with the code “%(code)s”.") % {"code": options["branch"]}, code="unknown_branch"
            )
        mapping = self._mapping(options["mapping"])
        raw = load(options["file"], limits_for(branch, local_date(database_now())))
        return import_file(
            actor=system_user(),
            kind=self.kind,
            branch=branch,
            file_name=options["file"].name,
            raw=raw,
            mapping=mapping,
            day=options["date"],
            dry_run=options["dry_run"],
            partial=options["partial"],
        )

    def _mapping(self, path: Path) -> Mapping:
        try:
            return parse(text_of(path.read_bytes()))
        except OSError:
            raise MappingRefused(
                _("The mapping %(path)s cannot be read.") % {"path": path}, code="no_mapping"
            ) from None

    def _report(self, batch: ImportBatch, options: dict[str, Any]) -> None:
        counts = dict(batch.counts)
        if not options["dry_run"] and batch.state != ImportBatch.State.APPLIED:
            # All or nothing, and it was nothing.
            counts.update(created=0, updated=0)
        if batch.skipped:
            self.stdout.write(
                _("%(count)d rows skipped: the mapping says so, or they repeat the header.") % {"count": batch.skipped}
            )
        self._save_rejects(batch, options)
        self.stdout.write(json.dumps({"batch": batch.public_id, **counts}))
        if batch.rejected:
            self.stdout.flush()
            raise SystemExit(1)

    def _save_rejects(self, batch: ImportBatch, options: dict[str, Any]) -> None:
        asked: Path | None = options["errors"]
        path = asked or options["file"].with_name(options["file"].name + ".errors.csv")
        if not batch.rejected and asked is None and not path.exists():
            return
        try:
            rejects.save(path, engine.rejected_lines(batch))
        except OSError:
            self.stderr.write(_("%(path)s cannot be written; name another place with --errors.") % {"path": path})
