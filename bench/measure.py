"""Measuring on a machine that others use, too.

Seconds mean nothing there; what can be kept is the ratio of the CPU time of a subject to that of a reference that does
comparable work, both measured in turn: reference, subject, reference, subject, … Each subject is divided by the mean of
its two neighbours, and the answer is the median of at least seven such ratios. A goal counts as missed only if the whole
interquartile range lies beyond goal and tolerance; wall time is reported and never judged.

    report = Report("matching", size="s")
    report.ratio("solve / scoring", reference=scoring, subject=solving, goal=40)
    report.fact("gap", measured=0, goal=0)
    raise SystemExit(report.finish(json_path))

For work that the database does, hand in `clock=together(process_cpu, BackendCpu(pid))`.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

Work = Callable[[], object]
Clock = Callable[[], float]
Verdict = Literal["met", "within tolerance", "missed", "no goal"]

PAIRS = 7
TOLERANCE = 0.25
SHORTEST = 0.02
"""Seconds of CPU a single measurement should at least take; shorter work is repeated."""

process_cpu: Clock = time.process_time


class BackendCpu:
    """CPU seconds of one PostgreSQL backend, read from /proc on the same machine; with ``workers`` also of its parallel workers.

    To the nanosecond where the kernel keeps that (schedstat), else to a clock tick (mostly 10 ms, as much as a page costs).
    Workers are children of the postmaster and appear in its figures, in ticks, once they are reaped, so nothing else should
    open and close connections meanwhile. Work deferred to COMMIT counts only if the subject commits.
    """

    def __init__(self, backend_pid: int, *, workers: bool = False) -> None:
        self.backend = backend_pid
        self.postmaster = int(_stat(backend_pid)[1]) if workers else 0

    def __call__(self) -> float:
        own = _seconds(self.backend)
        return own + _ticks(_stat(self.postmaster)[13:15]) if self.postmaster else own


def _seconds(pid: int) -> float:
    """CPU of a process with one thread, as every backend is."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9
    except OSError:  # a kernel without CONFIG_SCHED_INFO
        return _ticks(_stat(pid)[11:13])


def _ticks(counted: list[str]) -> float:
    return sum(map(int, counted)) / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    """Fields of /proc/<pid>/stat after the command name; [1] parent, [11] utime, [12] stime, [13], [14] children's."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()


def grown(work: Work, pid: int) -> float:
    """MB by which a process' own memory (not its page cache, not what it shares) grew at most while ``work`` ran.

    Looked at every fifth of a second in /proc, so a short peak between two looks is missed.
    """
    before = peak = _private(pid)
    over = threading.Event()

    def look() -> None:
        nonlocal peak
        while not over.wait(0.2):
            peak = max(peak, _private(pid))

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        work()
    finally:
        over.set()
        watcher.join()
    return max(peak, _private(pid)) - before


def _private(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:")) / 1024


def together(*clocks: Clock) -> Clock:
    """One clock that adds up several, e.g. this process and the database's backend."""
    return lambda: sum(clock() for clock in clocks)


@dataclass(frozen=True)
class Ratio:
    """Subject's CPU time over the reference's. `at_least`: the goal is a lower limit (so many times faster)."""

    name: str
    goal: float | None
    at_least: bool
    tolerance: float
    samples: tuple[float, ...]
    reference_cpu: float
    subject_cpu: float
    subject_wall: float

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    @property
    def quartiles(self) -> tuple[float, float]:
        if len(self.samples) < 2:
            return self.samples[0], self.samples[0]
        low, _, high = statistics.quantiles(self.samples, n=4, method="inclusive")
        return low, high

    @property
    def verdict(self) -> Verdict:
        """Met by the median; missed only if all of the interquartile range is beyond goal and tolerance."""
        if self.goal is None:
            return "no goal"
        low, high = self.quartiles
        if self.at_least:
            met, missed = self.median >= self.goal, high < self.goal / (1 + self.tolerance)
        else:
            met, missed = self.median <= self.goal, low > self.goal * (1 + self.tolerance)
        return "met" if met else "missed" if missed else "within tolerance"

    def line(self) -> str:
        low, high = self.quartiles
        goal = "" if self.goal is None else f"goal {'>=' if self.at_least else '<='} {self.goal:g}"
        return (
            f"{self.name:<52} {self.median:9.3g}  [{low:.3g} … {high:.3g}]  {goal:<14} {self.verdict:<17}"
            f" cpu {self.subject_cpu:.4f} s / {self.reference_cpu:.4f} s, wall {self.subject_wall:.4f} s"
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "ratio": round(self.median, 4),
            "quartiles": [round(value, 4) for value in self.quartiles],
            "goal": self.goal,
            "at_least": self.at_least,
            "verdict": self.verdict,
        }


@dataclass(frozen=True)
class Fact:
    """A number that is counted, not timed (gap, statements, rows): no tolerance."""

    name: str
    measured: float
    goal: float | None
    at_least: bool = False

    @property
    def verdict(self) -> Verdict:
        if self.goal is None:
            return "no goal"
        met = self.measured >= self.goal if self.at_least else self.measured <= self.goal
        return "met" if met else "missed"

    def line(self) -> str:
        goal = "" if self.goal is None else f"goal {'>=' if self.at_least else '<='} {self.goal:g}"
        return f"{self.name:<52} {self.measured:9.6g}  {'':<17}  {goal:<14} {self.verdict}"

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "measured": self.measured, "goal": self.goal, "verdict": self.verdict}


def measure_ratio(
    name: str,
    *,
    reference: Work,
    subject: Work,
    goal: float | None = None,
    at_least: bool = False,
    pairs: int = PAIRS,
    tolerance: float = TOLERANCE,
    clock: Clock = process_cpu,
) -> Ratio:
    """Measure in turn after one warm-up of each; short work is repeated until a measurement means something."""
    repeats = {work: _repeats(work, clock) for work in (reference, subject)}
    references = [_time(reference, repeats[reference], clock)]
    subjects = []
    for _ in range(max(pairs, 1)):
        subjects.append(_time(subject, repeats[subject], clock))
        references.append(_time(reference, repeats[reference], clock))
    samples = tuple(
        2 * timed[0] / max(before[0] + after[0], 1e-9)
        for timed, before, after in zip(subjects, references, references[1:], strict=False)
    )
    return Ratio(
        name=name,
        goal=goal,
        at_least=at_least,
        tolerance=tolerance,
        samples=samples,
        reference_cpu=statistics.median(cpu for cpu, _ in references),
        subject_cpu=statistics.median(cpu for cpu, _ in subjects),
        subject_wall=statistics.median(wall for _, wall in subjects),
    )


def _repeats(work: Work, clock: Clock) -> int:
    """Run once to warm up and once to see how often it fits into the shortest measurement."""
    work()
    return max(1, min(1000, round(SHORTEST / max(_time(work, 1, clock)[0], 1e-5))))


def _time(work: Work, repeats: int, clock: Clock) -> tuple[float, float]:
    """CPU and wall seconds of one run, the collector switched off."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        wall, cpu = time.perf_counter(), clock()
        for _ in range(repeats):
            work()
        return (clock() - cpu) / repeats, (time.perf_counter() - wall) / repeats
    finally:
        if collecting:
            gc.enable()


Line = TypeVar("Line", Ratio, Fact)


@dataclass
class Report:
    """All ratios and facts of one benchmark; prints each as it comes."""

    title: str
    size: str
    pairs: int = PAIRS
    lines: list[Ratio | Fact] = field(default_factory=list)

    def ratio(self, name: str, *, reference: Work, subject: Work, **options: Any) -> Ratio:
        """Measure with this report's number of pairs and note the result; options as in `measure_ratio`."""
        options.setdefault("pairs", self.pairs)
        return self.note(measure_ratio(name, reference=reference, subject=subject, **options))

    def fact(self, name: str, measured: float, goal: float | None = None, *, at_least: bool = False) -> Fact:
        return self.note(Fact(name, measured, goal, at_least))

    def note(self, line: Line) -> Line:
        print(line.line(), flush=True)
        self.lines.append(line)
        return line

    @property
    def missed(self) -> list[str]:
        return [line.name for line in self.lines if line.verdict == "missed"]

    def regressions(self, baseline: dict[str, float]) -> list[str]:
        """Ratios whose whole interquartile range is more than the tolerance worse than the recorded ratio."""
        worse = []
        for line in self.lines:
            if isinstance(line, Ratio) and line.name in baseline:
                low, high = line.quartiles
                known = baseline[line.name]
                slower = high < known / (1 + line.tolerance) if line.at_least else low > known * (1 + line.tolerance)
                if slower:
                    worse.append(line.name)
        return worse

    def as_json(self) -> dict[str, Any]:
        return {"benchmark": self.title, "size": self.size, "results": [line.as_json() for line in self.lines]}

    def finish(self, json_path: str | None = None) -> int:
        """Write the JSON where asked ("-" = stdout); the exit code is 1 if a goal was missed."""
        if json_path:
            text = json.dumps(self.as_json(), indent=1, ensure_ascii=False)
            if json_path == "-":
                print(text)
            else:
                Path(json_path).write_text(text + "\n", encoding="utf-8")
        for name in self.missed:
            print(f"missed: {name}", file=sys.stderr)
        return 1 if self.missed else 0


def arguments(description: str, sizes: tuple[str, ...] = ("s", "m", "l")) -> argparse.ArgumentParser:
    """The options every benchmark has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--size", choices=sizes, default=sizes[0])
    parser.add_argument("--pairs", type=int, default=PAIRS, help="measurements of each ratio (default %(default)s)")
    parser.add_argument("--json", metavar="PATH", help='write the results as JSON; "-" for stdout')
    return parser
