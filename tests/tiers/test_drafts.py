"""Drafts: begun, shaped, handed in, and put in force by somebody who had no hand in them; what was in force stays as it was."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from crm.core.access import system_user
from crm.core.errors import FourEyes, InvalidInput, MissingRight, StaleEdit
from crm.core.models import AuditEntry
from tests.factories.core import CompanyFactory
from tests.tiers.plans import plan
from tiers.errors import BadProgramme, EditionInForce, NotSubmitted
from tiers.models import Programme, Tier
from tiers.services import drafts
from tiers.services.programmes import create_programme, seed_default_programme

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 1, 2, tzinfo=UTC)
TODAY = date(2026, 6, 1)
HEAD = {"name_zh": "玖天财富", "name_en": "Ninth Heaven Wealth", "effective_from": TODAY, "note": "试行"}


def begin(branch, actor, **more) -> Programme:
    said = {"company": branch.company, "branch": branch, "code": "ninth-heaven", "values": HEAD, **more}
    said["branch"] = said.pop("place", said["branch"])
    return drafts.start_draft(actor=actor, **said)


def with_tiers(draft: Programme, actor) -> Programme:
    for number, bound in enumerate((None, "1000", "5000"), 1):
        values = {"code": f"t{number}", "name_zh": f"{number}级", "name_en": f"T{number}", "palette": number}
        values |= {"bound": Decimal(bound)} if bound else {}
        draft = drafts.put_tier(programme=draft, actor=actor, values=values)
    return draft


def in_force(draft: Programme, author, approver, **more) -> Programme:
    drafts.submit_programme(programme=draft, actor=author, now=NOW)
    return drafts.activate_programme(programme=draft, actor=approver, now=NOW, **more)


def test_the_seven_brands_are_empty_shells(branch, staff):
    assert [each.zh for each in drafts.presets().values()] == [
        "金色阳光", "财富泰山", "玖天财富", "金阳光", "华彩人生", "金管家", "君弘俱乐部",
    ]  # fmt: skip
    draft = begin(branch, staff("branch_manager"))

    assert (draft.state, draft.edition, draft.tiers.count()) == ("draft", 1, 0)
    assert drafts.lacking(draft)


def test_a_draft_governs_only_after_somebody_else_put_it_in_force(branch, staff):
    author, officer = staff("branch_manager"), staff("compliance")
    draft = with_tiers(begin(branch, author), author)
    assert Programme.objects.governing(branch, TODAY) is None

    in_force(draft, author, officer)

    assert Programme.objects.governing(branch, TODAY) == draft
    draft.refresh_from_db()
    assert (draft.approved_by, draft.approved_at) == (officer, NOW)
    assert [entry.action for entry in AuditEntry.objects.filter(action__startswith="programme.").order_by("pk")] == [
        "programme.draft", *["programme.change"] * 3, "programme.submit", "programme.activate",
    ]  # fmt: skip


def test_nobody_who_had_a_hand_in_it_approves_it(branch, staff):
    first, second, third = staff("head_office"), staff("head_office"), staff("head_office")
    draft = with_tiers(begin(branch, first), first)
    drafts.change_draft(programme=draft, actor=second, values={"note": "x"})
    drafts.submit_programme(programme=draft, actor=first, now=NOW)

    for author in (first, second):
        with pytest.raises(FourEyes):
            drafts.activate_programme(programme=draft, actor=author, now=NOW)
    drafts.activate_programme(programme=draft, actor=third, now=NOW)

    with pytest.raises(IntegrityError), transaction.atomic():
        Programme.objects.filter(pk=draft.pk).update(approved_by=first)


def test_an_edition_in_force_is_never_edited(branch, staff):
    author = staff("branch_manager")
    draft = with_tiers(begin(branch, author), author)
    in_force(draft, author, staff("compliance"))
    tier = draft.tiers.get(rank=2)
    before = list(Tier.objects.order_by("pk").values())

    for change in (
        lambda: drafts.change_draft(programme=draft, actor=author, values={"window_days": 5}),
        lambda: drafts.put_tier(programme=draft, actor=author, tier=tier, values={"bound": Decimal(1)}),
        lambda: drafts.put_tier(programme=draft, actor=author, values={"code": "t9"}),
        lambda: drafts.order_tier(programme=draft, actor=author, tier=tier, step=0),
        lambda: drafts.submit_programme(programme=draft, actor=author, now=NOW),
    ):
        with pytest.raises(EditionInForce):
            change()
    with pytest.raises(NotSubmitted):
        drafts.activate_programme(programme=draft, actor=staff("compliance"), now=NOW)

    assert list(Tier.objects.order_by("pk").values()) == before


def test_a_programme_takes_effect_today_or_later_and_the_day_is_the_approvers(branch, staff):
    author, officer = staff("branch_manager"), staff("compliance")
    draft = with_tiers(begin(branch, author), author)
    drafts.submit_programme(programme=draft, actor=author, now=NOW)

    with pytest.raises(InvalidInput):
        drafts.activate_programme(programme=draft, actor=officer, now=NOW, effective_from=TODAY - timedelta(days=1))
    drafts.activate_programme(programme=draft, actor=officer, now=NOW, effective_from=TODAY + timedelta(days=30))

    assert Programme.objects.governing(branch, TODAY) is None
    assert Programme.objects.governing(branch, TODAY + timedelta(days=30)) == draft


def test_the_next_edition_follows_the_one_before_from_its_day_and_the_past_keeps_the_old(branch, staff):
    author, officer = staff("branch_manager"), staff("compliance")
    first = with_tiers(begin(branch, author), author)
    in_force(first, author, officer)

    second = begin(branch, author, source=first)
    tier = second.tiers.get(rank=2)
    drafts.put_tier(programme=second, actor=author, tier=tier, values={"bound": Decimal(2000)})
    in_force(second, author, officer, effective_from=TODAY + timedelta(days=30))

    assert (second.edition, second.based_on) == (2, first)
    assert Programme.objects.governing(branch, TODAY) == first
    assert Programme.objects.governing(branch, TODAY + timedelta(days=30)) == second
    assert first.tiers.get(rank=2).lower_bound == 1000


def test_an_incomplete_draft_cannot_be_handed_in(branch, staff):
    author = staff("branch_manager")
    draft = with_tiers(begin(branch, author), author)
    drafts.put_tier(programme=draft, actor=author, tier=draft.tiers.get(rank=3), values={"bound": None})

    with pytest.raises(BadProgramme):
        drafts.submit_programme(programme=draft, actor=author, now=NOW)


def test_what_was_handed_in_waits_and_comes_back_with_a_word(branch, staff):
    author, officer = staff("branch_manager"), staff("compliance")
    draft = with_tiers(begin(branch, author), author)
    drafts.submit_programme(programme=draft, actor=author, now=NOW)
    with pytest.raises(EditionInForce):
        drafts.change_draft(programme=draft, actor=author, values={"note": "late"})

    drafts.send_back_programme(programme=draft, actor=officer, note="缺少说明")

    draft.refresh_from_db()
    assert (draft.state, draft.decision_note) == ("draft", "缺少说明")
    drafts.change_draft(programme=draft, actor=author, values={"note": "补充"})


def test_tiers_change_places_and_the_lowest_asks_for_nothing(branch, staff):
    author = staff("branch_manager")
    draft = with_tiers(begin(branch, author), author)
    drafts.change_draft(programme=draft, actor=author, values={"age_floors": [{"months": 60, "tier": "t3"}]})

    with pytest.raises(BadProgramme):
        drafts.order_tier(programme=draft, actor=author, tier=draft.tiers.get(code="t2"), step=-1)
    with pytest.raises(BadProgramme):
        drafts.order_tier(programme=draft, actor=author, tier=draft.tiers.get(code="t1"), step=0)
    drafts.order_tier(programme=draft, actor=author, tier=draft.tiers.get(code="t3"), step=-1)
    assert list(draft.tiers.order_by("rank").values_list("code", "rank")) == [("t1", 1), ("t3", 2), ("t2", 3)]
    drafts.order_tier(programme=draft, actor=author, tier=draft.tiers.get(code="t3"), step=0)

    draft.refresh_from_db()
    assert list(draft.tiers.order_by("rank").values_list("code", "rank")) == [("t1", 1), ("t2", 2)]
    assert draft.age_floors == []


def test_whoever_shapes_a_draft_over_somebody_elses_change_is_told(branch, staff):
    author = staff("branch_manager")
    draft = begin(branch, author)
    drafts.change_draft(programme=draft, actor=author, values={"note": "a"}, version=1)

    with pytest.raises(StaleEdit):
        drafts.change_draft(programme=draft, actor=author, values={"note": "b"}, version=1)


def test_a_manager_shapes_programmes_of_his_own_branch_alone(branch, other_branch, staff):
    manager = staff("branch_manager")
    house = seed_default_programme(company=branch.company, actor=system_user())
    strange = create_programme(actor=system_user(), plan=plan("p", 5), company=CompanyFactory(code="XX"))

    for wrong in ({"place": None}, {"place": other_branch}):
        with pytest.raises(MissingRight):
            begin(branch, manager, **wrong)
    for programme in (house, strange):
        with pytest.raises(MissingRight):
            drafts.retire_programme(programme=programme, actor=manager)
    with pytest.raises(MissingRight):
        drafts.retire_programme(programme=strange, actor=staff("head_office"))


def test_a_retired_edition_gives_way_to_the_company(branch, staff):
    house = seed_default_programme(company=branch.company, actor=system_user())
    own = create_programme(
        actor=system_user(), plan=plan("own", 5), company=branch.company, branch=branch, activate=True
    )

    with pytest.raises(MissingRight):
        drafts.retire_programme(programme=own, actor=staff("branch_manager"))
    with pytest.raises(StaleEdit):
        drafts.retire_programme(programme=own, actor=staff("head_office"), version=7)
    drafts.retire_programme(programme=own, actor=staff("head_office"), version=1)
    with pytest.raises(EditionInForce):
        drafts.retire_programme(programme=own, actor=staff("head_office"))

    assert Programme.objects.governing(branch, date(2026, 1, 1)) == house


@pytest.mark.parametrize(
    "terms",
    [
        {"window_days": 0},
        {"down_after": 25},
        {"grace_months": -1},
        {"age_floors": [{"months": 0, "tier": "t2"}]},
        {"age_floors": [{"months": 12, "tier": "none"}]},
        {"age_floors": [{"months": 12, "tier": "t2"}, {"months": 12, "tier": "t3"}]},
        {"age_floors": ["x"]},
    ],
)
def test_terms_out_of_reach_are_refused(branch, staff, terms):
    author = staff("branch_manager")
    draft = with_tiers(begin(branch, author), author)

    with pytest.raises(BadProgramme) as refused:
        drafts.change_draft(programme=draft, actor=author, values=terms)

    assert list(refused.value.fields) == list(terms)
