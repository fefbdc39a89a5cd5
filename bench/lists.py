"""Benchmark of pages: the list of clients in its ways, the search, the client's page and the contacts, over the yardstick.

    python3 do.py bench lists --size s
    DATABASE_URL=postgresql://postgres@127.0.0.1:5432/x python3 do.py bench lists --size m

Whole requests with sign-in, rights, masking and audit. What is counted (statements, bytes) has no tolerance.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from bench.data import FULL_NAME, NOBODY, SURNAME, TAIL, House, clock_of_database, own_database
from bench.measure import Report, arguments
from bench.yardstick import DETAIL_STATEMENTS, LIST_BYTES, LIST_STATEMENTS, NEVER_ABOVE, goal, yardstick


def page_number(house: House, number: int) -> str:
    """Address of page ``number`` (or the last full one) by its cursor."""
    from clients.models import Client
    from crm.core.keyset import _seal

    order = ("-total_assets", "-id")
    place = min(number - 1, house.count // 50 - 1) * 50 - 1
    row = Client.objects.filter(branch=house.branch).order_by(*order)[place]
    return f"/clients/?{urlencode({'cursor': _seal(row, order, back=False)})}"


#: What is asked before each page to know who looks: session, person, rights twice, roles, branches below, who stands in.
_WHO = (
    *('"django_session"', '"auth_permission"', 'FROM "core_role"', '"parent_id"', '"core_delegation"'),
    'WHERE "core_user"."id" =',
)


def caught(look: Callable[[], Any]) -> list[str]:
    """Statements of one look, the second time (caches are warm then)."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    look()
    with CaptureQueriesContext(connection) as seen:
        look()
    return [one["sql"] for one in seen if not one["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))]


def statements(look: Callable[[], Any]) -> int:
    return len(caught(look))


def asking_who(look: Callable[[], Any]) -> int:
    """How many of them only find out who looks and what he may see."""
    return sum(any(mark in sql[max(sql.find(" FROM "), 0) :] for mark in _WHO) for sql in caught(look))


def measure(house: House, report: Report) -> None:
    """All lines."""
    from django.test import Client as Browser

    browser = Browser(headers={"accept-language": "zh-hans"})
    browser.force_login(house.manager)

    def look(address: str, **headers: str) -> Callable[[], Any]:
        def once() -> Any:
            answer = browser.get(address, headers=headers)
            assert answer.status_code == 200, (address, answer.status_code)
            return answer

        return once

    clock, unit = clock_of_database(), yardstick(house.manager)
    first = look("/clients/")
    rows = look("/clients/", **{"HX-Request": "true"})
    client = look(f"/clients/{house.client.public_id}/")
    deep, filtered = look(page_number(house, 1000)), look(f"/clients/?advisor={house.advisors[0].public_id}")
    assert FULL_NAME[0] in look(f"/clients/?{urlencode({'q': FULL_NAME})}")().content.decode()
    report.fact("yardstick: statements", statements(unit), 3)
    report.ratio("list, first page / yardstick", reference=unit, subject=first, goal=goal("list"), clock=clock)
    report.ratio("list, rows only (htmx) / yardstick", reference=unit, subject=rows, goal=goal("rows"), clock=clock)
    report.ratio("list, page 1,000 / first page", reference=first, subject=deep, goal=NEVER_ABOVE, clock=clock)
    report.ratio("list, filtered / first page", reference=first, subject=filtered, goal=NEVER_ABOVE, clock=clock)
    for name, typed, kind in (
        ("full name", FULL_NAME, "search"),
        ("phone tail", TAIL, "search"),
        ("nobody", NOBODY, "search"),
        ("common surname", SURNAME, "surname"),
    ):
        found = look(f"/clients/?{urlencode({'q': typed})}", **{"HX-Request": "true"})
        report.ratio(f"search, {name} / yardstick", reference=unit, subject=found, goal=goal(kind), clock=clock)
    report.ratio("client page / yardstick", reference=unit, subject=client, goal=goal("client"), clock=clock)
    report.fact("list: statements", statements(first), LIST_STATEMENTS)
    report.fact("list, rows only: statements", statements(rows), LIST_STATEMENTS)
    report.fact("list, page 1,000: statements", statements(deep), LIST_STATEMENTS)
    report.fact("client page: statements", statements(client), DETAIL_STATEMENTS)
    report.fact("of these, to know who looks", asking_who(first))
    report.fact("list: bytes of HTML", len(first().content), LIST_BYTES)


def main(argv: list[str] | None = None) -> int:
    """Make a database, measure, drop it."""
    options = arguments("Lists, search and the client's page").parse_args(argv)
    with own_database():
        report = Report("lists", size=options.size, pairs=options.pairs)
        measure(House(options.size), report)
        return int(report.finish(options.json))


if __name__ == "__main__":
    raise SystemExit(main())
