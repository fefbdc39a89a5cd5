"""Reviewing what a client holds: what deviates, what may be proposed, what is kept as it was told."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from advisory.errors import (
    NoAgreement,
    NoLicence,
    NoRiskGrade,
    NotReviewed,
    NotSuitable,
    ReviewCorrected,
    ReviewSettled,
)
from advisory.models import PortfolioReview, ReviewAnswer
from advisory.services import Line, Told, correct_review, note_answer, open_review, record_review
from advisory.services.review_look import look_at
from advisory.services.reviews import answers_of
from clients.models import Client, ContactLog
from crm.core.errors import InvalidInput, StaleEdit
from crm.core.models import Branch, User
from tests.factories.advisory import AdvisorFactory, AgreementFactory, ReviewFactory
from tests.factories.clients import ClientFactory, HoldingFactory, TradingPermissionFactory
from tests.factories.needs import NeedsInterviewFactory
from tests.factories.services import PromiseFactory, ServiceItemFactory, morning

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 6, 1)
NOW = morning(MONDAY)
NEXT = date(2026, 12, 1)
SELL = Line("sell", "600519.SH", "贵州茅台", "集中度过高", share=Decimal(50))


def buy(code: str, name: str, grade: str) -> Line:
    return Line("buy", code, name, "分散配置", product_grade=grade, amount=Decimal(10_000))


@pytest.fixture
def advisor(branch: Branch) -> User:
    return AdvisorFactory(user__branch=branch).user


@pytest.fixture
def client(branch: Branch, advisor: User) -> Client:
    """C3, under agreement, with four fifths of his money in one share that has lost a fifth."""
    made = ClientFactory(branch=branch, advisor=advisor, assessed=True)
    AgreementFactory(client=made, advisor=advisor, signed_on=date(2026, 1, 5))
    HoldingFactory(client=made, market_value=80_000, cost=100_000)
    HoldingFactory(client=made, security_code="511010.SH", security_name="国债ETF", market_value=20_000, cost=20_000)
    NeedsInterviewFactory(
        client=made,
        taken_on=date(2025, 5, 4),
        goals=["income"],
        horizon="short",
        loss_tolerance=10,
        products=["fund"],
        answered_on={"horizon": "2025-05-04"},
        is_present=True,
    )
    return made


@pytest.fixture
def review(client: Client) -> PortfolioReview:
    return ReviewFactory(client=client, due_on=MONDAY)


def record(review: PortfolioReview, actor: User, **said: Any) -> PortfolioReview:
    usual: dict[str, Any] = {"outcome": "no_change", "summary": "持仓与需求相符", "next_on": NEXT}
    return record_review(review=review, actor=actor, now=NOW, **{**usual, **said})


def propose(review: PortfolioReview, actor: User, *lines: Line, **said: Any) -> PortfolioReview:
    usual: dict[str, Any] = {"told": Told("visit", "建议减持茅台，分散配置。"), "answer": "thinking"}
    return record(review, actor, outcome="proposal", lines=lines or (SELL,), **{**usual, **said})


# -- what deviates -----------------------------------------------------------------------------------------------------


def test_what_deviates_is_said_with_its_figure(client: Client) -> None:
    found = {one.code: (one.figure, one.bound) for one in look_at(client, MONDAY).deviations}

    assert found == {
        "equity_grade": ("0.800", "0.600"),
        "equity_goal": ("0.800", "0.500"),
        "concentration": ("0.800", "0.500"),
        "loss": ("0.167", "0.100"),
        "horizon": ("2026-05-04", "2025-05-04"),
        "product": ("0.800", ""),
    }


def test_a_portfolio_that_is_as_wanted_deviates_in_nothing(branch: Branch) -> None:
    client = ClientFactory(branch=branch, assessed=True)
    for code in ("600519.SH", "511010.SH", "510300.SH"):
        HoldingFactory(client=client, security_code=code, market_value=100, cost=100)
    NeedsInterviewFactory(client=client, loss_tolerance=0, products=["share", "etf"], is_present=True)

    assert look_at(client, MONDAY).deviations == []


def test_a_grade_that_ran_out_yesterday_deviates_and_one_that_ends_today_does_not(client: Client) -> None:
    client.risk_valid_until = MONDAY
    today = {one.code for one in look_at(client, MONDAY).deviations}
    tomorrow = {one.code for one in look_at(client, MONDAY + timedelta(days=1)).deviations}

    assert ("grade_expired" in today, "grade_expired" in tomorrow) == (False, True)


def test_what_the_client_excluded_deviates(branch: Branch) -> None:
    client = ClientFactory(branch=branch, assessed=True)
    HoldingFactory(client=client, security_code="600001.SH", security_name="*ST邯钢", market_value=10, cost=10)
    HoldingFactory(client=client, security_code="511010.SH", security_name="国债ETF", market_value=90, cost=90)
    NeedsInterviewFactory(client=client, restrictions=["no_st"], is_present=True)

    found = look_at(client, MONDAY).deviations

    assert [one.key for one in found if one.code == "restriction"] == ["restriction:no_st/600001.SH"]


# -- what is recorded --------------------------------------------------------------------------------------------------


def test_a_proposal_is_kept_as_it_was_told_with_what_deviated(review: PortfolioReview, advisor: User) -> None:
    done = propose(review, advisor, SELL, buy("510300.SH", "沪深300ETF", "R3"))

    done.refresh_from_db()
    assert (done.state, done.done_on, done.done_by, done.answer) == ("done", MONDAY, advisor, "thinking")
    assert [(line.direction, line.security_code, line.share, line.amount) for line in done.lines.all()] == [
        ("sell", "600519.SH", Decimal(50), None),
        ("buy", "510300.SH", None, Decimal(10_000)),
    ]
    assert (done.risk_grade, done.agreement.client_id) == ("C3", done.client_id)
    assert (done.picture["market_value"], done.picture["largest_share"]) == ("100000.00", "0.8000")
    assert "concentration:600519.SH" in [one.key for one in done.deviations]
    contact = ContactLog.objects.get()
    assert (contact.content, contact.purpose, contact.channel) == ("建议减持茅台，分散配置。", "product", "visit")
    assert [one.contact_id for one in answers_of(done)] == [contact.pk]


def test_the_next_review_is_due_on_the_day_that_was_named(review: PortfolioReview, advisor: User) -> None:
    done = record(review, advisor)

    following = PortfolioReview.objects.due().get(client=done.client)
    assert (done.outcome, done.next_on, following.due_on) == ("no_change", NEXT, NEXT)
    assert not ContactLog.objects.exists()


def test_a_review_is_recorded_once(review: PortfolioReview, advisor: User) -> None:
    record(review, advisor)

    with pytest.raises(ReviewSettled):
        record(review, advisor)


def test_a_review_that_was_changed_meanwhile_is_not_written_over(review: PortfolioReview, advisor: User) -> None:
    with pytest.raises(StaleEdit):
        record(review, advisor, version=review.version + 1)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"summary": " "}, "summary"),
        ({"next_on": MONDAY}, "next_on"),
        ({"next_on": date(2031, 1, 1)}, "next_on"),
        ({"answer": "accepted"}, "answer"),
        ({"lines": (SELL,)}, "lines"),
    ],
)
def test_what_cannot_be_meant_is_refused_beside_its_field(
    review: PortfolioReview, advisor: User, said: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        record(review, advisor, **said)

    assert list(refused.value.fields) == [field]
    assert PortfolioReview.objects.get().state == "due"


@pytest.mark.parametrize(
    "line",
    [
        Line("sell", "600519.SH", "贵州茅台", "", share=Decimal(50)),
        Line("sell", "600519.SH", "贵州茅台", "减持"),
        Line("sell", "600519.SH", "贵州茅台", "减持", share=Decimal(50), amount=Decimal(1)),
        Line("sell", "600519.SH", "贵州茅台", "减持", share=Decimal(101)),
        Line("sell", "000001.SZ", "平安银行", "减持", share=Decimal(50)),
        Line("buy", "510300.SH", "沪深300ETF", "增持", product_grade="R3", share=Decimal(10)),
        Line("buy", "510300.SH", "沪深300ETF", "增持", amount=Decimal(10)),
    ],
)
def test_a_line_that_cannot_be_meant_is_refused(review: PortfolioReview, advisor: User, line: Line) -> None:
    with pytest.raises(InvalidInput) as refused:
        propose(review, advisor, line)

    assert list(refused.value.fields) == ["lines"]


# -- what must not be proposed -----------------------------------------------------------------------------------------


def test_without_an_agreement_in_force_nothing_is_proposed(review: PortfolioReview, advisor: User) -> None:
    review.client.advisory_agreements.update(ended_on=MONDAY)

    with pytest.raises(NoAgreement):
        propose(review, advisor)

    assert record(review, advisor).outcome == "no_change"


def test_without_a_valid_risk_grade_nothing_is_proposed(review: PortfolioReview, advisor: User) -> None:
    Client.objects.update(risk_valid_until=MONDAY - timedelta(days=1))

    with pytest.raises(NoRiskGrade):
        propose(review, advisor)

    assert not ContactLog.objects.exists()


def test_who_has_no_licence_proposes_nothing(review: PortfolioReview, branch: Branch) -> None:
    expired = AdvisorFactory(user__branch=branch, expired=True).user

    with pytest.raises(NoLicence):
        propose(review, expired)


@pytest.mark.parametrize(
    ("code", "name", "grade"),
    [
        ("510300.SH", "沪深300ETF", "R4"),  # above C3
        ("688111.SH", "金山办公", "R3"),  # a share of STAR counts as R4 at least
        ("113050.SH", "南银转债", "R3"),  # a permission that the client does not have
        ("600001.SH", "ST邯钢", "R3"),
    ],
)
def test_what_does_not_suit_the_client_is_not_proposed(
    review: PortfolioReview, advisor: User, code: str, name: str, grade: str
) -> None:
    with pytest.raises(NotSuitable) as refused:
        propose(review, advisor, buy(code, name, grade))

    assert (refused.value.status, name in str(refused.value.fields["lines"])) == (409, True)


def test_with_the_permission_and_the_grade_it_may_be_proposed(review: PortfolioReview, advisor: User) -> None:
    TradingPermissionFactory(client=review.client, code="star")
    Client.objects.update(risk_grade="C4")

    assert propose(review, advisor, buy("688111.SH", "金山办公", "R4")).state == "done"


def test_the_lowest_risk_capacity_is_recommended_nothing_above_r1(review: PortfolioReview, advisor: User) -> None:
    Client.objects.update(risk_grade="C1", is_lowest_risk=True)

    with pytest.raises(NotSuitable):
        propose(review, advisor, buy("511880.SH", "银华日利", "R2"))


# -- the answer, and corrections ---------------------------------------------------------------------------------------


def test_a_later_answer_stands_beside_the_first_one(review: PortfolioReview, advisor: User) -> None:
    done = propose(review, advisor)

    note_answer(review=done, answer="accepted", told=Told("phone", "客户同意"), actor=advisor, now=NOW)

    done.refresh_from_db()
    assert (done.answer, [one.answer for one in answers_of(done)]) == ("accepted", ["thinking", "accepted"])


def test_a_correction_is_a_new_row_and_the_first_wording_stays(review: PortfolioReview, advisor: User) -> None:
    done = propose(review, advisor)
    less = Line("sell", "600519.SH", "贵州茅台", "集中度过高", share=Decimal(30))

    made = correct_review(
        review=done, outcome="proposal", summary="减持三成", lines=[less], reason="笔误", actor=advisor, now=NOW
    )
    note_answer(review=made, answer="accepted", told=Told("phone", "客户同意"), actor=advisor, now=NOW)

    made.refresh_from_db()
    assert (done.lines.get().share, made.lines.get().share) == (Decimal(50), Decimal(30))
    assert (made.corrects, made.done_on, made.answer) == (done, MONDAY, "accepted")
    assert [one.answer for one in answers_of(made)] == ["thinking", "accepted"]
    assert list(PortfolioReview.objects.done()) == [made]
    with pytest.raises(ReviewCorrected):
        correct_review(review=done, outcome="no_change", summary="又", reason="又", actor=advisor, now=NOW)


def test_what_was_not_proposed_is_not_proposed_by_a_correction(review: PortfolioReview, advisor: User) -> None:
    done = record(review, advisor)

    with pytest.raises(InvalidInput):
        correct_review(
            review=done, outcome="proposal", summary="减持", lines=[SELL], reason="补记", actor=advisor, now=NOW
        )


def test_told_in_a_contact_of_another_client_is_refused(review: PortfolioReview, advisor: User) -> None:
    other = ContactLog.objects.create(client=ClientFactory(), at=NOW, channel="visit", staff=advisor)

    with pytest.raises(InvalidInput):
        propose(review, advisor, told=Told(contact=other))

    assert not ReviewAnswer.objects.exists()


# -- beside the cycle, and what is owed --------------------------------------------------------------------------------


def test_a_review_beside_the_cycle_draws_the_one_that_is_due_to_today(client: Client, advisor: User) -> None:
    planned = ReviewFactory(client=client, due_on=NEXT)

    opened = open_review(client=client, actor=advisor, now=NOW)

    assert (opened, opened.due_on, opened.opened_by) == (planned, MONDAY, advisor)


def test_who_wants_no_contact_is_not_reviewed(branch: Branch, advisor: User) -> None:
    with pytest.raises(NotReviewed):
        open_review(client=ClientFactory(branch=branch, silent=True), actor=advisor, now=NOW)


def test_a_recorded_review_keeps_one_promise_of_a_review_and_its_correction_none(
    review: PortfolioReview, advisor: User
) -> None:
    company = review.client.branch.company
    item = ServiceItemFactory(
        company=company, code="portfolio_review", purposes=["service", "product"], channels=["visit", "video"]
    )
    spans = ((date(2026, 4, 1), date(2026, 6, 30)), (date(2026, 4, 1), date(2026, 9, 30)))
    first, second = (
        PromiseFactory(client=review.client, item=item, opens_on=opens_on, due_on=due_on) for opens_on, due_on in spans
    )

    done = propose(review, advisor)
    correct_review(review=done, outcome="proposal", summary="减持", lines=[SELL], reason="笔误", actor=advisor, now=NOW)

    first.refresh_from_db(), second.refresh_from_db()
    assert (first.state, first.kept_on, first.kept_by, second.state) == ("done", MONDAY, advisor, "due")
    assert first.contact_ref == answers_of(done)[0].contact.public_id
