"""The catalogue of services and the grid of entitlements: who may change what, editions, a branch's own copy."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from clients.models import Client, RiskGrade
from crm.core.access import system_user
from crm.core.errors import InvalidInput, MissingRight, StaleEdit
from crm.core.models import Branch
from tests.doors import Staff, Web
from tests.factories.clients import ClientFactory
from tests.factories.services import EntitlementFactory, PromiseFactory, ServiceItemFactory, programme_of
from tests.tiers.catalogue_ground import SAID, TODAY
from tiers.errors import LaterEntitlementStands, ServiceEnded, ServiceOfBranch
from tiers.gates import Gate, passing_q, register_gate
from tiers.models import ContactCadence, Delivery, Entitlement, MarketEvent, Promise, ServiceDay, ServiceItem
from tiers.services.bookings import day_of
from tiers.services.catalogue import adapt_item, change_item, create_item, end_item, seed_catalogue
from tiers.services.entitlements import set_cadence, set_entitlement
from tiers.slices import period_of

pytestmark = pytest.mark.django_db


def test_the_products_catalogue_names_process_standard_limit_and_owner_of_each_service(branch: Branch) -> None:
    made = seed_catalogue(company=branch.company, actor=system_user())

    assert {item.kind for item in made} == {"basic", "value_added", "care"}
    for item in made:
        item.full_clean()
        assert item.process_en and item.process_zh and item.standard_en and item.standard_zh, item.code
        assert item.limit_days and item.entitlements.exists(), item.code
    basic = [item for item in made if item.kind == "basic"]
    assert {item.entitlements.count() for item in basic} == {6}  # like for like: the same for every tier
    assert ServiceItem.objects.get(code="private_fund").least_grade == "C4"
    assert seed_catalogue(company=branch.company, actor=system_user()) == []


def test_the_catalogue_reserves_a_plan_an_advisor_and_talks_for_the_upper_tiers(
    branch: Branch, staff: Staff, web: Web
) -> None:
    seed_catalogue(company=branch.company, actor=system_user())
    programme_of(branch)
    upper = {"platinum", "diamond", "private"}

    for code in ("own_advisor", "bespoke_plan", "private_circle", "salon"):
        item = ServiceItem.objects.get(company=branch.company, code=code)
        tiers = set(item.entitlements.values_list("tier_code", flat=True))
        assert "private" in tiers and tiers <= upper, code

    page = web(staff("branch_manager")).get(reverse("tiers:catalogue")).content.decode()
    assert all(
        name in page for name in ("Advisor of one&#x27;s own", "Bespoke plan", "Private circle", "Investment salon")
    )


def test_the_head_office_keeps_the_companys_services_and_a_branch_its_own(
    branch: Branch, other_branch: Branch, staff: Staff
) -> None:
    boss, house, company = staff("branch_manager"), staff("head_office", branch=None), branch.company

    with pytest.raises(MissingRight):
        create_item(code="tea", values=SAID, company=company, actor=boss)
    with pytest.raises(MissingRight):
        create_item(code="tea", values=SAID, company=company, branch=other_branch, actor=boss)
    own = create_item(code="tea", values=SAID, company=company, branch=branch, actor=boss)
    theirs = create_item(code="tea", values=SAID, company=company, actor=house)

    assert list(ServiceItem.objects.of_branch(branch)) == [own]
    assert list(ServiceItem.objects.of_branch(other_branch)) == [theirs]


def test_each_change_is_an_edition_and_what_was_promised_stays(branch: Branch, staff: Staff) -> None:
    house = staff("head_office", branch=None)
    item = create_item(code="tea", values=SAID, company=branch.company, actor=house)
    row = PromiseFactory(client=ClientFactory(branch=branch), item=item)

    changed = change_item(item=item, values={"standard_zh": "一小时"}, reason="细化", actor=house, version=1)
    same = change_item(item=item, values={"standard_zh": "一小时"}, reason="", actor=house)

    assert (changed.version, same.version) == (2, 2)
    editions = list(item.editions.order_by("number"))
    assert [(row.number, row.terms["standard_zh"]) for row in editions] == [(1, ""), (2, "一小时")]
    assert (editions[1].reason, editions[1].made_by) == ("细化", house)
    assert Promise.objects.get(pk=row.pk).edition == 1
    with pytest.raises(StaleEdit):
        change_item(item=item, values={"name_en": "Coffee"}, reason="x", actor=house, version=1)
    with pytest.raises(InvalidInput) as refused:
        change_item(item=item, values={"rhythm": "rolling"}, reason="x", actor=house)
    assert list(refused.value.fields) == ["rhythm"]


def test_the_page_says_what_each_edition_changed_and_costs_only_to_who_may_see_them(
    branch: Branch, staff: Staff, web: Web
) -> None:
    house = staff("head_office", branch=None)
    item = create_item(code="tea", values={**SAID, "cost": Decimal(12)}, company=branch.company, actor=house)
    said = {"standard_en": "One hour", "cost": Decimal(25), "purposes": ["care", "market"], "least_grade": "C3"}
    change_item(item=item, values=said, reason="细化", actor=house)
    page = reverse("tiers:service", args=[item.public_id])

    seen = web(staff("branch_manager")).get(page).content.decode()
    costless = web(staff("advisor")).get(page).content.decode()

    told = [("Standard in English", "— → One hour"), ("Least risk grade", f"— → {RiskGrade('C3').label}")]
    told.append(("Purposes that count", "— → Market news · Care"))
    for label, words in told:
        assert f"<dt>{label}</dt>" in seen and words in seen
        assert f"<dt>{label}</dt>" in costless and words in costless
    assert ("12.00 → 25.00" in seen, "25.00" in costless) == (True, False)
    assert "Name in English" not in seen


def test_a_promise_shows_the_words_that_were_promised_and_the_copy_of_a_branch_its_own(
    branch: Branch, staff: Staff, web: Web
) -> None:
    house, boss = staff("head_office", branch=None), staff("branch_manager")
    item = create_item(code="tea", values={**SAID, "standard_en": "Half an hour"}, company=branch.company, actor=house)
    row = PromiseFactory(client=ClientFactory(branch=branch), item=item, edition=item.version)
    change_item(item=item, values={"standard_en": "One hour"}, reason="细化", actor=house)
    page = reverse("tiers:promise", args=[row.public_id])

    before = web(boss).get(page).content.decode()
    item.refresh_from_db()
    adapt_item(item=item, branch=branch, actor=boss)
    after = web(boss).get(page).content.decode()

    assert ("Half an hour" in before, "One hour" in before) == (True, False)
    assert ("Half an hour" in after, "One hour" in after) == (False, True)


@pytest.mark.parametrize("state", ["done", "missed", "waived", "closed"])
def test_what_is_settled_keeps_the_words_that_were_promised_when_the_branch_makes_its_own_copy(
    branch: Branch, staff: Staff, web: Web, state: str
) -> None:
    house, boss = staff("head_office", branch=None), staff("branch_manager")
    item = create_item(code="tea", values={**SAID, "standard_en": "Half an hour"}, company=branch.company, actor=house)
    first = item.editions.get()
    settled = {
        "done": {"kept_on": TODAY, "proof": "hand"},
        "waived": {"decided_by": boss, "reason": "婉拒"},
        "closed": {"closed_as": "tier"},
    }
    client = ClientFactory(branch=branch)
    row = PromiseFactory(client=client, item=item, edition=item.version, state=state, **settled.get(state, {}))
    change_item(item=item, values={"standard_en": "One hour"}, reason="细化", actor=house)
    item.refresh_from_db()

    own = adapt_item(item=item, branch=branch, actor=boss)
    change_item(item=own, values={"standard_en": "Two hours"}, reason="本部", actor=boss)

    page = web(boss).get(reverse("tiers:promise", args=[row.public_id])).content.decode()
    assert [words in page for words in ("Half an hour", "One hour", "Two hours")] == [True, False, False]
    kept = own.editions.get(number=first.number)
    assert (kept.made_by, kept.made_at, kept.terms) == (first.made_by, first.made_at, first.terms)
    assert list(own.editions.order_by("number").values_list("number", "made_by")) == [
        (1, house.pk), (2, house.pk), (3, boss.pk), (4, boss.pk),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"rhythm": "on_request", "proof": "booking"}, "places"),
        ({"rhythm": "on_request", "proof": "hand", "places": 2}, "proof"),
        ({"gate": "nowhere"}, "gate"),
        ({"name_zh": ""}, "name_zh"),
        ({"cost": -1}, ""),
    ],
)
def test_a_service_that_makes_no_sense_is_refused_by_its_field(
    branch: Branch, wrong: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        create_item(code="tea", values={**SAID, **wrong}, company=branch.company, actor=system_user())

    assert list(refused.value.fields) == [field]


def test_the_database_refuses_a_service_that_is_booked_but_not_proved_by_it(branch: Branch) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ServiceItemFactory(company=branch.company, rhythm="on_request", proof="hand")


def test_a_service_ends_once_today_at_the_earliest(branch: Branch, staff: Staff) -> None:
    item, house = ServiceItemFactory(company=branch.company), staff("head_office", branch=None)

    with pytest.raises(InvalidInput):
        end_item(item=item, last_day=TODAY - timedelta(days=1), today=TODAY, reason="停", actor=house)
    assert end_item(item=item, last_day=TODAY, today=TODAY, reason="停", actor=house).ends_on == TODAY
    with pytest.raises(ServiceEnded):
        end_item(item=item, last_day=TODAY, today=TODAY, reason="停", actor=house)


def test_a_branchs_own_copy_takes_over_entitlements_and_what_is_owed(
    branch: Branch, other_branch: Branch, staff: Staff
) -> None:
    item, boss = ServiceItemFactory(company=branch.company), staff("branch_manager")
    EntitlementFactory(item=item)
    here = PromiseFactory(client=ClientFactory(branch=branch), item=item)
    there = PromiseFactory(client=ClientFactory(branch=other_branch), item=item)

    own = adapt_item(item=item, branch=branch, actor=boss)

    assert list(own.entitlements.values_list("tier_code", "times")) == [("gold", 1)]
    assert Promise.objects.get(pk=here.pk).item == own
    assert Promise.objects.get(pk=there.pk).item == item
    with pytest.raises(ServiceOfBranch):
        adapt_item(item=item, branch=branch, actor=boss)
    change_item(item=own, values={"limit_days": 3}, reason="更快", actor=boss)


def test_days_rounds_and_sendings_of_the_branch_go_over_to_its_own_copy(
    branch: Branch, other_branch: Branch, staff: Staff
) -> None:
    boss = staff("branch_manager")
    item = ServiceItemFactory(company=branch.company, booked=True)
    days, rounds, sendings = {}, {}, {}
    for place in (branch, other_branch):
        days[place] = ServiceDay.objects.create(item=item, branch=place, day=TODAY, places=7, taken=1)
        rounds[place] = MarketEvent.objects.create(
            branch=place, item=item, name="降准", day=TODAY, ask="告知", tier_codes=["gold"], due_on=TODAY,
            called_by=boss, called_at=timezone.now(), asked_at=timezone.now(),
        )  # fmt: skip
        sendings[place] = Delivery.objects.create(
            item=item, branch=place, kind="send", day=TODAY, title="周报", made_by=boss
        )

    own = adapt_item(item=item, branch=branch, actor=boss)

    for rows in (days, rounds, sendings):
        for row in rows.values():
            row.refresh_from_db()
        assert (rows[branch].item, rows[other_branch].item) == (own, item)
    assert (days[branch].places, days[branch].taken) == (7, 1)
    assert day_of(own, branch, TODAY) == days[branch]
    for rows in (days, rounds):  # whoever holds the row as it was is told
        assert (rows[branch].version, rows[other_branch].version) == (2, 1)


def test_a_new_entitlement_ends_the_one_before_and_reaches_no_past_day(branch: Branch, staff: Staff) -> None:
    item, gold = ServiceItemFactory(company=branch.company), programme_of(branch).tiers.get(code="gold")
    old = EntitlementFactory(item=item)
    said = {"item": item, "tier": gold, "period": "month", "today": TODAY, "actor": staff("head_office", branch=None)}

    with pytest.raises(InvalidInput):
        set_entitlement(times=2, valid_from=TODAY - timedelta(days=1), **said)
    made = set_entitlement(times=2, valid_from=TODAY, **said)

    old.refresh_from_db()
    assert (old.valid_to, made.valid_to) == (TODAY - timedelta(days=1), None)
    assert list(Entitlement.objects.in_force(TODAY)) == [made]
    with pytest.raises(LaterEntitlementStands):
        set_entitlement(times=3, valid_from=TODAY, **said)
    with pytest.raises(MissingRight):
        set_entitlement(**{**said, "actor": staff("branch_manager"), "times": 3, "valid_from": date(2026, 7, 1)})


def test_a_cadence_is_the_companys_and_new_from_a_day_on(branch: Branch, staff: Staff) -> None:
    gold, house = programme_of(branch).tiers.get(code="gold"), staff("head_office", branch=None)
    said = {"company": branch.company, "tier": gold, "today": TODAY}

    set_cadence(days=30, valid_from=TODAY, actor=house, **said)
    set_cadence(days=None, valid_from=date(2026, 7, 1), actor=house, **said)

    assert list(ContactCadence.objects.in_force(TODAY).values_list("days", flat=True)) == [30]
    assert not ContactCadence.objects.in_force(date(2026, 7, 1)).exists()
    with pytest.raises(MissingRight):
        set_cadence(days=9, valid_from=date(2026, 8, 1), actor=staff("branch_manager"), **said)


def test_an_app_to_the_right_may_put_a_condition_on_a_service(branch: Branch) -> None:
    from django.db.models import Q

    from tiers import gates

    register_gate(Gate("rich", "Rich", lambda _day: Q(total_assets__gte=1)))
    try:
        item = ServiceItemFactory(company=branch.company, gate="rich")
        poor = ClientFactory(branch=branch)
        assert not Client.objects.filter(passing_q(item, TODAY), pk=poor.pk).exists()
        with pytest.raises(ValueError, match="twice"):
            register_gate(Gate("rich", "Rich", lambda _day: Q()))
    finally:
        gates._gates.pop("rich")


@pytest.mark.parametrize(
    ("facts", "passes"),
    [
        ({"total_assets": 2_999_999}, False),
        ({"total_assets": 3_000_000}, True),
        ({"total_assets": 1_000_000, "outside_assets": 2_000_000}, True),
        ({"total_assets": 1_000_000, "outside_assets": 1_999_999}, False),
        ({"kind": "institution", "total_assets": 9_000_000}, False),
        ({"kind": "institution", "own_funds": 10_000_000}, True),
        ({"investor_class": "B", "investor_class_until": TODAY}, True),
        ({"investor_class": "B", "investor_class_until": TODAY - timedelta(days=1)}, False),
    ],
)
def test_private_funds_are_for_qualified_investors_with_the_grade(
    branch: Branch, facts: dict[str, Any], passes: bool
) -> None:
    seed_catalogue(company=branch.company, actor=system_user())
    fund = ServiceItem.objects.get(company=branch.company, code="private_fund")
    graded = {"risk_grade": "C4", "risk_valid_until": TODAY}
    client = ClientFactory(branch=branch, **graded, **facts)

    assert Client.objects.filter(passing_q(fund, TODAY), pk=client.pk).exists() is passes
    Client.objects.filter(pk=client.pk).update(risk_grade="C3")
    assert not Client.objects.filter(passing_q(fund, TODAY), pk=client.pk).exists()


@pytest.mark.parametrize(
    ("period", "day", "bounds"),
    [
        ("month", date(2026, 2, 28), (date(2026, 2, 1), date(2026, 2, 28))),
        ("quarter", date(2026, 12, 31), (date(2026, 10, 1), date(2026, 12, 31))),
        ("half_year", date(2026, 7, 1), (date(2026, 7, 1), date(2026, 12, 31))),
        ("year", date(2024, 2, 29), (date(2024, 1, 1), date(2024, 12, 31))),
    ],
)
def test_periods_are_those_of_the_calendar(period: str, day: date, bounds: tuple[date, date]) -> None:
    assert period_of(period, day) == bounds
