"""Grades for money laundering and suspicion: by when, by whom, and that nobody else learns of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from clients.errors import AlreadyLifted, ClientClosed, GradeOutOfOrder
from clients.models import AmlGrade, Client, SuspicionFlag
from clients.querysets.aml import gradings_due, late_since, ungraded
from clients.registry import bound
from clients.services import change_client, grade_client, lift_suspicion, raise_suspicion
from clients.services.aml import first_due
from clients.services.erasure import erase
from clients.services.merge_rows import counts
from clients.services.told import told
from crm.core.clocks import Calendar, local_date
from crm.core.errors import InvalidInput, StaleEdit
from crm.core.models import AuditEntry, Branch, User
from crm.core.policies import Figures
from crm.workbench.queue import todays_items
from tests.factories.aml import AmlGradeFactory, SuspicionFlagFactory
from tests.factories.clients import ClientFactory

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
TODAY = date(2026, 6, 1)
Staff = Callable[..., User]
Web = Callable[[User], Any]
Api = Callable[[User], Any]
#: Everybody but compliance and the head of the branch.
OTHERS = (
    "advisor", "account_manager", "agent", "front_desk", "follow_up_caller", "auditor", "head_office", "administrator",
)  # fmt: skip


@pytest.fixture
def client_(branch: Branch) -> Client:
    return ClientFactory(branch=branch)


@pytest.fixture
def officer(staff: Staff) -> User:
    return staff("compliance")


def grade(client: Client, actor: User, found: str = "middle", *, on: date = TODAY, **more: Any) -> AmlGrade:
    said = {"occasion": "first", "reasons": "自然人，资金来源清晰", "now": NOW, **more}
    made: AmlGrade = grade_client(client=client, grade=found, graded_on=on, actor=actor, **said)
    return made


# -- the rule ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("found", "due"), [("high", 12), ("middle", 6), ("low", 6)])
def test_the_higher_the_risk_the_sooner_it_is_reviewed(client_: Client, officer: User, found: str, due: int) -> None:
    made = grade(client_, officer, found)

    years = {"high": 2026, "middle": 2027, "low": 2028}
    assert made.review_on == date(years[found], due, 1)


def test_gradings_are_added_and_the_newest_stands(client_: Client, officer: User) -> None:
    first = grade(client_, officer, "low", on=date(2026, 5, 4))
    second = grade(client_, officer, "high", occasion="press", basis=first.public_id)

    with pytest.raises(StaleEdit):
        grade(client_, officer, basis=first.public_id)
    with pytest.raises(GradeOutOfOrder):
        grade(client_, officer, on=date(2026, 5, 31))
    assert list(AmlGrade.objects.order_by("pk").values_list("grade", "is_present")) == [("low", False), ("high", True)]
    entry = AuditEntry.objects.filter(action="aml.grade").latest("pk")
    assert (entry.before, entry.object_id) == ({"grade": "low"}, second.public_id)


def test_a_grade_needs_its_reasons_a_day_that_has_come_and_a_client_who_is_there(
    client_: Client, officer: User
) -> None:
    for wrong in ({"reasons": " "}, {"on": TODAY + timedelta(days=1)}, {"found": "none"}, {"occasion": "mood"}):
        with pytest.raises(InvalidInput):
            grade(client_, officer, **wrong)
    Client.objects.filter(pk=client_.pk).update(status="closed", closed_on=TODAY)
    with pytest.raises(ClientClosed):
        grade(client_, officer)

    assert not AmlGrade.objects.exists()


def test_grading_leaves_no_trace_on_the_client_himself(client_: Client, officer: User) -> None:
    before = Client.objects.filter(pk=client_.pk).values().get()

    grade(client_, officer)
    raise_suspicion(client=client_, reason="与名单人员往来", actor=officer, now=NOW)

    assert Client.objects.filter(pk=client_.pk).values().get() == before


def test_the_database_holds_one_present_grade_a_client(client_: Client) -> None:
    made = AmlGradeFactory(client=client_)

    with pytest.raises(IntegrityError), transaction.atomic():
        AmlGradeFactory(client=client_)
    for wrong in ({"grade": "none"}, {"reasons": ""}, {"review_on": made.graded_on}):
        with pytest.raises(IntegrityError), transaction.atomic():
            AmlGrade.objects.filter(pk=made.pk).update(**wrong)


# -- what is due -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_new_client_is_graded_within_ten_working_days(figures: Figures) -> None:
    calendar = Calendar.around(TODAY)

    assert first_due(date(2026, 5, 18), figures, calendar) == date(2026, 6, 1)
    assert late_since(TODAY, lambda day: first_due(day, figures, calendar)) == date(2026, 5, 17)
    # 4 May 2026 is a day off and 9 May a working Saturday.
    assert first_due(date(2026, 4, 30), figures, calendar) == date(2026, 5, 18)


def test_what_is_due_stands_in_its_list(branch: Branch, officer: User, figures: Figures) -> None:
    never = ClientFactory(branch=branch, opened_on=date(2020, 1, 2))
    ClientFactory(branch=branch, closed=True)
    late = AmlGradeFactory(client__branch=branch, review_on=TODAY - timedelta(days=1))
    soon = AmlGradeFactory(client__branch=branch, review_on=TODAY + timedelta(days=30))
    AmlGradeFactory(client__branch=branch, review_on=TODAY + timedelta(days=31))

    assert list(ungraded(officer)) == [never]
    assert list(gradings_due(officer, "overdue", TODAY, figures)) == [late]
    assert list(gradings_due(officer, "soon", TODAY, figures)) == [soon]
    assert not gradings_due(officer, "changed", TODAY, figures)


@pytest.mark.parametrize("values", [{"name": "李新名"}, {"id_number": "110101198811223333"}, {"nationality": "新加坡"}])
def test_a_change_of_key_identity_data_asks_for_a_new_grade(
    staff: Staff, client_: Client, officer: User, figures: Figures, values: dict[str, Any]
) -> None:
    grade(client_, officer)

    change_client(client=client_, values=values, actor=staff("front_desk"), now=NOW)
    asked = list(gradings_due(officer, "changed", TODAY, figures))
    client_.refresh_from_db()
    grade(client_, officer, occasion="identity")

    assert [row.changed_facts(row.client) for row in asked] == [list(values)]
    assert not gradings_due(officer, "changed", TODAY, figures)


def test_what_is_late_is_in_the_day_of_compliance_and_of_the_head_of_the_branch(
    staff: Staff, branch: Branch, officer: User
) -> None:
    today = local_date(timezone.now())
    ClientFactory(branch=branch, opened_on=today - timedelta(days=60))
    ClientFactory(branch=branch, opened_on=today)
    AmlGradeFactory(client__branch=branch, review_on=today - timedelta(days=1))

    for who in (officer, staff("branch_manager")):
        found = [(item.title, item.reason) for item in todays_items(who, today) if item.kind == "aml"]
        assert len(found) == 2
        assert all("1" in title and "客户" not in reason for title, reason in found)
    assert not [item for item in todays_items(staff("front_desk"), today) if item.kind == "aml"]


def test_each_line_of_the_day_is_late_since_the_client_who_waits_longest(
    branch: Branch, officer: User, figures: Figures
) -> None:
    today = local_date(timezone.now())
    for days in (60, 9000):
        ClientFactory(branch=branch, opened_on=today - timedelta(days=days))
        day = today - timedelta(days=days)
        AmlGradeFactory(client__branch=branch, graded_on=day - timedelta(days=365), review_on=day)
    ClientFactory(branch=branch, opened_on=None)

    due = {item.url.rpartition("=")[2]: item.due_on for item in todays_items(officer, today) if item.kind == "aml"}

    longest = first_due(today - timedelta(days=9000), figures, Calendar.around(today))
    assert due == {"ungraded": longest, "overdue": today - timedelta(days=9000)}


# -- secrecy -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", OTHERS)
def test_nobody_else_finds_a_grade_or_a_suspicion(
    staff: Staff, branch: Branch, officer: User, web: Web, api: Api, figures: Figures, role: str
) -> None:
    who = staff(role)
    client = ClientFactory(branch=branch, advisor=who if role == "advisor" else None, introducer=who)
    grade(client, officer)
    raise_suspicion(client=client, reason="与名单人员往来", actor=officer, now=NOW)
    browser, phone = web(who), api(who)
    browser.get("/aml/"), web(officer).get("/aml/")

    for path in ("/aml/", f"/aml/{client.public_id}/", f"/aml/{client.public_id}/grade/", "/suspicions/"):
        assert browser.get(path).status_code == 403
    assert phone.get("/api/v1/aml-grades/").status_code == 403
    assert phone.get("/api/v1/aml-grades/ungraded/").status_code == 403
    assert not AmlGrade.objects.visible_to(who) and not SuspicionFlag.objects.visible_to(who)
    assert not gradings_due(who, "all", TODAY, figures) and not ungraded(who)
    seen = AuditEntry.objects.visible_to(who)
    assert not seen.filter(action__startswith="aml.") and not seen.filter(action__startswith="suspicion.")


def test_the_trail_shows_gradings_to_the_head_of_the_branch_and_suspicion_to_compliance_alone(
    staff: Staff, client_: Client, officer: User, web: Web
) -> None:
    grade(client_, officer)
    raise_suspicion(client=client_, reason="与名单人员往来", actor=officer, now=NOW)
    web(officer).get(f"/aml/{client_.public_id}/")
    web(officer).get("/suspicions/")

    def actions(who: User) -> set[str]:
        rows = AuditEntry.objects.visible_to(who)
        named = rows.filter(action__startswith="aml.") | rows.filter(action__startswith="suspicion.")
        return set(named.values_list("action", flat=True))

    assert actions(officer) == {"aml.grade", "aml.view", "suspicion.raise", "suspicion.view"}
    assert actions(staff("branch_manager")) == {"aml.grade", "aml.view"}
    tab = web(staff("auditor")).get(f"/clients/{client_.public_id}/?tab=looks").content.decode()
    assert "aundering" not in tab


def test_the_head_of_the_branch_sees_no_suspicion(staff: Staff, client_: Client, officer: User, web: Web) -> None:
    raise_suspicion(client=client_, reason="与名单人员往来", actor=officer, now=NOW)
    manager = staff("branch_manager")

    page = web(manager).get(f"/aml/{client_.public_id}/").content.decode()

    assert "uspicion" not in page
    assert web(manager).get("/suspicions/").status_code == 403
    assert "与名单人员往来" in web(officer).get("/suspicions/").content.decode()


def test_the_client_is_not_told_and_no_count_tells_of_it(client_: Client, officer: User) -> None:
    AmlGradeFactory(client=client_)
    SuspicionFlagFactory(client=client_)

    assert "canary" not in str(told(client_, officer))
    secret = {kind.label for kind in bound() if kind.is_secret}
    assert len(secret) == 2 and not secret & {label for label, _count in counts(client_, officer)}
    gone = erase(client_, NOW)
    assert not {"clients.AmlGrade", "clients.SuspicionFlag"} & set(gone)
    assert not AmlGrade.objects.exists() and not SuspicionFlag.objects.exists()


def test_another_branch_is_as_good_as_none(staff: Staff, other_branch: Branch, client_: Client, web: Web) -> None:
    stranger = staff("branch_manager", branch=other_branch)
    AmlGradeFactory(client=client_)

    assert web(stranger).get(f"/aml/{client_.public_id}/").status_code == 404
    assert not AmlGrade.objects.visible_to(stranger)


# -- suspicion ---------------------------------------------------------------------------------------------------------


def test_a_flag_is_lifted_once_with_its_reason(client_: Client, officer: User) -> None:
    flag = raise_suspicion(client=client_, reason="与名单人员往来", actor=officer, now=NOW)

    lift_suspicion(flag=flag, reason="已排除同名", actor=officer, now=NOW, version=1)
    with pytest.raises(StaleEdit):
        lift_suspicion(flag=flag, reason="已排除同名", actor=officer, now=NOW, version=1)
    with pytest.raises(AlreadyLifted):
        lift_suspicion(flag=flag, reason="已排除同名", actor=officer, now=NOW)

    assert not SuspicionFlag.objects.standing().exists()
    entries = AuditEntry.objects.filter(action__startswith="suspicion.")
    assert "名单" not in str(list(entries.values())) and "排除" not in str(list(entries.values()))


# -- pages and REST ----------------------------------------------------------------------------------------------------


def test_a_client_is_graded_on_the_page(client_: Client, officer: User, web: Web) -> None:
    browser, url = web(officer), f"/aml/{client_.public_id}/grade/"
    form = browser.get(url).context["form"]
    said = {**form.initial, "graded_on": local_date(timezone.now()).isoformat(), "grade": "high", "reasons": "现金频繁"}

    answer = browser.post(url, said)

    assert answer.status_code == 302, answer.context["form"].errors
    assert AmlGrade.objects.get().grade == "high"
    for state in ("ungraded", "overdue", "changed", "soon", "all"):
        page = browser.get(f"/aml/?state={state}")
        assert (page.status_code, client_.external_id in page.content.decode()) == (200, state == "all")
    assert "现金频繁" in browser.get(f"/aml/{client_.public_id}/").content.decode()


def test_over_rest_a_grading_says_what_it_was_made_from(client_: Client, officer: User, api: Api) -> None:
    phone, today = api(officer), local_date(timezone.now()).isoformat()
    body = {
        "client": client_.public_id, "grade": "low", "occasion": "first", "reasons": "资金来源清晰",
        "graded_on": today, "basis": "",
    }  # fmt: skip
    rows = phone.get("/api/v1/aml-grades/ungraded/").json()["results"]
    made = phone.post("/api/v1/aml-grades/", body, format="json", headers={"idempotency-key": "a"})
    stale = phone.post("/api/v1/aml-grades/", body, format="json", headers={"idempotency-key": "b"})

    assert [row["id"] for row in rows] == [client_.public_id]
    assert (made.status_code, stale.status_code) == (201, 412)
    listed = phone.get(f"/api/v1/aml-grades/?client={client_.public_id}&present=true").json()["results"]
    assert [row["identity_changed"] for row in listed] == [False]
    assert phone.get("/api/v1/aml-grades/?state=overdue").json()["results"] == []
    unknown = phone.get("/api/v1/aml-grades/?state=over")
    assert (unknown.status_code, list(unknown.json()["fields"])) == (400, ["state"])


@pytest.mark.parametrize("state", ["ungraded", "overdue", "all"])
def test_the_list_costs_the_same_for_one_and_for_ten(
    branch: Branch, officer: User, web: Web, cost_of: Callable[[Callable[[], Any]], int], state: str
) -> None:
    browser, url = web(officer), f"/aml/?state={state}"

    def more(count: int) -> None:
        if state == "ungraded":
            ClientFactory.create_batch(count, branch=branch, opened_on=date(2026, 5, 4))
        else:
            AmlGradeFactory.create_batch(count, client__branch=branch, review_on=date(2026, 5, 5))

    more(1)
    browser.get(url)
    one = cost_of(lambda: browser.get(url))
    more(9)

    assert cost_of(lambda: browser.get(url)) == one
