"""Taking clients in: days that can be meant, a name, a number that every file can carry, and one document for one person."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from clients.models import Account, DocumentKind, EntryTest, InvestorClass
from clients.services import (
    add_document,
    add_relation,
    apply_for_class,
    assess_risk,
    change_client,
    log_contact,
    open_account,
    record_needs,
    record_test,
    set_margin,
)
from clients.services.contact_batch import BatchItem, log_contacts
from crm.core.errors import InvalidInput
from crm.core.models import Branch
from tests.clients.typed_ground import NOW, new
from tests.doors import Staff
from tests.factories.clients import ClientFactory

DOCUMENT = "110101199003074514"


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
