"""Filling the gaps of one client in one go: what he said, what he refused, what he said stays as it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from clients.errors import NothingAnswered
from clients.models import Client
from clients.provenance import Source
from clients.services.clients import change_client, confirm_facts
from crm.core.models import User
from crm.core.service import service


@service("client.complete_facts")
def complete_facts(
    *,
    client: Client,
    values: Mapping[str, Any],
    refused: Collection[str],
    confirmed: Collection[str],
    source: str,
    actor: User,
    now: datetime,
    version: int | None = None,
    same_document_reason: str = "",
) -> Client:
    """Write new values, refusals and confirmations of one talk; ``same_document_reason`` as for ``change_client``. Raises what
    changing and confirming raise, and ``NothingAnswered`` for an empty sheet."""
    if not (values or refused or confirmed):
        raise NothingAnswered
    row = client
    if values or refused:
        row = change_client(
            client=client,
            values=values,
            refused=dict.fromkeys(refused, True),
            source=source,
            actor=actor,
            now=now,
            version=version,
            same_document_reason=same_document_reason,
        )
        version = None
    if confirmed:
        row = confirm_facts(
            client=row, names=confirmed, source=source or Source.CLIENT, actor=actor, now=now, version=version
        )
    return row
