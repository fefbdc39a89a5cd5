"""Applied rates from the trading system's file."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clients.importing.lookup import CLIENT_FIELD, ForClients, clients_by_number, unknown_client
from crm.core.clocks import local_date
from crm.core.importing import ImportContext, ImportField, InputRow
from crm.core.importing.model_target import ModelTarget, Resolved
from tiers.models import AppliedRate, Product, RateBasis

_TEN_THOUSAND = Decimal(10_000)
_STEP = Decimal("0.000001")


class AppliedRateTarget(ForClients, ModelTarget):
    """One row = the rate that one client was charged for one product on one day."""

    kind = "rates"
    label = gettext_lazy("Applied rates")
    permission = "tiers.add_appliedrate"
    model = AppliedRate
    identity = ("client_id", "product", "day")
    row_key_field = "external_id"
    date_field = "day"
    columns = {"external_id": None, "ten_thousandths": None}
    extra = ("client_id", "rate")
    fields = [
        CLIENT_FIELD,
        ImportField("day", "date", gettext_lazy("day"), required=True, headers=("日期", "收费日期", "date")),
        ImportField(
            "product",
            "choice",
            gettext_lazy("product"),
            required=True,
            choices=Product.choices,
            headers=("产品", "品种", "业务类别", "product"),
        ),
        ImportField(
            "rate",
            "decimal",
            gettext_lazy("rate"),
            minimum=0,
            headers=("费率", "佣金率", "佣金费率", "rate"),
            help=gettext_lazy("A plain fraction: 0.00025 is 2.5 in ten thousand."),
        ),
        ImportField(
            "ten_thousandths",
            "decimal",
            gettext_lazy("rate in ten-thousandths"),
            minimum=0,
            places=2,
            headers=("费率（万分之）", "费率(万分之)", "万分之", "佣金(‱)"),
            help=gettext_lazy("Instead of the fraction: 2.5 is 0.00025."),
        ),
        ImportField("basis", "choice", gettext_lazy("basis"), choices=RateBasis.choices, headers=("口径", "basis")),
        ImportField(
            "turnover",
            "money",
            gettext_lazy("turnover of twelve months"),
            headers=("近12个月成交额", "年成交额", "turnover"),
            help=gettext_lazy("Of this product, up to the day; it is what a difference of rates is counted on."),
        ),
    ]

    def rows_in_scope(self, context: ImportContext) -> QuerySet[Any]:
        return AppliedRate.objects.filter(client__branch=context.branch)

    def resolve(self, context: ImportContext, rows: list[InputRow]) -> Iterable[Resolved]:
        clients = clients_by_number(context, rows)
        return [self._one(context, row, clients) for row in rows]

    def _one(self, context: ImportContext, row: InputRow, clients: dict[str, int]) -> Resolved:
        values = self.stored(row)
        client_id = clients.get(row.values["external_id"])
        if client_id is None:
            return unknown_client(row)
        if values["day"] > local_date(context.now):
            return row.problem("day", "in_future", _("This day has not come yet."))
        said = row.values.get("ten_thousandths")
        told = [values["rate"]] if values.get("rate") is not None else []
        told += [said / _TEN_THOUSAND] if said is not None else []
        if not told:
            return row.problem("rate", "required")
        if len({Decimal(rate) for rate in told}) > 1:
            return row.problem("rate", "rates_differ", _("The fraction and the ten-thousandths say different rates."))
        if told[0] >= 1:
            return row.problem("rate", "not_a_share", _("A rate is below one: 0.00025 is 2.5 in ten thousand."))
        if values.get("turnover") is not None and values["turnover"] < 0:
            return row.problem("turnover", "negative", _("A turnover is not negative."))
        return {**values, "client_id": client_id, "rate": Decimal(told[0]).quantize(_STEP)}
