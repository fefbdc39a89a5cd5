"""At the end of a whole run: every registered service has run, and each has left an audit entry."""

from __future__ import annotations

from typing import Any

import pytest

_counts: dict[str, list[int]] = {}


def _add(found: dict[str, list[int]]) -> None:
    for name, (ran, audited) in found.items():
        known = _counts.setdefault(name, [0, 0])
        known[0] += ran
        known[1] += audited


def unsigned(counts: dict[str, list[int]]) -> list[str]:
    """Services that never ran or never left an audit entry."""
    return sorted(
        f"{name}: {'never ran' if not ran else 'left no audit entry'}"
        for name, (ran, audited) in counts.items()
        if not ran or not audited
    )


def _whole_run(config: pytest.Config) -> bool:
    """Whether all tests were asked for: no path, no marker or keyword that leaves some out."""
    args = config.invocation_params.args
    paths = [str(arg) for arg in args if not str(arg).startswith("-")]
    chosen = config.getoption("keyword") or config.getoption("lf", False)
    return not chosen and not any(path.startswith("tests/") for path in paths)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    from crm.core.service import SERVICES

    found = {name: [book.ran, book.audited] for name, book in SERVICES.items()}
    worker: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if worker is not None:
        worker["services"] = found
        return
    _add(found)
    marker = session.config.getoption("markexpr") or ""
    # Also beside failed tests: what is told only once they are mended is told a whole run too late.
    ended = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    if ended and _whole_run(session.config) and "browser" not in marker.replace("not browser", ""):
        missing = unsigned(_counts) if "not nodb" not in marker or _counts else []
        if missing and marker not in ("nodb",):
            print("\nServices without proof:\n  FAILED " + "\n  FAILED ".join(missing))
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    _add(getattr(node, "workeroutput", {}).get("services", {}))
