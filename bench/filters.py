"""Benchmark of what narrows the list and of what a night works out: each filter over our own first page, the pages of segments,
quality and duplicates over the yardstick, and the nights' work for each client.

    python3 do.py bench filters --size s

No goal was ever set for a night; its figures are there to be compared from one change to the next.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from bench.data import House, clock_of_database, own_database
from bench.lists import statements
from bench.measure import Report, arguments
from bench.yardstick import LIST_STATEMENTS, NEVER_ABOVE, goal, yardstick

#: Every so many clients have a permission, an account on margin, a class, an open complaint.
_PERMITTED, _ON_MARGIN, _PROFESSIONAL, _COMPLAINING = 5, 20, 50, 200
FILTERS = {
    "tier, the highest": "tier=private",
    "tier, one in the middle": "tier=gold",
    "tier, the lowest": "tier=ordinary",
    "open complaint": "open_complaint=yes",
    "permission": "permission=star",
    "collateral below the line": "margin=warning",
    "professional investor": "investor=A",
    "business line": "line=margin",
    "no contact for 90 days": "silent=90",
    "poor data": "quality=poor",
    "document runs out": "document=soon",
}


def furnish(house: House) -> None:
    """Permissions, accounts on margin, classes and complaints for some clients, set by set."""
    from clients.models import Account, Client, TradingPermission
    from complaints.models import Complaint
    from crm.core.public_ids import new_public_id

    now = datetime.combine(house.days[-1], time(4), UTC)
    keys = list(Client.objects.filter(branch=house.branch).order_by("pk").values_list("pk", flat=True))
    TradingPermission.objects.bulk_create(
        [
            TradingPermission(
                client_id=pk, code="star", state="open", opened_on=house.days[0], asked_at=now, opened_by=house.manager
            )
            for pk in keys[::_PERMITTED]
        ],
        batch_size=2_000,
    )
    Account.objects.bulk_create(
        [
            Account(client_id=pk, kind="credit", margin_ratio=Decimal(12 + place % 20) / 10, margin_on=house.days[-1])
            for place, pk in enumerate(keys[::_ON_MARGIN])
        ],
        batch_size=2_000,
    )
    Client.objects.filter(pk__in=keys[::_PROFESSIONAL]).update(
        investor_class="A", investor_class_until=house.days[-1].replace(year=house.days[-1].year + 1)
    )
    Complaint.objects.bulk_create(
        [
            Complaint(
                number=f"B{new_public_id()[-10:]}",
                branch=house.branch,
                client_id=pk,
                channel="phone",
                subject="service",
                description="等待太久",
                received_at=now,
                registered_by=house.manager,
            )
            for pk in keys[::_COMPLAINING]
        ],
        batch_size=2_000,
    )


#: Segments of one condition each, of the kinds that cost most: what nobody did, sums of days, counts, rows of other apps.
SEGMENTS: dict[str, dict[str, Any]] = {
    "no call for 30 days": {"field": "contact_channel_phone", "op": "not_last_days", "value": 30},
    "never spoken with by anybody": {"field": "contacted_by", "op": "empty"},
    "two contacts in 30 days": {"field": "contacts_30", "op": "gte", "value": "2"},
    "cash of the newest day": {"field": "cash", "op": "gte", "value": "1000"},
    "commission of 30 days": {"field": "commission_30", "op": "gte", "value": "1000"},
    "business line by holdings": {"field": "line", "op": "any", "value": ["stock"]},
    "no promise": {"field": "promise_due", "op": "empty"},
}


def segment_of(house: House) -> Any:
    """Three conditions of three kinds, one of them of another app."""
    rule = [
        {"field": "assets", "op": "gte", "value": "100000"},
        {"field": "last_contact", "op": "longer_ago", "value": 30},
        {"field": "tier", "op": "in", "value": ["gold", "platinum"]},
    ]
    return kept(house, "富裕而久未联系", *rule)


def kept(house: House, name: str, *conditions: dict[str, Any]) -> Any:
    """A segment of the manager's of whom all these hold."""
    from clients.services.segments import create_segment

    values = {"name": name, "share": "mine", "rule": {"all": list(conditions)}}
    return create_segment(values=values, actor=house.manager)


def nights(house: House, report: Report) -> None:
    """Tags, scores and suspected duplicates: what the first night costs for each client, and the next one over a scan."""
    from clients.models import Client
    from clients.services.behaviour import compute_behaviour
    from clients.services.duplicates import find_duplicates
    from clients.services.quality import score_outdated
    from crm.core.access import system_user
    from crm.core.clocks import database_now

    clock, now, day = clock_of_database(), database_now(), house.days[-1]
    branch, actor = house.branch, system_user()

    def scores() -> None:
        while score_outdated(now):
            pass

    def scan() -> None:
        list(Client.objects.filter(branch=branch).values_list("pk", "total_assets", "last_contact_at"))

    work: dict[str, Callable[[], Any]] = {
        "behaviour tags": lambda: compute_behaviour(branch=branch, day=day, actor=actor, now=now),
        "scores of data": scores,
        "suspected duplicates": lambda: find_duplicates(branch=branch, actor=actor, now=now),
    }
    for name, run in work.items():
        before = clock()
        run()
        report.fact(f"{name}, first night: µs a client", 1e6 * (clock() - before) / house.count)
        report.ratio(f"{name}, the next night / scan of the book", reference=scan, subject=run, clock=clock)


def measure(house: House, report: Report) -> None:
    """All lines."""
    from django.test import Client as Browser

    furnish(house)
    segment = segment_of(house)
    nights(house, report)
    house.settle()
    browser = Browser(headers={"accept-language": "zh-hans"})
    browser.force_login(house.manager)

    def look(address: str, **headers: str) -> Callable[[], Any]:
        def once() -> None:
            answer = browser.get(address, headers=headers)
            assert answer.status_code == 200, (address, answer.status_code)

        return once

    clock, unit = clock_of_database(), yardstick(house.manager)
    first = look("/clients/")
    rules = {f"segment, {name}": f"segment={kept(house, name, rule).public_id}" for name, rule in SEGMENTS.items()}
    for name, query in {**FILTERS, "segment": f"segment={segment.public_id}", **rules}.items():
        narrowed = look(f"/clients/?{query}")
        report.ratio(f"{name} / first page", reference=first, subject=narrowed, goal=NEVER_ABOVE, clock=clock)
        report.fact(
            f"{name}: statements", statements(narrowed), LIST_STATEMENTS + 1
        )  # the choices of the filter in use
    for name, address in (
        ("segments", "/clients/segments/"),
        ("count of a segment", f"/clients/segments/{segment.public_id}/count/"),
        ("work list of quality", "/quality/"),
        ("duplicates", "/clients/duplicates/"),
    ):
        page = look(address)
        report.ratio(f"{name} / yardstick", reference=unit, subject=page, goal=goal("list"), clock=clock)
        report.fact(f"{name}: statements", statements(page), LIST_STATEMENTS)


def main(argv: list[str] | None = None) -> int:
    """Make a database, measure, drop it."""
    options = arguments("Filters, segments, quality and duplicates").parse_args(argv)
    with own_database():
        report = Report("filters", size=options.size, pairs=options.pairs)
        measure(House(options.size), report)
        return int(report.finish(options.json))


if __name__ == "__main__":
    raise SystemExit(main())
