"""Bring working and trading days into the table: the published years, or a notice from a file."""

from __future__ import annotations

import csv
import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from crm.core.access import system_user
from crm.core.calendar_notice import RowProblem
from crm.core.clocks import database_now
from crm.core.published_calendar import LAST_YEAR, SEED_FROM
from crm.core.services.calendar import CalendarFileRefused, Outcome, import_calendar, seed_calendar


class Command(BaseCommand):
    help = (
        "Load the calendar. Without FILE: the published years. With FILE: a notice as CSV or XLSX with the columns "
        "date,is_workday,is_trading,note, a table of trading days (trade_date,trade_status), or a list of holidays as JSON "
        "(year, days of name, date, isOffDay). The last line is JSON. "
        "Exit 0: all loaded, 1: rows wrong and nothing written, 2: no such file."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", metavar="FILE", help="CSV, XLSX or JSON")
        parser.add_argument("--from", dest="first", type=int, default=SEED_FROM, help="first published year")
        parser.add_argument("--to", dest="last", type=int, default=LAST_YEAR, help="last published year")
        parser.add_argument("--fill-year", action="store_true", help="days the notice leaves out are Monday to Friday")
        parser.add_argument("--dry-run", action="store_true", help="check the file, write nothing")
        parser.add_argument("--errors", metavar="PATH", help="where wrong rows are listed (default FILE.errors.csv)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["file"] is None:
            self._done(seed_calendar(actor=system_user(), first_year=options["first"], last_year=options["last"]))
            return
        path = Path(options["file"])
        try:
            content = path.read_bytes()
        except OSError as fault:
            self.stderr.write(f"{path}: {fault.strerror}")
            sys.exit(2)
        try:
            outcome = import_calendar(
                content=content,
                name=path.name,
                actor=system_user(),
                now=database_now(),
                fill_year=options["fill_year"],
                dry_run=options["dry_run"],
            )
        except CalendarFileRefused as refused:
            self._refused(refused.problems, Path(options["errors"] or f"{path}.errors.csv"))
            sys.exit(1)
        self._done(outcome)

    def _done(self, outcome: Outcome, rejected: int = 0) -> None:
        self.stdout.write(json.dumps({**asdict(outcome), "rejected": rejected}))

    def _refused(self, problems: list[RowProblem], path: Path) -> None:
        with path.open("w", encoding="utf-8-sig", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(RowProblem._fields)
            writer.writerows(problems)
        for problem in problems[:20]:
            self.stderr.write(f"row {problem.row}: {problem.field} {problem.value!r}: {problem.message}")
        self._done(Outcome(), rejected=len({problem.row for problem in problems}))
