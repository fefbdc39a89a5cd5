"""The client's accounts: taking one in, correcting and closing it, its number, its collateral, and business lines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clients.crumbs import to_accounts
from clients.forms.accounts import AccountForm, LineForm, MarginForm
from clients.models import Account, BusinessLineMark, Client, MarginDay, MarginLevel
from clients.querysets.accounts import level_of, margin_lines
from clients.querysets.business_lines import lines_of
from clients.services import change_account, mark_line, open_account, set_margin, unmark_line
from clients.views.about import about_client
from clients.views.rows import today, visible_client
from crm.core.models import User
from crm.core.policies import figures
from crm.core.views.commands import form_page
from crm.core.views.places import actor_of
from crm.core.views.reveal import revealed

TONES = {MarginLevel.ATTENTION: "warning", MarginLevel.WARNING: "danger", MarginLevel.CLOSE_OUT: "danger"}
#: So many days of collateral the page shows.
_MARGIN_DAYS = 10


@form_page
@permission_required("clients.add_account", raise_exception=True)
def account_add(request: HttpRequest, public_id: str) -> HttpResponse:
    """Put an account on file."""
    client = visible_client(request, public_id)
    form = AccountForm(request.POST or None)

    def do() -> Account:
        return open_account(
            client=client,
            kind=form.cleaned_data["kind"],
            values=form.facts,
            actor=actor_of(request),
            now=timezone.now(),
        )

    return on_the_tab(request, client, form, do, title=_("Put an account on file"), submit=_("Save"))


@form_page
@permission_required("clients.change_account", raise_exception=True)
def account_edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Correct facts of an account, freeze or close it."""
    account = visible_account(request, public_id)
    form = AccountForm(request.POST or None, account=account)

    def do() -> Account:
        return change_account(
            account=account, values=form.facts, actor=actor_of(request), now=timezone.now(), version=form.seen
        )

    return on_the_tab(request, account.client, form, do, title=_("Change an account"), submit=_("Save"))


@require_POST
@permission_required("clients.reveal_client", raise_exception=True)
def account_reveal(request: HttpRequest, public_id: str) -> HttpResponse:
    """The number in full, with a reason, within the daily allowance, on record; never kept by the browser."""
    account = visible_account(request, public_id)
    return revealed(request, account, "number", client=account.client)


@form_page
@permission_required("clients.add_marginday", raise_exception=True)
def account_margin(request: HttpRequest, public_id: str) -> HttpResponse:
    """Enter collateral and debt of a day."""
    account = visible_account(request, public_id)
    form = MarginForm(request.POST or None, initial={"day": today()})

    def do() -> MarginDay:
        return set_margin(
            account=account,
            day=form.cleaned_data["day"],
            amounts=form.amounts,
            actor=actor_of(request),
            now=timezone.now(),
        )

    return on_the_tab(request, account.client, form, do, title=_("Enter the collateral of a day"), submit=_("Save"))


@form_page
@permission_required("clients.change_client", raise_exception=True)
def line_mark(request: HttpRequest, public_id: str) -> HttpResponse:
    """Mark a business line by hand."""
    client = visible_client(request, public_id)
    form = LineForm(request.POST or None)

    def do() -> BusinessLineMark:
        return mark_line(client=client, actor=actor_of(request), now=timezone.now(), **form.command)

    return on_the_tab(request, client, form, do, title=_("Mark a business line"), submit=_("Save"))


@require_POST
@permission_required("clients.change_client", raise_exception=True)
def line_unmark(request: HttpRequest, public_id: str, mark: str) -> HttpResponse:
    """Take a mark back."""
    client = visible_client(request, public_id)
    row = get_object_or_404(BusinessLineMark.objects.visible_to(actor_of(request)), client=client, public_id=mark)
    unmark_line(mark=row, actor=actor_of(request))
    messages.success(request, _("The mark is taken back."))
    return redirect(client.tab_url("accounts"))


# -- what the tab shows ------------------------------------------------------------------------------------------------


def accounts_context(request: HttpRequest, client: Client, day: date) -> dict[str, Any]:
    """Accounts with masked numbers, the newest collateral with its level, and business lines."""
    user = actor_of(request)
    accounts: list[Any] = list(Account.objects.visible_to(user).filter(client=client).in_order())
    may_reveal = user.has_perm("clients.reveal_client")
    for account in accounts:
        account.reveal_url = (
            reverse("clients:account_reveal", args=[account.public_id]) if may_reveal and account.number_tail else ""
        )
    lines = lines_of(client)
    return {
        "client": client,
        "accounts": accounts,
        "margins": _margins(user, client, accounts, day),
        "lines": [line for line in lines if line.is_used],
        "unused_lines": [line for line in lines if not line.is_used],
        "first_trade_on": min((a.first_trade_on for a in accounts if a.first_trade_on), default=None),
    }


def _margins(user: User, client: Client, accounts: list[Any], day: date) -> list[dict[str, Any]]:
    """Each live credit account with its newest days and the level they reach."""
    live = [account for account in accounts if account.kind == Account.Kind.CREDIT and account.is_open]
    if not live or not user.has_perm("clients.view_marginday"):
        return []
    lines = margin_lines(figures(day, client.branch))
    return [
        {
            "account": account,
            "days": list(MarginDay.objects.visible_to(user).filter(account=account).newest_first()[:_MARGIN_DAYS]),
            "flag": margin_flag(account.margin_ratio, lines),
            "lines": [{"label": MarginLevel(level).label, "ratio": line} for level, line in lines.items()],
        }
        for account in live
    ]


def margin_flag(ratio: Any, lines: dict[str, Any]) -> dict[str, Any] | None:
    """Word, tone and icon of the level that a collateral ratio reaches; None above all lines."""
    level = level_of(ratio, lines)
    if not level:
        return None
    found = MarginLevel(level)
    return {"level": level, "label": found.label, "tone": TONES[found], "icon": "alert-triangle", "ratio": ratio}


# -- what the pages share ----------------------------------------------------------------------------------------------


def visible_account(request: HttpRequest, public_id: str) -> Account:
    """The account, if the caller may see whose it is; 404 for a foreign one as for none."""
    rows = Account.objects.visible_to(actor_of(request)).select_related("client__branch", "client__advisor")
    return get_object_or_404(rows, public_id=public_id)


def on_the_tab(
    request: HttpRequest,
    client: Client,
    form: Any,
    do: Callable[[], Any],
    *,
    title: str,
    submit: str,
    template: str = "clients/form.html",
    done: Callable[[], str] | None = None,
    more: dict[str, Any] | None = None,
) -> HttpResponse:
    """A form about one client that begins and ends on his tab of accounts."""
    return about_client(
        request,
        client,
        form,
        do,
        title=title,
        submit=submit,
        back=client.tab_url("accounts"),
        done=done,
        crumbs=to_accounts(client, request.user),
        template=template,
        more=more,
    )
