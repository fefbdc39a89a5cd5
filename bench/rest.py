"""Benchmark of REST: a list of fifty clients, one client, and a contact logged with its audit entry, over the yardstick.

    python3 do.py bench rest --size s

Whole requests with token, rights, masking and audit; the yardstick is the page of bench/yardstick.py.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from bench.data import House, clock_of_database, own_database
from bench.lists import statements
from bench.measure import Report, arguments
from bench.yardstick import DETAIL_STATEMENTS, LIST_STATEMENTS, goal, yardstick


def measure(house: House, report: Report) -> None:
    """All lines."""
    from knox.models import get_token_model
    from rest_framework.test import APIClient

    _kept, token = get_token_model().objects.create(user=house.manager)
    phone = APIClient(headers={"accept-language": "en"})
    phone.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    numbers = itertools.count(1)

    def look(address: str) -> Callable[[], Any]:
        def once() -> None:
            answer = phone.get(address)
            assert answer.status_code == 200, (address, answer.status_code)

        return once

    def create() -> None:
        number = next(numbers)
        body = {"client": house.client.public_id, "channel": "phone", "content": f"contact {number}"}
        answer = phone.post("/api/v1/contacts/", body, format="json", headers={"Idempotency-Key": f"bench-{number}"})
        assert answer.status_code == 201, answer.content

    clock, unit = clock_of_database(), yardstick(house.manager)
    rows, one = look("/api/v1/clients/"), look(f"/api/v1/clients/{house.client.public_id}/")
    contacts = look("/api/v1/contacts/")
    for name, subject, kind in (
        ("list of 50", rows, "rest list"),
        ("contacts, first page", contacts, "contacts"),
        ("detail", one, "rest detail"),
        ("create, with audit row", create, "rest create"),
    ):
        report.ratio(f"{name} / yardstick", reference=unit, subject=subject, goal=goal(kind), clock=clock)
    report.fact("list: statements", statements(rows), LIST_STATEMENTS)
    report.fact("detail: statements", statements(one), DETAIL_STATEMENTS)
    report.fact("create: statements", statements(create))


def main(argv: list[str] | None = None) -> int:
    """Make a database, measure, drop it."""
    options = arguments("REST").parse_args(argv)
    with own_database():
        report = Report("rest", size=options.size, pairs=options.pairs)
        measure(House(options.size), report)
        return int(report.finish(options.json))


if __name__ == "__main__":
    raise SystemExit(main())
