"""The list, its search and paging, the forms, the contact box, reveal and export."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from clients.models import Client, ContactLog
from clients.services import assign_advisor
from crm.core.models import Branch
from tests.doors import HTMX, Staff, Web, token
from tests.factories.clients import ClientFactory, ContactLogFactory

# -- forms -------------------------------------------------------------------------------------------------------------


def test_an_advisor_takes_a_client_into_his_own_book(branch: Branch, staff: Staff, web: Web) -> None:
    advisor = staff("advisor")
    browser = web(advisor)
    said = {"external_id": "A1", "kind": "person", "name": "张三", "form_token": token(browser.get("/clients/new/"))}

    first = browser.post("/clients/new/", said)
    second = browser.post("/clients/new/", said)

    client = Client.objects.get()
    assert first.status_code == second.status_code == 302
    assert (client.advisor, client.branch) == (advisor, branch)
    assert first.url == f"/clients/{client.public_id}/"


def test_a_taken_number_is_said_beside_the_field(branch: Branch, staff: Staff, web: Web) -> None:
    ClientFactory(branch=branch, external_id="A1")
    browser = web(staff("front_desk"))
    said = {"external_id": "A1", "kind": "person", "name": "张三", "form_token": token(browser.get("/clients/new/"))}

    page = browser.post("/clients/new/", said)

    assert page.status_code == 409
    assert "This client number is taken" in page.content.decode()


def test_what_was_done_names_the_client_for_whom(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch, name="欧阳雪")
    browser = web(staff("front_desk"))
    url = f"/clients/{client.public_id}/edit/"
    page = browser.get(url).context["form"]

    said = {"form_token": "t", "version": client.version, "kind": "person", "name": "欧阳雪", "status": "active"}
    answer = browser.post(url, {**said, "city": "上海"}, follow=True)

    assert page["version"].value() == client.version
    assert [str(one) for one in answer.context["messages"]] == ["欧阳雪: Saved."]


def test_an_edit_over_a_newer_version_is_412_and_changes_nothing(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch, phone="+8613812348000", city="上海")
    browser = web(staff("front_desk"))
    url = f"/clients/{client.public_id}/edit/"
    page = browser.get(url)
    assert "+8613812348000" not in page.content.decode()
    Client.objects.filter(pk=client.pk).update(version=7)
    said = {
        "kind": "person",
        "name": client.name,
        "city": "北京",
        "status": "active",
        "version": 1,
        "form_token": token(page),
    }

    assert browser.post(url, said).status_code == 412

    said |= {"version": 7, "form_token": "another"}
    assert browser.post(url, said).status_code == 302
    client.refresh_from_db()
    assert (client.city, client.phone) == ("北京", "+8613812348000")


def hidden(page: Any, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.content.decode())
    assert found is not None
    return found[1]


def test_after_a_change_by_another_the_form_shows_what_is_on_file_and_saves_at_the_second_press(
    branch: Branch, staff: Staff, web: Web
) -> None:
    client = ClientFactory(branch=branch, phone="+8613812348000", city="上海", occupation="教师")
    browser = web(staff("front_desk"))
    url = f"/clients/{client.public_id}/edit/"
    said = {
        "kind": "person", "name": client.name, "city": "北京", "occupation": "教师", "status": "active",
        "phone": "13700001111", "version": 1, "form_token": token(browser.get(url)),
    }  # fmt: skip
    Client.objects.filter(pk=client.pk).update(version=7, city="苏州")

    page = browser.post(url, said)

    client.refresh_from_db()
    text = page.content.decode()
    assert (page.status_code, client.city, hidden(page, "version")) == (412, "苏州", "7")
    assert "On file now: 苏州" in text
    assert "On file now: 教师" not in text  # both say the same
    assert "On file now: 138****8000" in text
    assert "+8613812348000" not in text
    assert f'href="{url}"' in text
    assert 'value="北京"' in text
    assert "Somebody else" not in text

    second = browser.post(url, said | {"version": 7, "form_token": hidden(page, "form_token")})

    client.refresh_from_db()
    assert (second.status_code, client.city) == (302, "北京")


def test_what_changed_again_before_the_second_press_is_shown_before_it_is_written_over(
    branch: Branch, staff: Staff, web: Web
) -> None:
    client = ClientFactory(branch=branch, city="上海")
    browser = web(staff("front_desk"))
    url = f"/clients/{client.public_id}/edit/"
    said = {"kind": "person", "name": client.name, "city": "北京", "status": "active", "version": 1}
    Client.objects.filter(pk=client.pk).update(version=7, city="苏州")
    shown = browser.post(url, said | {"form_token": token(browser.get(url))})
    Client.objects.filter(pk=client.pk).update(version=8, city="杭州")

    again = browser.post(url, said | {"version": hidden(shown, "version"), "form_token": hidden(shown, "form_token")})

    client.refresh_from_db()
    assert (again.status_code, client.city, hidden(again, "version")) == (412, "杭州", "8")
    assert "On file now: 杭州" in again.content.decode()


def test_what_a_form_only_proposes_is_not_called_on_file(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch)
    browser = web(staff("branch_manager"))
    url = f"/clients/{client.public_id}/do-not-contact/"
    page = browser.get(url)
    assert page.status_code == 200
    Client.objects.filter(pk=client.pk).update(version=7)

    answer = browser.post(url, {"reason": "客户要求", "version": 1, "form_token": token(page)})

    text = answer.content.decode()
    assert (answer.status_code, hidden(answer, "version")) == (412, "7")
    assert "On file now:" not in text and "Open what is on file now in a new tab" in text


def test_a_risk_grade_is_entered_on_a_form(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch)
    browser = web(staff("front_desk"))
    url = f"/clients/{client.public_id}/risk/"
    said = {"grade": "C2", "assessed_on": "2026-05-01", "basis": "纸质问卷", "form_token": token(browser.get(url))}

    assert browser.post(url, {**said, "version": client.version}).status_code == 302

    client.refresh_from_db()
    assert client.risk_grade == "C2"


def test_a_manager_assigns_and_only_people_of_the_branch_are_offered(
    branch: Branch, other_branch: Branch, staff: Staff, web: Web
) -> None:
    client, advisor = ClientFactory(branch=branch), staff("advisor", name="本部顾问")
    staff("advisor", name="外部顾问", branch=other_branch)
    browser = web(staff("branch_manager"))
    url = f"/clients/{client.public_id}/advisor/"
    page = browser.get(url)
    assert "本部顾问" in page.content.decode()
    assert "外部顾问" not in page.content.decode()

    said = {"advisor": advisor.public_id, "reason": "新客户", "version": 1, "form_token": token(page)}
    assert browser.post(url, said).status_code == 302

    client.refresh_from_db()
    assert client.advisor == advisor


def test_a_foreign_client_is_404_behind_every_form(
    branch: Branch, other_branch: Branch, staff: Staff, web: Web
) -> None:
    stranger = ClientFactory(branch=other_branch)
    browser = web(staff("branch_manager"))

    for part in ("", "edit/", "risk/", "advisor/", "do-not-contact/", "contacts/"):
        assert browser.get(f"/clients/{stranger.public_id}/{part}").status_code == 404, part
    assert browser.post(f"/clients/{stranger.public_id}/reveal/phone/", {"reason": "来电核对"}).status_code == 404


# -- contacts ----------------------------------------------------------------------------------------------------------


def test_a_contact_is_logged_without_leaving_the_page(branch: Branch, staff: Staff, web: Web) -> None:
    client, advisor = ClientFactory(branch=branch), staff("advisor")
    assign_advisor(client=client, advisor=advisor, actor=advisor, now=datetime.now(UTC), reason="开户")
    browser = web(advisor)
    page = browser.get(f"/clients/{client.public_id}/")
    said = {"channel": "phone", "content": "谈了打新", "next_on": "", "form_token": token(page)}
    url = f"/clients/{client.public_id}/contacts/"

    first = browser.post(url, said, headers=HTMX)
    browser.post(url, said, headers=HTMX)

    assert first.status_code == 200
    assert "谈了打新" in first.content.decode()
    assert "HX-Trigger" in first.headers
    assert ContactLog.objects.get().staff == advisor


def test_a_form_sent_again_with_other_words_is_never_taken_for_saved(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch)
    browser = web(staff("front_desk"))
    url = f"/clients/{client.public_id}/contacts/"
    said = {"channel": "phone", "content": "first words", "next_on": "", "form_token": "sent-once"}
    browser.post(url, said, headers=HTMX)

    again = browser.post(url, said | {"content": "better words"}, headers=HTMX)

    assert again.status_code == 422
    assert "better words" in again.content.decode()
    assert ContactLog.objects.get().content == "first words"
    fresh = token(again)
    assert browser.post(url, said | {"content": "better words", "form_token": fresh}, headers=HTMX).status_code == 200
    assert ContactLog.objects.count() == 2


def test_a_contact_without_words_comes_back_with_the_form(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch)
    browser = web(staff("front_desk"))

    said = {"channel": "phone", "content": "", "form_token": "x"}
    answer = browser.post(f"/clients/{client.public_id}/contacts/", said, headers=HTMX)

    assert answer.status_code == 400
    assert 'id="contacts"' in answer.content.decode()
    assert not ContactLog.objects.exists()


def test_a_correction_shows_both_wordings_in_the_timeline(branch: Branch, staff: Staff, web: Web) -> None:
    contact = ContactLogFactory(client__branch=branch, content="写错了")
    browser = web(staff("front_desk"))
    url = f"/contacts/{contact.public_id}/correct/"
    said = {
        "at": "2026-06-01T10:00",
        "channel": "phone",
        "outcome": "reached",
        "content": "写对了",
        "reason": "笔误",
        "form_token": token(browser.get(url)),
    }

    assert browser.post(url, said).status_code == 302

    page = browser.get(f"/clients/{contact.client.public_id}/?tab=timeline").content.decode()
    assert "写错了" in page
    assert "写对了" in page


def test_what_only_persons_have_is_not_taken_for_an_institution(branch: Branch, staff: Staff, web: Web) -> None:
    said = {
        "external_id": "I-1", "kind": "institution", "name": "上海某某贸易有限公司", "sex": "female", "marital_status": "已婚",
        "form_token": "institution",
    }  # fmt: skip

    assert web(staff("front_desk")).post("/clients/new/", said).status_code == 302

    made = Client.objects.get(external_id="I-1")
    assert (made.sex, made.marital_status) == ("unknown", "")


def _state(browser: Any, client: Client, **said: str) -> Any:
    shown = browser.get(f"/clients/{client.public_id}/edit/").context["form"]
    sent = {name: "" if shown[name].value() is None else shown[name].value() for name in shown.fields}
    client.refresh_from_db()
    return browser.post(f"/clients/{client.public_id}/edit/", {**sent, "version": client.version, **said})


def test_the_day_of_closing_is_asked_beside_its_field_and_goes_when_a_client_is_opened_again(
    branch: Branch, staff: Staff, web: Web
) -> None:
    client, browser = ClientFactory(branch=branch), web(staff("branch_manager"))

    refused = _state(browser, client, status="closed")
    assert refused.context["form"].errors["closed_on"] == ["A closed client needs the day of closing."]
    early = _state(browser, client, closed_on="2026-01-05")
    assert early.context["form"].errors["closed_on"] == ["Only a closed client has a day of closing."]

    assert _state(browser, client, status="closed", closed_on="2026-01-05").status_code == 302
    assert _state(browser, client, status="active").status_code == 302
    client.refresh_from_db()
    assert (client.status, client.closed_on) == ("active", None)


def test_the_way_to_the_next_page_carries_neither_keys_of_rows_nor_names(
    branch: Branch, staff: Staff, web: Web
) -> None:
    from base64 import urlsafe_b64decode

    ClientFactory.create_batch(51, branch=branch, name="张三丰")
    text = web(staff("front_desk")).get("/clients/?sort=name").content.decode()

    cursor = text.split("cursor=", 1)[1].split('"', 1)[0].split("&", 1)[0]
    part = cursor.split("%3A", 1)[0]
    read = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    assert b'"at"' not in read and b"zhangsan" not in read and "张三丰".encode() not in read


def test_a_branch_without_clients_leads_whoever_may_to_the_import_of_a_file(
    branch: Branch, staff: Staff, web: Web
) -> None:
    address = "/imports/new/"

    assert f'href="{address}"' in web(staff("branch_manager")).get("/clients/").content.decode()
    assert f'href="{address}"' not in web(staff("advisor")).get("/clients/").content.decode()
    assert f'href="{address}"' not in web(staff("branch_manager")).get("/clients/?q=没有").content.decode()
