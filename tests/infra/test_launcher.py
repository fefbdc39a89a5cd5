"""do.py: which port, when to start again, what to run, and what its exit status says."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from launcher import commands, environment, run
from launcher.processes import Child, RestartPolicy, stop_all


def test_a_taken_port_gives_way_to_the_next_free_one() -> None:
    with socket.socket() as taken:
        taken.bind((run.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        chosen = run.choose_port(port)
        assert chosen > port
        assert run.is_free(chosen)
    assert run.choose_port(port) == port


@pytest.mark.parametrize("text", ["0", "65536", "http", "-1", "²", "9" * 5000])
def test_a_port_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(environment.CannotContinue):
        run.wanted_port({"PORT": text})


def test_waits_grow_and_the_fifth_death_within_a_minute_is_the_last() -> None:
    policy = RestartPolicy()
    assert [policy.died(now) for now in (0, 10, 20, 30, 40)] == [0.5, 1.0, 2.0, 4.0, None]


def test_deaths_more_than_a_minute_ago_are_forgotten() -> None:
    policy = RestartPolicy()
    assert [policy.died(now) for now in range(0, 700, 70)] == [0.5] * 10


def child(code: str, lines: list[str]) -> Child:
    return Child("web", [sys.executable, "-u", "-c", code], {"PATH": "/usr/bin"}, lambda name, line: lines.append(line))


def test_a_child_that_dies_is_started_again_and_given_up_after_five_deaths() -> None:
    lines: list[str] = []
    one = child("print('up')", lines)
    now, alive, deadline = 0.0, True, time.monotonic() + 30
    while alive and time.monotonic() < deadline:
        alive = one.tend(now)
        if one.process is not None:
            one.process.wait()
        now += 0.5
    time.sleep(0.2)
    assert not alive
    assert lines.count("up") == 5
    assert lines[-1].endswith("giving up") or "giving up" in " ".join(lines)


def test_stopping_ends_even_a_child_that_ignores_the_signal() -> None:
    lines: list[str] = []
    deaf = child("import signal,time; signal.signal(15, signal.SIG_IGN); print('deaf'); time.sleep(60)", lines)
    meek = child("import time; print('meek'); time.sleep(60)", lines)
    for one in (deaf, meek):
        one.start()
    deadline = time.monotonic() + 15
    while len(lines) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    begun = time.monotonic()
    stop_all([deaf, meek], seconds=0.5)
    assert time.monotonic() - begun < 3
    assert deaf.process is not None and deaf.process.returncode == -9
    assert meek.process is not None and meek.process.returncode == -15


def test_without_a_browser_one_pass_collects_all_and_reports_browser_tests_as_skipped() -> None:
    assert commands.passes([], can_browse=False, processes=2) == [["-n", "2", "--dist", "loadfile"]]


def test_browser_tests_run_in_one_process_after_the_others() -> None:
    first, second = commands.passes(["-q"], can_browse=True, processes=2)
    assert first == ["-n", "2", "--dist", "loadfile", "-m", "(not browser)", "-q"]
    assert second == ["-m", "(browser)", "-q"]


def test_a_marker_that_was_asked_for_is_kept_in_both_passes() -> None:
    first, second = commands.passes(["-m", "not nodb"], can_browse=True, processes=1)
    assert first == ["-m", "(not nodb) and (not browser)"]
    assert second == ["-m", "(not nodb) and (browser)"]


def test_who_excludes_browser_tests_gets_no_empty_pass_of_them() -> None:
    only = commands.passes(["-m", "not nodb and not browser"], can_browse=True, processes=2)
    assert only == [["-n", "2", "--dist", "loadfile", "-m", "not nodb and not browser"]]


def test_an_extra_stays_beside_the_name_of_its_package_in_the_locks() -> None:
    """pip refuses `name[extra]` of another package where the lock pins `name` alone and a newer `name` is out."""
    for lock in environment.LOCKS:
        direct = {line.split("==")[0] for line in (environment.ROOT / lock).read_text().splitlines() if "==" in line}
        assert "django-allauth[mfa]" in direct, lock


def test_somebody_who_names_a_file_gets_one_process() -> None:
    assert commands.passes(["tests/infra", "-x"], can_browse=False, processes=4) == [["tests/infra", "-x"]]


@pytest.mark.parametrize(
    ("statuses", "truth"), [([0, 0], 0), ([0, 5], 0), ([5, 0], 0), ([5, 5], 5), ([0, 1], 1), ([2, 0], 2), ([1, 5], 1)]
)
def test_the_exit_status_tells_the_truth_about_both_passes(statuses: list[int], truth: int) -> None:
    assert commands.combined(statuses) == truth


def test_services_are_this_machines_unless_the_variables_name_others() -> None:
    assert commands.services_environment({})["DATABASE_URL"] == "postgresql://postgres@127.0.0.1:5432/crm"
    own = {"DATABASE_URL": "postgresql://me@db.example/mine"}
    assert commands.services_environment(own) == {**own, "REDIS_URL": "redis://127.0.0.1:6379/0"}


def locks(root: Path) -> None:
    for name in environment.LOCKS:
        (root / name).write_text(name)
    (root / ".venv" / "bin").mkdir(parents=True)
    (root / ".venv" / "bin" / "python").touch()


def stamp(root: Path, lock: str) -> None:
    mark = environment.fingerprint(lock, root)
    (root / ".venv" / "installed.json").write_text(json.dumps({lock: mark}))


def test_a_larger_installed_lock_serves_the_smaller_ones(tmp_path: Path) -> None:
    locks(tmp_path)
    stamp(tmp_path, "requirements-test.txt")
    assert environment.satisfied("requirements.txt", tmp_path)
    assert environment.satisfied("requirements-test.txt", tmp_path)
    assert not environment.satisfied("requirements-dev.txt", tmp_path)


def test_a_changed_lock_is_installed_again(tmp_path: Path) -> None:
    locks(tmp_path)
    stamp(tmp_path, "requirements-dev.txt")
    (tmp_path / "requirements.txt").write_text("django==5.2.20")
    assert not environment.satisfied("requirements.txt", tmp_path)


def test_an_environment_that_was_moved_is_not_trusted(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    locks(old)
    stamp(old, "requirements.txt")
    assert environment.satisfied("requirements.txt", old)
    old.rename(new)
    assert not environment.satisfied("requirements.txt", new)


def test_log_ins_are_shown_as_a_table_that_chinese_names_do_not_bend(tmp_path: Path) -> None:
    file = tmp_path / "demo-logins.json"
    rows = [
        {"role": "branch_manager", "number": "S001", "password": "p1", "branch": "陆家嘴营业部", "name": "王芳"},
        {"role": "agent", "number": "S0022", "password": "pp22", "branch": "HQ", "name": "李"},
    ]
    file.write_text(json.dumps(rows), encoding="utf-8")
    assert run.login_lines(file) == [
        "branch_manager  S001   p1    陆家嘴营业部  王芳",
        "agent           S0022  pp22  HQ            李",
    ]
    assert run.login_lines(tmp_path / "none.json") == []


def test_do_py_refuses_an_unknown_command_and_says_what_there_is() -> None:
    root = Path(run.__file__).resolve().parents[1]
    answer = subprocess.run([sys.executable, "do.py", "fly"], cwd=root, capture_output=True, text=True, timeout=30)
    assert answer.returncode == 2
    assert "python3 do.py run" in answer.stderr
