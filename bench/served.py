"""Benchmark of the product as it is served: eight browsers at once, the memory of its processes, the weight of its list.

    python3 do.py bench served --size s
    DATABASE_URL=postgresql://postgres@127.0.0.1:5432/x python3 do.py bench served --size m

gunicorn with two processes, as the peers ran (performance.md, Part B §2 to §4), over HTTP on this machine; beside it the
yardstick under the same gunicorn. The goals are the paper's requests a second over those of its throw-away page (61 a second,
0.16 s for the slowest twentieth). Requests of the two are sent in turn, so that a busy machine slows both.
"""

from __future__ import annotations

import gzip
import http.client
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.chaos import own_place
from bench.measure import TOLERANCE, Ratio, Report, arguments
from bench.yardstick import LIST_BYTES
from launcher.environment import ROOT
from launcher.run import HOST, answers, choose_port

AT_ONCE, PROCESSES = 8, 2
#: Requests of one measurement, and those after which memory is looked at again (10,000 of them at size m).
ROUND = {"s": 80, "m": 400, "l": 400}
ROUNDS_OF_MEMORY = {"s": 3, "m": 25, "l": 25}
PAPER_PER_SECOND, PAPER_P95 = 61.0, 0.16
#: Requests a second that the paper asks for: page (§6), and REST list, detail and create.
PER_SECOND = {"list": 25.0, "rest list": 52.0, "rest detail": 80.0}
LIST_P95 = 0.45
MEMORY_MB, GROWTH = 195.0, 0.05
GZIP_LIST, GZIP_ALL, FILES = 10_000, 150_000, 10


@dataclass
class Site:
    """One gunicorn, and what a browser sends to it."""

    application: str
    headers: dict[str, str]
    port: int = field(default_factory=lambda: choose_port(8900))
    process: subprocess.Popen[bytes] | None = None

    @contextmanager
    def open(self, log: Path) -> Iterator[Site]:
        command = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn.conf.py"), "--no-control-socket"]
        command += ["--bind", f"{HOST}:{self.port}", "--threads", "4", self.application]
        environ = {**os.environ, "CRM_PROCESS": "web", "WEB_WORKERS": str(PROCESSES)}
        with log.open("ab") as out:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=out, stderr=subprocess.STDOUT)
        try:
            until = time.monotonic() + 60
            while not answers(self.port):
                if time.monotonic() > until or self.process.poll() is not None:
                    raise RuntimeError(f"{self.application} does not answer:\n{log.read_text()[-2000:]}")
                time.sleep(0.1)
            yield self
        finally:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)

    def look(self, address: str, times: int) -> list[float]:
        """Seconds that each of so many requests over one connection took."""
        line, took = http.client.HTTPConnection(HOST, self.port, timeout=60), []
        for _ in range(times):
            begun = time.perf_counter()
            line.request("GET", address, headers=self.headers)
            answer = line.getresponse()
            answer.read()
            took.append(time.perf_counter() - begun)
            if answer.status != 200:
                raise RuntimeError(f"{address}: {answer.status}")
        line.close()
        return took

    def crowd(self, address: str, times: int) -> tuple[float, float]:
        """Requests a second, and the 95th percentile in seconds, of eight who ask at once."""
        begun = time.perf_counter()
        with ThreadPoolExecutor(AT_ONCE) as browsers:
            each = [browsers.submit(self.look, address, times // AT_ONCE) for _ in range(AT_ONCE)]
            took = [seconds for one in each for seconds in one.result()]
        return len(took) / (time.perf_counter() - begun), statistics.quantiles(took, n=20)[-1]

    def memory(self) -> float:
        """MB that the master and its children need by themselves, what they share divided among them (PSS)."""
        assert self.process is not None
        own = self.process.pid
        children = map(int, Path(f"/proc/{own}/task/{own}/children").read_text().split())
        return sum(_pss(pid) for pid in [own, *children])


def _pss(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def measure(unit: Site, product: Site, api: Site, house: Any, report: Report) -> None:
    """All lines."""
    count = ROUND[report.size]
    for name, site, address in (
        ("list", product, "/clients/"),
        ("rest list", api, "/api/v1/clients/?page_size=50"),
        ("rest detail", api, f"/api/v1/clients/{house.client.public_id}/"),
    ):
        rate, slowest = _in_turn(unit, site, address, count, report.pairs)
        goal = round(PER_SECOND[name] / PAPER_PER_SECOND, 2)
        report.note(_ratio(f"{name}: requests a second, {AT_ONCE} at once / yardstick", rate, goal, at_least=True))
        if name == "list":
            goal = round(LIST_P95 / PAPER_P95, 1)
            report.note(_ratio("list: slowest twentieth / yardstick", slowest, goal, at_least=False))
    before = product.memory()
    for _ in range(ROUNDS_OF_MEMORY[report.size]):
        product.crowd("/clients/", count)
    after = product.memory()
    report.fact(f"MB of the web, {PROCESSES} processes and their master, after load", round(after, 1), MEMORY_MB)
    grown = round(max(0.0, after / before - 1), 3)
    report.fact(f"growth in {ROUNDS_OF_MEMORY[report.size] * count:,} requests", grown, GROWTH)
    _weigh(product, report)


def _in_turn(
    unit: Site, site: Site, address: str, count: int, pairs: int
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Requests a second and slowest twentieths, of the product with those of the yardstick before and after it."""
    site.crowd(address, count // 2)
    units, sites = [unit.crowd("/yardstick/", count)], []
    for _ in range(pairs):
        sites.append(site.crowd(address, count))
        units.append(unit.crowd("/yardstick/", count))

    def paired(which: int) -> list[tuple[float, float]]:
        around = [(one[which] + two[which]) / 2 for one, two in pairwise(units)]
        return [(mine[which], ours) for mine, ours in zip(sites, around, strict=True)]

    return paired(0), paired(1)


class ByTheWall(Ratio):
    """Both sides by the wall clock, as eight people at once feel it; the line ends with the two figures themselves."""

    def line(self) -> str:
        return f"{super().line().partition(' cpu ')[0]} {self.subject_cpu:.4g} / {self.reference_cpu:.4g}"


def _ratio(name: str, pairs: list[tuple[float, float]], goal: float, *, at_least: bool) -> Ratio:
    return ByTheWall(
        name=name,
        goal=goal,
        at_least=at_least,
        tolerance=TOLERANCE,
        samples=tuple(mine / reference for mine, reference in pairs),
        reference_cpu=statistics.median(reference for _mine, reference in pairs),
        subject_cpu=statistics.median(mine for mine, _reference in pairs),
        subject_wall=statistics.median(mine for mine, _reference in pairs),
    )


def _weigh(site: Site, report: Report) -> None:
    """The list as a browser gets it for the first time: its HTML and every file of ours that it names."""

    def body(address: str) -> bytes:
        line = http.client.HTTPConnection(HOST, site.port, timeout=60)
        line.request("GET", address, headers=site.headers)
        return line.getresponse().read()

    html = body("/clients/")
    named = set(re.findall(r'(?:src|href)="(/static/[^"#?]+)', html.decode()))
    strange = set(re.findall(r'(?:src|href)="(https?://[^"]+)', html.decode()))
    files = [len(gzip.compress(body(address))) for address in sorted(named)]
    report.fact("list: bytes of HTML", len(html), LIST_BYTES)
    report.fact("list: bytes of HTML, gzip", len(gzip.compress(html)), GZIP_LIST)
    report.fact("list: files of ours beside it", len(files), FILES)
    report.fact("list: bytes in all, gzip", sum(files) + len(gzip.compress(html)), GZIP_ALL)
    report.fact("list: addresses of other hosts", len(strange), 0)


def main(argv: list[str] | None = None) -> int:
    """In a process of its own: the product runs under its own settings, the other benchmarks under those of the tests."""
    given = sys.argv[1:] if argv is None else argv
    return subprocess.run([sys.executable, "-m", "bench.served", *given], cwd=ROOT).returncode


def _here() -> int:
    options = arguments("The product as it is served").parse_args()
    with own_place(None, "served") as folder, ExitStack() as stack:
        house = _furnished(options.size)
        report = Report("served", size=options.size, pairs=options.pairs)
        cookie, token = _signed_in(house.manager)
        unit = Site("bench._unit:application", {"X-User": str(house.manager.pk)})
        stack.enter_context(unit.open(folder / "unit.log"))
        product = Site("crm.wsgi:application", {"Cookie": cookie, "Accept-Language": "zh-hans"})
        stack.enter_context(product.open(folder / "web.log"))
        api = Site("crm.wsgi:application", {"Authorization": f"Token {token}"}, port=product.port)
        measure(unit, product, api, house, report)
        return int(report.finish(options.json))


def _furnished(size: str) -> Any:
    import django

    django.setup()
    from django.core.management import call_command

    from bench.data import House
    from crm.prepare import create_database_if_missing

    create_database_if_missing()
    call_command("migrate", verbosity=0, interactive=False)
    return House(size)


def _signed_in(user: Any) -> tuple[str, str]:
    """The cookie of a session and the token of a phone."""
    from django.conf import settings
    from django.test import Client as Browser

    from bench._deeds import _token

    browser = Browser()
    browser.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}", _token(user)


if __name__ == "__main__":
    raise SystemExit(_here())
