"""Figures on their pages and through REST, and the business hours among them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.figure_sources import source_in_words
from crm.core.figures_on_page import AREA_WORDS, PART_WORDS
from crm.core.models import Policy, PolicyKey
from crm.core.policies import PolicyMissing, figures
from tests.core.policy_ground import TODAY, put

pytestmark = pytest.mark.django_db


# -- pages -------------------------------------------------------------------------------------------------------------


def test_the_page_shows_value_source_certainty_and_owner(web, staff):
    text = web(staff("advisor")).get(reverse("core:policy_list")).content.decode()

    assert "0.5 ‰" in text
    assert "10,000,000" in text
    assert "from memory, to be confirmed" in text
    assert "Head office" in text


def test_the_page_looks_back(web, staff):
    text = web(staff("advisor")).get(reverse("core:policy_list"), {"on": "2010-01-01", "q": "stamp"}).content.decode()

    assert "1 ‰" in text
    assert "changes on 2023-08-28" in text


@pytest.mark.parametrize("query", ["on=yesterday", "on=2026-13-40", "place=x", "owner=x", "q=%25"])
def test_a_strange_question_is_answered_with_a_page(web, staff, query):
    assert web(staff("advisor")).get(f"{reverse('core:policy_list')}?{query}").status_code == 200


def test_versions_of_strangers_branches_are_not_shown(web, staff, branch, other_branch):
    put(system_user(), "matching.default_capacity", 54321, TODAY, branch=other_branch)
    url = reverse("core:policy_detail", args=["matching.default_capacity"])

    assert "54,321" not in web(staff("branch_manager")).get(url).content.decode()
    assert "54,321" in web(staff("compliance")).get(url).content.decode()


def said(**fields):
    day = local_date(timezone.now())
    return {
        "form_token": "t",
        "effective_from": day.isoformat(),
        "source": "s",
        "reason": "r",
        "certainty": "own",
        **fields,
    }


def test_a_branch_manager_sets_the_weights_of_his_branch(web, staff, branch):
    weights = '{"risk": 30, "tier": 20, "channel": 15, "language": 10, "age": 10, "sector": 15}'

    answer = web(staff("branch_manager")).post(
        reverse("core:policy_add", args=["matching.weights"]), said(value=weights, branch=branch.public_id)
    )

    assert answer.status_code == 302
    assert figures(local_date(timezone.now()), branch).json("matching.weights")["risk"] == 30


@pytest.mark.parametrize("place", ["", "other"])
def test_and_nowhere_else(web, staff, other_branch, place):
    branch = other_branch.public_id if place else ""

    answer = web(staff("branch_manager")).post(
        reverse("core:policy_add", args=["matching.default_capacity"]), said(value="10", branch=branch)
    )

    assert answer.status_code == 400
    assert Policy.objects.filter(policy_key="matching.default_capacity").count() == 1


def test_a_figure_of_another_owner_is_refused_with_a_sentence(web, staff, branch):
    page = web(staff("branch_manager")).post(
        reverse("core:policy_add", args=["reveal.daily_budget"]), said(value="1000", branch=branch.public_id)
    )

    assert page.status_code in (400, 403)
    assert "answers for this figure" in page.content.decode()
    assert Policy.objects.filter(policy_key="reveal.daily_budget").count() == 1


@pytest.mark.parametrize(
    "value", ["{", "[" * 5000, "NaN", '"x"', '{"ordinary": 3}', '{"ordinary":3,"major":7,"difficult":"\\u0000"}']
)
def test_a_table_that_is_none_is_refused_and_kept_in_the_form(web, staff, value):
    page = web(staff("compliance")).post(reverse("core:policy_add", args=["complaint.sla_days"]), said(value=value))

    assert page.status_code == 400
    assert "value" in page.context["form"].errors


def test_a_list_is_typed_with_commas_of_either_kind(web, staff):
    web(staff("compliance")).post(reverse("core:policy_add", args=["id.expiry_reminders"]), said(value="90，30, 0"))

    assert figures(local_date(timezone.now())).integers("id.expiry_reminders") == [90, 30, 0]
    assert Policy.objects.filter(policy_key="id.expiry_reminders").count() == 2


def test_a_flag_can_be_switched_both_ways(web, staff):
    browser, url = web(staff("administrator")), reverse("core:policy_add", args=["sign_in.second_factor"])

    browser.post(url, said(value="on"))
    assert figures(local_date(timezone.now())).flag("sign_in.second_factor") is True
    browser.post(url, said(form_token="u"))
    assert figures(local_date(timezone.now())).flag("sign_in.second_factor") is False


# -- business hours ----------------------------------------------------------------------------------------------------


def test_a_manager_sets_the_hours_of_his_branch(web, staff, branch, other_branch):
    browser = web(staff("branch_manager"))
    hours = {"form_token": "t", "every": "9:00-11:30， 13:00–17:00", "day_5": "10:00-12:00"}

    assert browser.post(reverse("core:hours_edit", args=[branch.public_id]), hours).status_code == 302
    assert [str(s) for s in branch.business_segments.all()] == ["09:00–11:30", "13:00–17:00", "10:00–12:00"]
    assert browser.post(reverse("core:hours_edit", args=[other_branch.public_id]), hours).status_code == 404


@pytest.mark.parametrize("every", ["9-17", "09:00-08:00", "09:00-12:00, 11:00-13:00", "25:00-26:00", "x"])
def test_impossible_hours_are_refused(web, staff, branch, every):
    page = web(staff("branch_manager")).post(
        reverse("core:hours_edit", args=[branch.public_id]), {"form_token": "t", "every": every}
    )

    assert page.status_code == 400
    assert not branch.business_segments.exists()


# -- REST --------------------------------------------------------------------------------------------------------------


def test_rest_lists_each_figure_once_as_of_the_day(api, staff):
    phone = api(staff("advisor"))

    old = phone.get("/api/v1/policies/", {"key": "fee.stamp_sell", "on": "2010-01-01"}).json()["results"]
    new = phone.get("/api/v1/policies/", {"key": "fee.stamp_sell"}).json()["results"]

    assert [(row["value"], row["version"]) for row in old] == [("0.001", 1)]
    assert [(row["value"], row["version"]) for row in new] == [("0.0005", 2)]
    assert new[0]["branch"] is None
    assert len(new[0]["id"]) == 26


def test_rest_walks_all_figures(api, staff):
    phone, seen, url = api(staff("advisor")), [], "/api/v1/policies/?page_size=20"
    while url:
        page = phone.get(url).json()
        seen += [row["key"] for row in page["results"]]
        url = page["next"]

    assert seen == sorted(PolicyKey.objects.values_list("key", flat=True))


def test_rest_answers_for_a_branch_the_caller_knows(api, staff, branch, other_branch):
    put(system_user(), "matching.default_capacity", 77, TODAY, branch=branch)
    phone = api(staff("branch_manager"))
    query = {"key": "matching.default_capacity", "on": "2026-12-01"}

    (row,) = phone.get("/api/v1/policies/", {**query, "branch": branch.public_id}).json()["results"]

    assert (row["value"], row["branch"]) == (77, branch.public_id)
    for stranger in (other_branch.public_id, "0" * 26, "x"):
        answer = phone.get("/api/v1/policies/", {**query, "branch": stranger})
        assert (answer.status_code, list(answer.json()["fields"])) == (400, ["branch"])


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "0001-01-01", "9999-12-31", "2026-11-22T00:00"])
def test_rest_refuses_a_day_that_is_none(api, staff, day):
    answer = api(staff("advisor")).get("/api/v1/policies/", {"on": day})

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_rest_writes_nothing(api, staff):
    phone = api(staff("compliance"))

    for method in (phone.post, phone.put, phone.patch, phone.delete):
        assert method("/api/v1/policies/", {}).status_code in (403, 405)  # the right is asked before the method
    assert not Policy.objects.exclude(created_by=system_user()).exists()


def _parts(value: Any) -> Iterator[str]:
    """Every name and code word inside a figure."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield name
            yield from _parts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _parts(part) if isinstance(part, list) else ()


def test_every_figure_of_the_product_reads_in_chinese():
    plans = tomllib.loads((settings.BASE_DIR / "crm" / "policies.toml").read_text("utf-8"))["figure"]
    versions = [row for plan in plans for row in (plan, *plan.get("versions", ()))]
    sources = {row["source"] for row in versions if re.search("[A-Za-z]{3}", row.get("source", ""))}
    names = {name for row in versions for name in _parts(row.get("value"))}

    with override("zh-hans"):
        assert {plan["key"].split(".")[0] for plan in plans} <= AREA_WORDS.keys()
        assert {str(PART_WORDS.get(name, name)) for name in names if str(PART_WORDS.get(name, name)).islower()} == set()
        assert {source for source in sources if source_in_words(source) == source} == set()


def test_a_day_without_figures_is_refused_in_a_sentence_and_never_a_fault():
    from crm.core.errors import DomainError

    with pytest.raises(PolicyMissing) as refusal:
        figures(date(1900, 1, 1)).figure("fee.stamp_sell")

    assert isinstance(refusal.value, DomainError)
    assert (refusal.value.status, refusal.value.code) == (400, "figure_missing")
    assert "1900-01-01" in str(refusal.value.message)
