"""The list, its search and paging, the forms, the contact box, reveal and export."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from python_calamine import CalamineWorkbook

from clients.models import Client, ClientTag, ContactLog, Tag
from clients.querysets.tags import tags_along
from clients.services import assign_advisor
from crm.core.models import AuditEntry, Branch, User
from tests.doors import HTMX, Staff, Web, token
from tests.factories.clients import ClientFactory, ContactLogFactory
from tests.factories.tags import TagFactory

# -- the list ----------------------------------------------------------------------------------------------------------


def test_the_list_shows_the_branch_to_the_desk_and_only_his_book_to_an_advisor(
    branch: Branch, other_branch: Branch, staff: Staff, web: Web
) -> None:
    advisor = staff("advisor")
    ClientFactory(branch=branch, name="甲在册", advisor=advisor)
    ClientFactory(branch=branch, name="乙无人")
    ClientFactory(branch=other_branch, name="丙外地")

    def seen(user: User) -> set[str]:
        text = web(user).get("/clients/").content.decode()
        return {name for name in ("甲在册", "乙无人", "丙外地") if name in text}

    assert seen(staff("front_desk")) == {"甲在册", "乙无人"}
    assert seen(advisor) == {"甲在册"}
    assert seen(staff("compliance")) == {"甲在册", "乙无人", "丙外地"}


def test_an_agent_sees_the_clients_he_brought_with_masked_names(branch: Branch, staff: Staff, web: Web) -> None:
    agent = staff("agent")
    ClientFactory(branch=branch, name="张三丰", introducer=agent)

    text = web(agent).get("/clients/").content.decode()

    assert "张**" in text
    assert "张三丰" not in text


def test_an_administrator_has_no_list_of_clients(staff: Staff, web: Web) -> None:
    assert web(staff("administrator")).get("/clients/").status_code == 403


def test_no_private_value_stands_in_the_list(branch: Branch, staff: Staff, web: Web) -> None:
    ClientFactory(branch=branch, phone="+8613812348000", id_number="110101199003074514")

    text = web(staff("front_desk")).get("/clients/").content.decode()

    assert "****8000" in text
    assert "13812348000" not in text
    assert "110101199003074514" not in text


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=zs", {"张三"}),
        ("q=张", {"张三"}),
        ("status=dormant", {"李四"}),
        ("risk=C3", {"王五"}),
        ("risk=none", {"张三", "李四"}),
        ("assets_from=1000", {"李四", "王五"}),
        ("assets_from=1000&assets_to=1999.99", {"李四"}),
        ("advisor=null", {"李四", "王五"}),
        ("silent=30", {"张三", "王五"}),
        ("due=on", {"王五"}),
    ],
)
def test_the_list_narrows(branch: Branch, staff: Staff, web: Web, query: str, names: set[str]) -> None:
    ClientFactory(branch=branch, name="张三", advisor=staff("advisor"))
    now = datetime.now(UTC)
    ClientFactory(branch=branch, name="李四", status="dormant", total_assets=Decimal(1000), last_contact_at=now)
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    ClientFactory(
        branch=branch,
        name="王五",
        risk_grade="C3",
        risk_valid_until=date(2099, 1, 1),
        total_assets=Decimal(2000),
        last_contact_at=long_ago,
        next_contact_on=date(2020, 2, 2),
    )

    text = web(staff("front_desk")).get(f"/clients/?{query}", headers=HTMX).content.decode()

    assert {name for name in ("张三", "李四", "王五") if f">{name}<" in text} == names


@pytest.mark.parametrize("sort", ["", "-assets", "assets", "name", "-name", "contact", "-contact", "-new"])
def test_paging_by_key_shows_every_client_once_in_every_order(
    branch: Branch, staff: Staff, web: Web, sort: str
) -> None:
    moments = [None, datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC)]
    for n in range(120):
        ClientFactory(branch=branch, total_assets=Decimal(n % 7), last_contact_at=moments[n % 3], name=f"李{n % 5}")
    browser, seen, url = web(staff("front_desk")), [], f"/clients/?sort={sort}"
    for _page in range(5):
        text = browser.get(url, headers=HTMX).content.decode()
        seen += re.findall(r'class="row-link" href="/clients/([^/]+)/"', text)
        following = re.search(r'rel="next" href="([^"]+)"', text)
        if following is None:
            break
        url = "/clients/" + following[1].replace("&amp;", "&")

    assert len(seen) == len(set(seen)) == 120
    back = re.search(r'rel="prev" href="([^"]+)"', text)
    assert back is not None
    text = browser.get("/clients/" + back[1].replace("&amp;", "&"), headers=HTMX).content.decode()
    assert re.findall(r'class="row-link" href="/clients/([^/]+)/"', text) == seen[50:100]


def test_the_list_costs_the_same_for_one_row_and_for_ten(branch: Branch, staff: Staff, web: Web, cost_of: Any) -> None:
    advisor = staff("advisor")
    ClientFactory(branch=branch, advisor=advisor)
    browser = web(staff("front_desk"))
    browser.get("/clients/")

    one = cost_of(lambda: browser.get("/clients/", headers=HTMX))
    ClientFactory.create_batch(9, branch=branch, advisor=advisor)

    # Seven of them find out who is asking; three are the list: ids, rows, capped count.
    assert cost_of(lambda: browser.get("/clients/", headers=HTMX)) == one <= 10


def test_fifty_rows_weigh_little(branch: Branch, staff: Staff, web: Web) -> None:
    advisor = staff("advisor")
    ClientFactory.create_batch(
        60, branch=branch, advisor=advisor, phone="+8613812348000", assessed=True, total_assets=Decimal("1234567.89")
    )

    page = web(staff("front_desk")).get("/clients/")

    assert page.content.count(b"row-link") == 50
    assert len(page.content) <= 45_000


def test_the_tags_to_choose_from_come_when_somebody_has_ticked_a_client(branch: Branch, staff: Staff, web: Web) -> None:
    manager = staff("branch_manager")
    ClientFactory(branch=branch)
    tag = TagFactory(branch=branch, name="贵宾厅")
    browser = web(manager)

    page = browser.get("/clients/").content.decode()
    choices = browser.get(reverse("clients:tag_choices")).content.decode()

    assert tag.name not in page.split("data-bulk-bar")[1]
    assert f'hx-get="{reverse("clients:tag_choices")}"' in page
    assert f'<option value="{tag.public_id}">贵宾厅</option>' in choices


def test_the_folded_filters_come_when_somebody_opens_them(branch: Branch, staff: Staff, web: Web) -> None:
    browser = web(staff("front_desk"))

    page = browser.get("/clients/").content.decode()
    panel = browser.get("/clients/filters/", headers=HTMX).content.decode()
    plain = browser.get("/clients/filters/")

    assert 'name="stage"' not in page
    assert 'hx-get="/clients/filters/"' in page
    for name in ("tags", "stage", "wanting", "due", "assets_from"):
        assert f'name="{name}"' in panel
    assert 'name="risk"' not in panel
    assert plain["Location"] == "/clients/?filters=all"
    assert 'name="stage"' in browser.get(plain["Location"]).content.decode()


def test_a_folded_filter_in_use_stays_in_the_form(branch: Branch, staff: Staff, web: Web) -> None:
    ClientFactory(branch=branch, name="张三", stage="lost")
    ClientFactory(branch=branch, name="李四", stage="stable")

    page = web(staff("front_desk")).get("/clients/?stage=lost").content.decode()

    assert '<option value="lost" selected>' in page
    assert "张三" in page
    assert "李四" not in page


def test_the_tags_under_a_name_come_with_the_client(branch: Branch, staff: Staff, web: Web) -> None:
    desk = staff("front_desk")
    client = ClientFactory(branch=branch)
    manual = Tag.objects.create(name="移居海外", company=branch.company, owner=desk, palette=4)
    computed, _made = Tag.objects.get_or_create(code="turnover.high", defaults={"palette": 2})
    rows = [
        ClientTag(
            client=client, tag=computed, family="turnover", value=Decimal("12.50"), count=3, definition="turnover.1"
        ),
        ClientTag(client=client, tag=manual, set_by=desk),
    ]
    for row in rows:
        row.since = row.as_of = date(2026, 6, 1)
        row.save()

    along = tags_along(Client.objects.visible_to(desk).with_tags().get(pk=client.pk))
    by_row = list(ClientTag.objects.filter(client=client).select_related("tag").order_by("family", "pk"))

    def told(found: list[ClientTag]) -> list[tuple[Any, ...]]:
        return [(str(row.tag), row.tag.palette, row.value, row.count, row.value_in_words) for row in found]

    assert told(along) == told(by_row)
    assert [str(row.tag) for row in along][0] == "移居海外"
    assert tags_along(Client.objects.with_tags().get(pk=ClientFactory(branch=branch).pk)) == []
    page = web(desk).get(f"/clients/{client.public_id}/").content.decode()
    assert page.index("移居海外") < page.index(str(computed))


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


# -- reveal and export -------------------------------------------------------------------------------------------------


def test_a_phone_is_shown_with_a_reason_and_on_record(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch, phone="+8613812348000")
    url = f"/clients/{client.public_id}/reveal/phone/"
    browser = web(staff("front_desk"))

    assert browser.post(url, {"reason": ""}).status_code == 400
    shown = browser.post(url, {"reason": "回拨客户"})

    assert 'data-copy="+8613812348000"' in shown.content.decode()
    assert shown["Cache-Control"] == "no-store, private"
    assert AuditEntry.objects.filter(action="field.reveal", client_ref=client.public_id).count() == 1
    assert web(staff("auditor")).post(url, {"reason": "看看"}).status_code == 403
    assert browser.post(f"/clients/{client.public_id}/reveal/phone_index/", {"reason": "看看"}).status_code == 404


def test_a_usual_reason_to_look_is_one_press(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch, phone="+8613812348000")
    browser = web(staff("front_desk"))
    page = browser.get(f"/clients/{client.public_id}/").content.decode()
    assert 'name="reason" value="Calling the client" formnovalidate' in page

    # A browser sends the empty field and after it the button that was pressed.
    shown = browser.post(f"/clients/{client.public_id}/reveal/phone/", {"reason": ["", "Calling the client"]})

    assert 'data-copy="+8613812348000"' in shown.content.decode()
    assert AuditEntry.objects.get(action="field.reveal").reason == "Calling the client"


def export(browser: Any, form: str, query: str = "") -> Any:
    url = f"/clients/export/?{query}"
    return browser.post(url, {"form": form, "reason": "季度核对", "form_token": "x"})


def test_an_export_is_masked_defused_marked_and_on_record(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch, name="=HYPERLINK(1)", phone="+8613812348000", total_assets=Decimal("12.30"))
    manager = staff("branch_manager")

    answer = export(web(manager), "csv")

    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert manager.staff_number in rows[0][0]
    assert rows[2][0] == client.external_id
    assert not rows[2][1].startswith("=")
    assert rows[2][4] == "138****8000"
    entry = AuditEntry.objects.get(action="client.export")
    assert entry.object_ids == [client.public_id]
    assert entry.reason == "季度核对"


def test_an_export_as_xlsx_holds_texts_and_numbers(branch: Branch, staff: Staff, web: Web) -> None:
    ClientFactory(branch=branch, name="=1+1", total_assets=Decimal("12.30"))

    answer = export(web(staff("compliance")), "xlsx")

    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert rows[2][9] == 12.3
    assert rows[2][1].endswith("=1+1")


def test_narrowed_files_together_do_not_pass_the_limit_of_one_day(branch: Branch, staff: Staff, web: Web) -> None:
    from crm.core.models import Policy

    Policy.objects.filter(policy_key_id="export.approval_above").update(value=1)
    for number in ("900001", "900002"):
        ClientFactory(branch=branch, external_id=number)
    browser = web(staff("branch_manager"))

    codes = [export(browser, "csv", f"q={number}").status_code for number in ("900001", "900001", "900002")]

    assert codes == [200, 200, 302]  # the third waits for somebody else
    assert export(web(staff("branch_manager")), "csv", "q=900002").status_code == 200


def test_an_advisor_exports_nothing(staff: Staff, web: Web) -> None:
    assert web(staff("advisor")).get("/clients/export/").status_code == 403


def test_what_only_persons_have_is_not_taken_for_an_institution(branch: Branch, staff: Staff, web: Web) -> None:
    said = {
        "external_id": "I-1", "kind": "institution", "name": "上海某某贸易有限公司", "sex": "female", "marital_status": "已婚",
        "form_token": "institution",
    }  # fmt: skip

    assert web(staff("front_desk")).post("/clients/new/", said).status_code == 302

    made = Client.objects.get(external_id="I-1")
    assert (made.sex, made.marital_status) == ("unknown", "")


def test_the_list_is_narrowed_to_institutions(branch: Branch, staff: Staff, web: Web) -> None:
    ClientFactory(branch=branch, name="段欣莹")
    ClientFactory(branch=branch, name="上海某某贸易有限公司", kind="institution")

    text = web(staff("front_desk")).get("/clients/?kind=institution").content.decode()

    assert "上海某某贸易有限公司" in text and "段欣莹" not in text


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


def test_a_client_restricted_to_storage_is_marked_in_the_list_of_those_who_see_him(
    branch: Branch, staff: Staff, web: Web
) -> None:
    ClientFactory(branch=branch, name="段欣莹", restricted_on=date(2026, 6, 1), restriction_reason="本人要求")

    assert "Restricted to storage" in web(staff("compliance", branch=None)).get("/clients/").content.decode()
