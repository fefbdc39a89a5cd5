"""Two people reach for the same proposal: one outcome, one line on the trail, and without the lock both would decide."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm.core.access import system_user
from crm.core.errors import DomainError
from crm.core.models import AuditEntry, User
from tests.factories.clients import ClientFactory
from tests.factories.core import UserFactory
from tests.factories.tiers import ClientRateFactory, RateCardFactory, put_days
from tests.racing import Meeting, on_postgresql, race
from tiers.models import ClientRate
from tiers.services import commission, rate_offers
from tiers.services.commission import approve_client_rate, reject_client_rate
from tiers.services.evaluation import evaluate
from tiers.services.programmes import seed_default_programme
from tiers.services.rate_offers import lapse_client_rate, review_change
from tiers.services.run_approval import approve_run

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 6, 1, 2, tzinfo=UTC)


def at_once(monkeypatch: pytest.MonkeyPatch, *acts: Callable[[], Any]) -> list[str]:
    """Both have looked at the row before either writes, if nothing holds the second back; what each was told."""
    together = Meeting(len(acts))

    def slow(read: Any) -> Any:
        def read_together(*args: Any, **lookup: Any) -> Any:
            row = read(*args, **lookup)
            together.wait()
            return row

        return read_together

    for module in (commission, rate_offers):
        monkeypatch.setattr(module, "lock", slow(module.lock))

    def do(act: Callable[[], Any]) -> str:
        try:
            act()
        except DomainError as refusal:
            return refusal.code
        except ClientRate.DoesNotExist:
            return "gone"
        return "done"

    return sorted(race(len(acts), lambda number: do(acts[number])))


def approves(rate: ClientRate, actor: User | None = None) -> Callable[[], Any]:
    who = actor or UserFactory(branch=rate.client.branch)
    return lambda: approve_client_rate(rate=ClientRate.objects.get(pk=rate.pk), actor=who, now=NOW)


def rejects(rate: ClientRate) -> Callable[[], Any]:
    who = UserFactory(branch=rate.client.branch)
    return lambda: reject_client_rate(rate=ClientRate.objects.get(pk=rate.pk), actor=who, now=NOW, note="x")


def trail(rate: ClientRate) -> list[str]:
    entries = AuditEntry.objects.filter(object_id=rate.public_id, action__startswith="client_rate.")
    return sorted(entries.values_list("action", flat=True))


def concession(**more: Any) -> ClientRate:
    row: ClientRate = ClientRateFactory(valid_from=date(2026, 6, 1), **more)
    return row


def proposed_by_a_run() -> ClientRate:
    """A proposal from a change of tier: silver pays 3, gold 2.5."""
    client = ClientFactory()
    tiers = seed_default_programme(company=client.branch.company, actor=system_user()).tiers
    for code, rate in (("silver", "0.0003"), ("gold", "0.00025")):
        RateCardFactory(tier=tiers.get(code=code), rate=Decimal(rate), valid_from=date(2026, 1, 1))
    for day, fen in ((date(2026, 5, 15), 20_000_000), (date(2026, 5, 29), 120_000_000)):
        put_days(client.branch, {client: {day: fen}})
        evaluate(branch=client.branch, day=day, actor=system_user())
    change = client.tier_changes.get(reason="up")
    (row,) = review_change(change=change, actor=system_user(), now=NOW)
    return row


def test_of_two_who_decide_at_once_one_is_told_it_is_decided(monkeypatch):
    rate = concession()

    said = at_once(monkeypatch, approves(rate), rejects(rate))

    assert said == ["done", "rate_already_decided"]
    assert len(trail(rate)) == 1


@pytest.mark.parametrize(
    ("make", "state"), [(concession, "approved"), (proposed_by_a_run, "offered")], ids=["concession", "tier change"]
)
def test_two_who_approve_at_once_approve_once(monkeypatch, make, state):
    rate = make()
    before = trail(rate)

    said = at_once(monkeypatch, approves(rate), approves(rate))

    rate.refresh_from_db()
    assert (said, rate.state) == (["done", "rate_already_decided"], state)
    assert trail(rate) == sorted([*before, "client_rate.approve"])


def test_two_who_approve_a_whole_run_at_once_approve_each_rate_once(monkeypatch):
    rate = proposed_by_a_run()
    run, seen = rate.tier_change.run, [(rate.public_id, rate.version)]
    people = [UserFactory(branch=rate.client.branch, role="branch_manager") for _ in range(2)]

    said = at_once(
        monkeypatch, *(lambda who=who: approve_run(run=run, seen=seen, actor=who, now=NOW) for who in people)
    )

    rate.refresh_from_db()
    assert (said, rate.state, trail(rate)) == (["done", "done"], "offered", ["client_rate.approve"])


def test_who_asked_gets_no_word_in_even_while_somebody_else_approves(monkeypatch):
    rate = concession()

    said = at_once(monkeypatch, approves(rate), approves(rate, rate.proposed_by))

    rate.refresh_from_db()
    assert rate.decided_by_id != rate.proposed_by_id
    assert (said, trail(rate)) in [
        (["done", "four_eyes"], ["client_rate.approve"]),
        (["done", "rate_already_decided"], ["client_rate.approve"]),
    ]


def test_a_second_click_is_no_second_person(monkeypatch):
    rate = concession(rate=Decimal("0.00015"))
    one = UserFactory(branch=rate.client.branch)

    said = at_once(monkeypatch, approves(rate, one), approves(rate, one))

    rate.refresh_from_db()
    assert (said, rate.state, trail(rate)) == (["done", "four_eyes"], "proposed", ["client_rate.endorse"])


def test_the_two_who_approve_a_deep_concession_may_come_at_once(monkeypatch):
    rate = concession(rate=Decimal("0.00015"))
    house = UserFactory(branch=rate.client.branch, role="compliance")

    said = at_once(monkeypatch, approves(rate), approves(rate, house))

    rate.refresh_from_db()
    assert (said, rate.state) == (["done", "done"], "approved")
    assert trail(rate) == ["client_rate.approve", "client_rate.endorse"]


def test_an_approval_at_the_last_moment_and_the_lapse_give_one_outcome(monkeypatch):
    rate = concession(decide_by=date(2026, 6, 1))

    def lapse() -> None:
        lapse_client_rate(rate=rate, actor=system_user(), now=NOW + timedelta(days=1))

    said = at_once(monkeypatch, approves(rate), lapse)

    rate.refresh_from_db()
    assert (said, rate.state, trail(rate)) in [
        (["done", "gone"], "approved", ["client_rate.approve"]),
        (["done", "rate_already_decided"], "lapsed", ["client_rate.lapse"]),
    ]


@on_postgresql
@pytest.mark.parametrize("second", [approves, rejects])
def test_without_the_locks_both_would_read_a_waiting_proposal(monkeypatch, second):
    """The twin: now only the version in the row saves the day, so the second is told that his view is old."""
    monkeypatch.setattr(commission, "_hold", lambda client: None)
    monkeypatch.setattr(commission, "lock", lambda rows, *, version=None, **lookup: rows.get(**lookup))
    rate = concession()

    assert at_once(monkeypatch, approves(rate), second(rate)) == ["done", "stale_edit"]
