"""How far the risk of a product may go for a client: the rule says the same of one client and of many."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import pytest

from clients.models import Client, InvestorClass, RiskGrade
from clients.suitability import highest_risk, suits_q
from crm.core.models import Branch
from tests.factories.clients import ClientFactory

TODAY = date(2026, 6, 1)
RISKS = ("R1", "R2", "R3", "R4", "R5")
REACH = {"C1": "R1", "C2": "R2", "C3": "R2", "C4": "R4", "C5": "R5"}  # a house that is careful with C3
VALID, OVER = TODAY, TODAY - timedelta(days=1)


def test_one_client_and_many_are_judged_alike(branch: Branch) -> None:
    grades = [("", None), *product(RiskGrade.values, (VALID, OVER))]
    classes = [("ordinary", None), ("B", None), ("B", VALID), ("B", OVER)]
    for (grade, until), lowest, (kind, ends) in product(grades, (False, True), classes):
        standing = {"risk_grade": grade, "risk_valid_until": until, "is_lowest_risk": lowest}
        ClientFactory(branch=branch, **standing, investor_class=kind, investor_class_until=ends)

    for risk in RISKS:
        found = set(Client.objects.filter(suits_q(risk, TODAY, REACH)).values_list("pk", flat=True))
        assert found == {one.pk for one in Client.objects.all() if highest_risk(one, TODAY, REACH) >= risk}, risk


@pytest.mark.parametrize(
    ("standing", "highest"),
    [
        ({"risk_grade": "C3", "risk_valid_until": VALID}, "R2"),
        ({"risk_grade": "C5", "risk_valid_until": OVER}, ""),
        ({"risk_grade": "C1", "risk_valid_until": VALID, "is_lowest_risk": True}, "R1"),
        ({"risk_grade": "C5", "risk_valid_until": VALID, "is_lowest_risk": True}, "R1"),
        ({"risk_grade": "", "investor_class": InvestorClass.A}, "R5"),
        ({"risk_grade": "C1", "risk_valid_until": VALID, "investor_class": "C", "investor_class_until": OVER}, "R1"),
    ],
)
def test_a_grade_reaches_as_far_as_the_figure_says_and_a_professional_investor_to_the_end(
    branch: Branch, standing: dict[str, object], highest: str
) -> None:
    assert highest_risk(ClientFactory.build(branch=branch, **standing), TODAY, REACH) == highest


def test_what_has_no_risk_grade_suits_everybody(branch: Branch) -> None:
    ClientFactory(branch=branch)

    assert Client.objects.filter(suits_q("", TODAY, REACH)).count() == 1
