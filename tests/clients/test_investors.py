"""Professional investors: the arithmetic of each class, proof, the second person, the end of a class."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from clients.errors import ClassDecided, ClassNotInForce, ClassWaiting, ClientClosed, ConditionsNotMet, ProofMissing
from clients.models import Client, InvestorClassification
from clients.querysets.investors import class_conditions
from clients.services import (
    apply_for_class,
    approve_class,
    attach_proof,
    expire_classes,
    refuse_class,
    return_to_ordinary,
    withdraw_application,
)
from clients.services import investors as under_test
from crm.core.access import system_user
from crm.core.attachments import FileRefused
from crm.core.errors import FourEyes, InvalidInput, StaleEdit
from crm.core.models import AuditEntry, Branch, User
from crm.core.policies import figures as figures_on
from tests.doors import Staff
from tests.factories.clients import AccountFactory, ClientFactory, InvestorClassificationFactory
from tests.factories.core import UserFactory
from tests.factories.files import pdf
from tests.racing import Meeting, on_postgresql, race

NOW = datetime(2026, 6, 2, 2, tzinfo=UTC)
DAY = date(2026, 6, 2)


def found(wanted: str, client: Client | None = None, **stated: Any) -> dict[str, str]:
    client = client or ClientFactory()
    conditions = class_conditions(client, wanted, stated, DAY, figures_on(DAY))
    return {str(c.key): str(c.outcome) for c in conditions}


# -- the arithmetic ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wanted", "stated", "outcome"),
    [
        ("B", {"financial_assets": Decimal(5_000_000), "income": Decimal(0)}, "met"),
        ("B", {"financial_assets": Decimal("4999999.99"), "income": Decimal("499999.99")}, "not_met"),
        ("B", {"financial_assets": Decimal(0), "income": Decimal(500_000)}, "met"),
        ("B", {"income": Decimal(1)}, "unknown"),
        ("B", {"financial_assets": Decimal(1)}, "unknown"),
        ("B", {}, "unknown"),
        ("C", {"financial_assets": Decimal(3_000_000)}, "met"),
        ("C", {"income": Decimal(300_000)}, "met"),
        ("C", {"financial_assets": Decimal(2_999_999), "income": Decimal(299_999)}, "not_met"),
    ],
)
def test_a_person_needs_assets_or_income(wanted: str, stated: dict[str, Any], outcome: str) -> None:
    assert found(wanted, **stated)["means"] == outcome


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wanted", "stated", "outcome"),
    [
        ("B", {"months": 24}, "met"),
        ("B", {"months": 23}, "not_met"),
        ("B", {"months": 0, "role": "certified"}, "met"),
        ("B", {"role": "finance_work"}, "met"),
        ("B", {"months": 0, "role": "licensed"}, "not_met"),
        ("B", {}, "unknown"),
        ("C", {"months": 12}, "met"),
        ("C", {"months": 11}, "not_met"),
    ],
)
def test_a_person_needs_experience_or_a_profession(wanted: str, stated: dict[str, Any], outcome: str) -> None:
    assert found(wanted, **stated)["background"] == outcome


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wanted", "net", "financial", "months", "outcomes"),
    [
        ("B", 20_000_000, 10_000_000, 24, {"met"}),
        ("B", 19_999_999, 9_999_999, 23, {"not_met"}),
        ("C", 10_000_000, 5_000_000, 12, {"met"}),
        ("C", 9_999_999, 4_999_999, 11, {"not_met"}),
    ],
)
def test_an_institution_needs_all_three(wanted: str, net: int, financial: int, months: int, outcomes: set[str]) -> None:
    firm = ClientFactory(kind="institution")
    stated = {"net_assets": Decimal(net), "financial_assets": Decimal(financial), "months": months}

    assert set(found(wanted, firm, **stated).values()) == outcomes
    assert set(found(wanted, firm)) == {"net_assets", "financial_assets", "years"}


@pytest.mark.django_db
def test_class_a_is_for_licensed_institutions_and_their_products() -> None:
    firm = ClientFactory(kind="institution")

    assert found("A", firm, role="product") == {"licensed": "met"}
    assert found("A", firm, role="certified") == {"licensed": "not_met"}
    assert found("A", firm) == {"licensed": "unknown"}
    assert found("A", ClientFactory(), role="licensed") == {"licensed": "not_met"}


@pytest.mark.django_db
def test_what_is_on_file_counts_and_what_lies_elsewhere_has_to_be_known() -> None:
    rich = ClientFactory(total_assets=Decimal(5_000_000), investing_since=date(2020, 1, 1))
    assert set(found("B", rich).values()) == {"met"}
    some = ClientFactory(total_assets=Decimal(2_000_000), outside_assets=Decimal(3_000_000))
    assert found("B", some)["means"] == "met"
    AccountFactory(client=some, first_trade_on=date(2024, 6, 2))
    assert found("B", some)["background"] == "met"
    in_debt = ClientFactory(total_assets=Decimal(-5), outside_assets=Decimal(1))
    assert found("B", in_debt, income=Decimal(0))["means"] == "not_met"


@pytest.mark.django_db
@given(
    assets=st.none() | st.integers(0, 6_000_000),
    income=st.none() | st.integers(0, 600_000),
)
def test_means_are_met_by_either_and_refused_only_when_both_are_known(assets: int | None, income: int | None) -> None:
    stated = {"financial_assets": assets, "income": income, "months": 24}
    means = found("B", Client(pk=0, kind="person", total_assets=Decimal(0)), **stated)["means"]

    enough = (assets or 0) >= 5_000_000 or (income or 0) >= 500_000
    assert (means == "met") == enough
    assert (means == "not_met") == (not enough and assets is not None and income is not None)


# -- applying and deciding ---------------------------------------------------------------------------------------------


def applied(client: Client, actor: User, wanted: str = "C", **stated: Any) -> InvestorClassification:
    return apply_for_class(
        client=client,
        wanted=wanted,
        applied_on=date(2026, 6, 1),
        stated={"financial_assets": Decimal(6_000_000), "months": 30, **stated},
        notice_reference="SL-001",
        actor=actor,
        now=NOW,
    )


def test_a_second_person_puts_the_class_in_force_for_a_year(branch: Branch, staff: Staff) -> None:
    client, desk, manager = ClientFactory(branch=branch), staff("front_desk"), staff("branch_manager")
    row = applied(client, desk)
    attach_proof(classification=row, upload=pdf(), actor=desk)

    with pytest.raises(FourEyes):
        approve_class(classification=row, actor=desk, now=NOW)
    done = approve_class(classification=row, actor=manager, now=NOW, version=1)

    client.refresh_from_db()
    assert (done.state, done.valid_from, done.valid_until) == ("approved", DAY, date(2027, 6, 2))
    assert (client.investor_class, client.investor_class_until) == ("C", date(2027, 6, 2))
    assert all(condition.holds for condition in done.conditions)
    with pytest.raises(ClassDecided):
        refuse_class(classification=row, actor=manager, now=NOW, note="晚了")


def test_class_a_does_not_run_out(branch: Branch, staff: Staff) -> None:
    firm = ClientFactory(branch=branch, kind="institution")
    row = applied(firm, staff("front_desk"), "A", role="licensed")
    attach_proof(classification=row, upload=pdf(), actor=staff("front_desk"))

    assert approve_class(classification=row, actor=staff("compliance"), now=NOW).valid_until is None


def test_without_proof_or_recording_nobody_becomes_professional(branch: Branch, staff: Staff) -> None:
    row, manager = applied(ClientFactory(branch=branch), staff("front_desk")), staff("branch_manager")
    InvestorClassification.objects.filter(pk=row.pk).update(notice_reference="")

    with pytest.raises(ProofMissing) as refused:
        approve_class(classification=row, actor=manager, now=NOW)
    assert set(refused.value.fields) == {"proof", "notice_reference"}


def test_a_condition_that_fails_or_is_not_known_keeps_the_client_ordinary(branch: Branch, staff: Staff) -> None:
    client = ClientFactory(branch=branch)
    row = applied(client, staff("front_desk"), "B", financial_assets=None)
    attach_proof(classification=row, upload=pdf(), actor=staff("front_desk"))

    with pytest.raises(ConditionsNotMet) as refused:
        approve_class(classification=row, actor=staff("branch_manager"), now=NOW)

    assert set(refused.value.fields) == {"means"}
    client.refresh_from_db()
    assert client.investor_class == "ordinary"


def test_one_application_at_a_time_and_none_of_who_left(branch: Branch, staff: Staff) -> None:
    client, desk = ClientFactory(branch=branch), staff("front_desk")
    row = applied(client, desk)

    with pytest.raises(ClassWaiting):
        applied(client, desk)
    withdrawn = withdraw_application(classification=row, actor=desk, now=NOW, version=1)
    assert withdrawn.state == "withdrawn"
    with pytest.raises(ClassDecided):
        withdraw_application(classification=row, actor=desk, now=NOW)
    assert applied(client, desk).state == "waiting"
    with pytest.raises(ClientClosed):
        applied(ClientFactory(branch=branch, closed=True), desk)


def test_a_refusal_says_why_and_the_rows_stay_as_history(branch: Branch, staff: Staff) -> None:
    client, manager = ClientFactory(branch=branch), staff("branch_manager")
    row = applied(client, staff("front_desk"))

    with pytest.raises(InvalidInput):
        refuse_class(classification=row, actor=manager, now=NOW, note=" ")
    with pytest.raises(StaleEdit):
        refuse_class(classification=row, actor=manager, now=NOW, note="不足", version=5)
    refused = refuse_class(classification=row, actor=manager, now=NOW, note="收入证明不足")

    assert (refused.state, refused.decision_note) == ("refused", "收入证明不足")
    assert client.classifications.count() == 1


def test_a_newer_class_replaces_the_older(branch: Branch, staff: Staff) -> None:
    old = InvestorClassificationFactory(client__branch=branch, in_force=True)
    row = applied(old.client, staff("front_desk"), "B")
    attach_proof(classification=row, upload=pdf(), actor=staff("front_desk"))

    approve_class(classification=row, actor=staff("branch_manager"), now=NOW)

    old.refresh_from_db()
    old.client.refresh_from_db()
    assert (old.state, old.end_reason, old.client.investor_class) == ("ended", "replaced", "B")


def test_a_client_may_ask_to_be_ordinary_again(branch: Branch, staff: Staff) -> None:
    row, desk = InvestorClassificationFactory(client__branch=branch, in_force=True), staff("front_desk")

    with pytest.raises(InvalidInput):
        return_to_ordinary(classification=row, reason="expired", note="", actor=desk, now=NOW)
    ended = return_to_ordinary(classification=row, reason="asked", note="客户申请", actor=desk, now=NOW)

    row.client.refresh_from_db()
    assert (ended.state, ended.ended_on, row.client.investor_class) == ("ended", DAY, "ordinary")
    with pytest.raises(ClassNotInForce):
        return_to_ordinary(classification=row, reason="asked", note="", actor=desk, now=NOW)


def test_a_class_ends_the_day_after_its_last_and_the_sweep_may_run_twice(branch: Branch) -> None:
    last = InvestorClassificationFactory(client__branch=branch, in_force=True, valid_until=DAY)
    over = InvestorClassificationFactory(client__branch=branch, in_force=True, valid_until=date(2026, 6, 1))

    assert expire_classes(actor=system_user(), now=NOW) == 1
    assert expire_classes(actor=system_user(), now=NOW) == 0

    for row in (last, over):
        row.refresh_from_db()
        row.client.refresh_from_db()
    assert (over.state, over.end_reason, over.client.investor_class) == ("ended", "expired", "ordinary")
    assert (last.state, last.client.investor_class) == ("approved", "C")
    assert AuditEntry.objects.filter(action="investor.end").count() == 1


def test_proof_is_checked_and_comes_only_before_the_decision(branch: Branch, staff: Staff) -> None:
    row, desk = applied(ClientFactory(branch=branch), staff("front_desk")), staff("front_desk")

    with pytest.raises(FileRefused):
        attach_proof(classification=row, upload=SimpleUploadedFile("x.pdf", b"MZ\x90"), actor=desk)
    refuse_class(classification=row, actor=staff("branch_manager"), now=NOW, note="不足")
    with pytest.raises(ClassDecided):
        attach_proof(classification=row, upload=pdf(), actor=desk)


@pytest.mark.parametrize(
    "broken",
    [
        {"state": "approved"},
        {"state": "ended"},
        {"end_reason": "asked"},
        {"valid_from": DAY, "valid_until": date(2026, 6, 1)},
    ],
)
def test_the_database_refuses_what_no_classification_can_be(branch: Branch, broken: dict[str, Any]) -> None:
    row = InvestorClassificationFactory(client__branch=branch)

    with pytest.raises(IntegrityError), transaction.atomic():
        InvestorClassification.objects.filter(pk=row.pk).update(**broken)
    with pytest.raises(IntegrityError), transaction.atomic():
        InvestorClassification.objects.filter(pk=row.pk).update(decided_by=row.requested_by)


# -- races -------------------------------------------------------------------------------------------------------------


def two_decide(monkeypatch: pytest.MonkeyPatch, row: InvestorClassification) -> list[str]:
    """Approve and refuse at once; both have read the application before either writes, if nothing holds the second back."""
    together, read_row = Meeting(2), under_test.lock
    people = [UserFactory(branch=row.client.branch, role="branch_manager") for _ in range(2)]

    def read_together(rows: Any, **lookup: Any) -> Any:
        got = read_row(rows, **lookup)
        if isinstance(got, InvestorClassification):
            together.wait()
        return got

    monkeypatch.setattr(under_test, "lock", read_together)

    def act(number: int) -> Any:
        decide: Any = (approve_class, refuse_class)[number]
        return decide(
            classification=InvestorClassification.objects.get(pk=row.pk), actor=people[number], now=NOW, note="并发"
        )

    return sorted(getattr(got, "code", "fault") if isinstance(got, Exception) else "done" for got in race(2, act))


def waiting_with_proof() -> InvestorClassification:
    row = InvestorClassificationFactory()
    attach_proof(classification=row, upload=pdf(), actor=row.requested_by)
    return row


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_is_told_it_is_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    row = waiting_with_proof()

    assert two_decide(monkeypatch, row) == ["classification_already_decided", "done"]
    assert AuditEntry.objects.filter(action__in=["investor.approve", "investor.refuse"]).count() == 1
    row.refresh_from_db()
    row.client.refresh_from_db()
    assert (row.client.investor_class == "C") == (row.state == "approved")


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_only_the_version_saves_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    row = waiting_with_proof()
    monkeypatch.setattr(under_test, "lock", lambda rows, *, version=None, **lookup: rows.get(**lookup))

    assert two_decide(monkeypatch, row) == ["done", "stale_edit"]
