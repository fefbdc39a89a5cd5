"""Taking clients in: days that can be meant, a name, a number that every file can carry, and one document for one person."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from clients.errors import DocumentOnFile
from clients.models import Account, Client, DocumentKind, EntryTest, InvestorClass
from clients.services import (
    add_document,
    add_relation,
    apply_for_class,
    assess_risk,
    change_client,
    create_client,
    log_contact,
    open_account,
    record_needs,
    record_test,
    set_margin,
)
from clients.services.contact_batch import BatchItem, log_contacts
from crm.core.errors import InvalidInput
from crm.core.models import AuditEntry, Branch, User
from tests.doors import Staff
from tests.factories.clients import ClientFactory

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
DOCUMENT = "110101199003074514"
BORN = date(1990, 3, 7)


def new(branch: Branch, desk: User, number: str = "A1", **said: Any) -> Client:
    reason = said.pop("same_document_reason", "")
    made: Client = create_client(
        branch=branch,
        external_id=number,
        values={"name": "张三", **said},
        actor=desk,
        now=NOW,
        same_document_reason=reason,
    )
    return made


# -- days --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fact", "day"),
    [
        ("birth_date", date(1889, 12, 31)),
        ("opened_on", date(1989, 12, 31)),
        ("closed_on", date(1066, 10, 14)),
        ("investing_since", date(1900, 1, 1)),
        ("id_valid_until", date(2999, 1, 1)),
        ("id_valid_until", date(1899, 1, 1)),
    ],
)
def test_a_day_that_cannot_be_meant_is_refused_beside_its_field(
    branch: Branch, staff: Staff, fact: str, day: date
) -> None:
    desk = staff("front_desk")

    with pytest.raises(InvalidInput) as at_first:
        new(branch, desk, **{fact: day})
    with pytest.raises(InvalidInput) as later:
        change_client(client=ClientFactory(branch=branch), values={fact: day}, actor=desk, now=NOW)

    assert list(at_first.value.fields) == list(later.value.fields) == [fact]


def test_nobody_is_a_client_before_he_is_born_or_leaves_before_he_came(branch: Branch, staff: Staff) -> None:
    desk, client = staff("front_desk"), ClientFactory(branch=branch, opened_on=date(2020, 5, 4))

    with pytest.raises(InvalidInput) as unborn:
        new(branch, desk, birth_date=date(2001, 1, 1), opened_on=date(2000, 12, 31))
    with pytest.raises(InvalidInput) as gone:
        change_client(client=client, values={"status": "closed", "closed_on": date(2020, 5, 3)}, actor=desk, now=NOW)

    assert (list(unborn.value.fields), list(gone.value.fields)) == (["opened_on"], ["closed_on"])


def test_an_odd_day_on_file_keeps_nobody_from_changing_something_else(branch: Branch, staff: Staff) -> None:
    client = ClientFactory(branch=branch, opened_on=date(1985, 1, 1))

    changed = change_client(
        client=client, values={"opened_on": date(1985, 1, 1), "city": "上海"}, actor=staff("front_desk"), now=NOW
    )

    assert changed.city == "上海"


_LONG_AGO = date(1900, 1, 1)


@pytest.mark.parametrize(
    ("field", "write"),
    [
        ("taken_on", lambda c, who: record_needs(client=c, answers={"horizon": "long"}, taken_on=_LONG_AGO, **who)),
        (
            "done_on",
            lambda c, who: record_test(
                client=c, code="star", kind=EntryTest.Kind.KNOWLEDGE, done_on=_LONG_AGO, score=90, **who
            ),
        ),
        (
            "applied_on",
            lambda c, who: apply_for_class(client=c, wanted=InvestorClass.B, applied_on=_LONG_AGO, stated={}, **who),
        ),
        (
            "opened_on",
            lambda c, who: open_account(
                client=c, kind=Account.Kind.CASH, values={"number": "12345678", "opened_on": _LONG_AGO}, **who
            ),
        ),
        ("assessed_on", lambda c, who: assess_risk(client=c, grade="C3", assessed_on=_LONG_AGO, basis="问卷", **who)),
        (
            "valid_until",
            lambda c, who: add_document(
                client=c,
                values={"kind": DocumentKind.ID_CARD, "number": DOCUMENT, "valid_until": date(2999, 1, 1)},
                **who,
            ),
        ),
        (
            "mandate_until",
            lambda c, who: add_relation(
                client=c, values={"kind": "agent", "outsider_name": "李四", "mandate_until": date(2999, 1, 1)}, **who
            ),
        ),
        (
            "at",
            lambda c, who: log_contact(
                client=c, channel="phone", content="问候", at=datetime(1900, 1, 1, tzinfo=UTC), **who
            ),
        ),
        (
            "day",
            lambda c, who: set_margin(
                account=Account.objects.create(client=c, kind=Account.Kind.CREDIT),
                day=_LONG_AGO,
                amounts=dict.fromkeys(("cash", "market_value", "debt", "interest"), 1),
                **who,
            ),
        ),
    ],
)
def test_every_typed_day_has_its_bounds(branch: Branch, staff: Staff, field: str, write: Callable[..., Any]) -> None:
    client = ClientFactory(branch=branch)

    with pytest.raises(InvalidInput) as refused:
        write(client, {"actor": staff("front_desk"), "now": NOW})

    assert list(refused.value.fields) == [field]


def test_a_contact_of_a_batch_is_held_to_the_same_days(branch: Branch, staff: Staff) -> None:
    client = ClientFactory(branch=branch)
    said = {"channel": "phone", "content": "问候"}
    items = [
        BatchItem("a", "a", client, {**said, "at": datetime(1900, 1, 1, tzinfo=UTC)}),
        BatchItem("b", "b", client, {**said, "at": NOW}),
    ]

    results = log_contacts(items=items, actor=staff("front_desk"), now=NOW)

    assert [one.state for one in results] == ["rejected", "created"]
    assert results[0].refusal is not None and list(results[0].refusal.fields) == ["at"]


def test_a_file_is_held_to_the_same_days(run: Callable[..., Any], tmp_path: Path, branch: Branch) -> None:
    file = tmp_path / "clients.csv"
    file.write_text(
        "no,since,born\nA1,1990-01-01,1970-01-02\nA2,1989-12-31,1970-01-02\nA3,2000-01-02,2001-01-02\nA<4,,\n",
        encoding="utf-8",
    )
    contacts = tmp_path / "contacts.csv"
    contacts.write_text("no,at\nA1,1989-12-31\nA1,2020-01-02\n", encoding="utf-8")
    mapping = '[columns]\nexternal_id = "no"\nopened_on = "since"\nbirth_date = "born"\n'

    said = run("clients", file, mapping, "--partial")

    rejected = list(csv.DictReader((tmp_path / "errors.csv").open(encoding="utf-8-sig")))
    assert (said["created"], said["rejected"]) == (1, 3)
    assert [(row["field"], row["code"]) for row in rejected] == [
        ("opened_on", "too_early"),
        ("opened_on", "opened_before_birth"),
        ("external_id", "client_number"),
    ]
    said = run("contacts", contacts, '[columns]\nexternal_id = "no"\non = "at"\n', "--partial")
    assert (said["created"], said["rejected"]) == (1, 1)


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
