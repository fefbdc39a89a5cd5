"""One change of many clients through its page and through REST."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.utils import timezone

from clients.models import BulkEdit, Client
from crm.core.models import Branch
from tests.clients.bulk_ground import all_of, plan, states
from tests.doors import Staff
from tests.factories.clients import ClientFactory

# -- the page ----------------------------------------------------------------------------------------------------------


def _ask(browser: Any, **said: Any) -> Any:
    """The form of a field, and its answer."""
    page = browser.post("/clients/bulk/", {name: said[name] for name in ("field", "ids", "back") if name in said})
    token = page.context["form"].initial["form_token"]
    return browser.post("/clients/bulk/", {**said, "form_token": token})


def test_a_manager_changes_ticked_clients_on_the_page_and_takes_it_back(
    branch: Branch, other_branch: Branch, staff: Staff, web: Any
) -> None:
    mine, foreign = ClientFactory.create_batch(3, branch=branch), ClientFactory(branch=other_branch)
    browser = web(staff("branch_manager"))
    ids = " ".join(client.public_id for client in (*mine[:2], foreign))

    to_preview = _ask(browser, field="preferred_channel", ids=ids, back="risk=none", channel="wechat")
    preview = browser.get(to_preview["location"])
    edit = BulkEdit.objects.get()
    done = browser.post(f"/clients/bulk/{edit.public_id}/apply/", {"back": "risk=none"}, follow=True)

    text = preview.content.decode()
    assert "WeChat" in text and "Not yours, or no longer there" in text and "Change them" in text
    assert done.redirect_chain[-1][0] == "/clients/?risk=none"
    assert f"/clients/bulk/{edit.public_id}/undo/" in done.content.decode(), "the notice takes it back"
    assert [c.preferred_channel for c in Client.objects.order_by("pk")] == ["wechat", "wechat", "", ""]
    back = browser.post(f"/clients/bulk/{edit.public_id}/undo/", follow=True)
    assert "Put back for 2 clients." in back.content.decode()
    assert set(Client.objects.values_list("preferred_channel", flat=True)) == {""}


def test_all_of_a_filter_are_meant_where_nobody_is_ticked(branch: Branch, staff: Staff, web: Any) -> None:
    ClientFactory.create_batch(2, branch=branch, risk_grade="C3", risk_valid_until=date(2030, 1, 1))
    ClientFactory(branch=branch)
    browser = web(staff("branch_manager"))
    assert "/clients/bulk/?risk=C3" in browser.get("/clients/tools/?risk=C3").content.decode()
    assert "All of this list: 2 clients" in browser.get("/clients/bulk/?risk=C3").content.decode()

    _ask(browser, field="preferred_channel", back="risk=C3", channel="wechat")

    assert states(BulkEdit.objects.get()) == {("planned", ""): 2}


def test_a_filter_that_nobody_knows_means_nobody(branch: Branch, staff: Staff, web: Any) -> None:
    ClientFactory(branch=branch)
    browser = web(staff("branch_manager"))

    answer = _ask(browser, field="preferred_channel", back="rsik=C3", channel="wechat")

    assert answer.status_code == 400
    assert not BulkEdit.objects.exists()


def test_a_refusal_stands_beside_its_field_and_nothing_is_kept(branch: Branch, staff: Staff, web: Any) -> None:
    ClientFactory(branch=branch)
    browser = web(staff("branch_manager"))

    answer = _ask(browser, field="stage", back="", stage="stable", until="2099-01-01", reason="长期合作")

    assert (answer.status_code, list(answer.context["form"].errors)) == (400, ["until"])
    assert not BulkEdit.objects.exists()


def test_what_is_no_number_of_a_client_is_counted_as_unseen(branch: Branch, staff: Staff, web: Any) -> None:
    client, browser = ClientFactory(branch=branch), web(staff("branch_manager"))
    said = {"field": "preferred_channel", "back": "", "channel": "wechat", "form_token": "t"}

    answer = browser.post("/clients/bulk/", {**said, "ids": ["a\x00", client.public_id]})

    assert answer.status_code == 302
    assert (BulkEdit.objects.get().unseen, states(BulkEdit.objects.get())) == (1, {("planned", ""): 1})


def test_the_form_sent_twice_makes_one_preview(branch: Branch, staff: Staff, web: Any) -> None:
    client, browser = ClientFactory(branch=branch), web(staff("branch_manager"))
    said = {"field": "preferred_channel", "ids": client.public_id, "back": "", "channel": "wechat", "form_token": "t"}

    first, second = browser.post("/clients/bulk/", said), browser.post("/clients/bulk/", said)

    assert first["location"] == second["location"]
    assert BulkEdit.objects.count() == 1


def test_nobody_opens_the_change_of_somebody_else(branch: Branch, staff: Staff, web: Any) -> None:
    ClientFactory(branch=branch)
    edit = plan(staff("branch_manager"), all_of(branch))
    stranger = web(staff("branch_manager"))

    assert stranger.get(f"/clients/bulk/{edit.public_id}/").status_code == 404
    assert stranger.post(f"/clients/bulk/{edit.public_id}/apply/").status_code == 404
    assert web(staff("agent")).get("/clients/bulk/").status_code == 403


def test_an_introducer_beyond_ones_reach_has_no_number_in_the_preview(
    branch: Branch, other_branch: Branch, staff: Staff, web: Any, api: Any
) -> None:
    foreign, mine = ClientFactory(branch=other_branch, external_id="770077"), ClientFactory(branch=branch)
    Client.objects.filter(pk=mine.pk).update(introduced_by_client=foreign)
    manager = staff("branch_manager")
    edit = plan(manager, all_of(branch), "introduced_by", {"introducer": "", "number": ""}, now=timezone.now())
    url = f"/clients/bulk/{edit.public_id}/"

    page = web(manager).get(url).content.decode()
    rows = api(manager).get(f"/api/v1/bulk-edits/{edit.public_id}/rows/").data["results"]
    web(manager).post(f"{url}apply/", {"back": ""})
    gone = Client.objects.get(pk=mine.pk).introduced_by_client
    web(manager).post(f"{url}undo/")

    assert "A client beyond your reach" in page and "770077" not in page
    assert [row["before"] for row in rows] == ["A client beyond your reach"]
    assert (gone, Client.objects.get(pk=mine.pk).introduced_by_client) == (None, foreign)


# -- REST --------------------------------------------------------------------------------------------------------------


def test_a_change_of_many_over_rest(branch: Branch, other_branch: Branch, staff: Staff, api: Any) -> None:
    mine, foreign = ClientFactory(branch=branch), ClientFactory(branch=other_branch)
    phone = api(staff("branch_manager"))

    def post(path: str, body: Any, key: str) -> Any:
        return phone.post(f"/api/v1/bulk-edits/{path}", body, format="json", headers={"Idempotency-Key": key})

    body = {"field": "forbidden_channel", "said": {"channel": "sms", "on": True}}
    made = post("", {**body, "clients": [mine.public_id, foreign.public_id]}, "a")
    url = f"{made.data['id']}/"
    rows = phone.get(f"/api/v1/bulk-edits/{url}rows/").data["results"]
    done, twice = post(f"{url}apply/", {}, "b"), post(f"{url}apply/", {}, "c")
    assert Client.objects.get(pk=mine.pk).forbidden_channels == "sms"
    undone = post(f"{url}undo/", {}, "d")

    assert (made.status_code, made.data["unseen"]) == (201, 1)
    assert [(row["client"], row["after"], row["state"]) for row in rows] == [(mine.public_id, "SMS", "planned")]
    assert done.data["counts"] == twice.data["counts"] == [{"state": "done", "why": "", "count": 1}]
    assert undone.data["state"] == "undone"
    assert set(Client.objects.values_list("forbidden_channels", flat=True)) == {""}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"field": "preferred_channel", "said": {"channel": "wechat"}}, 400),
        ({"field": "preferred_channel", "said": {"channel": "pigeon"}, "filter": ""}, 400),
        ({"field": "preferred_channel", "said": {"channel": "wechat", "x": 1}, "filter": ""}, 400),
        ({"field": "preferred_channel", "said": {"channel": "wechat"}, "filter": "rsik=C3"}, 400),
        ({"field": "next_date", "said": {"to": 5}, "filter": ""}, 400),
        ({"field": "next_date", "said": {"to": ["2026-06-20"]}, "filter": ""}, 400),
        ({"field": "next_date", "said": {"to": {"day": 1}}, "filter": ""}, 400),
        ({"field": "total_assets", "said": {}, "filter": ""}, 400),
        ({"field": "advisor", "said": {}, "filter": ""}, 403),
        ({"field": "preferred_channel", "said": {"channel": "wechat"}, "filter": ""}, 201),
    ],
)
def test_rest_refuses_what_the_page_refuses(
    branch: Branch, staff: Staff, api: Any, body: dict[str, Any], status: int
) -> None:
    ClientFactory(branch=branch)
    phone = api(staff("front_desk"))

    answer = phone.post("/api/v1/bulk-edits/", body, format="json", headers={"Idempotency-Key": "a"})

    assert answer.status_code == status
    assert BulkEdit.objects.exists() is (status == 201)
