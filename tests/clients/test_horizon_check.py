"""How long the client can do without his money (R43) stands in his profile and in the check of what he asks for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.utils.translation import override

from clients.conditions import read
from clients.models import PermissionCode
from clients.querysets.precheck import precheck
from clients.questions import Horizon
from crm.core.models import Branch, Policy, User
from crm.core.policies import figures
from tests.factories.clients import ClientFactory
from tests.factories.needs import NeedsInterviewFactory

DAY = date(2026, 6, 2)


def asked(branch: Branch, horizon: str | None, *, code: str = "neeq_base", **of: Any) -> tuple[str, str] | None:
    """Outcome and words of the condition after an interview with this answer; None where nothing is asked."""
    client = ClientFactory(branch=branch, **of)
    if horizon is not None:
        said = {"horizon": "", "refused": ["horizon"]} if horizon == "refused" else {"horizon": horizon}
        NeedsInterviewFactory(client=client, is_present=True, answered_on={"horizon": "2026-05-01"}, **said)
    found = [one for one in precheck(client, code, DAY).conditions if one.key == "horizon"]
    with override("en"):
        return (found[0].outcome, read([found[0].stored()])[0].why) if found else None


@pytest.mark.parametrize(
    ("horizon", "outcome", "words"),
    [
        ("short", "not_met", "The client said: Under 1 year (2026-05-01). needed: 1 to 3 years"),
        ("medium", "met", "The client said: 1 to 3 years"),
        ("very_long", "met", "Over 5 years"),
        ("open", "met", "No fixed term"),
        ("refused", "unknown", "The client would not say."),
        ("", "unknown", "Nobody has asked the client yet."),
        (None, "unknown", "Nobody has asked the client yet."),
    ],
)
def test_the_check_holds_what_the_client_said_against_what_the_market_needs(
    branch: Branch, horizon: str | None, outcome: str, words: str
) -> None:
    found = asked(branch, horizon)

    assert found is not None and found[0] == outcome and words in found[1]


def test_a_market_from_which_one_can_leave_any_day_asks_for_none_and_a_branch_may_ask(branch: Branch) -> None:
    assert asked(branch, "short", code="star") is None
    table = figures(DAY).raw("suitability.horizons")
    assert table.keys() == set(PermissionCode.values) and set(table.values()) <= {"none", *Horizon.values}

    Policy.objects.filter(policy_key__key="suitability.horizons").update(value={**table, "star": "long"})

    assert (asked(branch, "medium", code="star") or ("",))[0] == "not_met"
    assert (asked(branch, "long", code="star") or ("",))[0] == "met"


def test_institutions_are_not_asked(branch: Branch) -> None:
    assert (asked(branch, "short", kind="institution") or ("",))[0] == "waived"


def test_the_condition_stands_on_the_page_of_the_pre_check(
    branch: Branch, staff: Callable[..., User], web: Any
) -> None:
    client = ClientFactory(branch=branch)

    page = web(staff("branch_manager")).get(f"/clients/{client.public_id}/permissions/neeq_base/").content.decode()

    assert "Investment horizon" in page and "Nobody has asked the client yet." in page
