"""Ratios are judged by their whole interquartile range, so a noisy machine fails nobody and a slow change is found."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE

import pytest

from bench import __main__ as command
from bench.measure import BackendCpu, Fact, Ratio, Report, measure_ratio, together

pytestmark = pytest.mark.nodb


def ratio(*samples: float, goal: float | None = 1.0, at_least: bool = False) -> Ratio:
    return Ratio("solve / scoring", goal, at_least, 0.25, samples, 1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("samples", "verdict"),
    [
        ((0.9, 1.0, 9.0), "met"),
        ((1.1, 1.2, 1.3), "within tolerance"),
        ((1.2, 5.0, 5.0, 5.0, 1.0, 1.1, 5.0), "within tolerance"),
        ((1.3, 1.4, 1.5), "missed"),
    ],
)
def test_a_goal_is_missed_only_if_the_whole_interquartile_range_is_beyond(samples: tuple[float, ...], verdict: str):
    assert ratio(*samples).verdict == verdict
    assert ratio(*(1 / sample for sample in samples), at_least=True).verdict == verdict


def test_a_ratio_without_goal_is_only_reported():
    assert ratio(99.0, goal=None).verdict == "no goal"


def test_work_that_takes_three_times_as_long_measures_three(monkeypatch: pytest.MonkeyPatch):
    now = 0.0

    def spend(seconds: float) -> None:
        nonlocal now
        now += seconds

    measured = measure_ratio(
        "three", reference=lambda: spend(0.5), subject=lambda: spend(1.5), clock=lambda: now, goal=2
    )

    assert measured.median == pytest.approx(3)
    assert len(measured.samples) == 7
    assert measured.verdict == "missed"


def test_a_machine_that_slows_down_meanwhile_does_not_change_the_ratio():
    now, pace = 0.0, iter(1 + step / 10 for step in range(100))

    def spend(seconds: float) -> None:
        nonlocal now
        now += seconds * next(pace)

    measured = measure_ratio("two", reference=lambda: spend(1), subject=lambda: spend(2), clock=lambda: now)

    assert measured.median == pytest.approx(2, rel=0.01)


#: Another process that works for a few milliseconds, less than a clock tick, whenever it is asked.
WORKER = "import sys\nfor _ in sys.stdin: print(sum(range(100_000)), flush=True)"


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="this kernel counts in clock ticks only")
def test_the_backend_clock_sees_what_another_process_does_in_less_than_a_tick():
    with subprocess.Popen([sys.executable, "-c", WORKER], stdin=PIPE, stdout=PIPE, text=True) as other:
        assert other.stdin and other.stdout
        backend, seen = BackendCpu(other.pid), []
        for _ in range(11):
            before = backend()
            print("go", file=other.stdin, flush=True)
            other.stdout.readline()
            seen.append(backend() - before)
        other.stdin.close()

    assert all(0 < spent < 0.5 for spent in seen[1:])


def test_clocks_add_up():
    assert together(lambda: 1.5, lambda: 2.0)() == 3.5


def test_the_report_keeps_results_as_json_and_fails_for_a_missed_goal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    report = Report("matching", "s")
    report.fact("gap", 0, 0)
    assert report.finish() == 0
    report.fact("rows written", 2, 1)

    assert report.finish(str(tmp_path / "out.json")) == 1

    kept = json.loads((tmp_path / "out.json").read_text())
    assert (kept["benchmark"], kept["size"]) == ("matching", "s")
    assert [result["verdict"] for result in kept["results"]] == ["met", "missed"]
    assert "missed: rows written" in capsys.readouterr().err


def test_a_regression_is_a_ratio_wholly_worse_than_the_recorded_one():
    report = Report("matching", "s", lines=[ratio(2.0, 2.1, 2.2, goal=40), Fact("gap", 0, 0)])

    assert report.regressions({"solve / scoring": 1.5}) == ["solve / scoring"]
    assert report.regressions({"solve / scoring": 1.9}) == []
    assert report.regressions({"another": 0.1}) == []


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[str]]]:
    calls: list[list[str]] = []

    class Benchmark:
        @staticmethod
        def main(argv: list[str]) -> int:
            calls.append(argv)
            return 0

    monkeypatch.setattr(command.importlib, "import_module", lambda _: Benchmark)
    yield calls


def test_the_command_runs_one_by_name_or_all_and_knows_what_it_has(folder: list[list[str]]):
    assert "matching" in command.names()
    assert "measure" not in command.names()
    assert command.main(["matching", "--size", "s"]) == 0
    assert folder == [["--size", "s"]]
    assert command.main(["poetry"]) == 2
    assert len(folder) == 1
