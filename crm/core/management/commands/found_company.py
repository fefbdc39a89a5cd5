"""The beginning of an installation: the company and its first administrator."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.timezone import localtime

from crm.core.access import system_user
from crm.core.clocks import database_now
from crm.core.errors import DomainError
from crm.core.services.organisation import found_company


class Command(BaseCommand):
    help = (
        "Make the company of an empty installation and its first administrator, who adds branches, departments and staff in "
        "the browser. Prints the one-time password, which is kept nowhere. Exit 1 where there is a company already."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--code", required=True, help="short code of the company")
        parser.add_argument("--name", required=True, help="name of the company")
        parser.add_argument("--staff-number", required=True, help="staff number of the first administrator")
        parser.add_argument("--staff-name", required=True, help="name of the first administrator")

    def handle(self, *args: Any, **options: Any) -> None:
        named = {name: options[name] for name in ("code", "name", "staff_number", "staff_name")}
        try:
            out = found_company(actor=system_user(), now=database_now(), **named)
        except DomainError as refusal:
            self.stderr.write(" ".join([str(refusal.message), *map(str, refusal.fields.values())]))
            sys.exit(1)
        until = localtime(out.person.one_time_until)
        self.stdout.write(
            f"{out.person.staff_number} {out.password} (one-time password, valid until {until:%Y-%m-%d %H:%M})"
        )
