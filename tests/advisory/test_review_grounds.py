"""By whose grade a proposal is judged: that of the day on which it was told, and of a professional investor none."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from advisory.errors import NoLicence, NoRiskGrade, NotSuitable
from advisory.models import PortfolioReview
from advisory.services import Line, Told, correct_review, plan_reviews, record_review, sign_agreement
from advisory.services.review_look import look_at
from clients.models import Client, Holding
from crm.core.access import system_user
from crm.core.errors import InvalidInput
from crm.core.models import Branch, User
from tests.factories.advisory import AdvisorFactory, AgreementFactory, ReviewFactory
from tests.factories.clients import ClientFactory, HoldingFactory, TradingPermissionFactory
from tests.factories.needs import NeedsInterviewFactory
from tests.factories.services import morning

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 6, 1)
LATER = date(2026, 6, 15)
SELL = Line("sell", "600519.SH", "贵州茅台", "集中度过高", share=Decimal(50))
PROFESSIONAL = {"investor_class": "A", "risk_grade": "", "risk_valid_until": None}


def buy(code: str, name: str, grade: str) -> Line:
    return Line("buy", code, name, "分散配置", product_grade=grade, amount=Decimal(10_000))


R3, R4 = buy("510300.SH", "沪深300ETF", "R3"), buy("510300.SH", "沪深300ETF", "R4")


@pytest.fixture
def advisor(branch: Branch) -> User:
    return AdvisorFactory(user__branch=branch).user


@pytest.fixture
def client(branch: Branch, advisor: User) -> Client:
    """C3, under agreement; holds one share."""
    made = ClientFactory(branch=branch, advisor=advisor, assessed=True)
    AgreementFactory(client=made, advisor=advisor, signed_on=date(2026, 1, 5))
    HoldingFactory(client=made, market_value=80_000, cost=100_000)
    return made


def propose(client: Client, actor: User, *lines: Line) -> PortfolioReview:
    said: dict[str, Any] = {
        "outcome": "proposal",
        "summary": "调整",
        "next_on": date(2026, 12, 1),
        "answer": "thinking",
    }
    review = ReviewFactory(client=client, due_on=MONDAY)
    return record_review(
        review=review, lines=lines, told=Told("visit", "建议"), actor=actor, now=morning(MONDAY), **said
    )


def correct(review: PortfolioReview, actor: User, *lines: Line) -> PortfolioReview:
    said = {"outcome": "proposal", "summary": "调整", "reason": "笔误"}
    return correct_review(review=review, lines=lines, actor=actor, now=morning(LATER), **said)


# -- a correction goes by the day of the review ------------------------------------------------------------------------


def test_what_suited_the_client_when_it_was_told_may_be_worded_otherwise_later(client: Client, advisor: User) -> None:
    done = propose(client, advisor, SELL, R3)
    Client.objects.update(risk_grade="C1", is_lowest_risk=True, risk_valid_until=MONDAY)
    client.advisory_agreements.update(ended_on=LATER)
    Holding.objects.all().delete()
    HoldingFactory(client=client, day=done.picture["day"], market_value=80_000)
    HoldingFactory(client=client, day=LATER, security_code="511010.SH", security_name="国债ETF", market_value=1)
    NeedsInterviewFactory(client=client, taken_on=LATER, restrictions=["no_derivatives"], is_present=True)

    made = correct(done, advisor, SELL, R3)

    assert (made.corrects, made.risk_grade, made.highest_risk) == (done, "C3", "R3")
    assert made.agreement == done.agreement


def test_a_grade_that_rose_since_makes_nothing_suitable_that_was_not(client: Client, advisor: User) -> None:
    done = propose(client, advisor, R3)
    Client.objects.update(risk_grade="C5")
    TradingPermissionFactory(client=client, code="convertible", opened_on=LATER)

    for line in (R4, buy("113050.SH", "南银转债", "R3")):
        with pytest.raises(NotSuitable):
            correct(done, advisor, line)


def test_a_permission_that_was_open_then_counts_although_it_was_closed_since(client: Client, advisor: User) -> None:
    TradingPermissionFactory(client=client, code="convertible", opened_on=date(2026, 5, 4))
    bond = buy("113050.SH", "南银转债", "R3")
    done = propose(client, advisor, bond)
    client.permissions.update(state="closed", closed_on=date(2026, 6, 8))

    assert correct(done, advisor, bond).lines.get().security_code == "113050.SH"


def test_what_he_excluded_then_is_not_written_in_although_he_thinks_otherwise_now(
    client: Client, advisor: User
) -> None:
    then = NeedsInterviewFactory(client=client, taken_on=date(2026, 5, 4), restrictions=["no_st"], is_present=True)
    TradingPermissionFactory(client=client, code="risk_warning", opened_on=date(2026, 5, 4))
    type(then).objects.update(created_at=morning(date(2026, 5, 4)))
    Client.objects.update(risk_grade="C5")
    done = propose(client, advisor, R3)
    type(then).objects.update(is_present=False)
    NeedsInterviewFactory(client=client, taken_on=LATER, restrictions=[], is_present=True)

    with pytest.raises(NotSuitable):
        correct(done, advisor, buy("600001.SH", "ST邯钢", "R4"))


def test_what_is_sold_was_held_on_the_day_that_was_looked_at(client: Client, advisor: User) -> None:
    done = propose(client, advisor, SELL)
    HoldingFactory(client=client, day=LATER, security_code="000001.SZ", security_name="平安银行", market_value=1)

    with pytest.raises(InvalidInput):
        correct(done, advisor, Line("sell", "000001.SZ", "平安银行", "减持", share=Decimal(50)))


def test_who_words_advice_anew_holds_a_licence_today(client: Client, advisor: User, branch: Branch) -> None:
    done = propose(client, advisor, SELL)

    with pytest.raises(NoLicence):
        correct(done, AdvisorFactory(user__branch=branch, expired=True).user, SELL)


# -- professional investors --------------------------------------------------------------------------------------------


def test_a_professional_investor_lacks_no_risk_grade(client: Client) -> None:
    Client.objects.update(**PROFESSIONAL)
    client.refresh_from_db()

    codes = {one.code for one in look_at(client, MONDAY).deviations}

    assert codes == {"concentration", "needs_missing"}


def test_the_share_of_shares_is_not_bound_by_a_grade_that_does_not_bind_him(client: Client) -> None:
    Client.objects.update(investor_class="A", risk_grade="C1", risk_valid_until=date(2026, 1, 5))
    client.refresh_from_db()

    assert not {"equity_grade", "grade_expired"} & {one.code for one in look_at(client, MONDAY).deviations}


def test_a_class_that_ran_out_yesterday_makes_him_ordinary_again(client: Client) -> None:
    Client.objects.update(**{**PROFESSIONAL, "investor_class": "C"}, investor_class_until=MONDAY)
    client.refresh_from_db()

    today, tomorrow = look_at(client, MONDAY).deviations, look_at(client, MONDAY + timedelta(days=1)).deviations

    assert ["grade_missing" in {one.code for one in found} for found in (today, tomorrow)] == [False, True]


def test_a_professional_investor_is_proposed_what_is_riskiest_without_a_grade(client: Client, advisor: User) -> None:
    Client.objects.update(**PROFESSIONAL)

    done = propose(client, advisor, buy("510300.SH", "沪深300ETF", "R5"))

    assert (done.state, done.risk_grade, done.highest_risk) == ("done", "", "R5")


def test_a_professional_investor_signs_an_agreement_without_a_grade(branch: Branch, advisor: User) -> None:
    his = {"number": "TG1", "signed_on": MONDAY, "risk_disclosure": "2026-01", "actor": advisor, "now": morning(MONDAY)}
    until = {"investor_class": "B", "investor_class_until": MONDAY - timedelta(days=1)}

    signed = sign_agreement(client=ClientFactory(branch=branch, advisor=advisor, investor_class="B"), **his)
    with pytest.raises(NoRiskGrade):
        sign_agreement(client=ClientFactory(branch=branch, advisor=advisor, **until), **{**his, "number": "TG2"})

    assert signed.number == "TG1"


def test_the_grade_of_a_professional_investor_brings_no_review_forward(client: Client, branch: Branch) -> None:
    ReviewFactory(client=client, done=True, done_on=date(2026, 5, 4), next_on=date(2026, 11, 4), risk_grade="C3")
    Client.objects.update(investor_class="A", risk_grade="C2", risk_valid_until=MONDAY - timedelta(days=1))

    plan_reviews(branch=branch, now=morning(MONDAY), actor=system_user())

    assert [one.code for one in PortfolioReview.objects.due().get().reasons if one.code.startswith("grade")] == []
