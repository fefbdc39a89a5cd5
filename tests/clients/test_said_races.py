"""Two people at once take down what one client says, or grade him: both facts are on file, and one of them stands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import IntegrityError

from clients.errors import NothingToWithdraw
from clients.models import Client, ConsentRecord, DataPurpose
from clients.models.aml import AmlGrade
from clients.services import aml, consents
from clients.services.aml import grade_client
from clients.services.consents import create_purpose, record_consent
from crm.core.errors import InvalidInput
from crm.core.models import Branch, User
from tests.factories.clients import ClientFactory
from tests.factories.consents import PrivacyNoticeFactory
from tests.factories.core import BranchFactory, UserFactory
from tests.racing import Meeting, on_postgresql, race

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
TODAY = date(2026, 6, 1)


@pytest.fixture
def client_() -> Client:
    return ClientFactory(branch=BranchFactory())  # type: ignore[no-any-return]


@pytest.fixture
def marketing(client_: Client) -> DataPurpose:
    row: DataPurpose = DataPurpose.objects.get(code="marketing")
    PrivacyNoticeFactory(purpose=row)
    return row


def desk(branch: Branch, role: str = "front_desk") -> User:
    return UserFactory(branch=branch, role=role)  # type: ignore[no-any-return]


def says(client: Client, purpose: DataPurpose, answers: list[str]) -> Callable[[int], Any]:
    actor = desk(client.branch)
    terms: dict[str, Any] = {"answered_on": TODAY, "channel": "counter", "actor": actor, "now": NOW}
    return lambda n: record_consent(client=client, purpose=purpose, answer=answers[n], **terms)


def grades(client: Client) -> Callable[[int], Any]:
    officer = desk(client.branch, "compliance")
    terms: dict[str, Any] = {
        "graded_on": TODAY,
        "occasion": "first",
        "reasons": "开户评定",
        "actor": officer,
        "now": NOW,
    }
    return lambda n: grade_client(client=client, grade=("high", "low")[n], **terms)


def unlocked(rows: Any, *, version: int | None = None, closed_too: bool = False, **lookup: Any) -> Any:
    """What ``lock`` does, without the lock."""
    return rows.get(**lookup)


def answers_unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock is off, and nobody commits what stands before the other one has looked, or waits for him."""
    meeting, settle = Meeting(2), consents._settle

    def settled(client: Client, purpose: DataPurpose) -> None:
        settle(client, purpose)
        meeting.wait()

    monkeypatch.setattr(consents, "lock", unlocked)
    monkeypatch.setattr(consents, "_settle", settled)


def grades_unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock is off, and both have taken the former grade away before either writes his own."""
    meeting, save = Meeting(2), AmlGrade.save

    def late(self: AmlGrade, *args: Any, **named: Any) -> None:
        meeting.wait()
        save(self, *args, **named)

    monkeypatch.setattr(aml, "lock", unlocked)
    monkeypatch.setattr(AmlGrade, "save", late)


def test_of_two_answers_at_once_both_are_kept_and_one_stands(client_: Client, marketing: DataPurpose) -> None:
    done = race(2, says(client_, marketing, ["given", "refused"]))

    assert [type(one) for one in done] == [ConsentRecord, ConsentRecord]
    newest = ConsentRecord.objects.order_by("pk").last()
    assert newest is not None
    assert list(ConsentRecord.objects.filter(is_present=True).values_list("pk", flat=True)) == [newest.pk]


@on_postgresql
def test_without_the_lock_two_would_stand_and_the_database_refuses_one(
    client_: Client, marketing: DataPurpose, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers_unlocked(monkeypatch)

    done = race(2, says(client_, marketing, ["given", "refused"]))

    assert sorted(type(one).__name__ for one in done) == ["ConsentRecord", "IntegrityError"]


def test_what_was_given_is_withdrawn_once(client_: Client, marketing: DataPurpose) -> None:
    says(client_, marketing, ["given"])(0)

    done = race(2, says(client_, marketing, ["withdrawn", "withdrawn"]))

    assert sorted(type(one).__name__ for one in done) == ["ConsentRecord", NothingToWithdraw.__name__]
    assert ConsentRecord.objects.filter(answer="withdrawn").count() == 1


@on_postgresql
def test_without_the_lock_it_would_be_withdrawn_twice_but_for_the_database(
    client_: Client, marketing: DataPurpose, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(client_, marketing, ["given"])(0)
    answers_unlocked(monkeypatch)

    done = race(2, says(client_, marketing, ["withdrawn", "withdrawn"]))

    assert sorted(type(one).__name__ for one in done) == ["ConsentRecord", IntegrityError.__name__]


def test_of_two_gradings_at_once_both_are_kept_and_one_holds(client_: Client) -> None:
    done = race(2, grades(client_))

    assert [type(one) for one in done] == [AmlGrade, AmlGrade]
    newest = AmlGrade.objects.order_by("pk").last()
    assert newest is not None
    assert list(AmlGrade.objects.filter(is_present=True).values_list("pk", flat=True)) == [newest.pk]


@on_postgresql
def test_without_the_lock_two_grades_would_hold_and_the_database_refuses_one(
    client_: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    grades_unlocked(monkeypatch)

    done = race(2, grades(client_))

    assert sorted(type(one).__name__ for one in done) == ["AmlGrade", IntegrityError.__name__]


def test_of_two_purposes_with_one_code_at_once_one_is_refused_in_words() -> None:
    actor = desk(BranchFactory(), "compliance")
    words = {"name_en": "Prizes", "name_zh": "抽奖", "basis": "consent"}

    done = race(2, lambda _n: create_purpose(code="prizes", values=words, actor=actor))

    assert sorted(type(one).__name__ for one in done) == ["DataPurpose", InvalidInput.__name__]
