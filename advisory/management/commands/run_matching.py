"""`run_matching --branch CODE [--approve]`: match a branch now; the last line is JSON."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from advisory.services.matching import approve_matching, run_matching, summary
from crm.core.access import system_user
from crm.core.clocks import database_now
from crm.core.errors import DomainError
from crm.core.models import Branch


class Command(BaseCommand):
    help = "Propose who should serve which client of a branch; with --approve the proposal is carried out at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--branch", required=True, help="code of the branch")
        parser.add_argument("--approve", action="store_true", help="carry the proposal out")
        parser.add_argument("--points", type=int, help="points that a change of advisor must gain; else the policy's")

    def handle(self, *args: Any, **options: Any) -> None:
        branch = Branch.objects.select_related("company").filter(code=options["branch"]).first()
        if branch is None:
            raise CommandError(f"No branch {options['branch']}.")
        actor = system_user()
        try:
            run = run_matching(actor=actor, branch=branch, now=database_now(), continuity_points=options["points"])
            if options["approve"]:
                run = approve_matching(actor=actor, run=run, now=database_now())
        except DomainError as refusal:
            raise CommandError(str(refusal.message)) from None
        self.stdout.write(json.dumps(summary(run)))
