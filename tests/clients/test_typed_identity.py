"""What is typed about who a client is, on every door alike: kind, document, and another number."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from rest_framework.test import APIClient

from clients.errors import DocumentOnFile
from clients.models import Client, DocumentKind
from clients.services import add_document, change_client
from crm.core.errors import InvalidInput
from crm.core.models import AuditEntry, Branch, User
from tests.clients.typed_ground import NOW, new
from tests.doors import Staff
from tests.factories.clients import ClientFactory

DOCUMENT = "110101199003074514"
BORN = date(1990, 3, 7)


# -- who he is ---------------------------------------------------------------------------------------------------------


def test_the_date_of_birth_agrees_with_the_document_on_file(branch: Branch, staff: Staff) -> None:
    desk = staff("front_desk")
    client = new(branch, desk, id_number=DOCUMENT)

    with pytest.raises(InvalidInput) as refused:
        change_client(client=client, values={"birth_date": date(1991, 1, 1)}, actor=desk, now=NOW)
    change_client(client=client, values={"birth_date": BORN, "city": "上海"}, actor=desk, now=NOW)
    passport = ClientFactory(branch=branch, id_kind=DocumentKind.PASSPORT, id_number="E12345678")
    change_client(client=passport, values={"birth_date": date(1991, 1, 1)}, actor=desk, now=NOW)

    client.refresh_from_db()
    assert (list(refused.value.fields), client.birth_date, client.city) == (["birth_date"], BORN, "上海")


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"birth_date": "1991-01-01"}, True),
        ({"sex": "female"}, True),
        ({"birth_date": "1990-03-07", "sex": "male"}, False),
        ({"sex": "unknown"}, False),
    ],
)
def test_who_types_another_day_than_the_document_says_is_told_what_is_on_file(
    staff: Staff, web: Any, typed: dict[str, str], told: bool
) -> None:
    said = {"external_id": "A1", "kind": "person", "name": "张三", "id_number": DOCUMENT, "form_token": "t", **typed}
    page = web(staff("front_desk")).post("/clients/new/", said, follow=True)

    client = Client.objects.get()
    assert (client.birth_date, client.sex) == (BORN, Client.Sex.MALE)
    assert ("not what was typed" in " ".join(str(one) for one in page.context["messages"])) is told


@pytest.mark.parametrize("name", ["", "　 "])
def test_a_new_client_has_a_name(branch: Branch, staff: Staff, web: Any, name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        new(branch, staff("front_desk"), name=name)
    browser = web(staff("front_desk"))
    answer = browser.post("/clients/new/", {"external_id": "A1", "kind": "person", "name": name, "form_token": "t"})

    assert list(refused.value.fields) == list(answer.context["form"].errors) == ["name"]
    assert not Client.objects.exists()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ａ１－００９", "A1-009"),
        (" 31.00/1_2 ", "31.00/1_2"),
        ("客户001", "客户001"),
        ("crm:19@host#2(旧)", "crm:19@host#2(旧)"),
    ],
)
def test_a_client_number_is_kept_in_the_form_that_files_find(
    branch: Branch, staff: Staff, typed: str, kept: str
) -> None:
    assert new(branch, staff("front_desk"), typed).external_id == kept


@pytest.mark.parametrize("typed", ["A 1", "A1;DROP", "<b>", "=1+1", "A1'", "9" * 41, "", "@A1", 'A"1', "A,1"])
def test_a_client_number_with_other_signs_is_refused_everywhere(
    branch: Branch, staff: Staff, web: Any, typed: str
) -> None:
    desk = staff("front_desk")
    with pytest.raises(InvalidInput) as refused:
        new(branch, desk, typed)
    page = web(desk).post("/clients/new/", {"external_id": typed, "kind": "person", "name": "张三", "form_token": "t"})

    assert list(refused.value.fields) == list(page.context["form"].errors) == ["external_id"]


# -- one document, one person ------------------------------------------------------------------------------------------


def test_a_second_client_with_the_same_document_needs_a_reason_and_nothing_is_told_of_the_first(
    branch: Branch, other_branch: Branch, staff: Staff
) -> None:
    first = new(other_branch, staff("front_desk", branch=other_branch), "B7", name="欧阳雪", id_number=DOCUMENT)
    desk = staff("front_desk")

    with pytest.raises(DocumentOnFile) as refused:
        new(branch, desk, id_number=DOCUMENT)
    told = f"{refused.value.message} {refused.value.fields}"
    second = new(branch, desk, id_number=DOCUMENT, same_document_reason="客户在两家营业部分别开户")

    assert not any(word in told for word in ("欧阳雪", "B7", other_branch.name))
    assert (second.id_number, first.id_number) == (DOCUMENT, DOCUMENT)
    assert AuditEntry.objects.get(action="client.create", object_id=second.public_id).reason.startswith("客户在两家")


def test_the_page_asks_for_the_reason_only_then_and_keeps_what_was_typed(
    branch: Branch, staff: Staff, web: Any
) -> None:
    new(branch, staff("front_desk"), "B7", id_number=DOCUMENT)
    browser = web(staff("front_desk"))
    said = {"external_id": "A1", "kind": "person", "name": "张三", "id_number": DOCUMENT, "form_token": "t"}

    before = browser.get("/clients/new/").context["form"]["same_document_reason"]
    refused = browser.post("/clients/new/", said)
    made = browser.post("/clients/new/", {**said, "same_document_reason": "同名同证件，已核对原件"})

    assert before.is_hidden
    assert (refused.status_code, list(refused.context["form"].errors)) == (409, ["same_document_reason"])
    text = refused.content.decode()
    assert "<textarea" in text and "on file in the company already" in text and 'value="张三"' in text
    assert before.form["id_number"].field.widget.attrs["hx-trigger"] == "change"
    assert 'hx-trigger="load, change"' in text, "who has that document is said again beside the refusal"
    assert made.status_code == 302


def test_rest_refuses_the_second_document_as_the_page_does(
    branch: Branch, staff: Staff, api: Callable[[User], APIClient]
) -> None:
    new(branch, staff("front_desk"), "B7", id_number=DOCUMENT)
    phone, body = api(staff("front_desk")), {"external_id": "A1", "name": "张三", "id_number": DOCUMENT}

    refused = phone.post("/api/v1/clients/", body, headers={"idempotency-key": "a"})
    made = phone.post(
        "/api/v1/clients/", {**body, "same_document_reason": "已核对原件"}, headers={"idempotency-key": "b"}
    )

    assert (refused.status_code, refused.json()["code"]) == (409, "document_on_file")
    assert made.status_code == 201


# -- another number on an edit -----------------------------------------------------------------------------------------

#: Born 1985-11-02, a woman.
ANOTHER = "310101198511020021"


def _edit(browser: Any, client: Client, **said: str) -> Any:
    page = browser.get(f"/clients/{client.public_id}/edit/")
    first = {name: value if (value := page.context["form"].initial.get(name)) is not None else "" for name in _FACTS}
    held = {name: getattr(value, "isoformat", lambda value=value: value)() for name, value in first.items()}
    return browser.post(f"/clients/{client.public_id}/edit/", {**held, **said})


_FACTS = ("form_token", "version", "kind", "name", "sex", "birth_date", "status", "opened_on", "closed_on")


def test_another_number_that_says_another_day_is_told_at_its_field_and_taken_with_that_day(
    branch: Branch, staff: Staff, web: Any
) -> None:
    desk = staff("front_desk")
    client, browser = new(branch, desk, id_number=DOCUMENT), web(desk)

    refused = _edit(browser, client, id_number=ANOTHER)
    errors = refused.context["form"].errors

    assert refused.status_code == 400
    assert set(errors) == {"id_number", "birth_date", "sex"}
    assert "1985-11-02" in errors["id_number"][0] and BORN.isoformat() in errors["id_number"][0]
    client.refresh_from_db()
    assert (client.id_number, client.birth_date) == (DOCUMENT, BORN)
    taken = _edit(browser, client, id_number=ANOTHER, birth_date="1985-11-02", sex="female")
    client.refresh_from_db()
    assert (taken.status_code, client.id_number, client.birth_date, client.sex) == (
        302,
        ANOTHER,
        date(1985, 11, 2),
        "female",
    )


def test_a_number_is_simply_taken_where_sex_and_day_were_not_known(branch: Branch, staff: Staff) -> None:
    client = ClientFactory(branch=branch)

    change_client(client=client, values={"id_number": ANOTHER}, actor=staff("front_desk"), now=NOW)

    client.refresh_from_db()
    assert (client.birth_date, client.sex) == (date(1985, 11, 2), "female")


def test_rest_takes_another_number_only_with_what_it_says(
    branch: Branch, staff: Staff, api: Callable[[User], APIClient]
) -> None:
    desk = staff("front_desk")
    client, phone = new(branch, desk, id_number=DOCUMENT), api(desk)

    def patch(**said: str) -> Any:
        return phone.patch(f"/api/v1/clients/{client.public_id}/", said, headers={"if-match": '"1"'}, format="json")

    refused, taken = patch(id_number=ANOTHER), patch(id_number=ANOTHER, birth_date="1985-11-02", sex="female")

    assert (refused.status_code, set(refused.json()["fields"])) == (400, {"id_number", "birth_date", "sex"})
    assert taken.status_code == 200


def test_the_document_of_another_client_is_refused_on_an_edit_as_at_entry(
    branch: Branch, other_branch: Branch, staff: Staff, web: Any, api: Callable[[User], APIClient]
) -> None:
    new(other_branch, staff("front_desk", branch=other_branch), "B7", name="欧阳雪", id_number=DOCUMENT)
    desk = staff("front_desk")
    client, browser = new(branch, desk), web(desk)

    refused = _edit(browser, client, id_number=DOCUMENT)
    over_rest = api(desk).patch(
        f"/api/v1/clients/{client.public_id}/", {"id_number": DOCUMENT}, headers={"if-match": '"1"'}, format="json"
    )
    text = refused.content.decode()
    told = " ".join(str(error) for error in refused.context["form"].errors.values())
    taken = _edit(browser, client, id_number=DOCUMENT, same_document_reason="已核对原件，两处开户")

    assert (refused.status_code, list(refused.context["form"].errors)) == (409, ["same_document_reason"])
    assert "<textarea" in text and not any(word in told for word in ("欧阳雪", "B7", other_branch.name))
    assert (over_rest.status_code, over_rest.json()["code"]) == (409, "document_on_file")
    assert taken.status_code == 302
    assert Client.objects.get(pk=client.pk).id_number == DOCUMENT
    assert AuditEntry.objects.get(action="client.change").reason.startswith("已核对原件")


def test_the_sheet_of_gaps_asks_for_the_reason_and_takes_it(
    branch: Branch, staff: Staff, web: Any, api: Callable[[User], APIClient]
) -> None:
    desk = staff("front_desk")
    new(branch, desk, "B7", id_number=DOCUMENT)
    client, twin, browser = new(branch, desk), new(branch, desk, "A2"), web(desk)
    url, said = f"/clients/{client.public_id}/complete/", {"version": 1, "source": "client", "id_number": DOCUMENT}

    before = browser.get(url).context["form"]["same_document_reason"]
    refused = browser.post(url, {**said, "form_token": "a"})
    taken = browser.post(url, {**said, "form_token": "b", "same_document_reason": "已核对原件，两处开户"})
    over_rest = api(desk).post(
        f"/api/v1/clients/{twin.public_id}/complete/",
        {"values": {"id_number": DOCUMENT}, "same_document_reason": "已核对原件"},
        headers={"if-match": '"1"', "idempotency-key": "a"},
        format="json",
    )

    assert before.is_hidden
    assert (refused.status_code, list(refused.context["form"].errors)) == (409, ["same_document_reason"])
    assert "<textarea" in refused.content.decode()
    assert (taken.status_code, over_rest.status_code) == (302, 201)
    assert Client.objects.get(pk=client.pk).id_number == DOCUMENT
    reasons = AuditEntry.objects.filter(action="client.change").order_by("pk").values_list("reason", flat=True)
    assert list(reasons) == ["已核对原件，两处开户", "已核对原件"]


def test_a_document_of_another_client_does_not_become_the_primary_one_unasked(branch: Branch, staff: Staff) -> None:
    desk = staff("front_desk")
    new(branch, desk, "B7", id_number=DOCUMENT)
    client = new(branch, desk)

    with pytest.raises(DocumentOnFile) as refused:
        add_document(
            client=client,
            values={"kind": "id_card", "number": DOCUMENT, "is_primary": True},
            actor=desk,
            now=NOW,
        )

    assert list(refused.value.fields) == ["number"]
    assert not client.identitydocument_rows.exists()


def test_a_client_keeps_his_own_document_on_an_edit(branch: Branch, staff: Staff) -> None:
    desk = staff("front_desk")
    client = new(branch, desk, id_number=DOCUMENT)

    change_client(client=client, values={"id_number": DOCUMENT, "city": "苏州"}, actor=desk, now=NOW)

    assert Client.objects.get().city == "苏州"
