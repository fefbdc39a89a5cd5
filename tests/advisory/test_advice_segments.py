"""Segments that ask for agreements, portfolio reviews and proposals of a matching: each finds whom a plain reading finds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from advisory.models import MatchingRun, MatchProposal
from clients.segments import fields_for
from crm.core.models import Branch
from tests.clients.segment_reading import disagreements
from tests.doors import Staff
from tests.factories.advisory import AgreementFactory, ReviewFactory
from tests.factories.clients import ClientFactory

NOW = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)
TODAY = date(2026, 6, 15)
DAYS = [TODAY + timedelta(days=n) for n in (-91, -31, -1, 0, 1, 30)]


def test_agreements_find_whom_they_say(branch: Branch, staff: Staff) -> None:
    """One that ends today holds no more; one signed for tomorrow does not hold yet."""
    manager, advisor, other = staff("branch_manager"), staff("advisor"), staff("advisor")
    crowd = {}
    for signed, ended, by in (
        (DAYS[0], None, advisor), (DAYS[1], DAYS[3], advisor), (DAYS[1], DAYS[4], other), (DAYS[4], None, other),
        (None, None, None),
    ):  # fmt: skip
        client = ClientFactory(branch=branch)
        if signed:
            AgreementFactory(
                client=client, advisor=by, signed_on=signed, cancel_until=signed + timedelta(days=7), ended_on=ended
            )
        holds = signed is not None and signed <= TODAY and (ended is None or ended > TODAY)
        crowd[client.pk] = {
            "agreement": holds,
            "agreement_signed": signed if holds else None,
            "agreement_cancel": signed + timedelta(days=7) if holds else None,
            "agreement_ended": ended,
            "agreement_advisor": by.public_id if holds and by else "",
        }

    codes = {"agreement_advisor": [advisor.public_id, other.public_id]}
    assert disagreements(manager, NOW, TODAY, crowd, codes=codes) == []


def test_reviews_of_holdings_find_whom_they_say_by_the_newest_that_stands(branch: Branch, staff: Staff) -> None:
    manager, crowd = staff("branch_manager"), {}
    for n, day in enumerate(DAYS):
        client, facts = ClientFactory(branch=branch, assessed=True), {"review_outcome": "", "proposal_answer": ""}
        done: list[date] = []
        if n in (1, 2, 3):
            ReviewFactory(client=client, done=True, done_on=DAYS[0])
            done = [DAYS[0]]
            facts["review_outcome"] = "no_change"
        if n in (2, 3):
            newest = ReviewFactory(
                client=client, proposed=True, done_on=DAYS[n], answer=("accepted", "thinking")[n - 2]
            )
            done.append(DAYS[n])
            facts = {"review_outcome": "proposal", "proposal_answer": newest.answer}
        if n == 3:
            ReviewFactory(
                client=client,
                proposed=True,
                done_on=DAYS[2],
                answer="declined",
                corrects=newest,
                correction_reason="笔误",
            )
            done, facts["proposal_answer"] = [DAYS[0], DAYS[2]], "declined"
        if n % 2:
            ReviewFactory(client=client, due_on=day)
        crowd[client.pk] = {**facts, "review_due": day if n % 2 else None, "review_done": done}

    codes = {"review_outcome": ["proposal", "no_change"], "proposal_answer": ["declined", "accepted", "thinking"]}
    assert disagreements(manager, NOW, TODAY, crowd, codes=codes) == []


def test_proposals_count_while_nobody_has_decided_and_something_would_change(branch: Branch, staff: Staff) -> None:
    manager, advisor, other = staff("branch_manager"), staff("advisor"), staff("advisor")
    more: dict[str, Any] = {"decided_by": manager, "decided_at": NOW}
    open_, decided = (
        MatchingRun.objects.create(branch=branch, created_by=manager, continuity_points=1, state=state, **said)
        for state, said in (("proposed", {}), ("approved", more))
    )
    crowd = {}
    for run, new in ((open_, advisor), (open_, other), (open_, None), (decided, advisor), (None, None)):
        client = ClientFactory(branch=branch, advisor=other)
        if run:
            MatchProposal.objects.create(run=run, client=client, old_advisor=other, new_advisor=new)
        counts = run is open_ and new is advisor
        crowd[client.pk] = {"match_open": counts, "match_advisor": advisor.public_id if counts else ""}

    codes = {"match_advisor": [advisor.public_id, other.public_id]}
    assert disagreements(manager, NOW, TODAY, crowd, codes=codes) == []


def test_fields_of_advice_are_for_those_whose_pages_show_it(staff: Staff) -> None:
    advisor, desk = set(fields_for(staff("advisor"))), set(fields_for(staff("front_desk")))
    serving = set(fields_for(staff("account_manager")))

    assert {"agreement", "review_due", "proposal_answer"} <= advisor
    assert not {"match_open", "match_advisor"} & advisor
    # Who serves without advising reads reviews, never what the client decided (docs/adr/0022).
    assert {"review_due", "review_outcome"} <= serving
    assert "proposal_answer" not in serving
    assert not {"agreement", "agreement_ended", "review_due", "proposal_answer", "match_open"} & desk
