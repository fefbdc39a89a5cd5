"""Two people record one review at once: one wording stands. The twin without the lock shows that the test can fail."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from advisory.models import PortfolioReview
from advisory.services import reviews
from crm.core.errors import DomainError
from crm.core.models import AuditEntry, Branch
from tests.factories.advisory import AdvisorFactory, ReviewFactory
from tests.factories.services import morning
from tests.racing import Meeting, on_postgresql, race

pytestmark = pytest.mark.django_db(transaction=True)

MONDAY = date(2026, 6, 1)


@pytest.fixture
def two_record(branch: Branch, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Both have read the review before either writes, unless a lock holds the second back."""
    advisors = [AdvisorFactory(user__branch=branch).user for _number in range(2)]
    row = ReviewFactory(client__branch=branch, due_on=MONDAY)

    def act() -> list[str]:
        together, read = Meeting(2), reviews._locked

        def read_together(review: PortfolioReview, version: int | None) -> Any:
            found = read(review, version)
            together.wait()
            return found

        monkeypatch.setattr(reviews, "_locked", read_together)
        said = {"outcome": "no_change", "summary": "相符", "next_on": date(2026, 12, 1)}
        results = race(2, lambda n: reviews.record_review(review=row, actor=advisors[n], now=morning(MONDAY), **said))
        return sorted(found.code if isinstance(found, DomainError) else type(found).__name__ for found in results)

    return act


def test_of_two_who_record_a_review_at_once_one_is_told_that_it_is_recorded(two_record: Any) -> None:
    assert two_record() == ["PortfolioReview", "review_settled"]

    assert AuditEntry.objects.filter(action="review.record").count() == 1
    assert PortfolioReview.objects.due().count() == 1


@on_postgresql
def test_without_the_locks_both_would_read_a_review_that_is_due(
    two_record: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: now only the version in the row saves the day, so the second is told that his view is old."""
    monkeypatch.setattr(reviews, "lock", lambda rows, *, version=None, **lookup: rows.get(**lookup))

    assert two_record() == ["PortfolioReview", "stale_edit"]
