"""Figures are read as of a day, followed and never edited, and changed by whoever answers for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils.translation import override

from crm.core.access import system_user
from crm.core.figures_on_page import in_words
from crm.core.models import AuditEntry, Policy, PolicyKey
from crm.core.policies import PolicyMissing, figures
from crm.core.services.policies import BadFigure, NotYourFigure, SeedFigure, checked_value, may_set, seed_policies
from crm.seed import seed_figures
from tests.core.policy_ground import TODAY, key, put

pytestmark = pytest.mark.django_db


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
    assert (entry.before, entry.after["value"], entry.reason) == ({"value": 120}, 5, "because")


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
