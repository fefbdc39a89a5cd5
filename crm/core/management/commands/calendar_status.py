"""How far the calendar reaches, and whether a year is missing."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Count, Max, Min, Q
from django.db.models.functions import ExtractYear

from crm.core.clocks import calendar_gap, database_now, local_date
from crm.core.models import CalendarChange, CalendarDay


class Command(BaseCommand):
    help = "Show the years on file as JSON; exit 1 when days of this year are missing, or of the next once they are expected."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--today", type=date.fromisoformat, help="as if today were this day (YYYY-MM-DD)")

    def handle(self, *args: Any, **options: Any) -> None:
        gap = calendar_gap(options["today"] or local_date(database_now()))
        span = CalendarDay.objects.aggregate(first=Min("day"), last=Max("day"))
        years = (
            CalendarDay.objects.order_by()
            .annotate(year=ExtractYear("day"))
            .values("year")
            .annotate(
                days=Count("pk"),
                working=Count("pk", filter=Q(is_workday=True)),
                trading=Count("pk", filter=Q(is_trading=True)),
            )
            .order_by("year")
        )
        status = {
            "first": span["first"],
            "last": span["last"],
            "missing_year": gap,
            "unsettled_changes": CalendarChange.objects.unsettled().count(),
            "years": {row["year"]: {name: row[name] for name in ("days", "working", "trading")} for row in years},
        }
        self.stdout.write(json.dumps(status, default=str, indent=1))
        if gap:
            self.stderr.write(f"The calendar of {gap} is missing: load the notice with load_calendar FILE.")
            sys.exit(1)
