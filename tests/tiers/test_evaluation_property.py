"""The set-based evaluation equals a slow reference in plain Python, on every engine and on random books."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.models import Client
from crm.core.access import system_user
from crm.core.models import Branch, Policy
from tests.factories.clients import ClientFactory
from tests.factories.tiers import put_days
from tests.tiers.plans import plan
from tiers.models import TierChange, TierState
from tiers.services.evaluation import evaluate
from tiers.services.programmes import create_programme
from tiers.services.questions import closes_month

pytestmark = pytest.mark.django_db

FIRST = date(2026, 1, 1)
BOUNDS = ("10", "20.01", "50")
FEN = (None, 1000, 2001, 5000)
DOWN_AFTER = 2


class Reference:
    """The rules of docs/adr/0004, one client at a time."""

    def __init__(self, window: int) -> None:
        self.window = window
        self.rank: int | None = None
        self.below_since: date | None = None
        self.moves: list[tuple[date, str, int | None, int]] = []

    def evaluate(self, book: dict[date, int], day: date) -> None:
        held = [fen for on, fen in book.items() if day - timedelta(days=self.window) < on <= day]
        if not held:
            return
        target = max(n for n, fen in enumerate(FEN, 1) if fen is None or sum(held) >= fen * len(held))
        if self.rank is None:
            self._move(day, "first", target)
        elif not closes_month(day):
            return
        elif target > self.rank:
            self._move(day, "up", target)
        elif target == self.rank:
            self.below_since = None
        else:
            self.below_since = self.below_since or day
            since = self.below_since
            if (day.year - since.year) * 12 + day.month - since.month + 1 >= DOWN_AFTER:
                self._move(day, "down", target)

    def _move(self, day: date, reason: str, target: int) -> None:
        self.moves.append((day, reason, self.rank, target))
        self.rank, self.below_since = target, None


amounts = st.one_of(
    st.sampled_from([0, -1, 999, 1000, 1001, 2000, 2001, 2002, 4999, 5000, 5001, 100_000]),
    st.integers(-(10**6), 10**6),
)
#: Days on file as natural days from the first, with gaps, weekends and late openings as they come.
books = st.dictionaries(st.integers(0, 120).map(lambda n: FIRST + timedelta(days=n)), amounts, max_size=25)
runs = st.lists(
    st.one_of(st.integers(0, 125), st.sampled_from([29, 30, 57, 58, 89, 119])), min_size=1, max_size=6, unique=True
)


@pytest.fixture
def grounds(branch: Branch):
    programme = create_programme(
        actor=system_user(), plan=plan("p", *BOUNDS), company=branch.company, branch=branch, activate=True
    )
    clients = ClientFactory.create_batch(4, branch=branch)
    return branch, programme, clients


def set_figures(window: int) -> None:
    for key, value in (("tier.window_days", window), ("tier.down_after_periods", DOWN_AFTER)):
        Policy.objects.filter(policy_key=key).update(value=value)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(held=st.lists(books, min_size=4, max_size=4), when=runs, window=st.sampled_from([1, 7, 30, 90]))
def test_the_evaluation_equals_the_reference(grounds, held, when, window):
    branch, programme, clients = grounds
    undo = transaction.savepoint()
    try:
        set_figures(window)
        by_client: dict[Client, dict[date, int]] = dict(zip(clients, held, strict=True))
        put_days(branch, by_client)
        reference = {client.pk: Reference(window) for client in clients}

        for day in sorted(FIRST + timedelta(days=n) for n in when):
            evaluate(branch=branch, day=day, actor=system_user(), programme=programme)
            assert evaluate(branch=branch, day=day, actor=system_user(), programme=programme).written == 0
            for client, book in by_client.items():
                reference[client.pk].evaluate(book, day)

        states = {s.client_id: (s.tier.rank, s.below_since) for s in TierState.objects.select_related("tier")}
        assert states == {pk: (r.rank, r.below_since) for pk, r in reference.items() if r.rank is not None}
        for client in clients:
            history = TierChange.objects.filter(client=client).order_by("pk").select_related("old", "new")
            told = [(c.day, c.reason, c.old and c.old.rank, c.new.rank) for c in history]
            assert told == reference[client.pk].moves
    finally:
        transaction.savepoint_rollback(undo)
