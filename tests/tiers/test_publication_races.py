"""Two at once over one publication: two who send it, and one who sends while the other takes it back.

Each rule has a twin in which the product runs with nothing but its locks taken away.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.errors import StaleEdit
from crm.core.models import Branch, Outbound, User
from tests.doors import Staff
from tests.factories.clients import ClientFactory
from tests.factories.services import put_in_tier
from tests.racing import Meeting, on_postgresql, race
from tiers.errors import NobodyReached, PublicationOver
from tiers.models import Publication
from tiers.services import publications
from tiers.services.menus import Line, create_preference
from tiers.services.publication_messages import move_publications

pytestmark = pytest.mark.django_db(transaction=True)

RULE = {"all": [{"field": "city", "op": "is", "value": "上海"}]}


@pytest.fixture
def drawn(branch: Branch, staff: Staff) -> Publication:
    """For twenty gold clients; nobody has sent it."""
    system_user()
    for number in range(20):
        client = ClientFactory(branch=branch, city="上海", email=f"a{number}@example.com", phone="")
        put_in_tier(client, "gold", date(2025, 1, 1))
    boss, today = staff("branch_manager"), local_date(timezone.now())
    gold = {"name_en": "Gold", "name_zh": "黄金", "tier_codes": ["gold"], "rule": RULE}
    segment = create_preference(
        values=gold, menu=[Line("report", "Banks", "银行业周报")], company=branch.company, branch=branch, actor=boss
    )
    words = {
        "kind": "report",
        "title": "周报",
        "text": "本周要点",
        "valid_from": today,
        "valid_until": today + timedelta(7),
    }
    made: Publication = publications.create_publication(
        branch=branch, values=words, segments=[segment], actor=boss, now=timezone.now()
    )
    return made


def locks_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the services of publications lock is read and not locked."""
    monkeypatch.setattr(publications, "lock", lambda rows, *, version=None, **lookup: rows.get(**lookup))
    monkeypatch.setattr(Branch.objects, "select_for_update", lambda **_how: Branch.objects.all())


def meet_after(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Both have done that before either goes on, unless a lock holds the second back."""
    meeting, does = Meeting(2), getattr(publications, name)

    def slow(*args: Any, **kwargs: Any) -> Any:
        done = does(*args, **kwargs)
        meeting.wait()
        return done

    monkeypatch.setattr(publications, name, slow)


def send(row: Publication, actor: User) -> Publication:
    sent: Publication = publications.send_publication(publication=row, actor=actor, now=timezone.now())
    return sent


def send_twice(row: Publication, staff: Staff, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    senders = [staff("branch_manager"), staff("branch_manager")]
    meet_after(monkeypatch, "lock")
    return race(2, lambda number: send(row, senders[number]))


def test_two_who_send_a_publication_at_once_write_to_each_client_once(
    drawn: Publication, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = send_twice(drawn, staff, monkeypatch)

    assert [type(result) for result in results] == [Publication, Publication]
    assert drawn.recipients.filter(state="chosen").count() == 20
    move_publications(timezone.now())
    assert Outbound.objects.count() == 20


@on_postgresql
def test_without_the_locks_the_second_sender_fails(
    drawn: Publication, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: he is told that nobody is reached, or meets the constraint that gives each client one row."""
    locks_off(monkeypatch)

    results = send_twice(drawn, staff, monkeypatch)

    (refusal,) = (result for result in results if type(result) is not Publication)
    assert type(refusal) in (IntegrityError, NobodyReached, StaleEdit)


def send_and_withdraw(row: Publication, staff: Staff, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    sender, other = staff("branch_manager"), staff("branch_manager")
    meet_after(monkeypatch, "lock")

    def withdraw() -> Publication:
        done: Publication = publications.withdraw_publication(
            publication=row, reason="数据有误", actor=other, now=timezone.now()
        )
        return done

    return race(2, lambda number: withdraw() if number else send(row, sender))


def test_a_withdrawal_stands_whether_it_comes_before_or_after_the_sending_of_the_same_moment(
    drawn: Publication, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, withdrawn = send_and_withdraw(drawn, staff, monkeypatch)

    assert type(sent) in (Publication, PublicationOver)
    assert type(withdrawn) is Publication
    drawn.refresh_from_db()
    assert (drawn.state, set(drawn.recipients.values_list("state", flat=True))) == ("withdrawn", {"held"})
    move_publications(timezone.now())
    assert not Outbound.objects.exists()


@on_postgresql
def test_without_the_locks_one_of_the_two_is_lost(
    drawn: Publication, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: only the version in the row saves the day, and it may be the withdrawal that is turned away."""
    locks_off(monkeypatch)

    results = send_and_withdraw(drawn, staff, monkeypatch)

    assert {type(result) for result in results} == {Publication, StaleEdit}
