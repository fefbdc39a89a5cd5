"""Two people reach for the same proposal: one of them decides, and without the lock both would."""

from __future__ import annotations

import contextlib
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from crm.core.errors import DomainError
from crm.core.models import AuditEntry
from tests.factories.core import UserFactory
from tests.factories.tiers import ClientRateFactory
from tiers.models import ClientRate
from tiers.services import commission

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 6, 1, 2, tzinfo=UTC)


def two_decide(monkeypatch: pytest.MonkeyPatch, rate: ClientRate) -> list[str]:
    """Approve and reject at once; both have looked at the row before either writes, if nothing holds the second back."""
    together = threading.Barrier(2)
    read = commission.lock

    def read_together(*args: Any, **lookup: Any) -> Any:
        row = read(*args, **lookup)
        # A broken barrier means that the other one waits for our lock, as it should.
        with contextlib.suppress(threading.BrokenBarrierError):
            together.wait(timeout=1.5)
        return row

    monkeypatch.setattr(commission, "lock", read_together)
    said: list[str] = []

    def decide(service: Any, **more: Any) -> None:
        try:
            service(
                rate=ClientRate.objects.get(pk=rate.pk), actor=UserFactory(branch=rate.client.branch), now=NOW, **more
            )
            said.append("done")
        except DomainError as refusal:
            said.append(refusal.code)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=decide, args=(commission.approve_client_rate,)),
        threading.Thread(target=decide, args=(commission.reject_client_rate,), kwargs={"note": "x"}),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return sorted(said)


def test_of_two_who_decide_at_once_one_is_told_it_is_decided(monkeypatch):
    said = two_decide(monkeypatch, ClientRateFactory())

    assert said == ["done", "rate_already_decided"]
    assert AuditEntry.objects.filter(action__in=["client_rate.approve", "client_rate.reject"]).count() == 1


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite lets one writer in at a time, locked or not")
def test_without_the_locks_both_would_read_a_waiting_proposal(monkeypatch):
    """The twin: now only the version in the row saves the day, so the second is told that his view is old."""
    monkeypatch.setattr(commission, "_hold", lambda client: None)
    monkeypatch.setattr(commission, "lock", lambda rows, *, version=None, **lookup: rows.get(**lookup))

    assert two_decide(monkeypatch, ClientRateFactory()) == ["done", "stale_edit"]
