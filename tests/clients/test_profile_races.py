"""Two hands at once on the profile of one client, an erasure against an edit, one file brought in twice: one outcome each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from clients import services
from clients.errors import ClientRestricted, HouseholdGone, NotErasable, NotInAHousehold, RelationTaken
from clients.models import (
    Client,
    ContactLog,
    ContactPoint,
    Erasure,
    Household,
    HouseholdMember,
    IdentityDocument,
    Relation,
)
from clients.services import clients as clients_service
from clients.services import erasure as erasing
from clients.services import profile_rows, relations
from clients.services.erasure import approve_erasure, carry_out, propose_erasure
from crm.core.access import system_user
from crm.core.errors import StaleEdit
from crm.core.importing import claims
from crm.core.importing.mapping import from_tables
from crm.core.models import Branch, ImportBatch, User
from crm.core.services.importing import import_file
from tests.factories.clients import ClientFactory, ContactPointFactory, IdentityDocumentFactory
from tests.factories.core import BranchFactory, UserFactory
from tests.racing import Meeting, on_postgresql, race

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


@pytest.fixture
def place() -> Branch:
    return BranchFactory()  # type: ignore[no-any-return]


@pytest.fixture
def desk(place: Branch) -> User:
    return UserFactory(branch=place, role="front_desk")  # type: ignore[no-any-return]


def unlocked(rows: Any, *, version: int | None = None, closed_too: bool = False, **lookup: Any) -> Any:
    """What ``lock`` does, without the lock."""
    return rows.get(**lookup)


# -- which row is the primary one --------------------------------------------------------------------------------------


def three_phones(place: Branch) -> tuple[Client, list[ContactPoint]]:
    client = ClientFactory(branch=place, phone="+8613800000000")
    kinds = {"client": client, "kind": "phone"}
    ContactPointFactory(**kinds, value="+8613800000000", is_primary=True)
    return client, [ContactPointFactory(**kinds, value=f"+861380000000{n}") for n in (1, 2)]


def test_of_two_phones_made_primary_at_once_exactly_one_is_and_the_client_says_the_same(
    place: Branch, desk: User
) -> None:
    client, points = three_phones(place)

    done = race(
        2,
        lambda n: services.change_contact_point(row=points[n], values={"is_primary": True}, actor=desk, now=NOW),
    )

    assert [type(one) for one in done] == [ContactPoint, ContactPoint]
    primary = ContactPoint.objects.get(client=client, is_primary=True)
    client.refresh_from_db()
    assert str(client.phone) == str(primary.value) != "+8613800000000"


@on_postgresql
def test_without_the_lock_one_of_two_who_make_a_phone_primary_would_be_refused_for_nothing(
    place: Branch, desk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin, before any phone is primary: both read the client, and the slower one writes over what it has not seen."""
    client, points = three_phones(place)
    ContactPoint.objects.filter(client=client).update(is_primary=False)
    meeting, cleaned = Meeting(2), clients_service.cleaned
    monkeypatch.setattr(profile_rows, "lock", unlocked)
    monkeypatch.setattr(clients_service, "lock", unlocked)

    def meet(*said: Any, **named: Any) -> dict[str, Any]:
        found: dict[str, Any] = cleaned(*said, **named)
        meeting.wait()
        return found

    monkeypatch.setattr(clients_service, "cleaned", meet)

    done = race(
        2,
        lambda n: services.change_contact_point(row=points[n], values={"is_primary": True}, actor=desk, now=NOW),
    )

    assert any(isinstance(one, IntegrityError | StaleEdit) for one in done), done


def test_of_two_documents_made_primary_at_once_exactly_one_is(place: Branch, desk: User) -> None:
    client = ClientFactory(branch=place)
    rows = IdentityDocumentFactory.create_batch(2, client=client)

    race(2, lambda n: services.change_document(row=rows[n], values={"is_primary": True}, actor=desk, now=NOW))

    primary = IdentityDocument.objects.get(client=client, is_primary=True)
    client.refresh_from_db()
    assert str(client.id_number) == str(primary.number)


# -- households --------------------------------------------------------------------------------------------------------


def test_whoever_joins_while_the_last_one_leaves_is_in_it_or_told_that_it_is_gone(place: Branch, desk: User) -> None:
    first, second = ClientFactory.create_batch(2, branch=place)
    home = services.found_household(client=first, name="王家", actor=desk, now=NOW)

    def act(number: int) -> Any:
        if number:
            return services.join_household(household=home, client=second, actor=desk, now=NOW)
        return services.leave_household(client=first, actor=desk, now=NOW)

    left, joined = race(2, act)

    assert left is None
    if isinstance(joined, HouseholdMember):
        assert [row.client_id for row in Household.objects.get().members.all()] == [second.pk]
    else:
        assert isinstance(joined, HouseholdGone)
        assert not Household.objects.exists() and not HouseholdMember.objects.exists()


@on_postgresql
def test_without_the_lock_the_one_who_joins_would_stand_in_a_household_that_is_gone(
    place: Branch, desk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: now only the version of the row saves the day, so that he is told that his view is old."""
    first, second = ClientFactory.create_batch(2, branch=place)
    home = services.found_household(client=first, name="王家", actor=desk, now=NOW)
    meeting, gone = Meeting(2), threading.Event()
    held, join = relations._held, relations._join
    monkeypatch.setattr(relations, "lock", unlocked)

    def meet(pk: int, version: int | None) -> Household:
        found = held(pk, version)
        meeting.wait()
        return found

    def join_too_late(household: Household, client: Client, now: datetime) -> HouseholdMember:
        gone.wait(10)
        return join(household, client, now)

    monkeypatch.setattr(relations, "_held", meet)
    monkeypatch.setattr(relations, "_join", join_too_late)

    def act(number: int) -> Any:
        if number:
            return services.join_household(household=home, client=second, actor=desk, now=NOW)
        services.leave_household(client=first, actor=desk, now=NOW)
        return gone.set()

    left, joined = race(2, act)

    assert left is None and not Household.objects.exists()
    assert isinstance(joined, StaleEdit), joined


def test_of_two_who_take_one_client_into_different_households_one_is_told(place: Branch, desk: User) -> None:
    client, one, other = ClientFactory.create_batch(3, branch=place)
    homes = [services.found_household(client=who, name="家", actor=desk, now=NOW) for who in (one, other)]

    done = race(2, lambda n: services.join_household(household=homes[n], client=client, actor=desk, now=NOW))

    assert sorted(type(found).__name__ for found in done) == ["HouseholdMember", "InAHousehold"]
    assert HouseholdMember.objects.filter(client=client).count() == 1


def test_of_two_who_take_one_client_out_one_is_told(place: Branch, desk: User) -> None:
    client = ClientFactory(branch=place)
    services.found_household(client=client, name="家", actor=desk, now=NOW)

    done = race(2, lambda _n: services.leave_household(client=client, actor=desk, now=NOW))

    assert [found is None for found in done].count(True) == 1
    assert any(isinstance(found, NotInAHousehold) for found in done)


# -- an erasure and an edit --------------------------------------------------------------------------------------------


@pytest.fixture
def about_to_go(place: Branch, settings: Any, tmp_path: Path) -> tuple[Client, Erasure]:
    settings.CRM_VAR = tmp_path
    client = ClientFactory(
        branch=place, name="王老五", opened_on=date(1995, 1, 2), status="closed", closed_on=date(1999, 3, 1)
    )
    people = [UserFactory(branch=place, role="compliance") for _n in range(2)]
    row = propose_erasure(client=client, reason="保存期届满", actor=people[0], now=NOW)
    approve_erasure(erasure=row, actor=people[1], now=NOW)
    row.refresh_from_db()
    Erasure.objects.filter(pk=row.pk).update(
        second_approver=UserFactory(branch=place, role="head_office"), state="approved"
    )
    return client, Erasure.objects.get(pk=row.pk)


@pytest.mark.parametrize("edit", ["change", "contact", "point"])
def test_an_edit_during_an_erasure_is_erased_with_the_rest_or_refused(
    about_to_go: tuple[Client, Erasure], desk: User, edit: str
) -> None:
    client, row = about_to_go
    officer = system_user()
    edits: dict[str, Callable[[], Any]] = {
        "change": lambda: services.change_client(client=client, values={"city": "苏州"}, actor=desk, now=NOW),
        "contact": lambda: services.log_contact(
            client=client, channel="phone", content="旧事", actor=desk, now=NOW, at=datetime(1998, 1, 2, tzinfo=UTC)
        ),
        "point": lambda: services.add_contact_point(
            client=client, values={"kind": "email", "value": "a@example.cn"}, actor=desk, now=NOW
        ),
    }

    written, erased = race(2, lambda n: carry_out(erasure=row, actor=officer, now=NOW) if n else edits[edit]())

    assert isinstance(erased, Erasure | NotErasable)
    if isinstance(erased, Erasure):
        left = Client.objects.get(pk=client.pk)
        assert (left.name, left.city, left.erased_on is not None) == ("", "", True)
        assert not ContactLog.objects.filter(client=client).exists()
        assert not ContactPoint.objects.filter(client=client).exists()
        assert isinstance(written, ClientRestricted) or not isinstance(written, Exception)


@on_postgresql
def test_without_the_lock_words_would_be_left_of_an_erased_client(
    about_to_go: tuple[Client, Erasure], desk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: a contact that is written without asking for the client's row."""
    client, row = about_to_go
    meeting, erase = Meeting(2), erasing.erase
    officer = system_user()

    def after_the_other(who: Client, now: datetime) -> dict[str, int]:
        counts: dict[str, int] = erase(who, now)
        meeting.wait()
        return counts

    monkeypatch.setattr(erasing, "erase", after_the_other)
    monkeypatch.setattr("clients.services.contacts.lock", unlocked)
    monkeypatch.setattr("clients.services.contacts.refresh_contact_facts", lambda _ids, _now: None)

    def act(number: int) -> Any:
        if number:
            return carry_out(erasure=row, actor=officer, now=NOW)
        with transaction.atomic():
            entry = ContactLog(
                client_id=client.pk, channel="phone", content="旧事", staff=desk, at=datetime(1998, 1, 2, tzinfo=UTC)
            )
            meeting.wait()
            entry.save()
            return entry

    race(2, act)

    assert ContactLog.objects.filter(client=client).exists()


# -- one file at once --------------------------------------------------------------------------------------------------


def bring(place: Branch, raw: bytes) -> ImportBatch:
    return import_file(
        actor=system_user(),
        kind="clients",
        branch=place,
        file_name="c.csv",
        raw=raw,
        mapping=from_tables({"columns": {"external_id": "no", "name": "name"}}),
    )


RAW = ("no,name\n" + "".join(f"K{n},客户{n}\n" for n in range(50))).encode()


@on_postgresql
def test_one_file_of_clients_brought_in_by_two_at_once_is_one_import(place: Branch) -> None:
    done = race(2, lambda _n: bring(place, RAW))

    assert sorted((batch.created, batch.unchanged) for batch in done) == [(0, 50), (50, 0)]
    assert Client.objects.filter(branch=place).count() == 50


@on_postgresql
def test_without_the_claim_one_of_two_imports_of_a_file_would_have_checked_it_for_nothing(
    place: Branch, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting, write = Meeting(2), importing_write()
    monkeypatch.setattr(claims, "claim", lambda *_said, **_named: None)
    monkeypatch.setattr(claims, "release", lambda *_said: None)

    def meet(*said: Any, **named: Any) -> ImportBatch:
        meeting.wait()
        return write(*said, **named)

    monkeypatch.setattr("crm.core.services.importing._write", meet)

    done = race(2, lambda _n: bring(place, RAW))

    assert any(isinstance(one, Exception) for one in done)
    assert Client.objects.filter(branch=place).count() == 50


def importing_write() -> Callable[..., ImportBatch]:
    from crm.core.services import importing

    return importing._write


def told_from_both_sides(place: Branch, desk: User, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """He is put down as her spouse and she as his at the same moment; both have looked before either writes."""
    pair, meeting, told_already = ClientFactory.create_batch(2, branch=place), Meeting(2), relations._told_already

    def look(*said: Any) -> bool:
        found: bool = told_already(*said)
        meeting.wait()
        return found

    monkeypatch.setattr(relations, "_told_already", look)
    return race(
        2,
        lambda n: services.add_relation(
            client=pair[n], values={"kind": "spouse", "other": pair[1 - n]}, actor=desk, now=NOW
        ),
    )


def test_a_relation_told_from_both_sides_at_once_is_on_file_once(
    place: Branch, desk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = told_from_both_sides(place, desk, monkeypatch)

    assert sorted(type(one).__name__ for one in done) == [Relation.__name__, RelationTaken.__name__], done
    assert Relation.objects.count() == 1


@on_postgresql
def test_without_the_lock_a_relation_would_be_on_file_from_both_sides(
    place: Branch, desk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relations, "lock", unlocked)

    told_from_both_sides(place, desk, monkeypatch)

    assert Relation.objects.count() == 2
