"""Holdings from a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from clients.days import EARLIEST
from clients.errors import ClientRestricted
from clients.importing.lookup import CLIENT_FIELD, ZEROS_LOST, ForClients, clients_by_number, unknown_client
from clients.models import Client, Holding, SecurityKind
from crm.core.batches import batches
from crm.core.clocks import local_date
from crm.core.importing import ImportContext, ImportField, InputRow, RowPlan, bulk
from crm.core.importing.model_target import ModelTarget, Resolved
from crm.core.importing.problems import ImportStale, ImportTouched
from crm.core.importing.targets import REMOVED, Stage

#: Clients named in one statement.
_CLIENTS = 500


class HoldingTarget(ForClients, ModelTarget):
    """One row = one security of one client at the close of one day."""

    kind = "holdings"
    label = _("Holdings")
    permission = "clients.add_holding"
    model = Holding
    identity = ("client_id", "day", "security_code")
    row_key_field = "external_id"
    date_field = "day"
    columns = {"external_id": None}
    extra = ("client_id",)
    fields = [
        CLIENT_FIELD,
        ImportField("day", "date", _("day"), required=True, headers=("日期", "持仓日期", "date")),
        ImportField("security_code", "code", _("security code"), required=True, headers=("证券代码", "code", "symbol")),
        ImportField("security_name", "text", _("security"), required_for_new=True, headers=("证券名称",)),
        ImportField(
            "quantity",
            "decimal",
            _("quantity"),
            required_for_new=True,
            places=4,
            headers=("数量", "持仓数量", "份额", "持有份额", "shares"),
            help=_("Shares, bonds or units of funds; funds have up to four places."),
        ),
        ImportField(
            "security_kind",
            "choice",
            _("kind of security"),
            choices=SecurityKind.choices,
            headers=("证券类别", "证券类型", "产品类型"),
            help=_("Without it the first digits of the code tell."),
        ),
        ImportField("market_value", "money", _("market value"), required_for_new=True, headers=("市值", "证券市值")),
        ImportField("cost", "money", _("cost"), headers=("成本", "持仓成本")),
    ]

    def rows_in_scope(self, context: ImportContext) -> QuerySet[Any]:
        return Holding.objects.filter(client__branch=context.branch)

    def plan(self, context: ImportContext, rows: list[InputRow]) -> Iterable[RowPlan]:
        """After a merge one client may stand in the file under several numbers: of each security his last row has the sum."""
        clients = clients_by_number(context, rows)
        last: dict[tuple[Any, ...], InputRow] = {}
        summed: set[int] = set()
        for row in rows:
            key = (clients.get(row.values["external_id"]), row.values["day"], row.values["security_code"])
            before = last.get(key)
            if before and key[0] is not None and before.values["external_id"] != row.values["external_id"]:
                _add(before.values, row.values)
                summed.add(before.number)
            last[key] = row
        plans = iter(super().plan(context, [row for row in rows if row.number not in summed]))
        for row in rows:
            yield row.unchanged() if row.number in summed else next(plans)

    def resolve(self, context: ImportContext, rows: list[InputRow]) -> Iterable[Resolved]:
        clients = clients_by_number(context, rows)
        today = local_date(context.now)
        return [self._one(row, clients.get(row.values["external_id"]), today) for row in rows]

    def _one(self, row: InputRow, client_id: int | None, today: date) -> Resolved:
        if client_id is None:
            return unknown_client(row)
        if row.values["day"] > today:
            return row.problem("day", "in_future", str(_("This day has not come yet.")))
        if row.values["day"] < EARLIEST:
            return row.problem("day", "too_early", str(_("This day lies too far back.")))
        if _has_lost_zeros(row.values):
            return row.problem("security_code", "zeros_lost", str(ZEROS_LOST))
        return {**self.stored(row), "client_id": client_id}

    # -- a corrected file replaces its day -----------------------------------------------------------------------------

    def finish(self, context: ImportContext, *, last: int) -> Iterator[RowPlan]:
        """Lines of a client's day that the file names the client for and no longer has: they are taken away.

        Not those of clients whose data are restricted to storage: theirs stay as they are.
        """
        named: set[tuple[Any, ...]] = context.memo.get("model_target.seen", {}).keys()
        of_day: dict[date, set[int]] = {}
        for client_id, day, _code in named:
            of_day.setdefault(day, set()).add(client_id)
        names = list(self.shape.fields)
        for day, clients in sorted(of_day.items()):
            for page in batches(sorted(clients), _CLIENTS):
                rows = self.rows_in_scope(context).filter(day=day, client__in=page, client__restricted_on=None)
                rows = rows.order_by("pk")
                for row in rows.values_list(*names):
                    cells = dict(zip(names, row, strict=True))
                    if (cells["client_id"], day, cells["security_code"]) not in named:
                        last += 1
                        yield self._gone(last, cells)

    def _gone(self, number: int, cells: dict[str, Any]) -> RowPlan:
        before = {name: self.shape.ready(name, value) for name, value in cells.items()}
        return RowPlan(InputRow(number, number, "", {}), REMOVED, str(cells["public_id"]), before=before)

    def after_apply(self, context: ImportContext, stage: Stage) -> None:
        """Raises ``ImportStale`` when a line is no longer as it was when the file was checked."""
        names = list(self.shape.fields)
        for page in stage.chunks(REMOVED):
            wanted = {row.before["id"]: row.before for row in page}
            for row in Holding.objects.filter(pk__in=wanted).values_list(*names):
                cells = {name: self.shape.ready(name, value) for name, value in zip(names, row, strict=True)}
                if wanted.get(cells["id"]) != cells:
                    raise ImportStale
            if bulk.delete(Holding, "id", list(wanted)) != len(page):
                raise ImportStale

    def undo(self, context: ImportContext, stage: Stage) -> None:
        gone = (row.before["client_id"] for page in stage.chunks(REMOVED) for row in page)
        if Client.objects.filter(pk__in=set(gone), restricted_on__isnull=False).exists():
            raise ImportTouched(ClientRestricted.message)
        super().undo(context, stage)

    def after_undo(self, context: ImportContext, stage: Stage) -> None:
        """The lines stand again, under the keys they had."""
        names = list(self.shape.fields)
        for page in stage.chunks(REMOVED):
            bulk.insert(Holding, names, [[row.before[name] for name in names] for row in page])


def _has_lost_zeros(values: dict[str, Any]) -> bool:
    """Codes of listed securities and funds have five digits in Hong Kong and six here; of 000001 a spreadsheet leaves 1."""
    code = values["security_code"]
    listed = values.get("security_kind") in (None, SecurityKind.STOCK, SecurityKind.BOND, SecurityKind.FUND)
    return listed and code.isascii() and code.isdigit() and len(code) < 5


def _add(part: dict[str, Any], whole: dict[str, Any]) -> None:
    """Add one row's amounts to another's; a sum of which a part is missing is not known."""
    for name in ("quantity", "market_value", "cost"):
        if name in part and name in whole:
            both = part[name], whole[name]
            whole[name] = None if None in both else both[0] + both[1]
