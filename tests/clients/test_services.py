"""Taking clients in, correcting facts, risk grades, books and do-not-contact."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from clients.errors import ClientClosed, NotAnAdvisor, NumberTaken
from clients.models import AdvisorAssignment, Client, Holding
from clients.services import (
    HoldingRow,
    assess_risk,
    assign_advisor,
    change_client,
    create_client,
    put_holdings,
    set_do_not_contact,
)
from clients.services.clients import add_months
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput, StaleEdit
from crm.core.models import AuditEntry, Branch
from tests.doors import Staff
from tests.factories.clients import ClientFactory

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


def test_a_new_client_gets_sex_and_birth_date_from_the_document_and_is_sealed(branch: Branch, staff: Staff) -> None:
    clerk = staff("front_desk")

    client = create_client(
        branch=branch,
        external_id="900001",
        values={"name": "单　雄信", "phone": "138-1234-8000", "id_number": "110101199003074514"},
        actor=clerk,
        now=NOW,
    )

    stored = Client.objects.values().get(pk=client.pk)
    assert (stored["name"], stored["pinyin"], stored["initials"]) == ("单雄信", "shanxiongxin", "sxx")
    assert (stored["sex"], stored["birth_date"]) == ("male", date(1990, 3, 7))
    assert (stored["phone_tail"], stored["id_tail"]) == ("8000", "4514")
    assert "13812348000" not in str(stored["phone"])
    assert Client.objects.get(pk=client.pk).phone == "+8613812348000"
    entry = AuditEntry.objects.get(action="client.create")
    assert entry.after is not None
    assert entry.after["phone"] == "***"


def test_a_bad_document_and_a_bad_phone_are_both_named(branch: Branch, staff: Staff) -> None:
    with pytest.raises(InvalidInput) as refusal:
        create_client(
            branch=branch,
            external_id="900001",
            values={"phone": "12", "id_number": "110101199003074513"},
            actor=staff("front_desk"),
            now=NOW,
        )

    assert set(refusal.value.fields) == {"phone", "id_number"}
    assert not Client.objects.exists()


def test_a_client_number_is_given_once_in_a_branch(branch: Branch, other_branch: Branch, staff: Staff) -> None:
    ClientFactory(branch=branch, external_id="900001")

    with pytest.raises(NumberTaken):
        create_client(branch=branch, external_id="900001", values={"name": "张三"}, actor=staff("front_desk"), now=NOW)

    elsewhere = staff("front_desk", branch=other_branch)
    create_client(branch=other_branch, external_id="900001", values={"name": "张三"}, actor=elsewhere, now=NOW)


def test_a_change_over_a_newer_version_is_refused(branch: Branch, staff: Staff) -> None:
    client = ClientFactory(branch=branch)
    clerk = staff("front_desk")
    change_client(client=client, values={"city": "上海"}, actor=clerk, now=NOW, version=1)

    with pytest.raises(StaleEdit):
        change_client(client=client, values={"city": "北京"}, actor=clerk, now=NOW, version=1)

    client.refresh_from_db()
    assert (client.city, client.version) == ("上海", 2)


def test_a_change_of_nothing_leaves_no_trace(branch: Branch, staff: Staff) -> None:
    client = ClientFactory(branch=branch, city="上海")

    change_client(client=client, values={"city": "上海"}, actor=staff("front_desk"), now=NOW)

    client.refresh_from_db()
    assert client.version == 1
    assert not AuditEntry.objects.filter(client_ref=client.public_id).exists()


def test_a_new_name_is_found_by_its_own_pinyin(branch: Branch, staff: Staff) -> None:
    client = ClientFactory(branch=branch, name="张三")

    desk = staff("front_desk")

    change_client(client=client, values={"name": "李四"}, actor=desk, now=NOW)

    assert list(Client.objects.search("ls", desk)) == [client]
    assert not Client.objects.search("zs", desk).exists()


def test_a_closed_client_needs_the_day_of_closing(branch: Branch, staff: Staff) -> None:
    with pytest.raises(InvalidInput):
        change_client(
            client=ClientFactory(branch=branch), values={"status": "closed"}, actor=staff("front_desk"), now=NOW
        )


def test_a_risk_grade_is_valid_for_as_long_as_the_figure_says(branch: Branch, staff: Staff) -> None:
    client = ClientFactory(branch=branch)
    advisor = staff("advisor")

    found = assess_risk(client=client, grade="C3", assessed_on=date(2026, 5, 31), basis="问卷", actor=advisor, now=NOW)

    client.refresh_from_db()
    assert found.valid_until == date(2028, 5, 31)
    assert (client.risk_grade, client.risk_valid_until) == ("C3", date(2028, 5, 31))
    assert client.risk_is_valid(date(2028, 5, 31))
    assert not client.risk_is_valid(date(2028, 6, 1))


def test_an_older_assessment_entered_late_joins_the_history_only(branch: Branch, staff: Staff) -> None:
    client = ClientFactory(branch=branch)
    advisor = staff("advisor")
    assess_risk(client=client, grade="C4", assessed_on=date(2026, 5, 1), basis="问卷", actor=advisor, now=NOW)

    assess_risk(client=client, grade="C1", assessed_on=date(2025, 5, 1), basis="旧卷", actor=advisor, now=NOW)

    client.refresh_from_db()
    assert client.risk_grade == "C4"
    assert client.risk_assessments.count() == 2


@pytest.mark.parametrize("name", ["", "  "])
def test_a_client_who_had_a_name_keeps_one(branch: Branch, staff: Staff, name: str) -> None:
    client = ClientFactory(branch=branch, name="张三丰")

    with pytest.raises(InvalidInput) as refusal:
        change_client(client=client, values={"name": name}, actor=staff("advisor"), now=NOW)

    client.refresh_from_db()
    assert (list(refusal.value.fields), client.name) == (["name"], "张三丰")


@pytest.mark.parametrize("day", [date(1989, 12, 31), date.min])
def test_a_risk_grade_from_before_the_exchanges_opened_is_refused_beside_the_field(
    branch: Branch, staff: Staff, day: date
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        assess_risk(
            client=ClientFactory(branch=branch),
            grade="C3",
            assessed_on=day,
            basis="问卷",
            actor=staff("advisor"),
            now=NOW,
        )

    assert list(refusal.value.fields) == ["assessed_on"]


def test_lowest_risk_capacity_goes_with_c1_only(branch: Branch, staff: Staff) -> None:
    with pytest.raises(InvalidInput) as refused:
        assess_risk(
            client=ClientFactory(branch=branch),
            grade="C2",
            is_lowest=True,
            assessed_on=date(2026, 5, 1),
            basis="问卷",
            actor=staff("advisor"),
            now=NOW,
        )

    assert list(refused.value.fields) == ["is_lowest"]


def test_a_closed_client_is_not_assessed(branch: Branch, staff: Staff) -> None:
    with pytest.raises(ClientClosed):
        assess_risk(
            client=ClientFactory(branch=branch, closed=True),
            grade="C2",
            assessed_on=date(2026, 5, 1),
            basis="问卷",
            actor=staff("advisor"),
            now=NOW,
        )


@pytest.mark.parametrize(("months", "day"), [(1, date(2026, 2, 28)), (25, date(2028, 2, 29)), (12, date(2027, 1, 31))])
def test_months_end_on_the_last_day_that_there_is(months: int, day: date) -> None:
    assert add_months(date(2026, 1, 31), months) == day


def test_the_history_keeps_who_had_the_client(branch: Branch, staff: Staff) -> None:
    client, manager = ClientFactory(branch=branch), staff("branch_manager")
    first, second = staff("advisor"), staff("account_manager")

    assign_advisor(client=client, advisor=first, actor=manager, now=NOW, reason="开户")
    assign_advisor(client=client, advisor=second, actor=manager, now=NOW + timedelta(days=1), reason="离职")

    client.refresh_from_db()
    history = AdvisorAssignment.objects.filter(client=client).order_by("since")
    assert [(row.advisor, row.until is None) for row in history] == [(first, False), (second, True)]
    assert client.advisor == second


def test_the_database_allows_one_present_advisor_only(branch: Branch, staff: Staff) -> None:
    client, manager = ClientFactory(branch=branch), staff("branch_manager")
    assign_advisor(client=client, advisor=staff("advisor"), actor=manager, now=NOW, reason="开户")

    with pytest.raises(IntegrityError), transaction.atomic():
        AdvisorAssignment.objects.create(
            client=client, advisor=staff("advisor"), since=NOW, reason="x", assigned_by=manager
        )


@pytest.mark.parametrize("role", ["front_desk", "compliance"])
def test_only_advisors_and_account_managers_have_a_book(branch: Branch, staff: Staff, role: str) -> None:
    with pytest.raises(NotAnAdvisor):
        assign_advisor(
            client=ClientFactory(branch=branch),
            advisor=staff(role),
            actor=staff("branch_manager"),
            now=NOW,
            reason="试试",
        )


def test_an_advisor_of_another_branch_gets_no_client(branch: Branch, other_branch: Branch, staff: Staff) -> None:
    with pytest.raises(NotAnAdvisor):
        assign_advisor(
            client=ClientFactory(branch=branch),
            advisor=staff("advisor", branch=other_branch),
            actor=staff("branch_manager"),
            now=NOW,
            reason="试试",
        )


def test_do_not_contact_needs_a_reason_and_takes_the_client_off_the_due_list(branch: Branch, staff: Staff) -> None:
    client, advisor = ClientFactory(branch=branch, next_contact_on=date(2026, 6, 1)), staff("advisor")
    with pytest.raises(InvalidInput):
        set_do_not_contact(client=client, do_not_contact=True, reason=" ", actor=advisor)

    set_do_not_contact(client=client, do_not_contact=True, reason="客户来电要求", actor=advisor)

    assert not Client.objects.contact_due(date(2026, 6, 2)).exists()
    set_do_not_contact(client=client, do_not_contact=False, reason="客户撤回", actor=advisor)
    assert Client.objects.contact_due(date(2026, 6, 2)).get() == client


def test_the_holdings_of_a_day_become_what_the_file_says(branch: Branch, staff: Staff) -> None:
    client, actor, day = ClientFactory(branch=branch), staff("front_desk"), date(2026, 6, 1)
    put_holdings(
        branch=branch,
        day=day,
        rows=[HoldingRow(client.pk, "600519.SH", "贵州茅台", 100, 15000000), HoldingRow(client.pk, "A", "甲", 1, 100)],
        actor=actor,
    )

    changed = put_holdings(
        branch=branch,
        day=day,
        rows=[HoldingRow(client.pk, "600519.SH", "贵州茅台", 200, 30000000), HoldingRow(client.pk, "B", "乙", 1, 100)],
        actor=actor,
    )

    assert changed == 3
    rows = Holding.objects.newest_of(client).values_list("security_code", "quantity")
    assert list(rows) == [("600519.SH", 200), ("B", 1)]


@pytest.mark.parametrize("fact", ["birth_date", "opened_on", "closed_on", "investing_since"])
def test_no_fact_of_the_past_lies_in_the_future(branch: Branch, staff: Staff, fact: str) -> None:
    desk, client = staff("front_desk"), ClientFactory(branch=branch, opened_on=None)
    tomorrow = {fact: local_date(NOW) + timedelta(days=1)}

    with pytest.raises(InvalidInput) as at_first:
        create_client(branch=branch, external_id="F1", values=tomorrow, actor=desk, now=NOW)
    with pytest.raises(InvalidInput) as later:
        change_client(client=client, values=tomorrow, actor=desk, now=NOW)

    assert list(at_first.value.fields) == list(later.value.fields) == [fact]
    today = {fact: local_date(NOW), **({"status": "closed"} if fact == "closed_on" else {})}
    assert change_client(client=client, values=today, actor=desk, now=NOW)
