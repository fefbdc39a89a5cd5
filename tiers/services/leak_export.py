"""The list of leaks as a file: masked, within a limit, with a reason, on the trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from crm.core.clocks import local_date
from crm.core.exporting import ExportColumn, ExportKind
from crm.core.masking import mask_name
from crm.core.models import ExportRequest, User
from crm.core.policies import figures
from crm.core.services.exporting import checked_reason, hand_out
from tiers.errors import TooManyLeaks
from tiers.models import RateLeak


class LeakExport(ExportKind):
    """Leaks as the list shows them, the largest first; names leave masked."""

    key = "leaks"
    label = _("Commission leaks")
    permission = "clients.export_client"
    action = "leak.export"
    object_type = "tiers.rateleak"
    key_columns = ("external_id", "product", "kind")
    columns = [
        ExportColumn("external_id", _("Client number"), lambda leak: leak.client.external_id),
        ExportColumn("name", _("Name"), lambda leak: leak.client.name, mask_name),
        ExportColumn(
            "advisor_name", _("Served by"), lambda leak: leak.client.advisor.name if leak.client.advisor else ""
        ),
        ExportColumn("kind", _("Kind of leak"), lambda leak: str(leak.get_kind_display())),
        ExportColumn("product", _("Product"), lambda leak: str(leak.get_product_display())),
        ExportColumn("applied", _("Applied rate"), lambda leak: leak.applied),
        ExportColumn("due", _("Rate due"), lambda leak: leak.due),
        ExportColumn("turnover", _("Turnover of twelve months"), lambda leak: leak.turnover, is_money=True),
        ExportColumn("promised", _("Turnover promised a year"), lambda leak: leak.promised, is_money=True),
        ExportColumn("effect", _("Yuan a year"), lambda leak: leak.effect, is_money=True),
        ExportColumn("since", _("Found since"), lambda leak: leak.since),
        ExportColumn("day", _("As of"), lambda leak: leak.day),
    ]

    def rows(self, actor: User, asked: dict[str, Any]) -> QuerySet[Any]:
        return RateLeak.objects.visible_to(actor).filter(pk__in=asked["leaks"]).for_list().largest_first()

    def ref(self, row: Any) -> str:
        return str(row.client.public_id)

    def key_of(self, row: Any) -> str:
        return f"{row.client.external_id}|{row.get_product_display()}|{row.get_kind_display()}"


LEAKS = LeakExport()


def export_leaks(
    *, actor: User, rows: Any, form: str, narrowed_by: str, reason: str, now: datetime
) -> tuple[ExportRequest, bytes]:
    """The file at once; ``rows`` are cut by ``visible_to`` already. Raises ``TooManyLeaks`` above ``export.approval_above``."""
    checked_reason(reason)
    limit = figures(local_date(now), actor.branch).integer("export.approval_above")
    if rows.order_by()[: limit + 1].count() > limit:
        raise TooManyLeaks
    return hand_out(
        actor=actor,
        kind=LEAKS.key,
        rows=rows.for_list().largest_first(),
        form=form,
        columns=[column.name for column in LEAKS.columns],
        narrowed_by=narrowed_by,
        reason=reason,
        now=now,
    )
