"""Lists that left the demo's branch: one at once, one that the compliance officer has approved, one that waits for him."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from clients.models import Client
from clients.services.export import CLIENTS, take_out
from crm.core.clocks import local_date
from crm.core.models import ExportRequest
from crm.core.services.exporting import build_export, decide_export
from crm.demo.staffing import Crew
from crm.roles import COMPLIANCE, MANAGER

_COLUMNS = [column.name for column in CLIENTS.columns if column.usual]


def take_lists_out(crew: Crew, *, now: datetime) -> int:
    """Returns how many requests there are."""
    first, second = (crew.of(branch, MANAGER)[0] for branch in crew.branches)
    officer = crew.of(None, COMPLIANCE)[0]
    _ask(first, "名单核对：一周内生日的客户", now - timedelta(days=2), 8)
    approved = _ask(first, "风险测评到期短信提醒，需要完整手机号", now - timedelta(hours=20), 15, is_unmasked=True)
    decide_export(
        actor=officer, export=approved, approved=True, reason="用途合规，仅限本次提醒", now=now - timedelta(hours=19)
    )
    approved.refresh_from_db()
    build_export(export=approved, actor=first, now=now)
    _ask(second, "配合总部客户信息核查，需要完整证件号码", now - timedelta(hours=2), 20, is_unmasked=True)
    return int(ExportRequest.objects.count())


def _ask(actor: Any, reason: str, at: datetime, most: int, *, is_unmasked: bool = False) -> ExportRequest:
    rows = Client.objects.visible_to(actor).filter(status="active").order_by("external_id").values_list("pk", flat=True)
    said = {
        "form": "xlsx",
        "columns": _COLUMNS,
        "reason": reason,
        "is_unmasked": is_unmasked,
        "since": local_date(at),
        "until": local_date(at),
    }
    clients = Client.objects.visible_to(actor).filter(pk__in=list(rows[:most]))
    export, _body = take_out(
        actor=actor, clients=clients, kind="clients", said=said, narrowed_by="status=active", now=at
    )
    return export
