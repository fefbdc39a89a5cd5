"""Taking a part of the audit trail out of the house: with a reason, within a limit, and itself on the trail."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max, QuerySet
from django.utils.translation import gettext_lazy as _

from crm.core import audit
from crm.core.clocks import local_date
from crm.core.errors import DomainError, InvalidInput
from crm.core.models import AuditEntry, User
from crm.core.policies import figures
from crm.core.service import service


class ExportTooLarge(DomainError):
    """More rows than one person takes out alone."""

    code = "export_too_large"
    message = _("These are more rows than may leave without approval. Narrow the days.")


@service("audit.export")
def export_audit(
    *, actor: User, rows: QuerySet[AuditEntry], narrowed_by: str, reason: str, now: datetime
) -> QuerySet[AuditEntry]:
    """The entries to write out, oldest first and fixed at this moment, once the export stands in the trail.

    ``rows`` are cut by ``visible_to`` already. Raises ``ExportTooLarge`` above ``export.approval_above``.
    """
    if not reason.strip():
        raise InvalidInput(fields={"reason": _("Say what the export is for.")})
    newest = rows.aggregate(newest=Max("pk"))["newest"] or 0
    fixed = rows.filter(pk__lte=newest).order_by("pk")
    limit = figures(local_date(now), actor.branch).integer("export.approval_above")
    count = fixed[: limit + 1].count()
    if count > limit:
        raise ExportTooLarge
    after = {"rows": count, "up_to": newest, "filter": narrowed_by[:300]}
    audit.record(actor, "audit.export", "core.auditentry", after=after, reason=reason.strip(), is_read=True)
    return fixed
