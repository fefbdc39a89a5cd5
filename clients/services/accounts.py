"""Accounts: opening, correcting, closing; the collateral of credit accounts; marks of business lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from clients.days import refuse_before_trading, refuse_wrong_days
from clients.errors import AccountClosed, AccountTaken, ClientClosed, NoCreditAccount
from clients.identity import IdentityRefused, read_account_number, tail
from clients.models import Account, BusinessLineMark, Client, MarginDay
from clients.models.accounts import collateral_ratio
from crm.core import audit
from crm.core.batches import batches
from crm.core.checked import check
from crm.core.clocks import local_date
from crm.core.crypto import blind_index, blind_indexes
from crm.core.errors import InvalidInput
from crm.core.models import User
from crm.core.service import service
from crm.core.taken import unless_taken
from crm.core.versions import lock

#: What ``account.change`` takes.
EDITABLE = ("number", "status", "opened_on", "closed_on", "first_trade_on")


def number_facts(number: str) -> dict[str, str]:
    """The columns that follow from an account number in its storage form."""
    return {"number": number, "number_index": blind_index(number), "number_tail": tail(number)}


@service("account.open")
def open_account(*, client: Client, kind: str, values: Mapping[str, Any], actor: User, now: datetime) -> Account:
    """Put an account of a client on file. ``values`` are those of ``EDITABLE``.

    Raises ``ClientClosed``, ``AccountTaken`` when somebody has this number, ``InvalidInput`` naming what is wrong.
    """
    _refuse_unknown(values)
    owner: Client = lock(Client.objects.all(), pk=client.pk)
    if owner.status == Client.Status.CLOSED:
        raise ClientClosed
    row = Account(client=owner, kind=kind)
    _set(row, values, now)
    with _own_number():
        row.save()
    audit.record(actor, "account.open", row, after={"kind": kind, **_shown(values)}, client=owner)
    return row


@service("account.change")
def change_account(
    *, account: Account, values: Mapping[str, Any], actor: User, now: datetime, version: int | None = None
) -> Account:
    """Correct facts of an account, freeze or close it. Raises ``StaleEdit``, ``AccountTaken`` and ``InvalidInput``."""
    _refuse_unknown(values)
    lock(Client.objects.all(), pk=account.client_id)
    row: Account = lock(Account.objects.select_related("client"), pk=account.pk, version=version)
    before = {name: getattr(row, name) for name in EDITABLE}
    _set(row, values, now)
    changed = [name for name in EDITABLE if getattr(row, name) != before[name]]
    if not changed:
        return row
    follow = ["number_index", "number_tail"] if "number" in changed else []
    with _own_number():
        row.save_changed([*changed, *follow])
    audit.record(
        actor,
        "account.change",
        row,
        before=_shown({name: before[name] for name in changed}),
        after=_shown({name: getattr(row, name) for name in changed}),
        client=row.client,
    )
    return row


@service("account.set_margin")
def set_margin(*, account: Account, day: date, amounts: Mapping[str, Decimal], actor: User, now: datetime) -> MarginDay:
    """Put collateral and debt of a credit account at the close of ``day`` on file; the same day again replaces what was there.

    ``amounts``: cash, market_value, debt, interest in yuan. Raises ``NoCreditAccount``, ``AccountClosed`` and ``InvalidInput``.
    """
    lock(Client.objects.all(), pk=account.client_id)
    row: Account = lock(Account.objects.select_related("client"), pk=account.pk)
    if row.kind != Account.Kind.CREDIT:
        raise NoCreditAccount
    if row.status == Account.Status.CLOSED:
        raise AccountClosed
    if day > local_date(now):
        raise InvalidInput(fields={"day": _("This day has not come yet.")})
    refuse_before_trading("day", day)
    found = MarginDay.objects.filter(account=row, day=day).first() or MarginDay(account=row, day=day)
    terms = {name: amounts[name] for name in ("cash", "market_value", "debt", "interest")}
    for name, amount in terms.items():
        setattr(found, name, amount)
    found.ratio, found.recorded_by = collateral_ratio(**terms), actor
    check(found)
    found.save()
    refresh_ratios([row.pk])
    after = {"day": day, **terms, "ratio": found.ratio}
    audit.record(actor, "account.set_margin", row, after=after, client=row.client)
    return found


def refresh_ratios(account_ids: Iterable[int]) -> None:
    """Let credit accounts repeat their newest day on file; after an import and after an undo, too."""
    last = MarginDay.objects.filter(account=OuterRef("account")).order_by("-day").values("day")[:1]
    for page in batches(account_ids):
        rows = MarginDay.objects.filter(account_id__in=page, day=Subquery(last)).order_by()
        newest = {pk: (day, ratio) for pk, day, ratio in rows.values_list("account_id", "day", "ratio")}
        accounts = list(Account.objects.filter(pk__in=page))
        for account in accounts:
            account.margin_on, account.margin_ratio = newest.get(account.pk, (None, None))
        Account.objects.bulk_update(accounts, ["margin_on", "margin_ratio"], batch_size=500)


@service("business_line.mark")
def mark_line(*, client: Client, line: str, note: str, actor: User, now: datetime) -> BusinessLineMark:
    """Say that a client uses a business line; saying it again replaces the note."""
    owner: Client = lock(Client.objects.all(), pk=client.pk)
    if owner.status == Client.Status.CLOSED:
        raise ClientClosed
    row = BusinessLineMark.objects.filter(client=owner, line=line).first() or BusinessLineMark(client=owner, line=line)
    row.note, row.marked_on, row.marked_by = note.strip(), local_date(now), actor
    check(row)
    row.save()
    audit.record(actor, "business_line.mark", row, after={"line": line, "note": row.note}, client=owner)
    return row


@service("business_line.unmark")
def unmark_line(*, mark: BusinessLineMark, actor: User) -> Client:
    """Take a mark back. Returns whose it was. Raises ``ClientRestricted``."""
    lock(Client.objects.all(), pk=mark.client_id)
    row: BusinessLineMark = lock(BusinessLineMark.objects.select_related("client"), pk=mark.pk)
    before = {"line": row.line, "note": row.note}
    audit.record(actor, "business_line.unmark", row, before=before, client=row.client)
    row.delete()
    return row.client


def _set(row: Account, values: Mapping[str, Any], now: datetime) -> None:
    """Put the values on the row and let it say what is wrong."""
    said = dict(values)
    if "number" in said:
        try:
            number = read_account_number(said.pop("number")) if said["number"] else said.pop("number")
        except IdentityRefused as refusal:
            raise InvalidInput(fields={"number": refusal.message}) from None
        if number != row.number:
            _refuse_taken(row, number)
            for name, value in number_facts(number).items():
                setattr(row, name, value)
    for name, value in said.items():
        setattr(row, name, value)
    today = local_date(now)
    if row.status != Account.Status.CLOSED:
        row.closed_on = None
    elif row.closed_on is None:
        row.closed_on = today
    refuse_wrong_days({name: getattr(row, name) for name in ("opened_on", "closed_on", "first_trade_on")}, today)
    check(row)


def _refuse_taken(row: Account, number: str) -> None:
    """Under every key of the ring: while keys are changed, the constraint alone does not see it."""
    same = Account.objects.filter(kind=row.kind, number_index__in=blind_indexes(number)).exclude(pk=row.pk)
    if number and same.exists():
        raise AccountTaken(fields={"number": AccountTaken.message})


def _own_number() -> AbstractContextManager[None]:
    """Write inside of it: a number that somebody has is refused, whoever of two was first."""
    refusal = AccountTaken(fields={"number": AccountTaken.message})
    return unless_taken(Account, "account_number_once_per_kind", refusal=refusal)


def _refuse_unknown(values: Mapping[str, Any]) -> None:
    if unknown := sorted(set(values) - set(EDITABLE)):
        raise TypeError(f"not for accounts: {', '.join(unknown)}")


def _shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values for the audit trail; a number never reaches it, only that it was set."""
    return {("account_number" if name == "number" else name): value for name, value in values.items()}
