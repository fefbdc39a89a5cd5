"""`evaluate_tiers --branch CODE --date D [--programme CODE]`: grade a branch now; the last line is JSON."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.core.access import system_user
from crm.core.errors import DomainError
from crm.core.models import Branch
from tiers.services.evaluation import evaluate, programme_for, programme_or_default


class Command(BaseCommand):
    help = "Evaluate the client tiers of a branch for a day."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--branch", required=True, help="code of the branch")
        parser.add_argument("--date", required=True, type=date.fromisoformat, help="YYYY-MM-DD, last day of the window")
        parser.add_argument(
            "--programme", default="", help="code of the programme; else the one that governs the branch"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        branch = Branch.objects.select_related("company").filter(code=options["branch"]).first()
        if branch is None:
            raise CommandError(f"No branch {options['branch']}.")
        day, code = options["date"], options["programme"]
        try:
            programme = programme_for(branch, day, code) if code else programme_or_default(branch, day)
            outcome = evaluate(branch=branch, day=day, actor=system_user(), programme=programme)
        except DomainError as refusal:
            raise CommandError(str(refusal.message)) from None
        self.stdout.write(json.dumps(outcome.as_json(), ensure_ascii=False))
