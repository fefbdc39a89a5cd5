"""What waits for a decision about tiers stands in my day of whoever may decide, and of nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.translation import override

from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.workbench.queue import todays_items
from tests.factories.clients import ClientFactory
from tests.factories.services import PromiseFactory
from tests.factories.tiers import TierOverrideFactory
from tiers.services import drafts
from tiers.services.programmes import seed_default_programme

pytestmark = pytest.mark.django_db


def words(user) -> list[str]:
    with override("en"):
        return [item.reason for item in todays_items(user, local_date(timezone.now())) if item.kind == "decision"]


def test_a_tier_by_hand_waits_for_others_than_the_one_who_asked(branch, staff):
    manager, other = staff("branch_manager"), staff("branch_manager")
    soon = local_date(timezone.now()) + timedelta(days=3)
    TierOverrideFactory(client=ClientFactory(branch=branch), requested_by=manager, decide_by=soon, valid_to=soon)

    assert (words(manager), words(other), words(staff("advisor"))) == ([], ["Tier by hand"], [])


def test_a_programme_waits_for_those_who_had_no_hand_in_it(branch, staff):
    author, today = staff("head_office"), local_date(timezone.now())
    house = seed_default_programme(company=branch.company, actor=system_user())
    values = {"name_zh": "新", "name_en": "New", "effective_from": today}
    draft = drafts.start_draft(
        actor=author, company=branch.company, branch=None, code="default", values=values, source=house
    )
    assert words(staff("compliance")) == []
    drafts.submit_programme(programme=draft, actor=author, now=timezone.now())

    assert words(staff("compliance")) == ["Tier programme to be put in force"]
    assert (words(author), words(staff("branch_manager"))) == ([], [])


@pytest.mark.parametrize(("status", "due"), [("active", 1), ("closed", 0), ("suspended", 0)])
def test_what_a_client_was_owed_leaves_the_day_as_soon_as_he_is_served_no_longer(branch, staff, status, due):
    advisor, today = staff("advisor"), local_date(timezone.now())
    client = ClientFactory(branch=branch, advisor=advisor)
    PromiseFactory(client=client, opens_on=today, due_on=today + timedelta(days=2))
    assert len([item for item in todays_items(advisor, today) if item.kind == "promise"]) == 1

    type(client).objects.filter(pk=client.pk).update(status=status, closed_on=today if status == "closed" else None)

    assert len([item for item in todays_items(advisor, today) if item.kind == "promise"]) == due
