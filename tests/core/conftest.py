"""What tests of jobs share: kinds of work that only they know."""

from __future__ import annotations

import pytest

from crm.core import jobs
from crm.core.errors import DomainError


@pytest.fixture
def kinds_of_work(monkeypatch):
    """Kinds of work that only these tests know."""
    monkeypatch.setattr(jobs, "JOBS", dict(jobs.JOBS))
    monkeypatch.setattr(jobs, "DUE", dict(jobs.DUE))

    @jobs.job("test.count", label="Counting")
    def count(run, tick):
        for number in range(run.params.get("n", 3)):
            tick(number + 1, run.params.get("n", 3))
        return {"counted": run.params.get("n", 3)}

    @jobs.job("test.refuse")
    def refuse(_run, _tick):
        raise DomainError("Not like this.")

    @jobs.job("test.fail")
    def fail(_run, _tick):
        raise ZeroDivisionError("secret 13812348000")
