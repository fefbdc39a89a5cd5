"""Accounts and the collateral of credit accounts from files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clients.days import EARLIEST, wrong_days
from clients.identity import IdentityRefused, read_account_number, tail
from clients.importing.lookup import CLIENT_FIELD, ForClients, clients_by_number, unknown_client
from clients.models import Account, MarginDay
from clients.models.accounts import collateral_ratio
from clients.services.accounts import refresh_ratios
from crm.core.clocks import local_date
from crm.core.crypto import blind_index, blind_indexes
from crm.core.importing import ImportContext, ImportField, InputRow, Problem, Stage
from crm.core.importing.model_target import ModelTarget, Resolved
from crm.core.importing.targets import CREATED, UPDATED


class AccountTarget(ForClients, ModelTarget):
    """One row = one account of one client, found by its kind and number."""

    kind = "accounts"
    label = gettext_lazy("Accounts")
    permission = "clients.add_account"
    model = Account
    identity = ("kind", "number_index")
    row_key_field = "external_id"
    columns = {"external_id": None}
    extra = ("client_id", "number", "number_index", "number_tail", "status", "closed_on")
    never_update = ("client_id", "number", "number_tail")
    volatile = ("margin_ratio", "margin_on")
    fields = [
        CLIENT_FIELD,
        ImportField(
            "kind", "choice", gettext_lazy("kind"), required=True, choices=Account.Kind.choices, headers=("账户类型",)
        ),
        ImportField(
            "number",
            "code",
            gettext_lazy("account number"),
            required=True,
            sensitive=True,
            max_length=40,
            headers=("账号", "账户号", "证券账户", "信用账户"),
        ),
        ImportField("status", "choice", gettext_lazy("status"), choices=Account.Status.choices, headers=("账户状态",)),
        ImportField("opened_on", "date", gettext_lazy("opened on"), headers=("开立日期", "开户日期")),
        ImportField("closed_on", "date", gettext_lazy("closed on"), headers=("销户日期",)),
        ImportField("first_trade_on", "date", gettext_lazy("first trade on"), headers=("首次交易日期", "首笔交易日期")),
    ]

    def rows_in_scope(self, context: ImportContext) -> QuerySet[Any]:
        return Account.objects.filter(client__branch=context.branch)

    def resolve(self, context: ImportContext, rows: list[InputRow]) -> Iterable[Resolved]:
        clients = clients_by_number(context, rows)
        read = [self._one(context, row, clients) for row in rows]
        owners = self._owners([found for found in read if isinstance(found, dict)])
        return [self._refuse_taken(row, found, owners) for row, found in zip(rows, read, strict=True)]

    def _one(self, context: ImportContext, row: InputRow, clients: dict[str, int]) -> Resolved:
        values = dict(row.values)
        client_id = clients.get(values.pop("external_id"))
        if client_id is None:
            return unknown_client(row)
        try:
            number = read_account_number(values["number"])
        except IdentityRefused as refusal:
            return row.problem("number", refusal.code, str(refusal.message))
        values |= {
            "client_id": client_id,
            "number": number,
            "number_index": blind_index(number),
            "number_tail": tail(number),
        }
        return self._dates(context, row, values) or values

    def _dates(self, context: ImportContext, row: InputRow, values: dict[str, Any]) -> list[Problem]:
        """What a row of the table could not hold; a day of closing closes the account."""
        if values.get("closed_on"):
            values["status"] = Account.Status.CLOSED
        elif values.get("status") == Account.Status.CLOSED:
            return [row.problem("closed_on", "required", _("A closed account needs the day of closing."))]
        elif values.get("status"):
            values["closed_on"] = None
        else:
            values.pop("status", None)
            values.pop("closed_on", None)
        wrong = wrong_days(values, local_date(context.now))
        return [row.problem(name, one.code, one.text) for name, one in wrong.items()]

    def _owners(self, found: list[dict[str, Any]]) -> dict[tuple[str, str], int]:
        """Whose the numbers of a chunk are already, in whatever branch; one query."""
        indexes = {index for values in found for index in blind_indexes(values["number"])}
        rows = Account.objects.filter(number_index__in=indexes).values_list("kind", "number_index", "client_id")
        return {(kind, index): client_id for kind, index, client_id in rows}

    def _refuse_taken(self, row: InputRow, found: Resolved, owners: dict[tuple[str, str], int]) -> Resolved:
        if not isinstance(found, dict):
            return found
        for index in blind_indexes(found["number"]):
            owner = owners.get((found["kind"], index))
            if owner == found["client_id"]:
                # While keys are changed, the row on file may still stand under the older digest.
                return {**found, "number_index": index}
            if owner is not None:
                break
        else:
            return found
        return row.problem(
            "number", "account_number_taken", _("An account of this kind with this number is on file already.")
        )


class MarginTarget(ForClients, ModelTarget):
    """One row = collateral and debt of one client's credit account at the close of one day."""

    kind = "margins"
    label = gettext_lazy("Collateral of credit accounts")
    permission = "clients.add_marginday"
    model = MarginDay
    identity = ("account_id", "day")
    row_key_field = "external_id"
    date_field = "day"
    columns = {"external_id": None}
    extra = ("account_id", "ratio", "interest")
    fields = [
        CLIENT_FIELD,
        ImportField("day", "date", gettext_lazy("day"), required=True, headers=("日期", "date")),
        ImportField("cash", "money", gettext_lazy("cash"), required=True, headers=("现金", "信用资金余额")),
        ImportField("market_value", "money", gettext_lazy("market value"), required=True, headers=("担保证券市值",)),
        ImportField("debt", "money", gettext_lazy("borrowed"), required=True, headers=("融资融券负债", "负债")),
        ImportField("interest", "money", gettext_lazy("interest owed"), headers=("利息及费用", "应付利息")),
    ]

    def rows_in_scope(self, context: ImportContext) -> QuerySet[Any]:
        return MarginDay.objects.filter(account__client__branch=context.branch)

    def fixed(self, context: ImportContext) -> dict[str, Any]:
        return {"recorded_by_id": context.actor.pk}

    def resolve(self, context: ImportContext, rows: list[InputRow]) -> Iterable[Resolved]:
        known = clients_by_number(context, rows)
        live = Account.objects.live().filter(client__in=set(known.values()), kind=Account.Kind.CREDIT)
        # The eldest of several: a second one is opened only after the first was closed.
        accounts = dict(live.order_by("-opened_on", "-pk").values_list("client_id", "pk"))
        return [self._one(context, row, known, accounts) for row in rows]

    def _one(self, context: ImportContext, row: InputRow, known: dict[str, int], accounts: dict[int, int]) -> Resolved:
        values = dict(row.values)
        number = values.pop("external_id")
        if number not in known:
            return unknown_client(row)
        if known[number] not in accounts:
            return row.problem("external_id", "no_credit_account", _("This client has no open credit account."))
        values["interest"] = values.get("interest") or 0
        amounts = {name: values[name] for name in ("cash", "market_value", "debt", "interest")}
        negative = [
            row.problem(name, "negative", _("Amounts of collateral and debt are not negative."))
            for name, amount in amounts.items()
            if amount < 0
        ]
        if values["day"] > local_date(context.now):
            negative.append(row.problem("day", "in_future", _("This day has not come yet.")))
        elif values["day"] < EARLIEST:
            negative.append(row.problem("day", "too_early", _("This day lies too far back.")))
        return negative or {**values, "account_id": accounts[known[number]], "ratio": collateral_ratio(**amounts)}

    # -- the accounts repeat their newest day --------------------------------------------------------------------------

    def after_apply(self, context: ImportContext, stage: Stage) -> None:
        self._refresh(context, stage)

    def after_undo(self, context: ImportContext, stage: Stage) -> None:
        self._refresh(context, stage)

    def _refresh(self, context: ImportContext, stage: Stage) -> None:
        at = self.layout(context).index("account_id")
        touched = {row.values[at] for row in stage.rows(CREATED)}
        refs = [row.ref for row in stage.rows(UPDATED)]
        touched |= set(MarginDay.objects.filter(public_id__in=refs).values_list("account_id", flat=True))
        refresh_ratios(touched)
