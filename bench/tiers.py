"""Benchmark of the evaluation: a night's run over one plain scan of all daily assets, on whichever engine is set.

    python -m bench.tiers --size s     # 20,000 clients x 60 days; m: 100,000 x 60; l: 1,000,000 x 60
    DATABASE_URL=postgresql://postgres@127.0.0.1:5432/x python -m bench.tiers --size m

It makes a database of its own (named bench_tiers beside the one in DATABASE_URL) and drops it. One in a hundred clients lacks
a row on one of the two days that the window needs, one in two hundred opened in the window: the slow path is measured, too.
"""

from __future__ import annotations

import os
import sys
from datetime import date, timedelta
from typing import Any

SIZES = {"s": (20_000, 60), "m": (100_000, 60), "l": (1_000_000, 60)}
#: Natural days: the window of the night, and a short and a long one to compare.
WINDOW, SHORT, LONG = 30, 20, 80
SCAN_GOAL, WINDOW_GOAL = 1.5, 1.3
#: A loop that saves client by client is to cost a hundred times as much; it is run over one client in fifty.
PLAIN_GOAL, PLAIN_SHARE = 100, 50
#: A move must answer within a second at 100,000 clients; the figures are laid out once for many moves, without a goal.
MOVE_GOAL = 0.5
#: MB: a night's work is the database's, this process holds counts, however many clients there are (SQLite holds its pages).
MEMORY_GOAL = 64
#: The trees below look back over three windows where a ladder of bounds looks over one: they may cost three times as much.
TREE_GOAL = 3
LAST = date(2026, 6, 30)
#: Clients made at once; a whole number of the patterns of gaps below.
BLOCK = 10_000


def days_until_last(count: int) -> list[date]:
    """The last ``count`` weekdays up to the end of June 2026."""
    found: list[date] = []
    day = LAST
    while len(found) < count:
        if day.weekday() < 5:
            found.append(day)
        day -= timedelta(days=1)
    return found[::-1]


class Book:
    """Made-up clients of one branch with their daily assets, filled in SQL."""

    def __init__(self, clients: int, days: list[date]) -> None:
        from crm.core.access import system_user
        from crm.core.models import Branch, Company
        from tiers.services.programmes import seed_default_programme

        self.clients, self.days = clients, days
        company = Company.objects.create(code=f"B{clients}-{len(days)}", name="Bench")
        self.branch = Branch.objects.create(code=f"B{clients}-{len(days)}", name="Bench", company=company)
        self.programme = seed_default_programme(company=company, actor=system_user())
        self._make_clients()
        self._make_days()

    def _make_clients(self) -> None:
        """The first block by the mapper; the others are copies of it, made in SQL at a tenth of the time."""
        from clients.models import Client

        Client.objects.bulk_create(
            Client(branch=self.branch, external_id=str(n), assets_on=self.days[-2 if n % 200 == 7 else -1])
            for n in range(min(BLOCK, self.clients))
        )
        self.first = Client.objects.filter(branch=self.branch).order_by("pk").values_list("pk", flat=True)[0]
        for start in range(BLOCK, self.clients, BLOCK):
            self._copy_block(start)

    def _copy_block(self, start: int) -> None:
        from django.db import connection

        from clients.models import Client

        said = {
            "public_id": f"SUBSTR(c.public_id, 1, 18) || '{start:08d}'",
            "external_id": f"CAST(CAST(c.external_id AS integer) + {start} AS varchar)",
        }
        columns = [str(field.column) for field in Client._meta.concrete_fields if not field.primary_key]
        values = ", ".join(said.get(column, f"c.{column}") for column in columns)
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO clients_client ({', '.join(columns)}) SELECT {values} FROM clients_client c"
                f" WHERE c.branch_id = {self.branch.pk} AND c.id < {self.first + min(BLOCK, self.clients - start)} ORDER BY c.id"
            )

    def _make_days(self) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            for number, day in enumerate(self.days, 1):
                self._make_day(cursor, number, day)
            if connection.vendor == "postgresql":
                connection.commit()
                cursor.execute("VACUUM ANALYZE clients_dailyasset")
            else:
                cursor.execute("ANALYZE")

    def _make_day(self, cursor: Any, number: int, day: date) -> None:
        """Assets spread over all tiers by client, running sums in closed form.

        1 client in 200 lacks the last day, 1 in 200 lacks each day before a measured window, 1 in 200 opened lately.
        """
        place = f"(c.id - {self.first})"
        base = f"(1000000 * (1 + {place} % 9) * (1 + {place} % 1013))"
        last = len(self.days)
        gaps = [
            max(n for n, on in enumerate(self.days, 1) if on <= LAST - timedelta(days=w)) for w in (WINDOW, SHORT, LONG)
        ]
        without = ["1 = 0"]
        if number == last:
            without.append(f"{place} % 200 = 7")
        if number in gaps:
            without.append(f"{place} % 200 = 11")
        if number <= last - 12:
            without.append(f"{place} % 200 = 13")
        before = sum(gap < number for gap in set(gaps))
        start = f"CASE {place} % 200 WHEN 13 THEN {last - 12} WHEN 11 THEN {before} ELSE 0 END"
        cursor.execute(
            "INSERT INTO clients_dailyasset (day, client_id, net_assets, market_value, cash, margin_debt, inflow, outflow,"
            " turnover, commission, sum_net_assets, sum_turnover, sum_commission, days_on_file)"
            f" SELECT '{day}', c.id, {base}, 0, 0, 0, 0, 0, 0, 0, {base} * ({number} - {start}), 0, 0, {number} - {start}"
            f" FROM clients_client c WHERE c.branch_id = {self.branch.pk} AND NOT ({' OR '.join(without)}) ORDER BY c.id"
        )
        cursor.execute(
            "INSERT INTO clients_branchday (branch_id, day, clients, net_assets, inflow, outflow, turnover, commission)"
            f" VALUES ({self.branch.pk}, '{day}', {self.clients}, 0, 0, 0, 0, 0)"
        )

    def scan(self) -> None:
        """The reference: one aggregate over every row of this book's days, read in the table's own order."""
        from django.db import connection

        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET max_parallel_workers_per_gather = 0")
            cursor.execute("SELECT SUM(net_assets) FROM clients_dailyasset")
            cursor.fetchone()

    def unsettle(self) -> None:
        """Put 1 in 100 clients into the lowest tier, so that a run has a night's moves to make."""
        from django.db import connection

        lowest = self.programme.tiers.get(rank=1).pk
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE tiers_tierstate SET tier_id = {lowest} WHERE client_id % 100 = 3"
                f" AND client_id BETWEEN {self.first} AND {self.first + self.clients}"
            )

    def evaluate(self, window: int) -> Any:
        """A whole run as the service does it, with history, audit and commit."""
        from crm.core.access import system_user
        from crm.core.models import Policy
        from tiers.services.evaluation import evaluate

        Policy.objects.filter(policy_key="tier.window_days").update(value=window)
        return evaluate(branch=self.branch, day=LAST, actor=system_user(), programme=self.programme)

    def lay_out(self) -> None:
        """The sheet of the simulator, as the page asks for it."""
        from django.utils import timezone

        from crm.core.access import system_user
        from tiers.services.simulation import lay_out

        self.sheet = lay_out(branch=self.branch, programme=self.programme, actor=system_user(), now=timezone.now())
        self.moves = 0

    def move(self) -> None:
        """One move of a bound: who goes where at what price, and the first page of those who move."""
        from tiers.models import Tier
        from tiers.services.simulation import bounds_of, tell

        self.moves += 1
        stands = bounds_of(list(Tier.objects.filter(programme=self.programme)))
        tried = {rank: bound - (20 + self.moves % 30) * bound // 100 for rank, bound in stands.items()}
        tell(self.sheet, tried, with_commission=True)
        movers = self.sheet.rows.movers(stands, tried).select_related("client")
        list(movers.order_by("-average", "-pk")[:21])

    def draw_trees(self) -> None:
        """The same ladder once more, each bound as a tree: AND in OR, another window, a year's sums, a weighted sum."""
        from dataclasses import replace

        from crm.core.access import system_user
        from tiers.models import Tier
        from tiers.services.programmes import ProgrammePlan, TierPlan, create_programme
        from tiers.services.questions import question

        tiers = list(Tier.objects.filter(programme=self.programme).order_by("rank"))
        plans = [TierPlan(t.code, t.name_en, t.name_zh, None, rule=tree(t.lower_bound)) for t in tiers]
        plan = ProgrammePlan("trees", "Trees", "Trees", date(2000, 1, 1), tuple(plans))
        trees = create_programme(actor=system_user(), plan=plan, company=self.branch.company, activate=True)
        self.by_bounds = question(self.branch, self.programme, LAST)
        asked = question(self.branch, trees, LAST)
        # Whoever stands in a tier stands in the one of the same rank: what is decided includes who falls, and when.
        rungs = [replace(rung, pk=tier.pk) for rung, tier in zip(asked.rungs, tiers, strict=True)]
        self.by_trees = replace(asked, rungs=rungs)

    def decide(self, asked: Any) -> dict[str, int]:
        """Measure every client, place him and say what happens to him; nothing of it is kept."""
        from django.db import connection, transaction

        from tiers import evaluation_sql as sql

        with transaction.atomic(), connection.cursor() as cursor:
            sql.measure(cursor, asked)
            sql.decide(cursor, asked)
            steps = sql.count_steps(cursor)
            sql.clear(cursor)
        return dict(steps)

    def plain_night(self, share: int) -> None:
        """What a loop with a save a client would do, for one client in ``share``: sum his days, find his tier, save it.

        It keeps no history and no proof, so it does less than the night that it stands beside.
        """
        from django.db.models import Count, Sum

        from clients.models import Client, DailyAsset
        from tiers.models import TierState

        tiers = list(self.programme.tiers.order_by("-rank"))
        since = LAST - timedelta(days=WINDOW)
        for client in Client.objects.filter(branch=self.branch, pk__lt=self.first + self.clients // share):
            days = DailyAsset.objects.filter(client=client, day__gt=since, day__lte=LAST)
            known = days.aggregate(total=Sum("net_assets"), count=Count("*"))
            average = (known["total"] or 0) / max(known["count"], 1)
            tier = next((one for one in tiers if average >= (one.lower_bound or 0)), tiers[-1])
            TierState.objects.update_or_create(client=client, defaults={"tier": tier})

    def night(self, window: int = WINDOW) -> None:
        """One night: a hundredth of the clients moves up, with history, audit and commit."""
        self.unsettle()
        self.evaluate(window)


def tree(bound: Any) -> dict[str, Any]:
    """A rule that holds where a plain bound on the average would, told the long way; nothing for the lowest tier."""
    if bound is None:
        return {}
    reached, half = str(bound), str(bound / 2)
    recent = {"metric": "average_trading", "span": 20}
    traded = [{"metric": name, "span": 12, "at_least": "1.00"} for name in ("turnover", "commission")]
    terms = [{"weight": "0.7", "metric": "average"}, {"weight": "0.3", **recent}]
    return {
        "any": [
            {"all": [{"metric": "average", "at_least": reached}, {"metric": "month_end", "at_least": half}]},
            {"all": [{**recent, "at_least": reached}, {"any": traded}]},
            {"metric": "weighted", "terms": terms, "at_least": reached},
        ]
    }


def measure_trees(book: Book, report: Any, clock: Any) -> None:
    """Rules as trees against a plain ladder with the same bounds: the book is measured and judged, falls wait their months."""
    book.unsettle()
    book.draw_trees()
    told = [book.decide(asked) for asked in (book.by_bounds, book.by_trees)]
    otherwise = sum(abs(told[0].get(step, 0) - told[1].get(step, 0)) for step in {*told[0], *told[1]})
    report.fact("clients whom the trees judge otherwise", otherwise, 0)
    report.ratio(
        "judged by trees / by bounds",
        reference=lambda: book.decide(book.by_bounds),
        subject=lambda: book.decide(book.by_trees),
        goal=TREE_GOAL,
        clock=clock,
    )


def measure(size: str, report: Any) -> None:
    """All lines of the report for the engine that is set."""
    clients, count = SIZES[size]
    book = Book(clients, days_until_last(count))
    measure_book(book, report)


def measure_book(book: Book, report: Any) -> None:
    """As above, of a book that is there."""
    from django.db import connection

    from bench.measure import BackendCpu, grown, process_cpu, together

    clock, backend = process_cpu, 0
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            backend = cursor.fetchone()[0]
        clock = together(process_cpu, BackendCpu(backend, workers=True))
    first = book.evaluate(WINDOW)
    report.fact("clients graded at first", first.steps.get("first", 0), book.clients * 0.99, at_least=True)
    second = book.evaluate(WINDOW)
    report.fact("rows written by a second run of the day", second.written, 0)
    book.unsettle()
    third = book.evaluate(WINDOW)
    report.fact("rows written / rows to change", third.written / max(third.moved, 1), 1)
    report.fact("MB by which this process grew in a night", round(grown(book.night, os.getpid()), 1), MEMORY_GOAL)
    if backend:
        report.fact("MB by which the server's process grew in a night", round(grown(book.night, backend), 1))
    report.ratio("night / scan", reference=book.scan, subject=book.night, goal=SCAN_GOAL, clock=clock)
    report.ratio(
        f"plain loop over 1 in {PLAIN_SHARE} / night of all",
        reference=book.night,
        subject=lambda: book.plain_night(PLAIN_SHARE),
        goal=PLAIN_GOAL / PLAIN_SHARE,
        at_least=True,
        pairs=1,
        clock=clock,
    )
    report.ratio(
        f"window {LONG} / window {SHORT}",
        reference=lambda: book.night(SHORT),
        subject=lambda: book.night(LONG),
        goal=WINDOW_GOAL,
        clock=clock,
    )
    measure_trees(book, report, clock)
    measure_moves(book, report, clock)


def measure_moves(book: Book, report: Any, clock: Any) -> None:
    """The simulator: laying the figures out, and a move of a bound, each over one scan of the same book."""
    report.ratio("lay out / scan", reference=book.scan, subject=book.lay_out, clock=clock)
    report.ratio("move of a bound / scan", reference=book.scan, subject=book.move, goal=MOVE_GOAL, clock=clock)


def main(argv: list[str] | None = None) -> int:
    """Make a database, measure, drop it."""
    from bench.data import own_database
    from bench.measure import Report, arguments

    options = arguments("Evaluation of tiers").parse_args(argv)
    with own_database():
        report = Report("tiers", size=options.size, pairs=options.pairs)
        measure(options.size, report)
        return int(report.finish(options.json))


if __name__ == "__main__":
    sys.exit(main())
