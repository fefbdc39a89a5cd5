"""Requests of clients about their data: one that is taken down, and one that went the whole way."""

from __future__ import annotations

from datetime import UTC, date, datetime

from clients.models import Client, DataRequest
from clients.services.data_requests import approve_answer, check_identity, propose_answer, receive_request
from crm.core.models import User
from tests.doors import Staff

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
TODAY = date(2026, 6, 1)


def ask(client: Client, actor: User, kind: str = "access", day: date = TODAY) -> DataRequest:
    made: DataRequest = receive_request(
        client=client, kind=kind, channel="counter", received_on=day, actor=actor, now=NOW
    )
    return made


def granted(client: Client, staff: Staff, kind: str) -> DataRequest:
    """A request that went the whole way."""
    first, second = staff("compliance"), staff("compliance")
    row = ask(client, first, kind)
    check_identity(request=row, identity="document", actor=first, now=NOW)
    propose_answer(request=row, grants=True, answer="同意办理", actor=first)
    done: DataRequest = approve_answer(request=row, actor=second, now=NOW)
    return done
