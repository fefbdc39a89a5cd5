"""Closing levels of market indices from a file."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models import IndexLevel
from crm.core.importing import ImportContext, ImportField
from crm.core.importing.model_target import ModelTarget


class IndexLevelTarget(ModelTarget):
    """One row = the close of one index on one day; the market is no branch's own."""

    kind = "index_levels"
    label = _("Index levels")
    permission = "clients.add_indexlevel"
    model = IndexLevel
    identity = ("index_code", "day")
    date_field = "day"
    fields = [
        ImportField("index_code", "code", _("index code"), required=True, headers=("指数代码", "index", "symbol")),
        ImportField("day", "date", _("day"), required=True, headers=("日期", "交易日期", "date")),
        ImportField(
            "level",
            "decimal",
            pgettext_lazy("index", "close"),
            required_for_new=True,
            headers=("收盘", "收盘点位", "close"),
            minimum=Decimal("0.0001"),
            places=4,
        ),
    ]

    def rows_in_scope(self, context: ImportContext) -> QuerySet[Any]:
        return IndexLevel.objects.all()
