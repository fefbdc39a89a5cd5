"""A client as somebody types him in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from clients.models import Client
from clients.services import create_client
from crm.core.models import Branch, User

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


def new(branch: Branch, desk: User, number: str = "A1", **said: Any) -> Client:
    reason = said.pop("same_document_reason", "")
    made: Client = create_client(
        branch=branch,
        external_id=number,
        values={"name": "张三", **said},
        actor=desk,
        now=NOW,
        same_document_reason=reason,
    )
    return made
