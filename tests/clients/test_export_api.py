"""Exports over REST by the rules of the page, my day of those who decide, and who one is said once more before a list leaves."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django.utils.translation import override

from crm.core.clocks import database_now, local_date
from crm.core.jobs import run_waiting_jobs
from crm.core.models import AuditEntry, Branch, ExportRequest, Policy, User
from crm.core.models.exporting import ExportFile
from crm.workbench.queue import todays_items
from tests.clients.test_export import table
from tests.conftest import record_sign_in
from tests.doors import Staff
from tests.factories.clients import ClientFactory

ROOT = "/api/v1/exports/"
PASSWORD = "correct-horse-battery-staple"  # noqa: S105  of nobody


@pytest.fixture
def asker(branch: Branch, staff: Staff) -> User:
    person = staff("branch_manager")
    person.set_password(PASSWORD)
    person.save()
    return person


def ask(phone: Any, key: str = "k1", **said: Any) -> Any:
    body = {"kind": "clients", "reason": "季度核对", "password": PASSWORD, **said}
    return phone.post(ROOT, body, format="json", headers={"Idempotency-Key": key})


def fetch(phone: Any, export_id: str, key: str = "f1", password: str = PASSWORD) -> Any:
    url = f"{ROOT}{export_id}/file/"
    return phone.post(url, {"password": password}, format="json", headers={"Idempotency-Key": key})


def limit(rows: int) -> None:
    Policy.objects.filter(policy_key_id="export.approval_above").update(value=rows)


def test_a_small_list_is_ready_at_once_and_fetched_by_whoever_asked(
    branch: Branch, asker: User, staff: Staff, api: Any
) -> None:
    ClientFactory.create_batch(2, branch=branch, phone="+8613812348000")
    phone = api(asker)

    made, again = ask(phone), ask(phone)

    assert (made.status_code, again.status_code, made.data["state"], made.data["rows"]) == (201, 200, "ready", 2)
    assert made.data["id"] == again.data["id"] and ExportRequest.objects.count() == 1
    entry = AuditEntry.objects.get(action="client.export")
    assert len(entry.object_ids) == 2
    answer = fetch(phone, made.data["id"])
    rows = table(answer.content)
    assert made.data["id"] in rows[0][0] and len(rows) == 4
    assert "138****8000" in answer.content.decode() and "13812348000" not in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert fetch(api(staff("compliance")), made.data["id"], password="x").status_code in (403, 404)  # noqa: S106
    assert AuditEntry.objects.filter(action="export.fetch").count() == 1


def test_a_large_list_waits_for_somebody_else_and_stands_in_his_day(
    branch: Branch, asker: User, staff: Staff, api: Any
) -> None:
    limit(1)
    ClientFactory.create_batch(3, branch=branch)
    officer = staff("compliance")
    made = ask(api(asker))
    assert made.data["state"] == "requested" and not AuditEntry.objects.filter(action="client.export").exists()
    today = local_date(timezone.now())

    def day(user: User) -> list[tuple[str, str]]:
        with override("en"):
            return [(i.title, i.reason) for i in todays_items(user, today) if i.url.startswith("/exports/")]

    assert day(officer) == [(asker.name, "Clients, 3 rows")]
    assert day(asker) == [] == day(staff("advisor"))
    url, headers = f"{ROOT}{made.data['id']}/decide/", {"Idempotency-Key": "d1", "If-Match": made["ETag"]}
    own = api(asker).post(url, {"approved": True}, format="json", headers=headers)
    assert own.status_code in (403, 409)
    boss = api(officer)
    assert boss.post(url, {"approved": True}, format="json", headers={"Idempotency-Key": "d"}).status_code == 428
    assert boss.post(url, {"approved": False}, format="json", headers=headers).status_code == 400
    assert (
        boss.post(url, {"approved": True}, format="json", headers={**headers, "Idempotency-Key": "e"}).status_code
        == 201
    )
    run_waiting_jobs(database_now())

    assert api(asker).get(f"{ROOT}{made.data['id']}/").data["state"] == "ready"
    assert day(asker) == [("Clients", "Ready to fetch")] and day(officer) == []
    assert fetch(boss, made.data["id"], password="wrong").status_code == 403  # noqa: S106
    assert len(table(fetch(api(asker), made.data["id"]).content)) == 5
    assert day(asker) == []


def test_a_file_no_longer_kept_is_gone(branch: Branch, asker: User, api: Any) -> None:
    ClientFactory(branch=branch)
    made = ask(api(asker))
    ExportRequest.objects.update(ready_until=timezone.now() - timedelta(seconds=1))

    answer = fetch(api(asker), made.data["id"])

    assert (answer.status_code, answer.data["code"]) == (410, "export_gone")


@pytest.mark.parametrize(
    ("said", "status", "field"),
    [
        ({"password": "wrong"}, 403, "password"),
        ({"kind": "complaints"}, 400, "kind"),
        ({"reason": "x"}, 400, "reason"),
        ({"columns": ["pinyin"]}, 400, "columns"),
        ({"filter": "assets_from=viel"}, 400, "filter"),
        ({"filter": "riks=C3"}, 400, "filter"),
        ({"kind": "assets", "since": "2026-06-02", "until": "2026-06-01"}, 400, "until"),
        ({"nonsense": 1}, 400, "nonsense"),
    ],
)
def test_what_cannot_be_asked_is_named_and_nothing_leaves(
    branch: Branch, asker: User, api: Any, said: dict[str, Any], status: int, field: str
) -> None:
    answer = ask(api(asker), **said)

    assert answer.status_code == status and field in answer.data["fields"]
    assert not ExportRequest.objects.exists() and not ExportFile.objects.exists()


def test_guesses_of_the_password_are_counted_like_every_sign_in(branch: Branch, asker: User, api: Any) -> None:
    phone = api(asker)

    answers = [ask(phone, key=f"k{n}", password="wrong").status_code for n in range(10)]  # noqa: S106

    assert answers[:8] == [403] * 8 and set(answers[8:]) == {429}
    assert ask(phone, key="right").status_code == 429


def test_the_filter_narrows_as_on_the_page_and_rights_stay_rights(
    branch: Branch, asker: User, staff: Staff, api: Any
) -> None:
    ClientFactory(branch=branch, risk_grade="C3", risk_valid_until=local_date(timezone.now()))
    ClientFactory(branch=branch)

    assert ask(api(asker), filter="risk=C3").data["rows"] == 1
    agent = staff("agent")
    assert ask(api(agent)).status_code == 403


# -- in the browser ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("minutes", "asked_again"), [(14.9, False), (15.1, True)])
def test_a_sign_in_is_enough_for_some_minutes_and_then_one_says_again_who_one_is(
    branch: Branch, asker: User, web: Any, minutes: float, asked_again: bool
) -> None:
    ClientFactory(branch=branch)
    browser = web(asker)
    session = browser.session
    record_sign_in(session, asker, at=time.time() - minutes * 60)
    session.save()

    page = browser.get("/clients/export/")
    sent = browser.post("/clients/export/", {"form": "csv", "reason": "季度核对", "form_token": "x"})

    if not asked_again:
        assert (page.status_code, sent.status_code) == (200, 200)
        return
    assert page.status_code == 302 and page["Location"] == "/accounts/reauthenticate/?next=%2Fclients%2Fexport%2F"
    assert sent.status_code == 403 and "Confirm who you are" in sent.content.decode()
    assert not ExportRequest.objects.exists()
    back = browser.post(page["Location"], {"password": PASSWORD, "next": "/clients/export/"})
    assert back.status_code == 302 and back["Location"] == "/clients/export/"
    assert browser.post("/clients/export/", {"form": "csv", "reason": "季度核对", "form_token": "y"}).status_code == 200


def test_a_session_without_any_proof_takes_nothing_out(branch: Branch, asker: User, staff: Staff, web: Any) -> None:
    browser = web(asker)
    session = browser.session
    session.pop("account_authentication_methods")
    session.save()

    assert browser.get("/clients/export/").status_code == 302
    assert browser.post("/clients/export/", {"form": "csv", "reason": "季度核对", "form_token": "x"}).status_code == 403
    auditor = web(staff("auditor"))
    session = auditor.session
    session.pop("account_authentication_methods")
    session.save()
    assert auditor.get("/audit/export/").status_code == 302
