"""Two read the same row, one saves: the other is told what is on file now, and nothing of his is written over it unseen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from clients.models import Client, DataRequest, Erasure, HouseholdMember, LegalHold
from clients.services import change_client, found_household, join_household, score_clients
from clients.services.data_requests import receive_request
from clients.services.standing import set_hold
from crm.core.clocks import local_date
from crm.core.models import Branch, User
from crm.core.public_ids import new_public_id
from tests.doors import Staff
from tests.factories.clients import ClientFactory, ContactPointFactory

Browser = Callable[[User], Any]
ROOT = "/api/v1/"


@pytest.fixture
def client_(branch: Branch) -> Client:
    return ClientFactory(branch=branch, phone="+8613812348000", risk_grade="C2", risk_valid_until="2099-01-01")


def today() -> str:
    return local_date(timezone.now()).isoformat()


def somebody_else_saves(client: Client, colleague: User, **facts: Any) -> None:
    change_client(client=client, values=facts or {"city": "苏州"}, actor=colleague, now=timezone.now())


def sent(page: Any, **said: Any) -> dict[str, Any]:
    """The form of ``page`` as it stands, filled in with ``said``."""
    return {"form_token": new_public_id(), "version": page.context["form"].initial["version"], **said}


# -- forms -------------------------------------------------------------------------------------------------------------


def test_a_grade_that_a_colleague_entered_meanwhile_is_shown_before_it_is_replaced(
    client_: Client, staff: Staff, web: Browser
) -> None:
    one, two, url = web(staff("front_desk")), web(staff("front_desk")), f"/clients/{client_.public_id}/risk/"
    first, second = one.get(url), two.get(url)

    one.post(url, sent(first, grade="C4", assessed_on=today(), basis="问卷甲"))
    late = two.post(url, sent(second, grade="C1", assessed_on=today(), basis="问卷乙"))

    client_.refresh_from_db()
    assert late.status_code == 412
    assert [(one.label, one.text) for one in late.context["form"].differing] == [
        ("Risk grade", "C4 rather enterprising")
    ]
    assert client_.risk_grade == "C4"
    informed = two.post(url, sent(late, grade="C1", assessed_on=today(), basis="问卷乙"))
    client_.refresh_from_db()
    assert (informed.status_code, client_.risk_grade) == (302, "C1")


def test_who_finds_the_household_founded_meanwhile_is_told(client_: Client, staff: Staff, web: Browser) -> None:
    clerk, browser = staff("front_desk"), web(staff("front_desk"))
    other, url = ClientFactory(branch=client_.branch), f"/clients/{client_.public_id}/household/"
    page = browser.get(url)

    found_household(client=client_, name="张家", actor=clerk, now=timezone.now())
    late = browser.post(url, sent(page, name="李家", other_number=other.external_id))

    assert late.status_code == 412
    assert not HouseholdMember.objects.filter(client=other).exists()


def test_a_household_that_others_joined_meanwhile_is_looked_at_first(
    client_: Client, staff: Staff, web: Browser
) -> None:
    clerk, browser = staff("front_desk"), web(staff("front_desk"))
    home = found_household(client=client_, name="张家", actor=clerk, now=timezone.now())
    second, third = ClientFactory(branch=client_.branch), ClientFactory(branch=client_.branch)
    url = f"/clients/{client_.public_id}/household/"
    page = browser.get(url)

    join_household(household=home, client=second, actor=clerk, now=timezone.now())
    late = browser.post(url, sent(page, other_number=third.external_id))
    left = browser.post(f"{url}leave/", {"version": page.context["form"].initial["version"]}, follow=True)

    assert late.status_code == 412
    assert "changed in the meantime" in left.content.decode()
    assert set(HouseholdMember.objects.values_list("client", flat=True)) == {client_.pk, second.pk}


def test_a_hold_lifted_meanwhile_and_an_erasure_decided_meanwhile_are_looked_at_first(
    client_: Client, staff: Staff, web: Browser
) -> None:
    officer, office = staff("compliance"), staff("head_office")
    hold = set_hold(client=client_, reason="法院调查", actor=officer, now=timezone.now())
    erasure = Erasure.objects.create(client=client_, reason="期满", proposed_by=officer, proposed_at=timezone.now())
    one, two = web(officer), web(office)
    lift, decide = f"/holds/{hold.public_id}/lift/", f"/erasures/{erasure.public_id}/decide/?reject=1"
    lifting, deciding = one.get(lift), one.get(decide)

    LegalHold.objects.update(lifted_at=timezone.now(), lifted_by=office, lift_reason="案件已结")
    Erasure.objects.update(first_approver=office)
    late = [one.post(lift, sent(lifting, reason="我来解除")), one.post(decide, sent(deciding, reason="不同意删除"))]

    assert [answer.status_code for answer in late] == [412, 412]
    assert LegalHold.objects.get().lift_reason == "案件已结"
    assert Erasure.objects.get().state == "proposed"
    assert two.get(decide).context["form"].initial["version"] == 2


def test_a_restriction_is_set_on_what_was_seen(client_: Client, staff: Staff, web: Browser) -> None:
    browser, url = web(staff("compliance")), f"/clients/{client_.public_id}/restriction/"
    page = browser.get(url)

    somebody_else_saves(client_, staff("front_desk"))

    assert browser.post(url, sent(page, reason="客户要求删除")).status_code == 412
    assert Client.objects.get().restricted_on is None


def test_a_number_that_changed_meanwhile_is_not_marked_as_verified(client_: Client, staff: Staff, web: Browser) -> None:
    browser, url = web(staff("front_desk")), f"/clients/{client_.public_id}/verify/"

    somebody_else_saves(client_, staff("front_desk"), phone="+8613912349000")
    told = browser.post(url, {"items": "phone", "how": "call", "version": 1}, follow=True)

    assert "changed in the meantime" in told.content.decode()
    assert "verified" not in str(Client.objects.get().provenance.get("phone"))


@pytest.mark.parametrize(
    ("page", "said"), [("risk", {"grade": "C3", "basis": "问卷"}), ("household", {"name": "张家"})]
)
def test_a_form_that_does_not_say_what_it_was_made_from_is_refused(
    client_: Client, staff: Staff, web: Browser, page: str, said: dict[str, str]
) -> None:
    browser = web(staff("front_desk"))

    answer = browser.post(f"/clients/{client_.public_id}/{page}/", {"form_token": "t", "assessed_on": today(), **said})

    assert answer.status_code == 428
    assert "does not say which version" in answer.content.decode()


@pytest.mark.parametrize("step", ["stage/end", "contact-points"])
def test_a_button_that_does_not_say_it_changes_nothing(client_: Client, staff: Staff, web: Browser, step: str) -> None:
    point = ContactPointFactory(client=client_)
    place = f"contact-points/{point.public_id}/remove" if step == "contact-points" else step
    browser = web(staff("branch_manager" if step == "stage/end" else "front_desk"))

    told = browser.post(f"/clients/{client_.public_id}/{place}/", follow=True)

    assert "changed in the meantime" in told.content.decode()
    point.refresh_from_db()
    assert point.removed_at is None


# -- REST --------------------------------------------------------------------------------------------------------------


def ask(client: Client, clerk: User) -> DataRequest:
    made: DataRequest = receive_request(
        client=client,
        kind="access",
        channel="app",
        received_on=local_date(timezone.now()),
        actor=clerk,
        now=timezone.now(),
    )
    return made


def changes(client: Client, staff: Staff) -> list[tuple[str, str, dict[str, Any]]]:
    """Role, address and words of each command over REST that changes a row which somebody else may have changed."""
    clerk, now = staff("front_desk"), timezone.now()
    other = ClientFactory(branch=client.branch)
    home = found_household(client=client, name="张家", actor=clerk, now=now)
    hold = set_hold(client=client, reason="法院调查", actor=staff("compliance"), now=now)
    request = ask(client, clerk)
    score_clients([client.pk], local_date(now))
    return [
        ("front_desk", f"clients/{client.public_id}/risk/", {"grade": "C3", "assessed_on": today(), "basis": "问卷"}),
        ("front_desk", f"households/{home.public_id}/join/", {"client": other.public_id}),
        ("front_desk", f"households/{home.public_id}/leave/", {"client": client.public_id}),
        ("front_desk", f"quality-scores/{client.public_id}/verify/", {"items": ["phone"], "how": "call"}),
        ("compliance", f"legal-holds/{hold.public_id}/lift/", {"reason": "案件已结"}),
        ("compliance", f"data-requests/{request.public_id}/ask-proof/", {}),
        ("compliance", f"data-requests/{request.public_id}/check-identity/", {"identity": "document"}),
        ("compliance", f"data-requests/{request.public_id}/take/", {}),
        ("compliance", f"data-requests/{request.public_id}/propose/", {"grants": True, "answer": "同意"}),
    ]


@pytest.mark.parametrize("place", range(9))
def test_over_rest_each_change_says_what_it_has_seen(client_: Client, staff: Staff, api: Browser, place: int) -> None:
    role, url, said = changes(client_, staff)[place]
    phone = api(staff(role))

    def post(key: str, **seen: str) -> Any:
        return phone.post(ROOT + url, said, format="json", headers={"idempotency-key": key, **seen})

    missing, stale = post("a"), post("b", **{"if-match": '"99"'})

    assert (missing.status_code, missing.json()["code"]) == (428, "version_required")
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_edit")


def test_the_tag_of_each_row_is_what_its_change_asks_for(client_: Client, staff: Staff, api: Browser) -> None:
    officer, clerk = api(staff("compliance")), api(staff("front_desk"))
    rows = dict.fromkeys(url.rsplit("/", 2)[0] for _role, url, _said in changes(client_, staff))

    for url in rows:
        row = (clerk if url.startswith(("households", "quality", "clients")) else officer).get(f"{ROOT}{url}/")
        assert row["ETag"] == f'"{row.json()["version"]}"', url
