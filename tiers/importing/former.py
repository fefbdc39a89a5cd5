"""Tiers of former days from the files of older systems and from lists typed off paper."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clients.importing.lookup import CLIENT_FIELD, ForClients, clients_by_number, unknown_client
from crm.core.clocks import local_date
from crm.core.importing import ImportContext, ImportField, InputRow
from crm.core.importing.model_target import ModelTarget, Resolved
from tiers.models import FormerTier


class FormerTierTarget(ForClients, ModelTarget):
    """One row = a tier in which one client stood from a day on, in the words of its time."""

    kind = "former_tiers"
    label = gettext_lazy("Former tiers")
    permission = "tiers.add_formertier"
    model = FormerTier
    identity = ("client_id", "system", "since")
    row_key_field = "external_id"
    date_field = "since"
    columns = {"external_id": None}
    extra = ("client_id", "system")
    fields = [
        CLIENT_FIELD,
        ImportField(
            "tier",
            "text",
            gettext_lazy("former tier"),
            required=True,
            headers=("原等级", "客户等级", "星级", "等级", "tier", "level"),
            help=gettext_lazy("In the words of its time; it need not be a tier of today."),
        ),
        ImportField(
            "system",
            "text",
            gettext_lazy("former system"),
            headers=("服务体系", "原系统", "system"),
            help=gettext_lazy("The system or list that it comes from."),
        ),
        ImportField("since", "date", gettext_lazy("since"), required=True, headers=("评定日期", "生效日期", "since")),
        ImportField("until", "date", gettext_lazy("until"), headers=("失效日期", "until")),
        ImportField("note", "text", gettext_lazy("note"), headers=("备注", "note")),
    ]

    def rows_in_scope(self, context: ImportContext) -> QuerySet[Any]:
        return FormerTier.objects.filter(client__branch=context.branch)

    def resolve(self, context: ImportContext, rows: list[InputRow]) -> Iterable[Resolved]:
        clients = clients_by_number(context, rows)
        return [self._one(context, row, clients.get(row.values["external_id"])) for row in rows]

    def _one(self, context: ImportContext, row: InputRow, client_id: int | None) -> Resolved:
        if client_id is None:
            return unknown_client(row)
        since, until = row.values["since"], row.values.get("until")
        if since > local_date(context.now):
            return row.problem("since", "in_future", _("This day has not come yet."))
        if until is not None and until < since:
            return row.problem("until", "ends_before_it_begins", _("The last day lies before the first."))
        return {**self.stored(row), "client_id": client_id, "system": row.values.get("system") or ""}
