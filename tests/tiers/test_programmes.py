"""Programmes: their tiers from plan and file, editions, and who sees them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction

from crm.core.access import system_user
from tests.factories.core import BranchFactory
from tests.factories.tiers import TierFactory
from tests.tiers.plans import plan
from tiers.errors import BadProgramme
from tiers.models import Programme, Tier
from tiers.querysets import tier_lines
from tiers.services.programmes import create_programme, read_plan, seed_default_programme

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("bounds", [(), ("5", "5"), ("9", "5"), (-5, 5), tuple(range(1, 9))])
def test_tiers_that_make_no_ladder_are_refused(branch, bounds):
    with pytest.raises(BadProgramme):
        create_programme(actor=system_user(), plan=plan("p", *bounds), company=branch.company)

    assert not Programme.objects.exists()


def test_the_same_code_again_is_the_next_edition_and_the_old_one_stays(branch):
    first, second = (
        create_programme(actor=system_user(), plan=plan("p", bound), company=branch.company) for bound in (5, 7)
    )

    assert (first.edition, second.edition) == (1, 2)
    assert first.tiers.get(rank=2).lower_bound == 5


def test_a_branch_sees_its_own_programmes_and_the_companys(branch, other_branch, staff):
    house = create_programme(actor=system_user(), plan=plan("house", 5), company=branch.company)
    own, other = (
        create_programme(actor=system_user(), plan=plan("own", 5), company=branch.company, branch=place)
        for place in (branch, other_branch)
    )

    assert set(Programme.objects.visible_to(staff("branch_manager"))) == {house, own}
    assert set(Programme.objects.visible_to(staff("head_office"))) == {house, own, other}
    assert not Programme.objects.visible_to(staff("branch_manager", branch=BranchFactory(company__code="XX"))).exists()


def test_the_lowest_tier_has_no_bound_whoever_writes(db):
    tier = TierFactory()

    with pytest.raises(IntegrityError), transaction.atomic():
        Tier.objects.filter(pk=tier.pk).update(lower_bound=Decimal(1))


@pytest.mark.parametrize("text", ["", "code = 'x'", "[[tier]]\ncode='a'", "code = ", "\x00"])
def test_a_file_that_holds_no_programme_is_refused_with_a_reason(tmp_path: Path, text):
    path = tmp_path / "p.toml"
    path.write_text(text)

    with pytest.raises(BadProgramme) as refused:
        read_plan(path)

    assert str(refused.value.message)


def test_the_lines_for_a_chart_are_the_bounds_that_govern(branch):
    assert tier_lines(branch, date(2026, 1, 1)) == []
    seed_default_programme(company=branch.company, actor=system_user())

    lines = tier_lines(branch, date(2026, 1, 1))

    assert [line.lower_bound for line in lines] == [100_000, 500_000, 1_000_000, 5_000_000, 10_000_000]
    assert all(1 <= line.palette <= 8 for line in lines)
