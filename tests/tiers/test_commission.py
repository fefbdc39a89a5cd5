"""What trading costs: legal limits, rows that follow one another, four eyes, and who may see it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from crm.core.access import system_user
from crm.core.errors import FourEyes, MissingRight, StaleEdit
from crm.core.models import AuditEntry
from tests.factories.clients import ClientFactory
from tests.factories.core import BranchFactory, UserFactory
from tests.factories.tiers import ClientRateFactory, RateCardFactory, put_days
from tiers.errors import LaterRateStands, RateDecided, RateNotAllowed, RateNotInForce, RateWaiting
from tiers.models import ClientRate, RateCard, Tier
from tiers.querysets import effective_rates, may_see_commission
from tiers.services.commission import (
    Price,
    approve_client_rate,
    below_line,
    check_price,
    end_client_rate,
    needs_two,
    propose_client_rate,
    reject_client_rate,
    set_rate_card,
)
from tiers.services.evaluation import evaluate
from tiers.services.programmes import seed_default_programme

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 1, 2, tzinfo=UTC)
DAY = date(2026, 6, 1)


def price(rate: str = "0.00025", *, product: str = "A_SHARE", basis: str = "all_in", min_fee: str = "5") -> Price:
    return Price(product, Decimal(rate), basis, Decimal(min_fee))


@pytest.fixture
def tier(branch) -> Tier:
    return seed_default_programme(company=branch.company, actor=system_user()).tiers.get(code="gold")


@pytest.fixture
def client_of(branch):
    def make(advisor):
        return ClientFactory(branch=advisor.branch, advisor=advisor)

    return make


@pytest.mark.parametrize(
    "allowed",
    [
        price("0.003"),
        price("0.0000541"),
        price("0.0029459", basis="net"),
        price("0.000001", basis="net"),
        price("0.000145", product="BSE"),
        price("0.00001", product="BOND", min_fee="0"),
    ],
)
def test_rates_between_the_fees_passed_through_and_the_cap_are_allowed(figures, allowed):
    check_price(allowed, figures)


@pytest.mark.parametrize(
    ("forbidden", "field"),
    [
        (price("0.003001"), "rate"),
        (price("0.000054"), "rate"),
        (price("0.002946", basis="net"), "rate"),
        (price("0"), "rate"),
        (price("-0.001"), "rate"),
        (price("0.000144", product="BSE"), "rate"),
        (price("0.0031", product="OPTION"), "rate"),
        (price(min_fee="4.99"), "min_fee"),
    ],
)
def test_rates_beyond_the_rules_are_refused_with_the_field(figures, forbidden, field):
    with pytest.raises(RateNotAllowed) as refused:
        check_price(forbidden, figures)

    assert list(refused.value.fields) == [field]


@given(rate=st.decimals("-0.001", "0.005", places=6), basis=st.sampled_from(["all_in", "net"]))
def test_whatever_is_allowed_keeps_to_the_cap_with_all_fees(rate, basis):
    from crm.core.policies import Figures

    known = Figures(
        DAY,
        {
            "commission.passthrough": ("", {"SSE": ["0.0000341", "0.00002"]}, 1, DAY, ""),
            "commission.max_rate_all_in": ("", "0.003", 1, DAY, ""),
            "commission.min_fee": ("", "5", 1, DAY, ""),
        },
    )
    try:
        check_price(Price("A_SHARE", rate, basis, Decimal(5)), known)
    except RateNotAllowed:
        return

    all_in = rate if basis == "all_in" else rate + Decimal("0.0000541")
    assert Decimal("0.0000541") <= all_in <= Decimal("0.003")


def test_a_new_row_of_the_card_ends_the_one_before_and_changes_nothing_else(tier, staff):
    first = set_rate_card(tier=tier, price=price("0.0003"), valid_from=date(2026, 1, 1), actor=staff("head_office"))

    second = set_rate_card(tier=tier, price=price("0.0002"), valid_from=DAY, actor=staff("head_office"), reason="x")

    first.refresh_from_db()
    assert (first.valid_to, first.rate, second.valid_to) == (date(2026, 5, 31), Decimal("0.0003"), None)
    assert RateCard.objects.in_force(date(2026, 5, 31)).get() == first
    assert RateCard.objects.in_force(DAY).get() == second
    with pytest.raises(LaterRateStands):
        set_rate_card(tier=tier, price=price(), valid_from=DAY, actor=staff("head_office"))


def test_the_card_of_another_company_is_out_of_reach(tier):
    stranger = UserFactory(role="head_office", branch=BranchFactory(company__code="XX"))

    with pytest.raises(MissingRight):
        set_rate_card(tier=tier, price=price(), valid_from=DAY, actor=stranger)


def test_a_rate_goes_from_proposal_to_approval_by_somebody_else(branch, staff, client_of):
    advisor, manager = staff("advisor"), staff("branch_manager")
    client = client_of(advisor)

    rate = propose_client_rate(
        client=client, price=price("0.0002"), valid_from=DAY, reason="资产转入", actor=advisor, now=NOW
    )
    assert effective_rates(client, DAY) == []
    approve_client_rate(rate=rate, actor=manager, now=NOW, version=1)

    (found,) = effective_rates(client, DAY)
    assert (found.rate, found.is_own, found.row.decided_by) == (Decimal("0.0002"), True, manager)
    actions = AuditEntry.objects.filter(action__startswith="client_rate").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == ["client_rate.propose", "client_rate.approve"]


def test_nobody_approves_his_own_proposal(branch, staff):
    manager = staff("branch_manager")
    rate = propose_client_rate(
        client=ClientFactory(branch=branch), price=price(), valid_from=DAY, reason="x", actor=manager, now=NOW
    )

    with pytest.raises(FourEyes):
        approve_client_rate(rate=rate, actor=manager, now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        ClientRate.objects.filter(pk=rate.pk).update(state="approved", decided_by=manager, decided_at=NOW)


def test_a_rate_is_decided_once(branch, staff):
    rate = ClientRateFactory(client__branch=branch)
    reject_client_rate(rate=rate, actor=staff("compliance"), now=NOW, note="太低")

    with pytest.raises(RateDecided):
        approve_client_rate(rate=rate, actor=staff("branch_manager"), now=NOW)


def test_a_decision_on_an_old_version_is_refused(branch, staff):
    rate = ClientRateFactory(client__branch=branch)

    with pytest.raises(StaleEdit):
        approve_client_rate(rate=rate, actor=staff("branch_manager"), now=NOW, version=9)


def test_one_proposal_waits_for_a_client_and_product(branch, staff):
    rate = ClientRateFactory(client__branch=branch)

    with pytest.raises(RateWaiting):
        propose_client_rate(
            client=rate.client, price=price(), valid_from=DAY, reason="x", actor=staff("branch_manager"), now=NOW
        )


def test_an_approved_rate_follows_the_one_before_and_never_overwrites_it(branch, staff):
    manager = staff("branch_manager")
    first = ClientRateFactory(client__branch=branch)
    approve_client_rate(rate=first, actor=manager, now=datetime(2026, 1, 1, 2, tzinfo=UTC))
    second = ClientRateFactory(client=first.client, rate=Decimal("0.00021"), valid_from=DAY)

    approve_client_rate(rate=second, actor=manager, now=NOW)

    first.refresh_from_db()
    assert (first.valid_to, first.rate) == (date(2026, 5, 31), Decimal("0.0002"))
    assert effective_rates(first.client, date(2026, 5, 31))[0].row == first
    assert effective_rates(first.client, DAY)[0].row == second
    backdated = ClientRateFactory(client=first.client, valid_from=date(2026, 3, 1))
    with pytest.raises(LaterRateStands):
        approve_client_rate(rate=backdated, actor=manager, now=NOW)


def test_an_ended_rate_falls_back_to_the_card_of_the_tier(branch, tier, staff):
    client = ClientFactory(branch=branch)
    put_days(branch, {client: {date(2026, 5, 29): 60_000_000}})
    evaluate(branch=branch, day=date(2026, 5, 29), actor=system_user())
    RateCardFactory(tier=tier, rate=Decimal("0.00025"))
    rate = ClientRateFactory(client=client)
    approve_client_rate(rate=rate, actor=staff("branch_manager"), now=NOW)

    end_client_rate(rate=rate, last_day=DAY, reason="x", actor=staff("branch_manager"), now=NOW)

    assert [found.is_own for day in (DAY, date(2026, 6, 2)) for found in effective_rates(client, day)] == [True, False]
    with pytest.raises(RateNotInForce):
        end_client_rate(rate=rate, last_day=DAY, reason="x", actor=staff("branch_manager"), now=NOW)


def test_a_rate_told_to_end_later_ends_before_the_one_that_takes_its_place_and_never_comes_back(branch, tier, staff):
    client, manager = ClientFactory(branch=branch), staff("branch_manager")
    put_days(branch, {client: {date(2026, 5, 29): 60_000_000}})
    evaluate(branch=branch, day=date(2026, 5, 29), actor=system_user())
    RateCardFactory(tier=tier, rate=Decimal("0.00025"))
    first = ClientRateFactory(client=client)
    approve_client_rate(rate=first, actor=manager, now=NOW)
    end_client_rate(rate=first, last_day=date(2026, 12, 31), reason="x", actor=manager, now=NOW)
    second = ClientRateFactory(client=client, valid_from=date(2026, 7, 1), valid_to=date(2026, 7, 31))

    approve_client_rate(rate=second, actor=manager, now=NOW)

    first.refresh_from_db()
    days = (date(2026, 6, 30), date(2026, 7, 1), date(2026, 8, 1))
    assert first.valid_to == date(2026, 6, 30)
    assert [effective_rates(client, day)[0].row.pk for day in days] == [first.pk, second.pk, RateCard.objects.get().pk]
    assert [effective_rates(client, day)[0].is_own for day in days] == [True, True, False]


def test_a_move_of_the_tier_reprices_no_agreed_rate(branch, tier, staff):
    client = ClientFactory(branch=branch)
    rate = ClientRateFactory(client=client)
    approve_client_rate(rate=rate, actor=staff("branch_manager"), now=NOW)
    before = ClientRate.objects.values().get()
    put_days(branch, {client: {date(2026, 5, 29): 60_000_000}})

    evaluate(branch=branch, day=date(2026, 5, 29), actor=system_user())

    assert ClientRate.objects.values().get() == before


def test_commission_is_seen_by_manager_compliance_head_office_and_the_own_advisor(
    branch, other_branch, staff, client_of
):
    advisor = staff("advisor")
    rate = ClientRateFactory(client=client_of(advisor))
    seeing = [advisor, staff("branch_manager"), staff("compliance"), staff("head_office")]
    blind = [
        staff("advisor"),
        staff("branch_manager", branch=other_branch),
        staff("auditor"),
        staff("front_desk"),
        staff("follow_up_caller"),
        staff("administrator"),
    ]

    assert all(rate in ClientRate.objects.visible_to(user) for user in seeing)
    assert not any(ClientRate.objects.visible_to(user).exists() for user in blind)
    assert all(may_see_commission(user, rate.client) for user in seeing)
    assert not any(may_see_commission(user, rate.client) for user in blind)


def test_the_trail_tells_terms_only_to_those_who_may_see_the_clients_commission(branch, other_branch, staff):
    manager = staff("branch_manager")
    rate = propose_client_rate(
        client=ClientFactory(branch=branch), price=price("0.00021"), valid_from=DAY, reason="x", actor=manager, now=NOW
    )

    def told(user):
        return AuditEntry.objects.visible_to(user).filter(action="client_rate.propose", object_id=rate.public_id)

    assert all(told(user).exists() for user in (manager, staff("compliance"), staff("head_office")))
    assert not any(told(user).exists() for user in (staff("auditor"), staff("branch_manager", branch=other_branch)))


def test_what_held_on_a_day_that_is_over_stays_as_it_was(branch, staff):
    yesterday = date(2026, 5, 31)
    client, manager = ClientFactory(branch=branch), staff("branch_manager")
    rate = ClientRateFactory(client=client)
    approve_client_rate(rate=rate, actor=manager, now=NOW)

    with pytest.raises(RateNotAllowed) as begun:
        propose_client_rate(client=client, price=price(), valid_from=yesterday, reason="x", actor=manager, now=NOW)
    with pytest.raises(RateNotAllowed) as ended:
        end_client_rate(rate=rate, last_day=yesterday, reason="x", actor=manager, now=NOW)

    assert (list(begun.value.fields), list(ended.value.fields)) == (["valid_from"], ["last_day"])
    assert effective_rates(client, DAY)[0].row == rate


def test_an_advisor_proposes_for_his_own_clients_only(branch, staff):
    with pytest.raises(MissingRight):
        propose_client_rate(
            client=ClientFactory(branch=branch),
            price=price(),
            valid_from=DAY,
            reason="x",
            actor=staff("advisor"),
            now=NOW,
        )


@pytest.mark.parametrize(
    ("rate", "basis", "below"),
    [
        ("0.000199", "all_in", True),
        ("0.0002", "all_in", False),
        ("0.000145", "net", True),
        ("0.000146", "net", False),
    ],
)
def test_what_is_marked_below_the_cost_line_takes_two_people(branch, figures, rate, basis, below):
    """One line for both: net rates count with the fees passed through, 0.0000541."""
    row = ClientRateFactory(client__branch=branch, rate=Decimal(rate), basis=basis)

    assert (below_line(row, figures), needs_two(row, DAY)) == (below, below)


@pytest.mark.parametrize(
    "wrong", [{"rate": 0}, {"min_fee": -1}, {"reason": ""}, {"valid_to": date(2025, 1, 1)}, {"state": "gone"}]
)
def test_the_database_refuses_rates_that_make_no_sense(branch, wrong):
    rate = ClientRateFactory(client__branch=branch)

    with pytest.raises(IntegrityError), transaction.atomic():
        ClientRate.objects.filter(pk=rate.pk).update(**wrong)
