"""`create_programme FILE.toml [--branch CODE]`: put a programme in force from a file; the last line is JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.core.access import system_user
from crm.core.errors import DomainError
from crm.core.models import Branch, Company
from tiers.services.programmes import create_programme, read_plan


class Command(BaseCommand):
    help = "Create the next edition of a tier programme from a TOML file (tiers/programmes.toml shows the form)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--branch", default="", help="code of the branch it is for; else the whole company")
        parser.add_argument("--company", default="", help="code of the company, where there are several")

    def handle(self, *args: Any, **options: Any) -> None:
        branch = None
        if options["branch"]:
            branch = Branch.objects.select_related("company").filter(code=options["branch"]).first()
            if branch is None:
                raise CommandError(f"No branch {options['branch']}.")
        company = branch.company if branch else self._company(options["company"])
        try:
            plan = read_plan(options["file"])
            made = create_programme(actor=system_user(), plan=plan, company=company, branch=branch, activate=True)
        except DomainError as refusal:
            raise CommandError(str(refusal.message)) from None
        tiers = list(made.tiers.order_by("rank").values_list("code", flat=True))
        self.stdout.write(
            json.dumps({"programme": made.public_id, "code": made.code, "edition": made.edition, "tiers": tiers})
        )

    def _company(self, code: str) -> Company:
        found = list(Company.objects.filter(code=code) if code else Company.objects.all()[:2])
        if len(found) != 1:
            raise CommandError("Name the company with --company, or a branch with --branch.")
        return found[0]
