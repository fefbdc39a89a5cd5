"""A made-up branch for benchmarks: clients with Chinese names, contacts and daily assets, written set by set.

Seeded: the same size is the same branch. It goes into a database of its own (Django's test database beside the one that
DATABASE_URL names, or a temporary SQLite file), never into anybody's data. Sizes: s = 2,000 clients, m = 100,000 with 60 days,
l = 1,000,000 with 60 days (a few GB; by hand).
"""

from __future__ import annotations

import atexit
import contextlib
import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

SIZES = {"s": (2_000, 60), "m": (100_000, 60), "l": (1_000_000, 60)}
SEED = 1
LAST = date(2026, 6, 30)
CONTACTS_EACH = 3
ADVISORS = 20
_FAMILY = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰文建国志和可"
#: Who is looked for: a full name that one client bears, the commonest family name, a tail, and nobody.
FULL_NAME, SURNAME, TAIL, NOBODY = "欧阳和可", "李", "8000", "诸葛无名"


#: The tables of a new house on SQLite, made once for all benchmarks of a process and copied for the others.
_EMPTY = Path(tempfile.mkdtemp(prefix="crm-bench-")) / "empty.sqlite3"
atexit.register(shutil.rmtree, _EMPTY.parent, ignore_errors=True)


@contextlib.contextmanager
def own_database() -> Iterator[None]:
    """An empty database with today's tables, gone afterwards."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings.testing")
    if os.environ["DJANGO_SETTINGS_MODULE"] == "crm.settings":
        os.environ["DJANGO_SETTINGS_MODULE"] = "crm.settings.testing"  # never the folder of a house in use
    import django

    django.setup()
    from django.db import connection

    name = connection.settings_dict["NAME"]
    if connection.vendor == "postgresql":
        connection.settings_dict.setdefault("TEST", {})["NAME"] = f"bench_{os.getpid()}"
        _make(name, keepdb=False)
    elif _EMPTY.exists():
        shutil.copyfile(_EMPTY, connection.settings_dict["TEST"]["NAME"])
        _make(name, keepdb=True)
    else:
        _make(name, keepdb=False)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(_EMPTY)])
    try:
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def _make(name: str, *, keepdb: bool) -> None:
    from django.db import connection

    made = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False, keepdb=keepdb)
    if made == name:
        raise RuntimeError(f"{name} is the house's own database: another benchmark did not give its name back")


def clock_of_database() -> Any:
    """CPU of this process, and of the PostgreSQL backend that works for it."""
    from django.db import connection

    from bench.measure import BackendCpu, process_cpu, together

    if connection.vendor != "postgresql":
        return process_cpu
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return together(process_cpu, BackendCpu(cursor.fetchone()[0]))


def weekdays(count: int) -> list[date]:
    """The last ``count`` weekdays up to the end of June 2026."""
    found: list[date] = []
    day = LAST
    while len(found) < count:
        if day.weekday() < 5:
            found.append(day)
        day -= timedelta(days=1)
    return found[::-1]


def analyse() -> None:
    """Let the database know what it holds, as it does by itself at night."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


class House:
    """One branch with its staff; ``fill`` writes clients, contacts and days."""

    def __init__(self, size: str) -> None:
        from crm.core.models import Branch, Company, Region

        self.count, self.days = SIZES[size][0], weekdays(SIZES[size][1])
        company = Company.objects.create(code="BENCH", name="示范证券")
        region = Region.objects.create(company=company, code="E", name="华东")
        self.branch = Branch.objects.create(code="BENCH", name="示范营业部", company=company, region=region)
        self.manager = self._member("B0001", "branch_manager")
        self.advisors = [self._member(f"B1{n:03}", "advisor") for n in range(ADVISORS)]
        self._rng = random.Random(SEED)
        self._fill()

    def _member(self, number: str, role: str) -> Any:
        from django.contrib.auth.models import Group

        from crm.core.models import User

        member = User.objects.create(
            staff_number=number, name=f"员工{number}", company=self.branch.company, branch=self.branch
        )
        member.groups.add(Group.objects.get(name=role))
        return member

    def _fill(self) -> None:

        from clients.models import Client
        from crm.core.access import system_user
        from tiers.services.evaluation import evaluate, programme_or_default

        self._clients()
        rows = Client.objects.filter(branch=self.branch).order_by("pk")
        self.first = rows.values_list("pk", flat=True)[0]
        self._contacts(rows)
        self._assets()
        programme = programme_or_default(self.branch, self.days[-1])
        evaluate(branch=self.branch, day=self.days[-1], actor=system_user(), programme=programme)
        self.client = self._probe(rows)
        self.settle()

    @staticmethod
    def settle() -> None:
        """After much was written: let the database know what it holds."""
        analyse()

    def _name(self, number: int) -> str:
        if number == self.count // 2:
            return FULL_NAME
        longer = self._rng.choice(_GIVEN) if self._rng.random() < 0.7 else ""
        return self._rng.choice(_FAMILY) + self._rng.choice(_GIVEN) + longer

    def _clients(self) -> None:
        from django.utils import timezone

        from clients.models import Client
        from clients.services.identity_facts import following
        from crm.core.importing import bulk
        from crm.core.public_ids import new_public_id

        now = timezone.now()
        own = ["public_id", "branch_id", "external_id", "name", "pinyin", "initials", "name_grams"]
        own += ["phone_tail", "total_assets", "advisor_id", "last_contact_at", "opened_on"]
        same = {**unsaid(*own), "updated_at": now, "assets_on": self.days[-1], "risk_grade": "C3"}
        names = [*same, *own]

        def rows() -> Iterator[tuple[Any, ...]]:
            for number in range(self.count):
                name = self._name(number)
                facts = following({"name": name}, kind="person")
                yield (
                    *same.values(),
                    new_public_id(),
                    self.branch.pk,
                    f"{number}",
                    name,
                    facts["pinyin"],
                    facts["initials"],
                    facts["name_grams"],
                    f"{(number * 7919) % 10_000:04}",
                    self._fen(number),
                    self.advisors[number % ADVISORS].pk,
                    now - timedelta(hours=number % 5000),
                    date(2020, 1, 1) + timedelta(days=number % 2000),
                )

        bulk.insert(Client, names, rows())

    @staticmethod
    def _fen(number: int) -> int:
        """Assets spread over all tiers."""
        return 1_000_000 * (1 + number % 9) * (1 + number % 1013)

    def _contacts(self, rows: Any) -> None:
        from django.db.models import CharField, TextField

        from clients.models import ContactLog
        from crm.core.importing import bulk
        from crm.core.public_ids import new_public_id

        texts = (field for field in ContactLog._meta.concrete_fields if isinstance(field, CharField | TextField))
        same = {field.attname: field.get_default() for field in texts if field.name not in {"public_id", "content"}}
        same |= {"channel": "phone"}
        names = [*same, "public_id", "client_id", "at", "created_at", "staff_id", "content"]
        noon = datetime.combine(LAST, time(4), UTC)
        pairs = list(rows.values_list("pk", "advisor_id"))  # read before: nothing else may be asked during a COPY

        def lines() -> Iterator[tuple[Any, ...]]:
            for place, (pk, advisor) in enumerate(pairs):
                for number in range(CONTACTS_EACH):
                    at = noon - timedelta(days=number * 9, minutes=place % 1000)
                    yield (*same.values(), new_public_id(), pk, at, at, advisor, "介绍近期市场波动与应对思路")

        bulk.insert(ContactLog, names, lines())

    def _assets(self) -> None:
        """Each day in one statement, running sums in closed form."""
        from django.db import connection

        base = f"(1000000 * (1 + (c.id - {self.first}) % 9) * (1 + (c.id - {self.first}) % 1013))"
        amounts = ", ".join(["0"] * 7)
        with connection.cursor() as cursor:
            for number, day in enumerate(self.days, 1):
                cursor.execute(
                    "INSERT INTO clients_dailyasset (day, client_id, net_assets, market_value, cash, margin_debt, inflow,"
                    " outflow, turnover, commission, sum_net_assets, sum_turnover, sum_commission, days_on_file)"
                    f" SELECT '{day}', c.id, {base}, {amounts}, {base} * {number}, 0, 0, {number}"
                    f" FROM clients_client c WHERE c.branch_id = {self.branch.pk} ORDER BY c.id"
                )
                cursor.execute(
                    "INSERT INTO clients_branchday (branch_id, day, clients, net_assets, inflow, outflow, turnover,"
                    f" commission) VALUES ({self.branch.pk}, '{day}', {self.count}, 0, 0, 0, 0, 0)"
                )

    def _probe(self, rows: Any) -> Any:
        """The client whose page is opened: one with a phone and documents under seal."""
        client = rows.get(external_id=f"{self.count // 2}")
        client.phone, client.address, client.city = "13900008000", "上海市静安区南京西路 1 号", "上海"
        client.save()
        return client


def unsaid(*said: str) -> dict[str, Any]:
    """The columns of a client of which nothing is said, with what they then hold, ready for the database."""
    from django.db.models import JSONField

    from clients.models import Client

    columns = [field for field in Client._meta.concrete_fields if not field.primary_key and field.attname not in said]
    return {
        field.attname: "{}" if isinstance(field, JSONField) else field.get_default()
        for field in columns
        if field.has_default() or (not field.null and field.empty_strings_allowed)
    }
