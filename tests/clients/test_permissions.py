"""Trading permissions: what the rules ask, what counts as known, who opens, who lets off, and that each opens once."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.conditions import Condition, read
from clients.errors import ClientClosed, ConditionsNotMet, PermissionDecided, PermissionHeld, PermissionNotOpen
from clients.models import Client, EntryTest, PermissionCode, TradingPermission
from clients.querysets.business_lines import lines_of, uses_line
from clients.querysets.precheck import Rule, precheck, prechecks
from clients.services import (
    AssetDay,
    approve_exemption,
    ask_exemption,
    close_permission,
    open_permission,
    put_asset_days,
    record_test,
    refuse_exemption,
)
from clients.services import permissions as under_test
from crm.core.access import system_user
from crm.core.clocks import Calendar
from crm.core.errors import FourEyes, InvalidInput, StaleEdit
from crm.core.models import AuditEntry, Branch, User
from crm.core.policies import Figure
from crm.core.policies import figures as figures_on
from tests.factories.clients import (
    AccountFactory,
    ClientFactory,
    EntryTestFactory,
    RiskAssessmentFactory,
    TradingPermissionFactory,
)
from tests.factories.core import UserFactory
from tests.racing import Meeting, on_postgresql, race

Staff = Callable[..., User]
Web = Callable[[User], Any]
Api = Callable[[User], Any]
NOW = datetime(2026, 6, 2, 2, tzinfo=UTC)
DAY = date(2026, 6, 2)
API = "/api/v1/trading-permissions/"


def worth(client: Client, yuan: int | str, days: int = 20) -> None:
    """The client had so much on each of the last ``days`` trading days."""
    calendar = Calendar.around(DAY)
    rows = [
        AssetDay(client.pk, calendar.add_trading_days(DAY, -back), int(Decimal(yuan) * 100))
        for back in range(days, 0, -1)
    ]
    put_asset_days(branch=client.branch, rows=rows, actor=system_user())


def fit(branch: Branch, **fields: Any) -> Client:
    """A client who meets every condition of 科创板."""
    said = {"risk_grade": "C4", "risk_valid_until": date(2027, 1, 1), **fields}
    client = ClientFactory(branch=branch, **said)
    AccountFactory(client=client, first_trade_on=date(2020, 1, 3))
    EntryTestFactory(client=client, kind="knowledge", score=80)
    EntryTestFactory(client=client, kind="disclosure")
    worth(client, 500_000)
    return client


def outcomes(client: Client, code: str = "star") -> dict[str, str]:
    return {str(c.key): str(c.outcome) for c in precheck(client, code, DAY).conditions}


# -- the conditions ----------------------------------------------------------------------------------------------------


def test_who_meets_every_condition_passes(branch: Branch) -> None:
    client = fit(branch)

    assert precheck(client, "star", DAY).passes
    assert set(outcomes(client).values()) == {"met"}


@pytest.mark.parametrize(
    ("yuan", "days", "outcome"),
    [
        ("500000", 20, "met"),
        ("499999.99", 20, "not_met"),
        ("5000000", 5, "met"),
        ("600000", 19, "met"),
        ("500000", 19, "unknown"),
        ("1000", 3, "unknown"),
        ("0", 0, "unknown"),
    ],
)
def test_the_average_runs_over_twenty_trading_days_and_a_gap_that_matters_is_unknown(
    branch: Branch, yuan: str, days: int, outcome: str
) -> None:
    client = ClientFactory(branch=branch)
    if days:
        worth(client, yuan, days)

    assert outcomes(client)["average"] == outcome


def test_the_window_ends_on_the_trading_day_before_and_skips_holidays(branch: Branch) -> None:
    client = fit(branch)

    (average,) = [c for c in precheck(client, "star", DAY).conditions if c.key == "average"]

    assert average.facts["last"] == "2026-06-01"
    assert average.facts["first"] == "2026-04-30", "the holidays of May are no trading days"
    assert average.facts["window"] == average.facts["days"] == 20
    neeq = [c for c in precheck(client, "neeq_base", DAY).conditions if c.key == "average"]
    assert neeq[0].facts["window"] == 10


def test_money_borrowed_on_margin_does_not_count(branch: Branch) -> None:
    client, calendar = ClientFactory(branch=branch), Calendar.around(DAY)
    rows = [
        AssetDay(client.pk, calendar.add_trading_days(DAY, -back), 400_000_00, 900_000_00, 0, 500_000_00)
        for back in range(20, 0, -1)
    ]
    put_asset_days(branch=branch, rows=rows, actor=system_user())

    assert outcomes(client)["average"] == "not_met"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(amounts=st.lists(st.integers(0, 1_200_000_00) | st.none(), min_size=20, max_size=20))
@pytest.mark.django_db
def test_met_means_enough_whatever_is_missing_and_not_met_means_too_little_with_all_there(amounts: Any) -> None:
    with transaction.atomic():
        client, calendar = ClientFactory(), Calendar.around(DAY)
        days = [calendar.add_trading_days(DAY, -back) for back in range(20, 0, -1)]
        rows = [AssetDay(client.pk, d, a) for d, a in zip(days, amounts, strict=True) if a is not None]
        put_asset_days(branch=client.branch, rows=rows, actor=system_user())
        found = outcomes(client)["average"]
        transaction.set_rollback(True)

    on_file = [a for a in amounts if a is not None]
    if sum(on_file) >= 20 * 500_000_00:
        assert found == "met"
    else:
        assert found == ("not_met" if len(on_file) == 20 else "unknown")


@pytest.mark.parametrize(
    ("since", "outcome"), [(date(2024, 6, 2), "met"), (date(2024, 6, 3), "not_met"), (None, "unknown")]
)
def test_experience_counts_whole_months_from_the_first_trade(branch: Branch, since: date | None, outcome: str) -> None:
    client = ClientFactory(branch=branch)
    AccountFactory(client=client, kind="one_code", first_trade_on=since)

    assert outcomes(client)["experience"] == outcome


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"risk_grade": "C4", "risk_valid_until": DAY}, "met"),
        ({"risk_grade": "C5", "risk_valid_until": date(2027, 1, 1)}, "met"),
        ({"risk_grade": "C3", "risk_valid_until": date(2027, 1, 1)}, "not_met"),
        ({"risk_grade": "C4", "risk_valid_until": date(2026, 6, 1)}, "not_met"),
        ({}, "unknown"),
    ],
)
def test_the_grade_has_to_be_high_enough_and_valid(branch: Branch, fields: dict[str, Any], outcome: str) -> None:
    assert outcomes(ClientFactory(branch=branch, **fields))["grade"] == outcome


@pytest.mark.parametrize(("score", "outcome"), [(80, "met"), (79, "not_met"), (None, "unknown")])
def test_a_test_needs_its_points_and_the_newest_counts(branch: Branch, score: int | None, outcome: str) -> None:
    client = ClientFactory(branch=branch)
    EntryTestFactory(client=client, code="bse", score=100)
    if score is not None:
        EntryTestFactory(client=client, done_on=date(2026, 5, 1), score=100 if score < 80 else 1)
        EntryTestFactory(client=client, done_on=date(2026, 5, 2), score=score)

    assert outcomes(client)["test_knowledge"] == outcome


def test_an_assessment_for_options_is_not_older_than_a_year(branch: Branch) -> None:
    client = ClientFactory(branch=branch)
    assert outcomes(client, "option")["assessment"] == "unknown"
    RiskAssessmentFactory(client=client, assessed_on=date(2025, 6, 1), valid_until=date(2027, 6, 1))
    assert outcomes(client, "option")["assessment"] == "not_met"
    assert outcomes(client, "margin")["assessment"] == "met"
    RiskAssessmentFactory(client=client, assessed_on=date(2025, 6, 2), valid_until=date(2027, 6, 2))
    assert outcomes(client, "option")["assessment"] == "met"


def test_options_need_the_margin_permission_or_futures_trades(branch: Branch) -> None:
    with_margin, with_futures, neither = ClientFactory.create_batch(3, branch=branch)
    TradingPermissionFactory(client=with_margin, code="margin")
    EntryTestFactory(client=with_futures, code="option", kind="futures_trades")
    TradingPermissionFactory(client=neither, code="margin", waiting=True)

    assert outcomes(with_margin, "option")["one_of"] == "met"
    assert outcomes(with_futures, "option")["one_of"] == "met"
    assert outcomes(neither, "option")["one_of"] == "unknown"


def test_who_holds_the_star_permission_is_asked_neither_assets_nor_experience_for_beijing(branch: Branch) -> None:
    client = ClientFactory(branch=branch)
    TradingPermissionFactory(client=client, code="star", opened_on=date(2025, 1, 6))

    found = outcomes(client, "bse")

    assert (found["average"], found["experience"], found["grade"]) == ("waived", "waived", "unknown")
    assert outcomes(client, "hk_connect")["average"] == "unknown"


def test_institutions_are_asked_neither_assets_nor_experience(branch: Branch) -> None:
    found = outcomes(ClientFactory(branch=branch, kind="institution"))

    assert (found["average"], found["experience"]) == ("waived", "waived")


def test_who_left_or_is_suspended_passes_nowhere(branch: Branch) -> None:
    client = fit(branch, status="suspended")

    assert outcomes(client)["status"] == "not_met"
    assert not precheck(client, "star", DAY).passes


def test_the_aged_come_to_the_counter(branch: Branch) -> None:
    assert precheck(ClientFactory(branch=branch, birth_date=date(1956, 6, 2)), "star", DAY).at_counter == 70
    assert precheck(ClientFactory(branch=branch, birth_date=date(1956, 6, 3)), "star", DAY).at_counter is None


@pytest.mark.parametrize("code", PermissionCode.values)
def test_every_permission_has_its_rule(branch: Branch, code: str) -> None:
    rule = Rule.of(figures_on(DAY).figure(f"permission.{code}"))

    assert "disclosure" in rule.tests
    assert all(kind in EntryTest.Kind.values for kind in (*rule.tests, *rule.instead))
    assert all(name in (*PermissionCode.values, *EntryTest.Kind.values) for name in rule.one_of)
    assert precheck(ClientFactory(branch=branch), code, DAY).conditions


def test_before_a_rule_is_in_force_nothing_passes(branch: Branch) -> None:
    found = precheck(ClientFactory(branch=branch), "convertible", date(2022, 6, 17))

    assert found.figure is None
    assert not found.passes


def test_a_grade_that_nobody_knows_asks_for_the_highest() -> None:
    table = {
        "window_days": 9999, "min_average": "1", "min_months": 0, "min_grade": "x9", "assessment_months": 0,
        "pass_mark": 0, "tests": ["none"], "one_of": ["none"], "instead_of_experience": ["none"], "exempt_by": ["none"],
    }  # fmt: skip
    rule = Rule.of(Figure("permission.star", table, 1, DAY, "test"))

    assert (rule.grade, rule.window, rule.tests) == ("C5", 250, ())


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_each_condition_says_why_in_words_and_numbers(branch: Branch, language: str) -> None:
    client = fit(branch)

    with override(language):
        said = [c.why for check in prechecks(client, DAY) for c in check.conditions]

    assert all(said)
    assert any("500,000.00" in text for text in said)


def test_all_pre_checks_cost_as_many_statements_as_one(branch: Branch, cost_of: Any) -> None:
    client = fit(branch)

    assert cost_of(lambda: prechecks(client, DAY)) <= cost_of(lambda: precheck(client, "margin", DAY)) + 1 <= 9


# -- opening -----------------------------------------------------------------------------------------------------------


def test_a_permission_opens_with_its_proof(branch: Branch, staff: Staff) -> None:
    client = fit(branch)

    made = open_permission(client=client, code="star", actor=staff("front_desk"), now=NOW)

    assert (made.state, made.opened_on, made.rule_version) == ("open", DAY, 1)
    assert {c.key for c in made.conditions} >= {"average", "experience", "grade", "test_knowledge"}
    assert made.conditions == read(made.proof)
    assert AuditEntry.objects.get(action="permission.open").client_ref == client.public_id
    assert list(TradingPermission.objects.opened_since(DAY, DAY)) == [made]


def test_the_proof_stays_as_it_was_found(branch: Branch, staff: Staff) -> None:
    client = fit(branch)
    made = open_permission(client=client, code="star", actor=staff("front_desk"), now=NOW)
    worth(client, 1)

    made.refresh_from_db()

    assert {c.key: c.facts for c in made.conditions}["average"]["average"] == "500000.00"


def test_a_missing_condition_keeps_it_shut_and_is_named(branch: Branch, staff: Staff) -> None:
    client = ClientFactory(branch=branch)

    with pytest.raises(ConditionsNotMet) as refused:
        open_permission(client=client, code="star", actor=staff("front_desk"), now=NOW)

    assert refused.value.status == 409
    assert {"average", "grade", "test_knowledge"} <= set(refused.value.fields)
    assert not client.permissions.exists()


def test_a_permission_opens_once_and_not_for_who_left(branch: Branch, staff: Staff) -> None:
    client, desk = fit(branch), staff("front_desk")
    open_permission(client=client, code="star", actor=desk, now=NOW)

    with pytest.raises(PermissionHeld):
        open_permission(client=client, code="star", actor=desk, now=NOW)
    with pytest.raises(PermissionHeld):
        ask_exemption(client=client, code="star", exemption="elsewhere", reason="他司已开", actor=desk, now=NOW)
    with pytest.raises(ClientClosed):
        open_permission(client=ClientFactory(branch=branch, closed=True), code="star", actor=desk, now=NOW)


def asked(client: Client, actor: User) -> TradingPermission:
    return ask_exemption(client=client, code="star", exemption="elsewhere", reason="他司已开通", actor=actor, now=NOW)


def test_an_exemption_opens_by_a_second_person_alone(branch: Branch, staff: Staff) -> None:
    desk, manager, client = staff("front_desk"), staff("branch_manager"), ClientFactory(branch=branch)
    waiting = asked(client, desk)
    assert (waiting.state, waiting.opened_on) == ("waiting", None)

    with pytest.raises(FourEyes):
        approve_exemption(permission=waiting, actor=desk, now=NOW)
    done = approve_exemption(permission=waiting, actor=manager, now=NOW, note="已核实", version=1)

    assert (done.state, done.opened_on, done.decided_by) == ("open", DAY, manager)
    with pytest.raises(PermissionDecided):
        refuse_exemption(permission=waiting, actor=manager, now=NOW, note="晚了")
    assert [c.key for c in done.conditions if not c.holds]


def test_without_need_there_is_no_exemption(branch: Branch, staff: Staff) -> None:
    with pytest.raises(InvalidInput):
        asked(fit(branch), staff("front_desk"))


def test_who_was_refused_may_be_asked_for_again(branch: Branch, staff: Staff) -> None:
    client, desk = ClientFactory(branch=branch), staff("front_desk")
    refused = refuse_exemption(permission=asked(client, desk), actor=staff("compliance"), now=NOW, note="材料不足")

    assert refused.state == "refused"
    assert asked(client, desk).state == "waiting"


def test_closing_needs_a_reason_and_an_open_permission(branch: Branch, staff: Staff) -> None:
    permission, desk = TradingPermissionFactory(client__branch=branch), staff("front_desk")

    with pytest.raises(InvalidInput):
        close_permission(permission=permission, reason=" ", actor=desk, now=NOW)
    with pytest.raises(StaleEdit):
        close_permission(permission=permission, reason="客户申请", actor=desk, now=NOW, version=7)
    closed = close_permission(permission=permission, reason="客户申请", actor=desk, now=NOW)
    assert (closed.state, closed.closed_on) == ("closed", DAY)
    with pytest.raises(PermissionNotOpen):
        close_permission(permission=permission, reason="再次", actor=desk, now=NOW)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"kind": "knowledge"}, "score"),
        ({"kind": "disclosure", "done_on": date(2026, 6, 3)}, "done_on"),
    ],
)
def test_a_test_is_recorded_with_its_points_and_not_ahead(
    branch: Branch, staff: Staff, said: dict[str, Any], field: str
) -> None:
    given_ = {"code": "star", "done_on": DAY, **said}

    with pytest.raises(InvalidInput) as refused:
        record_test(client=ClientFactory(branch=branch), actor=staff("front_desk"), now=NOW, **given_)
    assert set(refused.value.fields) == {field}
    row = record_test(
        client=ClientFactory(branch=branch),
        actor=staff("front_desk"),
        now=NOW,
        **{**given_, "score": 88, "done_on": DAY},
    )
    assert row.score == (88 if row.kind == "knowledge" else None)


@pytest.mark.parametrize(
    "broken",
    [
        {"state": "open", "opened_on": None},
        {"state": "waiting"},
        {"state": "closed"},
        {"exemption": "elsewhere", "exemption_reason": "口头"},
        {"exemption": "elsewhere", "exemption_reason": ""},
    ],
)
def test_the_database_refuses_what_no_permission_can_be(branch: Branch, broken: dict[str, Any]) -> None:
    row = TradingPermissionFactory(client__branch=branch)

    with pytest.raises(IntegrityError), transaction.atomic():
        TradingPermission.objects.filter(pk=row.pk).update(**broken)


def test_a_margin_permission_is_a_business_line(branch: Branch) -> None:
    client = TradingPermissionFactory(client__branch=branch, code="option").client

    assert [use.line for use in lines_of(client) if use.is_used] == ["derivatives"]
    assert list(Client.objects.filter(uses_line("derivatives"))) == [client]


# -- races -------------------------------------------------------------------------------------------------------------


def two_decide(monkeypatch: pytest.MonkeyPatch, permission: TradingPermission) -> list[str]:
    """Approve and refuse at once; both have looked before either writes, if nothing holds the second back."""
    together, read_row = Meeting(2), under_test.lock
    people = [UserFactory(branch=permission.client.branch, role="branch_manager") for _ in range(2)]

    def read_together(rows: Any, **lookup: Any) -> Any:
        row = read_row(rows, **lookup)
        if isinstance(row, TradingPermission):
            together.wait()
        return row

    monkeypatch.setattr(under_test, "lock", read_together)

    def act(number: int) -> Any:
        decide: Any = (approve_exemption, refuse_exemption)[number]
        row = TradingPermission.objects.get(pk=permission.pk)
        return decide(permission=row, actor=people[number], now=NOW, note="并发").state

    return sorted(getattr(found, "code", "done") if isinstance(found, Exception) else "done" for found in race(2, act))


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_is_told_it_is_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    assert two_decide(monkeypatch, TradingPermissionFactory(waiting=True)) == ["done", "permission_already_decided"]
    assert AuditEntry.objects.filter(action__endswith="_exemption").count() == 1


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_only_the_version_saves_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "lock", lambda rows, *, version=None, **lookup: rows.get(**lookup))

    assert two_decide(monkeypatch, TradingPermissionFactory(waiting=True)) == ["done", "stale_edit"]


@pytest.mark.django_db(transaction=True)
def test_two_who_open_the_same_permission_open_it_once() -> None:
    client = fit(ClientFactory().branch)
    actors = [UserFactory(branch=client.branch) for _ in range(3)]

    got = race(3, lambda n: open_permission(client=client, code="star", actor=actors[n], now=NOW))

    assert sum(isinstance(found, TradingPermission) for found in got) == 1
    assert {found.code for found in got if isinstance(found, Exception)} == {"permission_held"}  # type: ignore[attr-defined]


# -- pages -------------------------------------------------------------------------------------------------------------


def token(page: Any) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page.content.decode())
    assert found is not None
    return found[1]


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are asked on the day of the tests."""
    clock = SimpleNamespace(now=lambda: NOW)
    monkeypatch.setattr("clients.views.permissions.timezone", clock)
    monkeypatch.setattr("clients.views.permissions.today", lambda: DAY)
    monkeypatch.setattr("clients.api.permissions.timezone", clock)


@pytest.mark.usefixtures("today")
def test_the_overview_says_of_each_permission_what_is_missing(branch: Branch, staff: Staff, web: Web) -> None:
    client = fit(branch)
    TradingPermissionFactory(client=client, code="chinext", opened_on=date(2025, 1, 6))

    text = web(staff("advisor")).get(f"/clients/{client.public_id}/permissions/").status_code
    assert text == 404, "an advisor sees his own book only"
    text = web(staff("front_desk")).get(f"/clients/{client.public_id}/permissions/").content.decode()
    assert "May be opened" in text
    assert "open since 2025-01-06" in text
    assert "conditions missing" in text


@pytest.mark.usefixtures("today")
def test_a_permission_is_opened_on_its_page_once(branch: Branch, staff: Staff, web: Web) -> None:
    client, browser = fit(branch), web(staff("front_desk"))
    url = f"/clients/{client.public_id}/permissions/star/"
    page = browser.get(url)
    assert "Open the permission" in page.content.decode()

    said = {"form_token": token(page)}
    assert browser.post(f"{url}open/", said).status_code == 302
    assert browser.post(f"{url}open/", said).status_code == 302

    assert client.permissions.count() == 1
    text = browser.get(f"/clients/{client.public_id}/?tab=accounts").content.decode()
    assert "STAR Market" in text
    assert "500,000.00 yuan" in text, "the proof is there"


@pytest.mark.usefixtures("today")
def test_a_page_that_cannot_open_says_why_with_409(branch: Branch, staff: Staff, web: Web) -> None:
    client, browser = ClientFactory(branch=branch), web(staff("front_desk"))
    url = f"/clients/{client.public_id}/permissions/star/"

    page = browser.get(url)
    assert "Open the permission" not in page.content.decode()
    answer = browser.post(f"{url}open/", {"form_token": token(browser.get(f"{url}exemption/"))})

    assert answer.status_code == 409
    assert "No risk grade on file" in answer.content.decode()


@pytest.mark.usefixtures("today")
def test_the_way_of_an_exemption_through_the_pages(branch: Branch, staff: Staff, web: Web) -> None:
    client, desk, manager = ClientFactory(branch=branch), web(staff("front_desk")), web(staff("branch_manager"))
    url = f"/clients/{client.public_id}/permissions/bse/exemption/"
    said = {"exemption": "elsewhere", "reason": "他司已开通", "form_token": token(desk.get(url))}
    assert desk.post(url, said).status_code == 302
    row = client.permissions.get()

    decide = f"/permissions/{row.public_id}/decide/"
    assert desk.get(decide).status_code == 403
    page = manager.get(decide)
    assert "他司已开通" in page.content.decode()
    verdict = {"verdict": "approve", "note": "", "version": 1, "form_token": token(page)}
    assert manager.post(decide, verdict).status_code == 302

    row.refresh_from_db()
    assert row.state == "open"
    close = f"/permissions/{row.public_id}/close/"
    said = {"reason": "客户申请", "version": row.version, "form_token": token(desk.get(close))}
    assert desk.post(close, said).status_code == 302
    row.refresh_from_db()
    assert row.state == "closed"


def test_a_test_is_recorded_on_its_page(branch: Branch, staff: Staff, web: Web) -> None:
    client, browser = ClientFactory(branch=branch), web(staff("front_desk"))
    url = f"/clients/{client.public_id}/permissions/star/test/"
    said = {"kind": "knowledge", "done_on": "2026-05-04", "score": "92", "form_token": token(browser.get(url))}

    assert browser.post(url, said).status_code == 302
    assert client.entry_tests.get().score == 92
    assert browser.get(f"/clients/{client.public_id}/permissions/nonsense/").status_code == 404


def test_the_list_narrows_by_permission(branch: Branch, staff: Staff, web: Web) -> None:
    TradingPermissionFactory(client__branch=branch, client__name="甲可做", code="star")
    TradingPermissionFactory(client__branch=branch, client__name="乙已关", code="star", closed_on=DAY)

    text = web(staff("front_desk")).get("/clients/?permission=star", headers={"HX-Request": "true"}).content.decode()

    assert "甲可做" in text and "乙已关" not in text


# -- REST --------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("today")
def test_pre_check_and_opening_over_rest(branch: Branch, staff: Staff, api: Api) -> None:
    client, phone = fit(branch), api(staff("front_desk"))

    (check,) = phone.get(f"{API}pre-check/", {"client": client.public_id, "code": "star"}).data
    assert check["passes"] is True
    assert {row["outcome"] for row in check["conditions"]} == {"met"}
    assert len(phone.get(f"{API}pre-check/", {"client": client.public_id}).data) == len(PermissionCode.values)
    assert phone.get(f"{API}pre-check/", {"client": client.public_id, "code": "x"}).status_code == 400
    body = {"client": client.public_id, "code": "star"}
    made = phone.post(API, body, headers={"idempotency-key": "p"})
    assert (made.status_code, made.data["state"]) == (201, "open")
    assert phone.post(API, body, headers={"idempotency-key": "p"}).status_code == 200
    assert phone.post(API, body, headers={"idempotency-key": "q"}).data["code"] == "permission_held"
    refused = phone.post(API, {**body, "code": "margin"}, headers={"idempotency-key": "r"})
    assert (refused.status_code, refused.data["code"]) == (409, "conditions_not_met")
    assert "test_not_associate" in refused.data["fields"]


@pytest.mark.usefixtures("today")
def test_an_exemption_over_rest_needs_two_people_and_the_version(branch: Branch, staff: Staff, api: Api) -> None:
    client, desk, boss = ClientFactory(branch=branch), api(staff("front_desk")), api(staff("branch_manager"))
    body = {"client": client.public_id, "code": "star", "exemption": "elsewhere", "reason": "他司已开通"}
    assert desk.post(API, {**body, "reason": None}, headers={"idempotency-key": "0"}).status_code == 400
    made = desk.post(API, body, headers={"idempotency-key": "1"})
    url = f"{API}{made.data['id']}/"

    assert desk.post(f"{url}approve/", {}, headers={"idempotency-key": "2", "if-match": '"1"'}).status_code == 403
    assert boss.post(f"{url}approve/", {}, headers={"idempotency-key": "3"}).status_code == 428
    assert boss.post(f"{url}approve/", {}, headers={"idempotency-key": "4", "if-match": '"9"'}).status_code == 412
    done = boss.post(f"{url}approve/", {}, headers={"idempotency-key": "5", "if-match": '"1"'})
    assert done.data["state"] == "open"
    late = boss.post(f"{url}refuse/", {"note": "晚了"}, headers={"idempotency-key": "6", "if-match": done["ETag"]})
    assert (late.status_code, late.data["code"]) == (409, "permission_already_decided")
    closed = desk.post(
        f"{url}close/", {"reason": "客户申请"}, headers={"idempotency-key": "7", "if-match": done["ETag"]}
    )
    assert closed.data["state"] == "closed"


def test_tests_are_recorded_over_rest_and_strangers_see_nothing(
    branch: Branch, other_branch: Branch, staff: Staff, api: Api
) -> None:
    client = ClientFactory(branch=branch)
    body = {"client": client.public_id, "code": "star", "kind": "disclosure", "done_on": "2026-05-04"}

    assert api(staff("front_desk")).post(f"{API}tests/", body, headers={"idempotency-key": "t"}).status_code == 201
    stranger = api(staff("front_desk", branch=other_branch))
    assert stranger.post(f"{API}tests/", body, headers={"idempotency-key": "t"}).status_code == 400
    assert stranger.get(f"{API}pre-check/", {"client": client.public_id}).status_code == 404
    row = TradingPermissionFactory(client=client)
    assert stranger.get(f"{API}{row.public_id}/").status_code == 404
    assert stranger.get(API).data["results"] == []


def test_the_list_over_rest_costs_the_same_for_one_and_for_ten(
    branch: Branch, staff: Staff, api: Api, cost_of: Any
) -> None:
    phone = api(staff("front_desk"))
    TradingPermissionFactory(client__branch=branch)
    phone.get(API)
    one = cost_of(lambda: phone.get(API))
    TradingPermissionFactory.create_batch(9, client__branch=branch)

    assert cost_of(lambda: phone.get(API)) == one


def test_a_condition_reads_as_it_was_kept() -> None:
    kept = Condition("grade", "not_met", {"grade": "C3", "minimum": "C4", "valid_until": "2027-01-01"})

    (again,) = read([kept.stored()])

    assert again == kept
    assert not again.holds
