"""Documents, contact points, contact persons and financing needs; the primary ones keep step with the client."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from clients import provenance
from clients.errors import ContactPointTaken, DocumentTaken, NotAnInstitution, PrimaryStays, TakenOff
from clients.identity import check_digit
from clients.models import Client, ContactPoint, FinancingNeed, IdentityDocument
from clients.services import (
    add_contact_person,
    add_contact_point,
    add_document,
    add_financing_need,
    change_client,
    change_contact_person,
    change_contact_point,
    change_document,
    change_financing_need,
    remove_row,
)
from crm.core.access import system_user
from crm.core.errors import InvalidInput, StaleEdit
from crm.core.importing.mapping import from_tables
from crm.core.models import AuditEntry, Branch, ImportBatch, User
from crm.core.services.importing import import_file, undo_batch
from tests.clients.conftest import Run
from tests.doors import Staff
from tests.factories.clients import (
    ClientFactory,
    ContactPersonFactory,
    ContactPointFactory,
    FinancingNeedFactory,
    IdentityDocumentFactory,
    RelationFactory,
)

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
TODAY = date(2026, 6, 1)
CARD = "110101199003074514"
OTHER_CARD = "11010119900307707" + check_digit("11010119900307707")


@pytest.mark.parametrize(
    "factory",
    [
        IdentityDocumentFactory,
        ContactPointFactory,
        ContactPersonFactory,
        FinancingNeedFactory,
        RelationFactory,
    ],
)
def test_factories_make_valid_rows(branch: Branch, factory: Any) -> None:
    factory(client__branch=branch).full_clean()


def test_a_primary_document_becomes_the_clients_own(branch: Branch, staff: Staff) -> None:
    client, desk = ClientFactory(branch=branch), staff("front_desk")

    row = add_document(
        client=client,
        values={"kind": "id_card", "number": CARD, "valid_until": date(2035, 3, 7), "is_primary": True},
        actor=desk,
        now=NOW,
    )

    client.refresh_from_db()
    assert (client.id_number, client.id_kind, client.id_valid_until) == (CARD, "id_card", date(2035, 3, 7))
    assert (client.sex, client.birth_date) == ("male", date(1990, 3, 7))
    assert row.is_primary
    assert list(Client.objects.search(CARD, desk)) == [client]
    stored = IdentityDocument.objects.values().get(pk=row.pk)
    assert CARD not in str(stored)
    entry = AuditEntry.objects.get(action="document.add")
    assert CARD not in str(entry.after)


def test_a_passport_is_a_document_although_it_says_neither_sex_nor_birthday(branch: Branch, staff: Staff) -> None:
    client = ClientFactory(branch=branch)

    add_document(
        client=client,
        values={"kind": "passport", "number": "e 1234-5678", "is_primary": True},
        actor=staff("front_desk"),
        now=NOW,
    )

    client.refresh_from_db()
    assert (client.id_number, client.id_tail, client.sex) == ("E12345678", "5678", "unknown")
    change_client(client=client, values={"id_number": "E87654321"}, actor=staff("front_desk"), now=NOW)
    client.refresh_from_db()
    assert client.id_number == "E87654321"


@pytest.mark.parametrize(
    ("kind", "number"), [("id_card", "110101199003074513"), ("licence", "123"), ("passport", "护照"), ("other", "12")]
)
def test_a_number_must_fit_its_kind(branch: Branch, staff: Staff, kind: str, number: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        add_document(
            client=ClientFactory(branch=branch),
            values={"kind": kind, "number": number},
            actor=staff("front_desk"),
            now=NOW,
        )

    assert set(refusal.value.fields) == {"number"}


def test_one_document_is_on_file_once(branch: Branch, staff: Staff) -> None:
    client, desk = ClientFactory(branch=branch), staff("front_desk")
    add_document(client=client, values={"kind": "passport", "number": "E12345678"}, actor=desk, now=NOW)

    with pytest.raises(DocumentTaken):
        add_document(client=client, values={"kind": "passport", "number": "E12345678"}, actor=desk, now=NOW)


def test_a_second_primary_document_takes_the_place_of_the_first(branch: Branch, staff: Staff) -> None:
    client, desk = ClientFactory(branch=branch), staff("front_desk")
    first = add_document(
        client=client, values={"kind": "id_card", "number": CARD, "is_primary": True}, actor=desk, now=NOW
    )

    second = add_document(
        client=client, values={"kind": "passport", "number": "E12345678", "is_primary": True}, actor=desk, now=NOW
    )

    client.refresh_from_db()
    assert client.id_number == "E12345678"
    assert list(IdentityDocument.objects.filter(is_primary=True)) == [second]
    first.refresh_from_db()
    assert first.removed_at is None


def test_a_renewed_primary_document_renews_the_client(branch: Branch, staff: Staff) -> None:
    client, desk = ClientFactory(branch=branch), staff("front_desk")
    row = add_document(
        client=client,
        values={"kind": "id_card", "number": CARD, "valid_until": date(2026, 7, 1), "is_primary": True},
        actor=desk,
        now=NOW,
    )

    row.refresh_from_db()
    change_document(row=row, values={"is_long_term": True}, actor=desk, now=NOW, version=row.version)

    client.refresh_from_db()
    row.refresh_from_db()
    assert (client.id_valid_until, client.id_is_long_term) == (None, True)
    assert (row.is_primary, row.valid_until) == (True, None)


def with_document(branch: Branch, desk: User, **said: Any) -> tuple[Client, IdentityDocument]:
    client = ClientFactory(branch=branch)
    values = {"kind": "id_card", "number": CARD, "valid_until": date(2026, 7, 1), "is_primary": True, **said}
    return client, add_document(client=client, values=values, actor=desk, now=NOW)


def test_validity_renewed_on_the_client_renews_his_primary_document_and_no_later_change_puts_it_back(
    branch: Branch, staff: Staff
) -> None:
    desk = staff("front_desk")
    client, row = with_document(branch, desk)
    client.refresh_from_db()

    change_client(client=client, values={"id_valid_until": date(2046, 7, 1)}, actor=desk, now=NOW, source="client")

    row.refresh_from_db()
    assert (row.valid_until, row.is_primary, row.source, row.as_of) == (date(2046, 7, 1), True, "client", TODAY)
    change_document(row=row, values={"issued_by": "静安分局"}, actor=desk, now=NOW, version=row.version)
    client.refresh_from_db()
    assert client.id_valid_until == date(2046, 7, 1)


def test_validity_renewed_by_a_file_renews_the_primary_document_and_undo_takes_both_back(
    branch: Branch, staff: Staff, run: Run, tmp_path: Path
) -> None:
    client, row = with_document(branch, staff("front_desk"))
    file = tmp_path / "c.csv"
    file.write_text(f"no,until\n{client.external_id},2046-07-01\n", encoding="utf-8")

    run("clients", file, '[columns]\nexternal_id = "no"\nid_valid_until = "until"\n')

    row.refresh_from_db()
    client.refresh_from_db()
    assert (client.id_valid_until, row.valid_until, row.source) == (date(2046, 7, 1), date(2046, 7, 1), "import")
    undo_batch(batch=ImportBatch.objects.get(), actor=system_user(), now=timezone.now())
    row.refresh_from_db()
    client.refresh_from_db()
    assert (client.id_valid_until, row.valid_until) == (date(2026, 7, 1), date(2026, 7, 1))


def test_a_number_changed_on_the_client_makes_the_document_a_former_one(branch: Branch, staff: Staff) -> None:
    client, desk = ClientFactory(branch=branch), staff("front_desk")
    row = add_document(
        client=client, values={"kind": "id_card", "number": CARD, "is_primary": True}, actor=desk, now=NOW
    )

    change_client(client=client, values={"id_number": OTHER_CARD}, actor=desk, now=NOW)

    row.refresh_from_db()
    assert not row.is_primary


def test_a_file_that_changes_phone_and_document_makes_the_rows_former_ones(branch: Branch, staff: Staff) -> None:
    client, desk = ClientFactory(branch=branch, external_id="1"), staff("front_desk")
    same = ClientFactory(branch=branch, external_id="2")
    for one in (client, same):
        add_contact_point(
            client=one, values={"kind": "phone", "value": "13812348000", "is_primary": True}, actor=desk, now=NOW
        )
    mapping = from_tables({"columns": {"external_id": "客户号", "phone": "手机"}})

    import_file(
        actor=desk,
        kind="clients",
        branch=branch,
        file_name="a.csv",
        raw="客户号,手机\n1,13912348000\n2,13812348000\n".encode(),
        mapping=mapping,
    )

    primary = ContactPoint.objects.filter(is_primary=True)
    assert [row.client for row in primary] == [same]


def test_a_primary_row_is_not_taken_off_and_does_not_step_down_by_itself(branch: Branch, staff: Staff) -> None:
    client, desk = ClientFactory(branch=branch), staff("front_desk")
    row = add_contact_point(
        client=client, values={"kind": "phone", "value": "13812348000", "is_primary": True}, actor=desk, now=NOW
    )

    with pytest.raises(PrimaryStays):
        remove_row(row=row, actor=desk, now=NOW)
    with pytest.raises(PrimaryStays):
        change_contact_point(row=row, values={"is_primary": False}, actor=desk, now=NOW)


def test_a_primary_phone_is_the_clients_phone_with_its_source(branch: Branch, staff: Staff) -> None:
    client, desk = ClientFactory(branch=branch), staff("front_desk")

    add_contact_point(
        client=client, values={"kind": "phone", "value": "138 1234 8000", "is_primary": True}, actor=desk, now=NOW
    )

    client.refresh_from_db()
    assert (client.phone, client.phone_tail) == ("+8613812348000", "8000")
    assert provenance.origin(client.provenance, "phone").on == date(2026, 6, 1)


def test_a_number_is_on_file_once_and_may_come_back_after_it_was_taken_off(branch: Branch, staff: Staff) -> None:
    client, desk = ClientFactory(branch=branch), staff("front_desk")
    said = {"kind": "phone", "value": "13812348000"}
    row = add_contact_point(client=client, values=said, actor=desk, now=NOW)
    with pytest.raises(ContactPointTaken):
        add_contact_point(client=client, values=said, actor=desk, now=NOW)

    remove_row(row=row, actor=desk, now=NOW, reason="空号")

    with pytest.raises(TakenOff):
        remove_row(row=row, actor=desk, now=NOW)
    with pytest.raises(TakenOff):
        change_contact_point(row=row, values={"label": "家"}, actor=desk, now=NOW)
    add_contact_point(client=client, values=said, actor=desk, now=NOW)
    assert ContactPoint.objects.count() == 2


@pytest.mark.parametrize(
    ("kind", "value", "stored", "masked"),
    [
        ("phone", "13812348000", "+8613812348000", "138****8000"),
        ("email", "Ada@Example.com", "ada@example.com", "a***@example.com"),
        ("wechat", "zhang_san", "zhang_san", "z****"),
        ("address", "上海市浦东新区世纪大道100号", "上海市浦东新区世纪大道100号", "上海市浦东新区****"),
    ],
)
def test_each_kind_is_read_and_masked_in_its_way(
    branch: Branch, staff: Staff, kind: str, value: str, stored: str, masked: str
) -> None:
    row = add_contact_point(
        client=ClientFactory(branch=branch), values={"kind": kind, "value": value}, actor=staff("advisor"), now=NOW
    )

    fresh = ContactPoint.objects.get(pk=row.pk)
    assert (fresh.value, fresh.masked) == (stored, masked)


def test_what_must_not_be_used_is_not_preferred(branch: Branch, staff: Staff) -> None:
    row = ContactPointFactory(client__branch=branch)

    with pytest.raises(InvalidInput):
        change_contact_point(
            row=row, values={"is_preferred": True, "is_forbidden": True}, actor=staff("advisor"), now=NOW
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        ContactPoint.objects.filter(pk=row.pk).update(is_preferred=True, is_forbidden=True)


def test_a_change_over_a_newer_version_is_refused(branch: Branch, staff: Staff) -> None:
    row, advisor = ContactPointFactory(client__branch=branch), staff("advisor")
    change_contact_point(row=row, values={"label": "家"}, actor=advisor, now=NOW, version=1)

    with pytest.raises(StaleEdit):
        change_contact_point(row=row, values={"label": "单位"}, actor=advisor, now=NOW, version=1)


def test_only_institutions_have_contact_persons_and_financing_needs(branch: Branch, staff: Staff) -> None:
    person, desk = ClientFactory(branch=branch), staff("front_desk")

    with pytest.raises(NotAnInstitution):
        add_contact_person(client=person, values={"name": "王芳"}, actor=desk, now=NOW)
    with pytest.raises(NotAnInstitution):
        add_financing_need(client=person, values={"kind": "ipo"}, actor=desk, now=NOW)


def test_a_contact_person_is_sealed_and_found_by_nobody_else(branch: Branch, staff: Staff) -> None:
    firm, desk = ClientFactory(branch=branch, kind="institution"), staff("front_desk")

    row = add_contact_person(
        client=firm,
        values={"name": "王　芳", "phone": "13812348000", "email": "W@example.com", "is_decision_maker": True},
        actor=desk,
        now=NOW,
    )
    change_contact_person(row=row, values={"position": "财务总监"}, actor=desk, now=NOW)

    row.refresh_from_db()
    assert (row.name, row.masked_phone, row.masked_email, row.position) == (
        "王芳",
        "138****8000",
        "w***@example.com",
        "财务总监",
    )
    with pytest.raises(InvalidInput) as refusal:
        change_contact_person(row=row, values={"phone": "1", "email": "x"}, actor=desk, now=NOW)
    assert set(refusal.value.fields) == {"phone", "email"}


def test_a_financing_need_is_followed_and_handed_on_to_somebody(branch: Branch, staff: Staff) -> None:
    firm, advisor = ClientFactory(branch=branch, kind="institution"), staff("advisor")
    row = add_financing_need(
        client=firm, values={"kind": "bonds", "amount": Decimal(50_000_000)}, actor=advisor, now=NOW
    )

    with pytest.raises(InvalidInput):
        change_financing_need(row=row, values={"status": "handed_on"}, actor=advisor, now=NOW)
    change_financing_need(row=row, values={"status": "handed_on", "handed_to": "投资银行部"}, actor=advisor, now=NOW)

    row.refresh_from_db()
    assert (row.status, row.handed_on) == ("handed_on", date(2026, 6, 1))
    with pytest.raises(IntegrityError), transaction.atomic():
        FinancingNeed.objects.filter(pk=row.pk).update(handed_to="")


def test_a_document_runs_out_on_the_list_of_those_who_must_act(branch: Branch) -> None:
    soon = ClientFactory(branch=branch, id_valid_until=date(2026, 6, 20))
    ClientFactory(branch=branch, id_valid_until=date(2027, 6, 20))
    ClientFactory(branch=branch, id_is_long_term=True)
    ClientFactory(branch=branch, id_valid_until=date(2026, 1, 1), closed=True)

    assert list(Client.objects.document_expiring(date(2026, 7, 1))) == [soon]
