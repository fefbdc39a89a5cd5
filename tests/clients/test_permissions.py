"""Trading permissions: who opens, who lets off, and that each opens once."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from clients.conditions import read
from clients.errors import (
    ClientClosed,
    ClientRestricted,
    ConditionsNotMet,
    PermissionDecided,
    PermissionHeld,
    PermissionNotOpen,
)
from clients.models import Client, TradingPermission
from clients.querysets.business_lines import lines_of, uses_line
from clients.services import (
    approve_exemption,
    ask_exemption,
    close_permission,
    open_permission,
    record_test,
    refuse_exemption,
)
from clients.services import permissions as under_test
from crm.core.errors import FourEyes, InvalidInput, StaleEdit
from crm.core.models import AuditEntry, Branch, User
from tests.clients.permission_ground import DAY, NOW, fit, worth
from tests.doors import Staff
from tests.factories.clients import (
    ClientFactory,
    TradingPermissionFactory,
)
from tests.factories.core import UserFactory
from tests.racing import Meeting, on_postgresql, race

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


def test_no_exemption_opens_for_a_client_whose_data_are_restricted(branch: Branch, staff: Staff) -> None:
    waiting = asked(ClientFactory(branch=branch), staff("front_desk"))
    Client.objects.filter(pk=waiting.client_id).update(restricted_on=date(2026, 5, 1), restriction_reason="PIPL 47")

    with pytest.raises(ClientRestricted):
        approve_exemption(permission=waiting, actor=staff("compliance"), now=NOW)
    waiting.refresh_from_db()
    assert waiting.state == "waiting"


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
