"""Accounts: numbers that nobody reads, one owner each, collateral with its lines, business lines."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.errors import AccountTaken, ClientClosed, NoCreditAccount
from clients.models import Account, BusinessLine, Client, MarginDay
from clients.models.accounts import collateral_ratio
from clients.months import months_between
from clients.querysets.accounts import level_of, margin_lines
from clients.querysets.business_lines import kind_of_security, lines_of, uses_line
from clients.services import change_account, mark_line, open_account, set_margin, unmark_line
from crm.core.errors import InvalidInput, StaleEdit
from crm.core.models import AuditEntry, Branch
from tests.doors import Api, Staff, Web, token
from tests.factories.clients import (
    AccountFactory,
    BusinessLineMarkFactory,
    ClientFactory,
    FinancingNeedFactory,
    HoldingFactory,
    MarginDayFactory,
)

NOW = datetime(2026, 6, 2, 2, tzinfo=UTC)
NUMBER = "880012345678"
API = "/api/v1/accounts/"


def opened(client: Client, staff: Staff, **values: Any) -> Account:
    said = {"number": NUMBER, **values}
    return open_account(client=client, kind=said.pop("kind", "cash"), values=said, actor=staff("front_desk"), now=NOW)


# -- opening and changing ----------------------------------------------------------------------------------------------


def test_an_account_is_kept_sealed_with_digest_and_tail(branch: Branch, staff: Staff) -> None:
    account = opened(ClientFactory(branch=branch), staff, number=" 8800-1234 5678")

    stored = Account.objects.filter(pk=account.pk).values_list("number", "number_tail").get()
    assert NUMBER not in str(stored[0])
    assert stored[1] == "5678"
    assert Account.objects.get(pk=account.pk).number == NUMBER


def test_a_number_never_reaches_the_trail(branch: Branch, staff: Staff) -> None:
    account = opened(ClientFactory(branch=branch), staff)
    change_account(account=account, values={"number": "880087654321"}, actor=staff("front_desk"), now=NOW)

    told = str(list(AuditEntry.objects.values_list("before", "after")))
    assert NUMBER not in told
    assert "880087654321" not in told
    assert AuditEntry.objects.filter(action="account.change", client_ref=account.client.public_id).exists()


def test_one_number_has_one_owner_and_nobody_learns_who(branch: Branch, other_branch: Branch, staff: Staff) -> None:
    opened(ClientFactory(branch=other_branch, name="丙外地"), staff)

    with pytest.raises(AccountTaken) as refused:
        opened(ClientFactory(branch=branch), staff)

    assert "丙" not in str(refused.value.message)
    assert opened(ClientFactory(branch=branch), staff, kind="fund").kind == "fund"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"number": "12"}, "number"),
        ({"number": "8.8E+11"}, "number"),
        ({"opened_on": date(2026, 6, 3)}, "opened_on"),
        ({"first_trade_on": date(2030, 1, 1)}, "first_trade_on"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name(
    branch: Branch, staff: Staff, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        opened(ClientFactory(branch=branch), staff, **values)

    assert set(refused.value.fields) == {field}


def test_a_client_who_has_left_gets_no_account(branch: Branch, staff: Staff) -> None:
    with pytest.raises(ClientClosed):
        opened(ClientFactory(branch=branch, closed=True), staff)


def test_closing_keeps_the_day_and_opening_again_forgets_it(branch: Branch, staff: Staff) -> None:
    account, desk = opened(ClientFactory(branch=branch), staff), staff("front_desk")

    closed = change_account(account=account, values={"status": "closed"}, actor=desk, now=NOW)
    assert closed.closed_on == date(2026, 6, 2)
    again = change_account(account=account, values={"status": "open"}, actor=desk, now=NOW)
    assert again.closed_on is None


def test_an_older_view_changes_nothing(branch: Branch, staff: Staff) -> None:
    account, desk = opened(ClientFactory(branch=branch), staff), staff("front_desk")
    change_account(account=account, values={"status": "frozen"}, actor=desk, now=NOW, version=1)

    with pytest.raises(StaleEdit):
        change_account(account=account, values={"status": "closed"}, actor=desk, now=NOW, version=1)


def test_experience_counts_from_the_first_trade_on_any_account(branch: Branch) -> None:
    client = ClientFactory(branch=branch)
    AccountFactory(client=client, first_trade_on=date(2022, 5, 6))
    AccountFactory(client=client, kind="one_code", first_trade_on=date(2015, 3, 4), closed=True)
    AccountFactory(client__branch=branch, first_trade_on=date(2001, 1, 1))

    assert Account.objects.first_trade_of(client) == date(2015, 3, 4)


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(0, 700))
def test_months_are_whole_months(first: date, extra: int) -> None:
    last = date.fromordinal(first.toordinal() + extra)
    months = months_between(first, last)

    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    assert (year, month + 1, first.day) <= (last.year, last.month, last.day)
    year, month = divmod(first.year * 12 + first.month + months, 12)
    assert (year, month + 1, first.day) > (last.year, last.month, last.day)


# -- collateral --------------------------------------------------------------------------------------------------------

YUAN = st.decimals(0, 10_000_000, places=2)


@given(YUAN, YUAN, YUAN, YUAN)
def test_the_ratio_is_collateral_over_debt_and_never_rounded_up(
    cash: Decimal, market_value: Decimal, debt: Decimal, interest: Decimal
) -> None:
    ratio = collateral_ratio(cash=cash, market_value=market_value, debt=debt, interest=interest)

    owed = debt + interest
    if not owed:
        assert ratio is None
    else:
        assert ratio * owed <= cash + market_value < (ratio + Decimal("0.0001")) * owed


def test_a_fen_of_debt_beside_a_fortune_has_a_ratio_that_the_column_holds(
    branch: Branch, staff: Staff, figures: Any
) -> None:
    account = AccountFactory(client__branch=branch, kind="credit")
    amounts = {"cash": Decimal("99999999999999.99"), "market_value": Decimal(0), "debt": Decimal("0.01")}
    row = set_margin(
        account=account,
        day=date(2026, 6, 1),
        amounts={**amounts, "interest": Decimal(0)},
        actor=staff("front_desk"),
        now=NOW,
    )

    row.refresh_from_db()
    assert level_of(row.ratio, margin_lines(figures)) == ""


@pytest.mark.parametrize(
    ("ratio", "level"),
    [
        (None, ""),
        ("1.8", ""),
        ("1.7999", "attention"),
        ("1.5", "attention"),
        ("1.4999", "warning"),
        ("1.3", "warning"),
        ("1.2999", "close_out"),
    ],
)
def test_a_line_belongs_to_the_better_level(figures: Any, ratio: str | None, level: str) -> None:
    assert level_of(Decimal(ratio) if ratio else None, margin_lines(figures)) == level


def margin(account: Account, staff: Staff, day: date, debt: int = 300_000) -> MarginDay:
    amounts = {"cash": Decimal(0), "market_value": Decimal(420_000), "debt": Decimal(debt), "interest": Decimal(0)}
    return set_margin(account=account, day=day, amounts=amounts, actor=staff("front_desk"), now=NOW)


def test_the_account_repeats_its_newest_day_and_the_same_day_is_replaced(branch: Branch, staff: Staff) -> None:
    account = opened(ClientFactory(branch=branch), staff, kind="credit")
    margin(account, staff, date(2026, 6, 1))
    margin(account, staff, date(2026, 5, 29), debt=100_000)
    margin(account, staff, date(2026, 6, 1), debt=280_000)

    account.refresh_from_db()
    assert (account.margin_on, account.margin_ratio) == (date(2026, 6, 1), Decimal("1.5"))
    assert MarginDay.objects.count() == 2


def test_a_cash_account_and_a_coming_day_have_no_collateral(branch: Branch, staff: Staff) -> None:
    with pytest.raises(NoCreditAccount):
        margin(opened(ClientFactory(branch=branch), staff), staff, date(2026, 6, 1))
    with pytest.raises(InvalidInput):
        margin(opened(ClientFactory(branch=branch), staff, kind="credit"), staff, date(2026, 6, 3))


def test_the_list_narrows_by_collateral(branch: Branch, staff: Staff, web: Web) -> None:
    for name, ratio in (("甲安全", "2.5"), ("乙关注", "1.6"), ("丙平仓", "1.1")):
        AccountFactory(client__branch=branch, client__name=name, credit=True, margin_ratio=Decimal(ratio))
    AccountFactory(client__branch=branch, client__name="丁已销", credit=True, closed=True, margin_ratio=Decimal("1.1"))
    browser = web(staff("front_desk"))

    def seen(level: str) -> set[str]:
        text = browser.get(f"/clients/?margin={level}", headers={"HX-Request": "true"}).content.decode()
        return {name for name in ("甲安全", "乙关注", "丙平仓", "丁已销") if f">{name}<" in text}

    assert seen("attention") == {"乙关注", "丙平仓"}
    assert seen("close_out") == {"丙平仓"}


# -- business lines ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("600519.SH", "stock"),
        ("300750", "stock"),
        ("200011", "stock"),
        ("204001", "bond"),
        ("113050", "bond"),
        ("510300", "fund"),
        ("159915.SZ", "fund"),
        ("920002", "stock"),
        ("XYZ", ""),
    ],
)
def test_a_security_belongs_to_a_line_by_its_code(code: str, line: str) -> None:
    assert kind_of_security(code) == line


CODES = ("600519", "204001", "200011", "113050", "510300", "XYZ")


@pytest.mark.parametrize("line", BusinessLine.values)
def test_page_and_filter_know_the_same_lines(branch: Branch, staff: Staff, line: str) -> None:
    for code in CODES:
        HoldingFactory(client__branch=branch, security_code=code)
    for kind in Account.Kind.values:
        AccountFactory(client__branch=branch, kind=kind)
    AccountFactory(client__branch=branch, credit=True, closed=True)
    BusinessLineMarkFactory(client__branch=branch, line="corporate")
    FinancingNeedFactory(client__branch=branch)
    FinancingNeedFactory(client__branch=branch, removed_at=NOW)
    sold = ClientFactory(branch=branch)
    HoldingFactory(client=sold, day=date(2026, 5, 1), security_code="600519")
    HoldingFactory(client=sold, day=date(2026, 6, 1), security_code="510300")

    by_page = {c.pk for c in Client.objects.all() if any(u.line == line and u.is_used for u in lines_of(c))}

    assert set(Client.objects.filter(uses_line(line)).values_list("pk", flat=True)) == by_page


def test_a_mark_is_made_replaced_and_taken_back(branch: Branch, staff: Staff) -> None:
    client, desk = ClientFactory(branch=branch), staff("front_desk")
    mark_line(client=client, line="wealth", note="收益凭证", actor=desk, now=NOW)
    mark = mark_line(client=client, line="wealth", note="现金理财", actor=desk, now=NOW)

    assert client.line_marks.get().note == "现金理财"
    unmark_line(mark=mark, actor=desk)
    assert not client.line_marks.exists()
    assert AuditEntry.objects.filter(action="business_line.unmark").exists()


# -- pages -------------------------------------------------------------------------------------------------------------


def tab(client: Client) -> str:
    return f"/clients/{client.public_id}/?tab=accounts"


def test_the_tab_shows_accounts_masked_with_the_level_of_the_collateral(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch)
    opened(client, staff)
    account = AccountFactory(client=client, credit=True, number="990011112222")
    margin(account, staff, date(2026, 6, 1))

    text = web(staff("front_desk")).get(tab(client)).content.decode()

    assert "****5678" in text and NUMBER not in text
    assert "140.00%" in text
    assert text.count("Collateral low") >= 2, "in the header and on the panel"


def test_the_tab_costs_the_same_for_one_account_and_for_ten(
    branch: Branch, staff: Staff, web: Web, cost_of: Any
) -> None:
    client = ClientFactory(branch=branch)
    AccountFactory(client=client)
    browser = web(staff("front_desk"))
    browser.get(tab(client))

    one = cost_of(lambda: browser.get(tab(client)))
    AccountFactory.create_batch(9, client=client)

    assert cost_of(lambda: browser.get(tab(client))) == one


def test_an_account_is_put_on_file_on_its_page_once(branch: Branch, staff: Staff, web: Web) -> None:
    client, browser = ClientFactory(branch=branch), web(staff("front_desk"))
    url = f"/clients/{client.public_id}/accounts/new/"
    said = {"kind": "cash", "number": NUMBER, "form_token": token(browser.get(url))}

    assert browser.post(url, said).status_code == 302
    assert browser.post(url, said).status_code == 302
    assert client.accounts.count() == 1


def test_the_form_of_an_account_never_holds_its_number(branch: Branch, staff: Staff, web: Web) -> None:
    account, browser = AccountFactory(client__branch=branch, number=NUMBER), web(staff("front_desk"))
    url = f"/accounts/{account.public_id}/edit/"
    page = browser.get(url)
    assert NUMBER not in page.content.decode()

    said = {"number": "", "status": "frozen", "opened_on": "2020-01-02", "version": 1, "form_token": token(page)}
    assert browser.post(url, said).status_code == 302
    account.refresh_from_db()
    assert (account.status, account.number) == ("frozen", NUMBER)


def test_a_number_is_revealed_with_a_reason_and_on_record(branch: Branch, staff: Staff, web: Web) -> None:
    account, desk = AccountFactory(client__branch=branch, number=NUMBER), staff("front_desk")
    url, browser = f"/accounts/{account.public_id}/reveal/", web(desk)

    assert browser.post(url, {"reason": ""}).status_code == 400
    answer = browser.post(url, {"reason": "核对账号"})

    assert NUMBER in answer.content.decode()
    assert "1 of 120 today" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    entry = AuditEntry.objects.get(action="field.reveal")
    assert (entry.actor, entry.client_ref) == (desk, account.client.public_id)


def test_a_stranger_finds_no_account(branch: Branch, other_branch: Branch, staff: Staff, web: Web, api: Api) -> None:
    account = AccountFactory(client__branch=branch)
    stranger = staff("front_desk", branch=other_branch)

    assert web(stranger).get(f"/accounts/{account.public_id}/edit/").status_code == 404
    assert web(stranger).post(f"/accounts/{account.public_id}/reveal/", {"reason": "核对账号"}).status_code == 404
    assert api(stranger).get(f"{API}{account.public_id}/").status_code == 404


@pytest.mark.parametrize("typed", [NUMBER, "8800 1234 5678", "5678"])
def test_the_search_box_finds_whole_number_and_last_four(branch: Branch, staff: Staff, web: Web, typed: str) -> None:
    AccountFactory(client__branch=branch, client__name="甲在册", number=NUMBER)
    AccountFactory(client__branch=branch, client__name="乙别人", number="880099990000")

    found = web(staff("front_desk")).get("/clients/", {"q": typed}, headers={"HX-Request": "true"}).content.decode()

    assert "甲在册" in found and "乙别人" not in found


def test_an_agent_finds_nobody_by_his_account(branch: Branch, staff: Staff, web: Web) -> None:
    agent = staff("agent")
    AccountFactory(client__branch=branch, client__name="甲在册", client__introducer=agent, number=NUMBER)

    found = web(agent).get("/clients/", {"q": "5678"}, headers={"HX-Request": "true"}).content.decode()

    assert "甲*" not in found


# -- REST --------------------------------------------------------------------------------------------------------------


def test_accounts_over_rest_are_made_once_masked_and_versioned(branch: Branch, staff: Staff, api: Api) -> None:
    client, phone = ClientFactory(branch=branch), api(staff("front_desk"))
    body = {"client": client.public_id, "kind": "credit", "number": NUMBER}

    made = phone.post(API, body, headers={"idempotency-key": "a"})
    again = phone.post(API, body, headers={"idempotency-key": "a"})

    assert (made.status_code, again.status_code) == (201, 200)
    assert made.data["number"] == "****5678"
    url = f"{API}{made.data['id']}/"
    assert phone.patch(url, {"status": "frozen"}).status_code == 428
    assert phone.patch(url, {"status": "frozen"}, headers={"if-match": '"1"'}).data["status"] == "frozen"
    assert phone.patch(url, {"status": "open"}, headers={"if-match": '"1"'}).status_code == 412
    taken = phone.post(
        API, {**body, "client": ClientFactory(branch=branch).public_id}, headers={"idempotency-key": "b"}
    )
    assert (taken.status_code, taken.data["code"]) == (409, "account_number_taken")
    assert NUMBER not in phone.get(API, {"client": client.public_id}).content.decode()


def test_collateral_over_rest(branch: Branch, staff: Staff, api: Api) -> None:
    account, phone = AccountFactory(client__branch=branch, credit=True), api(staff("front_desk"))
    url = f"{API}{account.public_id}/margin/"
    body = {"day": "2026-06-01", "cash": "0.00", "market_value": "420000.00", "debt": "300000.00", "interest": "0.00"}

    made = phone.post(url, body, headers={"idempotency-key": "m"})

    assert (made.status_code, made.data["ratio"]) == (201, "1.4000")
    assert [row["ratio"] for row in phone.get(url).data] == ["1.4000"]
    assert api(staff("account_manager")).post(url, body, headers={"idempotency-key": "n"}).status_code == 403


def test_the_list_over_rest_costs_the_same_for_one_and_for_ten(
    branch: Branch, staff: Staff, api: Api, cost_of: Any
) -> None:
    phone = api(staff("front_desk"))
    AccountFactory(client__branch=branch)
    phone.get(API)
    one = cost_of(lambda: phone.get(API))
    AccountFactory.create_batch(9, client__branch=branch)

    assert cost_of(lambda: phone.get(API)) == one


def test_a_margin_day_keeps_its_constraints(branch: Branch) -> None:
    day = MarginDayFactory(account__client__branch=branch)

    day.full_clean()
    assert day.ratio == Decimal("2.5")
