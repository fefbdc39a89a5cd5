"""What clients want, asked and shown on pages and through REST."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from clients.models import Client, ContactLog, NeedsInterview
from crm.core.clocks import local_date
from crm.core.models import AuditEntry, Branch
from crm.workbench.queue import todays_items
from tests.doors import HTMX, Api, Staff, Web, token
from tests.factories.clients import ClientFactory
from tests.factories.needs import NeedsInterviewFactory


@pytest.fixture
def client_(branch: Branch) -> Client:
    return ClientFactory(branch=branch)


# -- pages -------------------------------------------------------------------------------------------------------------


def test_the_sheet_is_filled_in_one_go_and_shown_with_what_changed(client_: Client, staff: Staff, web: Web) -> None:
    browser, url = web(staff("front_desk")), f"/clients/{client_.public_id}/needs/"
    NeedsInterviewFactory(client=client_, taken_on=date(2026, 1, 5), answered_on={"goals": "2026-01-05"}, horizon="")
    page = browser.get(url)
    basis = re.search(r'name="basis" value="([^"]*)"', page.content.decode())

    answer = browser.post(
        url,
        {
            "form_token": token(page),
            "basis": basis and basis[1],
            "taken_on": local_date(timezone.now()).isoformat(),
            "answered_by": "self",
            "goals": ["growth", "pension"],
            "horizon": "long",
            "loss_tolerance": "12.5",
            "refused": ["capital"],
        },
    )

    assert answer.status_code == 302
    assert answer["Location"].endswith("?tab=needs")
    row = NeedsInterview.objects.present().get(client=client_)
    assert (row.goals, row.horizon, row.loss_tolerance, row.refused) == (
        ["growth", "pension"],
        "long",
        Decimal("12.5"),
        ["capital"],
    )
    text = browser.get(f"/clients/{client_.public_id}/?tab=needs").content.decode()
    assert "12.5%" in text
    assert "refused to provide" in text
    assert "before: Steady growth" in text


def test_an_unreadable_sheet_comes_back_with_what_was_said(client_: Client, staff: Staff, web: Web) -> None:
    browser, url = web(staff("front_desk")), f"/clients/{client_.public_id}/needs/"

    answer = browser.post(
        url,
        {
            "form_token": "a" * 26,
            "taken_on": "2026-06-01",
            "answered_by": "self",
            "loss_tolerance": "120",
            "remarks": "忙",
        },
    )

    assert answer.status_code == 400
    assert "忙" in answer.content.decode()
    assert not NeedsInterview.objects.exists()


def test_while_a_contact_is_logged_the_sheet_opens_in_place_and_the_contact_is_named(
    client_: Client, staff: Staff, web: Web
) -> None:
    advisor = staff("front_desk")
    browser, url = web(advisor), f"/clients/{client_.public_id}/needs/?inline=1"
    sheet = browser.get(url, headers=HTMX)
    assert "<html" not in sheet.content.decode()

    saved = browser.post(
        url,
        {
            "form_token": token(sheet),
            "taken_on": local_date(timezone.now()).isoformat(),
            "answered_by": "self",
            "goals": "ipo",
        },
        headers=HTMX,
    ).content.decode()
    row = NeedsInterview.objects.get()
    assert f'name="needs" value="{row.public_id}" form="contact-form"' in saved

    page = browser.get(f"/clients/{client_.public_id}/")
    browser.post(
        f"/clients/{client_.public_id}/contacts/",
        {"form_token": token(page), "channel": "phone", "content": "谈了需求", "needs": row.public_id},
        headers=HTMX,
    )
    row.refresh_from_db()
    assert row.contact == ContactLog.objects.get()


def test_a_foreign_client_a_foreign_interview_and_a_missing_right(
    client_: Client, other_branch: Branch, staff: Staff, web: Web
) -> None:
    stranger = NeedsInterviewFactory(client__branch=other_branch)
    browser, url = web(staff("front_desk")), f"/clients/{client_.public_id}/needs/"

    assert browser.get(f"/clients/{stranger.client.public_id}/needs/").status_code == 404
    assert browser.get(f"{url}?corrects={stranger.public_id}").status_code == 404
    assert web(staff("auditor")).get(url).status_code == 403


def test_an_agent_has_no_tab_of_needs(branch: Branch, staff: Staff, web: Web) -> None:
    agent = staff("agent")
    client = ClientFactory(branch=branch, introducer=agent)
    NeedsInterviewFactory(client=client, remarks="私房话")

    text = web(agent).get(f"/clients/{client.public_id}/?tab=needs").content.decode()

    assert "私房话" not in text
    assert '<a href="?tab=needs"' not in text


def test_the_tab_costs_the_same_for_one_interview_and_for_ten(
    client_: Client, staff: Staff, web: Web, cost_of: Any
) -> None:
    browser, url = web(staff("front_desk")), f"/clients/{client_.public_id}/?tab=needs"
    NeedsInterviewFactory(client=client_)
    browser.get(url)
    one = cost_of(lambda: browser.get(url))
    for n in range(9):
        NeedsInterviewFactory(client=client_, is_present=False, taken_on=date(2025, 1, 1 + n))

    assert cost_of(lambda: browser.get(url)) == one


@pytest.mark.parametrize(("query", "names"), [("fresh", {"甲新"}), ("stale", {"乙旧", "丙无"}), ("unknown", {"丙无"})])
def test_the_list_narrows_by_how_fresh_needs_are(
    branch: Branch, staff: Staff, web: Web, query: str, names: set[str]
) -> None:
    today = local_date(timezone.now())
    NeedsInterviewFactory(client__branch=branch, client__name="甲新", taken_on=today)
    NeedsInterviewFactory(client__branch=branch, client__name="乙旧", taken_on=today - timedelta(days=400))
    ClientFactory(branch=branch, name="丙无")

    text = web(staff("front_desk")).get(f"/clients/?needs={query}", headers=HTMX).content.decode()

    assert {name for name in ("甲新", "乙旧", "丙无") if f">{name}<" in text} == names


def test_my_day_names_own_clients_whose_needs_are_old_a_few_a_day(branch: Branch, staff: Staff) -> None:
    advisor, today = staff("advisor"), local_date(timezone.now())
    NeedsInterviewFactory(client=ClientFactory(branch=branch, advisor=advisor), taken_on=today)
    NeedsInterviewFactory(
        client=ClientFactory(branch=branch, advisor=advisor, total_assets=99), taken_on=today - timedelta(days=190)
    )
    ClientFactory.create_batch(7, branch=branch, advisor=advisor)
    ClientFactory(branch=branch, advisor=advisor, silent=True)
    ClientFactory(branch=branch)

    items = [item for item in todays_items(advisor, today) if item.kind == "needs"]

    assert len(items) == 5
    assert len({item.reason for item in items}) == 2, "one was asked long ago, the others never"
    assert {item.due_on for item in items} == {today}, "nobody promised anything, so nothing is overdue"


def test_my_day_does_not_name_a_client_twice_whom_a_contact_is_agreed_with(branch: Branch, staff: Staff) -> None:
    advisor, today = staff("advisor"), local_date(timezone.now())
    ClientFactory(branch=branch, advisor=advisor, name="今日约", next_contact_on=today)
    ClientFactory(branch=branch, advisor=advisor, name="下周约", next_contact_on=today + timedelta(days=7))
    ClientFactory(branch=branch, advisor=advisor, name="明年约", next_contact_on=today + timedelta(days=300))
    ClientFactory(branch=branch, advisor=advisor, name="没有约")

    items = todays_items(advisor, today)

    assert [(item.kind, item.title) for item in items if item.kind == "contact"] == [("contact", "今日约")]
    assert {item.title for item in items if item.kind == "needs"} == {"明年约", "没有约"}
    assert items[0].kind == "contact", "what was promised comes before what was not"


# -- REST --------------------------------------------------------------------------------------------------------------

URL = "/api/v1/needs-interviews/"


def test_an_interview_is_kept_over_rest_once_and_read_back_on_record(client_: Client, staff: Staff, api: Api) -> None:
    phone = api(staff("front_desk"))
    body = {
        "client": client_.public_id,
        "answers": {"goals": ["ipo"], "capital": "500000.00", "loss_tolerance": "8.0"},
        "refused": ["sectors"],
    }

    made = phone.post(URL, body, format="json", headers={"Idempotency-Key": "n1"})
    again = phone.post(URL, body, format="json", headers={"Idempotency-Key": "n1"})

    assert (made.status_code, again.status_code) == (201, 200)
    assert made.data["id"] == again.data["id"]
    assert (made.data["capital"], made.data["present"], made.data["refused"]) == ("500000.00", True, ["sectors"])
    shown = phone.get(f"{URL}{made.data['id']}/")
    assert json.loads(json.dumps(shown.data["answered_on"]))["goals"] == local_date(timezone.now()).isoformat()
    assert phone.get(URL, {"client": client_.public_id, "present": "true"}).data["results"][0]["id"] == made.data["id"]
    assert AuditEntry.objects.filter(action="needs.view").count() == 2


def test_rest_refuses_what_the_sheet_refuses(client_: Client, other_branch: Branch, staff: Staff, api: Api) -> None:
    phone, stranger = api(staff("front_desk")), NeedsInterviewFactory(client__branch=other_branch)

    def post(**body: Any) -> int:
        key = {"Idempotency-Key": repr(body)[:70]}
        return int(phone.post(URL, {"client": client_.public_id, **body}, format="json", headers=key).status_code)

    assert post() == 400
    assert post(answers={"goals": ["nonsense"]}) == 400
    assert post(answers={"loss_tolerance": "101"}) == 400
    assert post(client=stranger.client.public_id, answers={"goals": ["ipo"]}) == 400
    assert phone.post(URL, {}, format="json").status_code == 400
    assert phone.get(f"{URL}{stranger.public_id}/").status_code == 404
    assert api(staff("agent")).get(URL).status_code == 403
