"""The commands besides `run`: test, lint, manage and the ones that only dispatch."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from launcher.environment import ROOT, CannotContinue, ensure, has_module, index_for_uv, venv_python
from launcher.run import run

__all__ = ["COMMANDS", "CannotContinue"]

POSTGRES = "postgresql://postgres@127.0.0.1:5432/crm"
REDIS = "redis://127.0.0.1:6379/0"
NOTHING_COLLECTED = 5  # pytest's exit status


def _call(command: list[str], env: Mapping[str, str] | None = None) -> int:
    print("$ " + shlex.join([Path(command[0]).name, *command[1:]]), flush=True)
    status = subprocess.run(command, cwd=ROOT, env=dict(env or os.environ)).returncode
    return status if status >= 0 else 128 - status


def manage(arguments: list[str]) -> int:
    """Django's command line in the product's environment."""
    python = ensure("requirements.txt")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
    return subprocess.run([python, ROOT / "manage.py", *arguments]).returncode


# --- test ---


def chromium() -> str | None:
    """A Chromium or Chrome on this machine."""
    return os.environ.get("CRM_CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))), None
    )


def split_markers(arguments: list[str]) -> tuple[str, list[str]]:
    """The `-m` expression among pytest's arguments, and the rest."""
    rest, expression, words = [], "", iter(arguments)
    for word in words:
        if word == "-m":
            expression = next(words, "")
        else:
            rest.append(word)
    return expression, rest


def both(*expressions: str) -> str:
    """A marker expression that asks for all of them."""
    return " and ".join(f"({one})" for one in expressions if one)


def services_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """PostgreSQL and Redis of this machine, unless the variables name others."""
    return {
        **environ,
        "DATABASE_URL": environ.get("DATABASE_URL") or POSTGRES,
        "REDIS_URL": environ.get("REDIS_URL") or REDIS,
    }


def passes(arguments: list[str], *, can_browse: bool, processes: int) -> list[list[str]]:
    """pytest's argument lists: everything but browser tests side by side, then browser tests in one process.

    Where there is no browser the first pass collects them too, so that they are reported as skipped; where they were
    excluded there is no second pass. Someone who names files or a number of processes gets one process, or what was named.
    """
    expression, rest = split_markers(arguments)
    chosen = any(not word.startswith("-") or word.startswith(("-n", "--pdb", "--co", "--lf", "--sw")) for word in rest)
    side_by_side = [] if chosen or processes < 2 else ["-n", str(processes), "--dist", "loadfile"]
    if not can_browse or "not browser" in expression:
        return [[*side_by_side, *(["-m", expression] if expression else []), *rest]]
    return [
        [*side_by_side, "-m", both(expression, "not browser"), *rest],
        ["-m", both(expression, "browser"), *rest],
    ]


def combined(statuses: list[int]) -> int:
    """The truth about several passes: the first failure; "nothing collected" only if no pass collected anything."""
    failures = [status for status in statuses if status not in {0, NOTHING_COLLECTED}]
    if failures:
        return failures[0]
    return 0 if 0 in statuses else NOTHING_COLLECTED


def test(arguments: list[str]) -> int:
    """The suite on the embedded default, or with --services on PostgreSQL and Redis."""
    python = ensure("requirements-test.txt")
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "crm.settings.testing", "PYTHONPATH": str(ROOT)}
    if "--services" in arguments:
        env = services_environment(env)
    can_browse = bool(chromium()) and has_module("playwright")
    if not can_browse:
        missing = "no Chromium" if not chromium() else "playwright is not installed (it is in requirements-dev.txt)"
        print(f"Browser tests will be skipped: {missing}.", flush=True)
    processes = min(os.cpu_count() or 1, 4)
    lists = passes(arguments, can_browse=can_browse, processes=processes)
    status = combined([_call([str(python), "-m", "pytest", *one], env) for one in lists])
    print("Tests passed." if status == 0 else f"Tests failed (exit status {status}).", flush=True)
    return status


# --- lint ---


def _command_file(name: str) -> bool:
    """Whether one of our apps offers the management command *name*."""
    return any(
        not {".venv", "var", "node_modules"} & set(file.relative_to(ROOT).parts)
        for file in ROOT.glob(f"**/management/commands/{name}.py")
    )


def lint_checks() -> list[tuple[str, list[str]]]:
    """Name and command of each check."""
    python = str(venv_python())
    folder = venv_python().parent
    checks = [
        ("ruff", [python, "-m", "ruff", "check", "."]),
        ("ruff format", [python, "-m", "ruff", "format", "--check", "."]),
        ("mypy", [python, "-m", "mypy", *TYPED]),
        ("import contracts", [str(folder / "lint-imports"), "--no-cache"]),
        ("migrations", [python, "manage.py", "makemigrations", "--check", "--dry-run"]),
        ("system check", [python, "manage.py", "check", "--fail-level", "WARNING"]),
    ]
    if any(ROOT.glob("templates/**/*.html")):
        checks.insert(2, ("djlint", [python, "-m", "djlint", "templates", "--lint", "--quiet"]))
    if _command_file("check_catalogues"):
        checks.append(("catalogues", [python, "manage.py", "check_catalogues"]))
    return checks


TYPED = ("crm", "clients", "tiers", "advisory", "complaints", "care", "launcher")


def lint(arguments: list[str]) -> int:
    """Every check, also after one has failed; 1 if any did. Names as arguments choose among them."""
    ensure("requirements-dev.txt")
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "crm.settings.testing", "PYTHONPATH": str(ROOT)}
    results = []
    for name, command in lint_checks():
        if arguments and name not in arguments:
            continue
        begun = time.monotonic()
        results.append((name, _call(command, env), time.monotonic() - begun))
    print()
    for name, status, seconds in results:
        print(f"{'ok  ' if status == 0 else 'FAIL'}  {name} ({seconds:.1f} s)")
    return int(any(status for _, status, _ in results))


# --- dispatch ---


def _module(lock: str, *names: str) -> Callable[[list[str]], int]:
    """A command that runs the first of our modules *names* that this version has."""

    def dispatch(arguments: list[str]) -> int:
        for name in names:
            place = ROOT.joinpath(*name.split("."))
            if place.with_suffix(".py").exists() or (place / "__main__.py").exists():
                python = ensure(lock)
                env = {"DJANGO_SETTINGS_MODULE": "crm.settings", **os.environ, "PYTHONPATH": str(ROOT)}
                return subprocess.run([python, "-m", name, *arguments], cwd=ROOT, env=env).returncode
        raise CannotContinue(f"This version has no {names[0]} yet.")

    return dispatch


def lock(_arguments: list[str]) -> int:
    """Compile requirements*.in into hashed locks for every platform and Python that we support."""
    ensure("requirements-dev.txt")
    index = {**os.environ, **index_for_uv()}
    for name in ("requirements", "requirements-test", "requirements-dev"):
        # An extra stays beside its package's name: pip refuses `name[extra]` of another package where only `name` is pinned.
        shape = ["--generate-hashes", "--no-strip-extras", "--no-emit-index-url", "--no-header"]
        options = ["--universal", "--python-version", "3.11", *shape]
        uv = [str(venv_python().parent / "uv"), "pip", "compile", "-q", *options, f"{name}.in", "-o", f"{name}.txt"]
        if status := _call(uv, index):
            return status
    return 0


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "run": run,
    "test": test,
    "manage": manage,
    "lint": lint,
    "bench": _module("requirements-test.txt", "bench"),
    "chaos": _module("requirements-test.txt", "bench.chaos"),
    "pages": _module("requirements-dev.txt", "bench.pages"),
    "lock": lock,
}

if __name__ == "__main__":
    sys.exit("Use do.py.")
