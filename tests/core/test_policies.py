"""Figures are read as of a day, followed and never edited, and changed by whoever answers for them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.figure_sources import source_in_words
from crm.core.figures_on_page import AREA_WORDS, PART_WORDS, in_words
from crm.core.models import AuditEntry, Policy, PolicyKey
from crm.core.policies import PolicyMissing, figures
from crm.core.services.policies import (
    BadFigure,
    NotYourFigure,
    SeedFigure,
    checked_value,
    may_set,
    seed_policies,
    set_policy,
)
from crm.seed import seed_figures

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 22)


def key(name: str) -> PolicyKey:
    return PolicyKey.objects.get(pk=name)


def put(actor, name, value, day, *, branch=None, today=TODAY):
    return set_policy(
        actor=actor, key=key(name), value=value, effective_from=day, source="decision 1", reason="because",
        branch=branch, today=today,
    )  # fmt: skip


# -- reading -----------------------------------------------------------------------------------------------------------


def test_a_figure_is_read_as_of_its_day():
    assert figures(date(2023, 8, 27)).rate("fee.stamp_sell") == Decimal("0.001")
    assert figures(date(2023, 8, 28)).rate("fee.stamp_sell") == Decimal("0.0005")


def test_before_the_first_version_there_is_none_and_that_is_said():
    with pytest.raises(PolicyMissing, match=r"fee\.stamp_sell"):
        figures(date(1999, 1, 1)).rate("fee.stamp_sell")
    with pytest.raises(PolicyMissing):
        figures(TODAY).integer("no.such")


def test_a_version_of_the_branch_beats_the_companys_there_and_only_there(branch, other_branch):
    put(system_user(), "matching.default_capacity", 77, TODAY, branch=branch)

    assert figures(TODAY, branch).integer("matching.default_capacity") == 77
    assert figures(TODAY, other_branch).integer("matching.default_capacity") != 77
    assert figures(TODAY).integer("matching.default_capacity") != 77
    assert figures(TODAY - timedelta(days=1), branch).integer("matching.default_capacity") != 77


def test_a_later_version_of_the_company_does_not_override_the_branch(branch):
    put(system_user(), "matching.default_capacity", 77, TODAY, branch=branch)
    put(system_user(), "matching.default_capacity", 88, TODAY + timedelta(days=1))

    assert figures(TODAY + timedelta(days=2), branch).integer("matching.default_capacity") == 77


def test_of_two_versions_for_the_same_day_the_newer_one_governs():
    put(system_user(), "reveal.daily_budget", 5, TODAY)
    put(system_user(), "reveal.daily_budget", 6, TODAY)

    assert figures(TODAY).figure("reveal.daily_budget").value == 6
    assert figures(TODAY).figure("reveal.daily_budget").version == 3


def test_all_figures_cost_one_query(cost_of, branch):
    assert cost_of(lambda: figures(TODAY, branch)) == 1


def test_every_figure_of_the_product_is_readable_in_its_kind():
    found = figures(TODAY)
    readers = {
        "integer": found.integer, "money": found.money, "rate": found.rate, "flag": found.flag, "text": found.text,
        "list": found.integers, "bands": found.json, "table": found.json,
    }  # fmt: skip

    for row in PolicyKey.objects.all():
        readers[row.kind](row.pk)
        assert in_words(row, found.raw(row.pk))


# -- seeding -----------------------------------------------------------------------------------------------------------


def test_seeding_twice_adds_nothing_and_touches_nothing():
    before = list(Policy.objects.order_by("pk").values())

    assert seed_policies(actor=system_user(), table=seed_figures()) == 0
    assert list(Policy.objects.order_by("pk").values()) == before


NEW_LAW = date(2027, 3, 1)


def released(name: str, *, certainty: str = "A") -> list[SeedFigure]:
    """The figures of a next release: ``name`` has one more version."""
    new = {"from": NEW_LAW, "value": 99, "source": "a new law", "certainty": certainty}
    return [
        replace(figure, versions=(*figure.versions, new)) if figure.key == name else figure for figure in seed_figures()
    ]


def test_a_release_adds_a_dated_version_once_and_leaves_the_branchs_own_alone(branch):
    put(system_user(), "matching.default_capacity", 77, TODAY, branch=branch)
    before = list(Policy.objects.order_by("pk").values())
    table = released("matching.default_capacity")

    added = [seed_policies(actor=system_user(), table=table) for _turn in range(2)]

    assert added == [1, 0]
    assert list(Policy.objects.order_by("pk").values())[: len(before)] == before
    assert figures(NEW_LAW).integer("matching.default_capacity") == 99
    assert figures(NEW_LAW - timedelta(days=1)).integer("matching.default_capacity") != 99
    assert figures(NEW_LAW, branch).integer("matching.default_capacity") == 77


def test_a_version_that_the_company_has_set_for_that_day_is_not_overruled(staff):
    put(staff("compliance"), "visit.new_account_days", 20, NEW_LAW)

    assert seed_policies(actor=system_user(), table=released("visit.new_account_days")) == 0
    assert figures(NEW_LAW).integer("visit.new_account_days") == 20


@pytest.mark.parametrize(("certainty", "added"), [("own", 0), ("A", 1)])
def test_a_new_law_follows_what_people_set_and_a_new_default_of_the_house_does_not(staff, certainty, added):
    put(staff("compliance"), "visit.new_account_days", 20, TODAY)

    found = seed_policies(actor=system_user(), table=released("visit.new_account_days", certainty=certainty))

    assert found == added
    assert figures(NEW_LAW).integer("visit.new_account_days") == (99 if added else 20)


def test_ages_read_as_ages():
    with override("zh-hans"):
        assert in_words(key("suitability.elder_age_soft"), 65) == "65 岁"


def test_every_figure_has_a_source_a_certainty_and_an_owner_that_exists():
    from crm.core.models import Role

    roles = set(Role.objects.values_list("key", flat=True))
    for row in Policy.objects.select_related("policy_key"):
        assert row.source
        assert row.certainty in {"A", "B", "C", "recalled", "own"}
        assert row.policy_key.owner in roles


def test_every_value_of_the_product_has_the_shape_of_its_kind():
    for row in Policy.objects.select_related("policy_key"):
        assert checked_value(row.policy_key.kind, row.value) is not None


# -- who answers for what ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "figure", "place", "may"),
    [
        ("branch_manager", "matching.weights", "own", True),
        ("branch_manager", "matching.weights", "other", False),
        ("branch_manager", "matching.weights", "company", False),
        ("branch_manager", "reveal.daily_budget", "own", False),
        ("compliance", "reveal.daily_budget", "company", True),
        ("compliance", "reveal.daily_budget", "other", True),
        ("compliance", "matching.weights", "company", False),
        ("compliance", "sign_in.second_factor", "company", False),
        ("head_office", "fee.stamp_sell", "company", True),
        ("head_office", "matching.weights", "company", True),
        ("head_office", "reveal.daily_budget", "company", False),
        ("administrator", "sign_in.second_factor", "company", True),
        ("administrator", "reveal.daily_budget", "company", False),
        ("advisor", "matching.weights", "own", False),
        ("auditor", "reveal.daily_budget", "company", False),
    ],
)
def test_who_sets_which_figure_where(staff, branch, other_branch, role, figure, place, may):
    where = {"own": branch, "other": other_branch, "company": None}[place]
    actor = staff(role)

    assert may_set(actor, key(figure), where) is may
    value = figures(TODAY).raw(figure)
    if may:
        assert put(actor, figure, value, TODAY, branch=where).version >= 1
    else:
        with pytest.raises(NotYourFigure):
            put(actor, figure, value, TODAY, branch=where)


def test_a_figure_never_changes_in_the_past(staff):
    with pytest.raises(BadFigure) as refused:
        put(staff("compliance"), "reveal.daily_budget", 5, TODAY - timedelta(days=1))
    assert "effective_from" in refused.value.fields


def test_setting_leaves_the_old_version_and_an_entry_with_both_values(staff):
    put(staff("compliance"), "reveal.daily_budget", 5, TODAY)

    assert Policy.objects.filter(policy_key="reveal.daily_budget").count() == 2
    entry = AuditEntry.objects.get(action="policy.set")
    assert (entry.before, entry.after["value"], entry.reason) == ({"value": 60}, 5, "because")


# -- shapes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        ("reveal.daily_budget", -1), ("reveal.daily_budget", "ten"), ("reveal.daily_budget", 1.5),
        ("kyc.large_client_threshold", "NaN"), ("kyc.large_client_threshold", "-1"),
        ("visit.annual_share", "1.01"), ("visit.annual_share", "Infinity"),
        ("sign_in.second_factor", "yes"), ("sign_in.second_factor", 1),
        ("id.expiry_reminders", []), ("id.expiry_reminders", [30, "x"]), ("id.expiry_reminders", 30),
        ("complaint.sla_days", {"ordinary": 3}), ("complaint.sla_days", {"ordinary": 3, "major": 7, "difficult": "x"}),
        ("complaint.sla_days", [3, 7, 15]), ("complaint.sla_days", {"ordinary": 3, "major": 7, "difficult": True}),
        ("business.segments", [["09:00", "25:00"]]), ("business.segments", [["nine", "ten"]]), ("business.segments", []),
        ("calendar.alarm_from", "02-30"), ("calendar.alarm_from", "November"), ("assets.file_due", "9:30"),
        ("suitability.bands", [{"grade": "C1"}]), ("tier.basis", "DROP TABLE"), ("tier.basis", ""),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_shape_is_refused(figure, value):
    with pytest.raises(BadFigure) as refused:
        put(system_user(), figure, value, TODAY)
    assert "value" in refused.value.fields


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        ("kyc.large_client_threshold", "5000000"), ("visit.annual_share", "0.15"), ("sign_in.second_factor", True),
        ("id.expiry_reminders", [60, 0]), ("complaint.sla_days", {"ordinary": 2, "major": 5, "difficult": 10}),
        ("business.segments", [["08:30", "12:00"]]), ("calendar.alarm_from", "10-15"),
        ("suitability.bands", [{"grade": "C1", "from": 0}, {"grade": "C2", "from": 25}]),
    ],
)  # fmt: skip
def test_a_value_of_the_right_shape_governs_from_its_day(figure, value):
    put(system_user(), figure, value, TODAY)

    assert figures(TODAY).raw(figure) == value


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
