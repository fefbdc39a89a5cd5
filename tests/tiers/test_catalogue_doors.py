"""The catalogue of services on its pages and through REST."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.models import Branch
from tests.doors import Api, Staff, Web, send
from tests.factories.services import EntitlementFactory, ServiceItemFactory, programme_of
from tests.tiers.catalogue_ground import SAID
from tiers.models import ServiceItem
from tiers.services.catalogue import seed_catalogue
from tiers.services.programmes import seed_default_programme

pytestmark = pytest.mark.django_db


def test_a_manager_adds_changes_and_ends_a_service_of_the_branch(branch: Branch, staff: Staff, web: Web) -> None:
    programme_of(branch)
    browser, today = web(staff("branch_manager")), local_date(timezone.now())
    said = {
        "form_token": "a", "code": "tea", "name_en": "Tea", "name_zh": "茶叙", "kind": "care", "rhythm": "periodic",
        "proof": "hand", "owner_role": "advisor", "channel": "visit", "limit_days": 3, "cost": "12.50",
        "starts_on": today.isoformat(),
    }  # fmt: skip

    added = browser.post(reverse("tiers:service_new"), said)
    item = ServiceItem.objects.get(code="tea")
    page = browser.get(reverse("tiers:service", args=[item.public_id]))
    changed = browser.post(
        reverse("tiers:service_edit", args=[item.public_id]),
        {**said, "form_token": "b", "version": 1, "limit_days": 2, "reason": "提速"},
    )
    gold = programme_of(branch).tiers.get(code="gold")
    entitled = browser.post(
        reverse("tiers:entitlement_set", args=[item.public_id, gold.public_id]),
        {"form_token": "c", "times": 2, "period": "quarter", "valid_from": today.isoformat()},
    )
    grid = browser.get(reverse("tiers:grid")).content.decode()
    ended = browser.post(
        reverse("tiers:service_end", args=[item.public_id]),
        {"form_token": "d", "version": 2, "last_day": today.isoformat(), "reason": "试点结束"},
    )

    assert [answer.status_code for answer in (added, page, changed, entitled, ended)] == [302, 200, 302, 302, 302]
    item.refresh_from_db()
    assert (item.branch, item.limit_days, item.ends_on) == (branch, 2, today)
    assert "2 per quarter" in grid
    assert "Tea" in browser.get(reverse("tiers:catalogue")).content.decode()


def test_a_code_that_the_branch_has_already_is_refused_by_its_field(
    branch: Branch, staff: Staff, web: Web, api: Api
) -> None:
    boss = staff("branch_manager")
    ServiceItemFactory(company=branch.company, branch=branch, code="tea")
    said = {
        "code": "tea", "name_en": "Tea", "name_zh": "茶叙", "kind": "care", "rhythm": "periodic", "proof": "hand",
        "starts_on": "2026-01-01",
    }  # fmt: skip
    form = {**said, "form_token": "a", "owner_role": "advisor", "channel": "visit", "limit_days": 3, "cost": "0"}

    page = web(boss).post(reverse("tiers:service_new"), form)
    answer = send(api(boss), "/api/v1/services/", **said)

    assert (page.status_code, page.context["form"].errors) == (409, {"code": ["This code is taken."]})
    assert (answer.status_code, answer.data["code"]) == (409, "service_code_taken")
    assert answer.data["fields"] == {"code": ["This code is taken."]}
    assert ServiceItem.objects.filter(code="tea").count() == 1


def test_the_companys_service_is_not_the_managers_to_change_but_to_copy(branch: Branch, staff: Staff, web: Web) -> None:
    item, browser = ServiceItemFactory(company=branch.company), web(staff("branch_manager"))

    refused = browser.post(
        reverse("tiers:service_end", args=[item.public_id]),
        {"form_token": "a", "version": 1, "last_day": local_date(timezone.now()).isoformat(), "reason": "x"},
    )
    copied = browser.post(reverse("tiers:service_adapt", args=[item.public_id]), {"form_token": "b"})

    assert (refused.status_code, copied.status_code) == (403, 302)
    assert ServiceItem.objects.filter(branch=branch, code=item.code).exists()


def test_the_head_office_reads_tiers_by_name_and_the_system_in_its_own_language(
    branch: Branch, staff: Staff, web: Web
) -> None:
    seed_default_programme(company=branch.company, actor=system_user())
    seed_catalogue(company=branch.company, actor=system_user())
    item, house = ServiceItem.objects.get(code="private_fund"), web(staff("head_office", branch=None))

    page = house.get(reverse("tiers:service", args=[item.public_id]), headers={"accept-language": "zh-hans"})

    said = page.content.decode()
    assert [row["tier_name"] for row in page.context["entitlements"]] == ["钻石", "私人"]
    assert "<td>系统</td>" in said and "System" not in said


def test_what_is_always_there_stands_without_a_number_in_its_history(branch: Branch, staff: Staff, web: Web) -> None:
    programme = seed_default_programme(company=branch.company, actor=system_user())
    seed_catalogue(company=branch.company, actor=system_user())
    item = ServiceItem.objects.filter(rhythm="standing").earliest("pk")

    gold = programme.tiers.get(code="gold")
    page = web(staff("head_office", branch=None)).get(
        reverse("tiers:entitlement_set", args=[item.public_id, gold.public_id])
    )

    assert "<td>always</td>" in page.content.decode()


def test_the_grid_costs_the_same_for_one_service_and_for_ten(
    branch: Branch, staff: Staff, web: Web, cost_of: Any
) -> None:
    programme_of(branch)
    browser = web(staff("branch_manager"))
    EntitlementFactory(item=ServiceItemFactory(company=branch.company))
    pages = [reverse("tiers:grid"), reverse("tiers:catalogue")]
    for page in pages:
        browser.get(page)
    one = [cost_of(lambda page=page: browser.get(page)) for page in pages]  # type: ignore[misc]

    for _n in range(9):
        EntitlementFactory(item=ServiceItemFactory(company=branch.company))

    assert [cost_of(lambda page=page: browser.get(page)) for page in pages] == one  # type: ignore[misc]
    assert max(one) <= 10


def test_the_catalogue_over_rest(branch: Branch, staff: Staff, api: Api) -> None:
    gold, phone = programme_of(branch).tiers.get(code="gold"), api(staff("branch_manager"))
    today = local_date(timezone.now()).isoformat()
    said = {**SAID, "starts_on": "2026-01-01", "cost": "3.00", "code": "tea"}

    made = send(phone, "/api/v1/services/", **said)
    url = f"/api/v1/services/{made.data['id']}/"
    changed = phone.patch(url, {"limit_days": 1, "reason": "快"}, format="json", headers={"If-Match": '"1"'})
    unseen = phone.patch(url, {"limit_days": 1, "reason": "快"}, format="json")
    entitled = send(
        phone, "/api/v1/entitlements/", key="e", service=made.data["id"], tier=gold.public_id, times=2, period="month",
        valid_from=today,
    )  # fmt: skip
    ended = send(phone, f"{url}end/", key="x", version=2, last_day=today, reason="停")
    company_wide = ServiceItemFactory(company=branch.company)
    copied = send(phone, f"/api/v1/services/{company_wide.public_id}/adapt/", key="y")

    assert (made.status_code, made.data["branch"], made.data["cost"]) == (201, branch.code, "3.00")
    assert (changed.status_code, changed.data["version"], unseen.status_code) == (200, 2, 428)
    assert (entitled.status_code, entitled.data["tier_code"]) == (201, "gold")
    assert (ended.status_code, ended.data["ends_on"], copied.status_code) == (201, today, 201)
    seen = api(staff("advisor")).get(url)
    assert (seen.status_code, seen.data["cost"]) == (200, None)
    assert send(api(staff("advisor")), "/api/v1/services/", key="z", **said).status_code == 403
    assert phone.get("/api/v1/entitlements/", {"on": today, "tier": "gold"}).data["results"]
    assert [gate["key"] for gate in phone.get("/api/v1/services/gates/").data] == ["professional", "qualified"]
