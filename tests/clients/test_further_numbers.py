"""A client is known by every phone and document of his, not by the first alone; an institution by who speaks for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from clients.models import Client
from clients.querysets.likeness import Facts, alike, suspicions
from clients.querysets.search import FoundBy, Hits
from crm.core.models import Branch, User
from tests.doors import Staff
from tests.factories.clients import ClientFactory, ContactPersonFactory, ContactPointFactory, IdentityDocumentFactory

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


@pytest.fixture
def person(branch: Branch) -> Client:
    client = ClientFactory(branch=branch, name="张三", phone="+8613812348000")
    ContactPointFactory(client=client, value="+8613912349111")
    IdentityDocumentFactory(client=client, number="E12345678")
    return client


@pytest.fixture
def firm(branch: Branch) -> Client:
    client = ClientFactory(branch=branch, kind="institution", name="申能贸易")
    ContactPersonFactory(client=client, name="王芳", phone="+8613712347222")
    return client


def found(user: User | None, typed: str) -> list[tuple[int, str]]:
    hits = Hits.of(typed, user) if user else Hits(typed)
    return list(Client.objects.filter(hits.q).annotate(by=hits.found_by).values_list("pk", "by"))


@pytest.mark.parametrize(
    ("typed", "by"),
    [
        ("9111", FoundBy.PHONE_TAIL),
        ("139 1234 9111", FoundBy.PHONE),
        ("5678", FoundBy.DOCUMENT_TAIL),
        ("e12345678", FoundBy.DOCUMENT),
        ("1391234", None),
        ("张三 9111", FoundBy.NAME),
        ("张三 9112", None),
    ],
)
def test_a_second_phone_and_a_second_document_find_their_owner(person: Client, typed: str, by: str | None) -> None:
    assert found(None, typed) == ([(person.pk, by)] if by else [])


@pytest.mark.parametrize(
    ("typed", "by"),
    [("王芳", True), ("王", False), ("7222", True), ("13712347222", True), ("芳", False), ("王芳芳", False)],
)
def test_an_institution_is_found_by_who_speaks_for_it(firm: Client, typed: str, by: bool) -> None:
    assert found(None, typed) == ([(firm.pk, FoundBy.PERSON)] if by else [])


def test_what_was_taken_off_finds_nobody(person: Client, firm: Client) -> None:
    person.contactpoint_rows.update(removed_at=NOW)
    person.identitydocument_rows.update(removed_at=NOW)
    firm.contactperson_rows.update(removed_at=NOW)

    assert [found(None, typed) for typed in ("9111", "5678", "7222", "王芳")] == [[], [], [], []]


def test_whoever_sees_names_masked_finds_by_none_of_it(person: Client, firm: Client, staff: Staff) -> None:
    agent = staff("agent")
    Client.objects.update(introducer=agent)

    assert [found(agent, typed) for typed in ("9111", "5678", "7222", "王芳", "13912349111")] == [[]] * 5
    assert found(agent, "8000") == [(person.pk, FoundBy.PHONE_TAIL)]


def test_a_search_asks_one_statement_for_all_that_stands_beside_the_client(
    person: Client, firm: Client, cost_of: Any
) -> None:
    assert [cost_of(lambda typed=typed: Hits(typed)) for typed in ("9111", "13912349111", "王芳")] == [1 + 1, 1 + 1, 1]


@pytest.mark.parametrize("table", ["contactpoint", "identitydocument", "contactperson"])
def test_the_last_digits_are_looked_up_in_an_index(person: Client, firm: Client, table: str) -> None:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, f"clients_{table}")

    assert any(
        one["index"] and len(one["columns"]) == 1 and one["columns"][0].endswith("_tail") for one in found.values()
    )


# -- duplicates --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "reasons"),
    [
        (Facts(id_number="E12345678"), ["document"]),
        (Facts(name="张三", phone="+8613912349111"), ["phone_name"]),
        (Facts(name="李四", phone="+8613912349111"), None),
        (Facts(phone="+8613912349111"), None),
    ],
)
def test_at_entry_every_document_and_phone_on_file_counts(
    person: Client, facts: Facts, reasons: list[str] | None
) -> None:
    assert alike(facts, person.branch.company) == ([(person.pk, reasons)] if reasons else [])


def test_nightly_a_second_document_meets_a_first_one_and_another_second_one(person: Client) -> None:
    branch = person.branch
    first = ClientFactory(branch=branch, name="甲", id_number="E12345678")
    second = ClientFactory(branch=branch, name="乙")
    IdentityDocumentFactory(client=second, number="E12345678")
    IdentityDocumentFactory(client=second, number="E12345678", kind="permit")

    pairs = {(one.first, one.second): one.reasons for one in suspicions(branch)}

    assert pairs == {
        (person.pk, first.pk): ("document",),
        (person.pk, second.pk): ("document",),
        (first.pk, second.pk): ("document",),
    }


def test_nightly_a_second_phone_counts_with_the_name_alone(person: Client) -> None:
    same = ClientFactory(branch=person.branch, name="张三", phone="+8613912349111")
    ClientFactory(branch=person.branch, name="李四", phone="+8613912349111")
    ContactPointFactory(client=ClientFactory(branch=person.branch, name=""), value="+8613912349111")

    assert [(one.first, one.second) for one in suspicions(person.branch)] == [(person.pk, same.pk)]


def test_in_a_file_every_document_and_phone_counts_on_either_side(
    person: Client, tmp_path: Any, branch: Branch, staff: Staff, web: Callable[[User], Any]
) -> None:
    from crm.core.models import ImportBatch
    from tests.clients.test_merge_pages import bring

    ClientFactory(branch=branch, external_id="77", name="李四", phone="+8613612346333")
    columns = {"external_id": "号", "name": "名", "phone": "机", "phones": "另"}
    rows = ["2,张三,13912349111,", "3,李四,13500000001,13612346333", "4,王五,13912349111,", "5,张三,13500000002,"]

    bring("clients", branch, tmp_path, columns, "号,名,机,另\n" + "\n".join(rows) + "\n")

    answer = web(staff("front_desk")).get(f"/imports/{ImportBatch.objects.get().public_id}/warnings/")
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()[1:]
    assert [line.split(",")[:2] for line in lines] == [["2", "phone"], ["3", "phone"]]
