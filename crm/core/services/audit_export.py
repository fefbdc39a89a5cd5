"""Taking a part of the audit trail out of the house: with a reason, within a limit, marked, and itself on the trail."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.db.models import Max, QuerySet
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.core.clocks import SHANGHAI, local_date
from crm.core.errors import DomainError
from crm.core.exporting import ExportColumn, ExportKind, register
from crm.core.exporting.files import CSV
from crm.core.keyset import capped_count, capped_text
from crm.core.models import AuditEntry, ExportRequest, User
from crm.core.policies import figures
from crm.core.services.exporting import checked_reason, hand_out


class ExportTooLarge(DomainError):
    """More rows than one person takes out alone."""

    code = "export_too_large"
    message = _("These are more rows than may leave without approval. Narrow the days.")


def _text(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)


class AuditExport(ExportKind):
    """Entries of the trail as the list shows them, the oldest first."""

    key = "audit"
    label = _("Audit trail")
    permission = "core.view_auditentry"
    action = "audit.export"
    object_type = "core.auditentry"
    key_columns = ("at", "staff_number", "action", "object_id")
    columns = [
        ExportColumn("at", _("At"), lambda entry: entry.at),
        ExportColumn("person", pgettext_lazy("who did it", "Person"), lambda entry: entry.actor.name),
        ExportColumn("staff_number", _("Staff number"), lambda entry: entry.actor.staff_number),
        ExportColumn("action", _("Action"), lambda entry: entry.action),
        ExportColumn("object_type", _("Kind of object"), lambda entry: entry.object_type),
        ExportColumn("object_id", _("Object"), lambda entry: entry.object_id),
        ExportColumn("client", _("Client"), lambda entry: entry.client_ref),
        ExportColumn("branch", _("Branch"), lambda entry: entry.branch.code if entry.branch else ""),
        ExportColumn("reason", _("Reason"), lambda entry: entry.reason),
        ExportColumn("before", _("Before"), lambda entry: _text(entry.before)),
        ExportColumn("after", _("After"), lambda entry: _text(entry.after)),
        ExportColumn("address", _("Address"), lambda entry: entry.address),
        ExportColumn("request", _("Request"), lambda entry: entry.request_id),
    ]

    def rows(self, actor: User, asked: dict[str, Any]) -> QuerySet[Any]:
        return AuditEntry.objects.visible_to(actor).filter(pk__in=asked["entries"]).order_by("pk")

    def ref(self, row: Any) -> str:
        return str(row.public_id)

    def key_of(self, row: Any) -> str:
        at = f"{row.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
        return f"{at}|{row.actor.staff_number}|{row.action}|{row.object_id}"


AUDIT = register(AuditExport())


def export_audit(
    *, actor: User, rows: QuerySet[AuditEntry], narrowed_by: str, reason: str, now: datetime
) -> tuple[ExportRequest, bytes]:
    """The file, oldest entry first and fixed at this moment, once the export stands in the trail.

    ``rows`` are cut by ``visible_to`` already. Raises ``ExportTooLarge`` above ``export.approval_above``.
    """
    checked_reason(reason)
    newest = rows.aggregate(newest=Max("pk"))["newest"] or 0
    fixed = rows.filter(pk__lte=newest).select_related("actor", "branch").order_by("pk")
    limit = figures(local_date(now), actor.branch).integer("export.approval_above")
    if fixed[: limit + 1].count() > limit:
        count, more = capped_count(fixed)
        raise ExportTooLarge(
            _("These are %(count)s rows; without approval at most %(limit)s may leave. Narrow the days.")
            % {"count": capped_text(count, more), "limit": number_format(limit, force_grouping=True)}
        )
    columns = [column.name for column in AUDIT.columns]
    return hand_out(
        actor=actor,
        kind="audit",
        rows=fixed,
        form=CSV,
        columns=columns,
        narrowed_by=narrowed_by,
        reason=reason,
        now=now,
    )
