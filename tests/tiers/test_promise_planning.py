"""Whose promises the sweep makes anew: of the branches whose tiers or terms have moved, and of nobody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from clients.models import Client
from crm.core.access import system_user
from crm.core.models import Branch
from tests.factories.clients import ClientFactory, ContactLogFactory
from tests.factories.services import (
    EntitlementFactory,
    PromiseFactory,
    ServiceItemFactory,
    morning,
    plan_on,
    programme_of,
    put_in_tier,
)
from tests.factories.tiers import TierOverrideFactory
from tiers.models import EvaluationRun, Promise, PromiseRun, ServiceItem, TierChange
from tiers.querysets.planning import marks_of
from tiers.services.catalogue import change_item
from tiers.services.entitlements import set_entitlement
from tiers.services.promise_contacts import settle_contacts
from tiers.services.promise_plan import plan_due_promises

pytestmark = pytest.mark.django_db

TODAY = date(2026, 5, 4)


def entitle(item: ServiceItem, branch: Branch) -> None:
    gold = programme_of(branch).tiers.get(code="gold")
    terms = {"times": 4, "period": "year", "valid_from": TODAY, "today": TODAY}
    set_entitlement(item=item, tier=gold, actor=system_user(), **terms)


def change_own(branch: Branch) -> None:
    entitle(ServiceItem.objects.get(branch=branch), branch)


def change_companys(branch: Branch) -> None:
    item = ServiceItem.objects.get(branch=None, code="house")
    change_item(item=item, values={"limit_days": 9}, reason="更久", actor=system_user())


def move_by_hand(branch: Branch) -> None:
    low, high = (programme_of(branch).tiers.get(code=code) for code in ("silver", "gold"))
    row = TierOverrideFactory(client=ClientFactory(branch=branch), before=low, tier=high)
    TierChange.objects.create(
        client=row.client, old=low, new=high, day=TODAY, reason="manual", total=0, days=0, override=row
    )


def move_by_run(branch: Branch) -> None:
    _evaluated(branch, first=1)


def move_nobody(branch: Branch) -> None:
    _evaluated(branch, no_data=3)


def _evaluated(branch: Branch, **found: int) -> None:
    programme = programme_of(branch)
    terms = {"window_days": 30, "down_after": 3, "actor": system_user()}
    EvaluationRun.objects.create(programme=programme, branch=branch, day=TODAY, **terms, **found)


@pytest.mark.parametrize(
    ("change", "again"),
    [
        (change_own, {"own"}),
        (change_companys, {"own", "other"}),
        (move_by_run, {"own"}),
        (move_by_hand, {"own"}),
        (move_nobody, set()),
    ],
)
def test_the_sweep_plans_anew_the_branches_that_a_change_reaches_and_no_other(
    branch: Branch, other_branch: Branch, change: Callable[[Branch], None], again: set[str]
) -> None:
    ServiceItemFactory(company=branch.company, code="house")
    for place in (branch, other_branch):
        ServiceItemFactory(company=branch.company, branch=place, code=f"own-{place.pk}")
    plan_due_promises(morning(TODAY))
    change(branch)

    later = morning(TODAY) + timedelta(hours=1)
    plan_due_promises(later)

    planned = set(PromiseRun.objects.filter(at=later).values_list("branch_id", flat=True))
    names = {branch.pk: "own", other_branch.pk: "other"}
    assert {names[pk] for pk in planned} == again


def test_the_marks_cost_the_same_for_one_branch_and_for_two(
    branch: Branch, other_branch: Branch, cost_of: Callable[[Callable[[], Any]], int]
) -> None:
    assert cost_of(lambda: marks_of([branch, other_branch])) == cost_of(lambda: marks_of([branch])) == 4


def test_a_contact_while_the_client_was_out_of_reach_keeps_what_is_owed_again(branch: Branch) -> None:
    EntitlementFactory(item=ServiceItemFactory(company=branch.company))
    client = ClientFactory(branch=branch)
    put_in_tier(client, "gold", date(2025, 1, 1))
    plan_on(branch, date(2026, 4, 1))
    Client.objects.filter(pk=client.pk).update(do_not_contact=True, do_not_contact_reason="客户要求")
    plan_on(branch, TODAY)
    ContactLogFactory(client=client, at=morning(TODAY), purpose="care")
    Client.objects.filter(pk=client.pk).update(do_not_contact=False, do_not_contact_reason="")

    plan_on(branch, TODAY + timedelta(days=1))

    assert Promise.objects.values_list("state", "kept_on").get() == ("done", TODAY)


def test_who_comes_back_into_another_tier_that_is_entitled_is_owed_it_again_by_that_tier(branch: Branch) -> None:
    item = ServiceItemFactory(company=branch.company)
    for tier in ("gold", "silver"):
        EntitlementFactory(item=item, tier_code=tier)
    client = ClientFactory(branch=branch)
    put_in_tier(client, "gold", date(2025, 1, 1))
    plan_on(branch, date(2026, 4, 1))
    put_in_tier(client, "ordinary", date(2026, 4, 10))
    plan_on(branch, date(2026, 4, 10))
    put_in_tier(client, "silver", date(2026, 4, 20))

    plan_on(branch, date(2026, 4, 20))

    assert Promise.objects.values_list("state", "tier_code", "closed_as").get() == ("due", "silver", "")


def test_what_was_kept_meanwhile_by_other_terms_is_not_owed_again(branch: Branch) -> None:
    item = ServiceItemFactory(company=branch.company)
    EntitlementFactory(item=item)
    EntitlementFactory(item=item, tier_code="private", times=3)
    client = ClientFactory(branch=branch)
    put_in_tier(client, "gold", date(2025, 1, 1))
    plan_on(branch, date(2026, 4, 1))
    put_in_tier(client, "ordinary", date(2026, 4, 2))
    plan_on(branch, date(2026, 4, 2))
    put_in_tier(client, "private", date(2026, 4, 5))
    plan_on(branch, date(2026, 4, 5))
    ContactLogFactory(client=client, at=morning(date(2026, 4, 6)), purpose="care")
    settle_contacts([client.pk], date(2026, 4, 6))
    put_in_tier(client, "gold", date(2026, 4, 8))

    plan_on(branch, date(2026, 4, 8))

    rows = Promise.objects.order_by("due_on").values_list("occurrence_key", "state")
    assert list(rows) == [("2026-Q2:1/3", "done"), ("2026-Q2:1/1", "closed")]


def test_what_was_owed_first_is_renamed_so_that_the_next_one_is_made_and_the_way_back_is_open(branch: Branch) -> None:
    """Kept on its first day under the old name, the next one had the same name and was never made."""
    item = ServiceItemFactory(company=branch.company, rhythm="rolling")
    EntitlementFactory(item=item, times=3)
    client = ClientFactory(branch=branch)
    put_in_tier(client, "gold", date(2025, 1, 1))
    done = {"state": "done", "proof": "hand", "kept_on": TODAY}
    terms = {"client": client, "item": item, "is_rolling": True, "due_on": TODAY + timedelta(days=30)}
    first = PromiseFactory(occurrence_key=f"after:{TODAY}", opens_on=TODAY, **done, **terms)
    later = PromiseFactory(
        occurrence_key="after:2026-02-03", opens_on=date(2026, 2, 4), **done, **{**terms, "due_on": date(2026, 3, 6)}
    )
    step = import_module("tiers.migrations.0019_the_first_of_a_row_has_a_name_of_its_own")

    step.rename("after", "from")(apps, None)
    renamed = [Promise.objects.get(pk=row.pk).occurrence_key for row in (first, later)]
    plan_on(branch, TODAY + timedelta(days=1))

    assert renamed == [f"from:{TODAY}", "after:2026-02-03"]
    assert Promise.objects.due().get().occurrence_key == f"after:{TODAY}"
    step.rename("from", "after")(apps, None)
    assert Promise.objects.get(pk=first.pk).occurrence_key == f"from:{TODAY}"
    Promise.objects.due().delete()
    step.rename("from", "after")(apps, None)
    assert Promise.objects.get(pk=first.pk).occurrence_key == f"after:{TODAY}"
