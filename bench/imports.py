"""Benchmark of imports: clients and daily assets from CSV, checked, applied and audited, over a bare load of the same rows.

    python3 do.py bench imports --size s        # 5,000 rows a file; m: 100,000

The bare load reads the same lines with Python's csv and writes them set-based into the same table, and knows nothing of
types, doubles, batches, rejects or undo. A validated import of assets should cost at most 6 times that (performance.md, Part A
§5), one of clients 2.3 times (Part B §6: 8,000 against 18,400 rows a second).
"""

from __future__ import annotations

import csv
import io
import itertools
from datetime import timedelta
from typing import Any

from bench.data import LAST, House, clock_of_database, own_database
from bench.measure import Report, arguments

ROWS = {"s": 5_000, "m": 100_000, "l": 1_000_000}
CLIENTS_GOAL, ASSETS_GOAL = 2.3, 6.0
_CLIENTS = '[columns]\nexternal_id = "number"\nname = "name"\nopened_on = "opened"\ncity = "city"\n'
_ASSETS = '[columns]\nexternal_id = "number"\nnet_assets = "assets"\nturnover = "turnover"\ncommission = "commission"\n'


class Files:
    """New files of either kind, as many as are asked for."""

    def __init__(self, house: House, rows: int) -> None:
        self.house, self.rows = house, rows
        self._runs = itertools.count(1)

    def clients(self) -> bytes:
        run = next(self._runs)
        lines = [f"N{run}-{n},客户{n},2024-0{1 + n % 9}-1{n % 10},上海" for n in range(self.rows)]
        return "\n".join(["number,name,opened,city", *lines]).encode()

    def assets(self) -> tuple[bytes, Any]:
        """A file of the clients of the branch for a day that no file was for."""
        run = next(self._runs)
        count = min(self.rows, self.house.count)
        lines = [f"{n},{1000 + n * run}.25,{n % 977}.50,{n % 13}.10" for n in range(count)]
        return "\n".join(["number,assets,turnover,commission", *lines]).encode(), LAST + timedelta(days=run)


def bare_clients(house: House, raw: bytes) -> None:
    """Read, and write what is not there yet."""
    from django.utils import timezone

    from bench.data import unsaid
    from clients.models import Client
    from crm.core.importing import bulk
    from crm.core.public_ids import new_public_id

    own = ["public_id", "external_id", "name", "opened_on", "city"]
    same = {**unsaid(*own), "updated_at": timezone.now(), "branch_id": house.branch.pk}
    known = set(Client.objects.filter(branch=house.branch).values_list("external_id", flat=True))
    rows = (
        (*same.values(), new_public_id(), "B" + line["number"], line["name"], line["opened"], line["city"])
        for line in csv.DictReader(io.StringIO(raw.decode()))
        if "B" + line["number"] not in known
    )
    bulk.insert(Client, [*same, *own], rows)


def bare_assets(house: House, raw: bytes, day: Any) -> None:
    """Read, find the clients, write."""
    from clients.models import Client, DailyAsset
    from crm.core.importing import bulk

    known = dict(Client.objects.filter(branch=house.branch).values_list("external_id", "pk"))
    zero = dict.fromkeys(
        (
            "market_value",
            "cash",
            "margin_debt",
            "inflow",
            "outflow",
            "sum_net_assets",
            "sum_turnover",
            "sum_commission",
        ),
        0,
    )
    rows = (
        (
            *zero.values(),
            1,
            day,
            known[line["number"]],
            _fen(line["assets"]),
            _fen(line["turnover"]),
            _fen(line["commission"]),
        )
        for line in csv.DictReader(io.StringIO(raw.decode()))
    )
    names = [*zero, "days_on_file", "day", "client_id", "net_assets", "turnover", "commission"]
    bulk.insert(DailyAsset, names, rows)


def _fen(text: str) -> int:
    return int(text.replace(".", ""))


def measure(house: House, report: Report) -> None:
    """Both kinds, and that a second run of a file writes nothing."""
    from crm.core.access import system_user
    from crm.core.importing.mapping import parse
    from crm.core.services.importing import import_file

    files, clock = Files(house, ROWS[report.size]), clock_of_database()

    def bring(kind: str, mapping: str, raw: bytes, day: Any = None) -> Any:
        batch = import_file(
            actor=system_user(),
            kind=kind,
            branch=house.branch,
            file_name=f"{kind}.csv",
            raw=raw,
            mapping=parse(mapping),
            day=day,
        )
        assert batch.rejected == 0 and batch.state == "applied", (batch.state, batch.counts)
        return batch

    def assets() -> None:
        bring("assets", _ASSETS, *files.assets())

    found = report.ratio(
        "clients, checked and applied / bare load",
        reference=lambda: bare_clients(house, files.clients()),
        subject=lambda: bring("clients", _CLIENTS, files.clients()),
        goal=CLIENTS_GOAL,
        clock=clock,
    )
    report.fact("clients: rows a second of CPU", files.rows / max(found.subject_cpu, 1e-9))
    found = report.ratio(
        "assets, checked and applied / bare load",
        reference=lambda: bare_assets(house, *files.assets()),
        subject=assets,
        goal=ASSETS_GOAL,
        clock=clock,
    )
    report.fact("assets: rows a second of CPU", min(files.rows, house.count) / max(found.subject_cpu, 1e-9))
    raw = files.clients()
    bring("clients", _CLIENTS, raw)
    again = bring("clients", _CLIENTS, raw)
    report.fact("the same file again: rows written", again.changes, 0)


def main(argv: list[str] | None = None) -> int:
    """Make a database, measure, drop it."""
    options = arguments("Imports of clients and daily assets").parse_args(argv)
    with own_database():
        report = Report("imports", size=options.size, pairs=options.pairs)
        measure(House(options.size), report)
        return int(report.finish(options.json))


if __name__ == "__main__":
    raise SystemExit(main())
