"""One change of many clients: planning one, and what came of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from clients.models import BulkEdit, Client
from clients.services import plan_bulk_edit
from crm.core.models import Branch, User

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)

WECHAT = {"channel": "wechat"}


def all_of(branch: Branch) -> Any:
    return Client.objects.filter(branch=branch)


def plan(actor: User, clients: Any, field: str = "preferred_channel", said: Any = None, **more: Any) -> BulkEdit:
    terms = {"field": field, "said": said or WECHAT, "actor": actor, "now": NOW}
    edit: BulkEdit = plan_bulk_edit(clients=clients, **{**terms, **more})
    return edit


def states(edit: BulkEdit) -> dict[tuple[str, str], int]:
    return {(state, why): count for state, why, count in edit.rows.counts()}
