"""Pages of programmes: from a brand's name to a programme in force, with a rule built row by row."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.core.access import system_user
from crm.core.clocks import local_date
from tests.tiers.plans import plan
from tiers.models import Programme
from tiers.services import drafts
from tiers.services.programmes import create_programme, seed_default_programme

pytestmark = pytest.mark.django_db


@pytest.fixture
def today():
    return local_date(timezone.now())


@pytest.fixture
def draft(branch, staff, today) -> Programme:
    author = staff("branch_manager")
    house = seed_default_programme(company=branch.company, actor=system_user())
    values = {"name_zh": "财富泰山", "name_en": "Mount Tai", "effective_from": today}
    return drafts.start_draft(
        actor=author, company=branch.company, branch=branch, code="taishan", values=values, source=house
    )


def test_a_brand_gives_its_name_and_nothing_else(branch, staff, web, today):
    manager = web(staff("branch_manager"))
    url = reverse("tiers:programme_start")
    assert "金色阳光" in manager.get(url, headers={"accept-language": "zh-hans"}).content.decode()

    nameless = manager.post(url, {"effective_from": today, "form_token": "n"})
    answer = manager.post(url, {"preset": "golden-sunshine", "effective_from": today, "form_token": "a"})

    made = Programme.objects.get()
    assert (nameless.status_code, answer.status_code) == (400, 302)
    assert answer.url == reverse("tiers:programme", args=[made.public_id])
    assert (made.code, made.name_zh, made.branch, made.tiers.count()) == ("golden-sunshine", "金色阳光", branch, 0)
    assert b"No tiers yet" in manager.get(answer.url).content


def test_a_copy_keeps_tiers_and_is_the_next_edition(branch, staff, web, today, draft):
    manager = web(staff("branch_manager"))

    manager.post(
        reverse("tiers:programme_start"),
        {"source": draft.public_id, "effective_from": today, "note": "上调", "form_token": "a"},
    )

    made = Programme.objects.order_by("-pk").first()
    assert (made.code, made.edition, made.based_on, made.tiers.count()) == ("taishan", 2, draft, 6)


@pytest.mark.parametrize("seen", ["²", "9" * 5000, "", "9"])
def test_a_button_pressed_with_a_version_that_is_none_changes_nothing_and_says_so(branch, staff, web, draft, seen):
    manager = web(staff("branch_manager"))

    answer = manager.post(reverse("tiers:programme_submit", args=[draft.public_id]), {"version": seen}, follow=True)

    draft.refresh_from_db()
    assert (answer.status_code, draft.state) == (200, "draft")
    assert b"This has been changed in the meantime." in answer.content


def test_a_rule_is_built_row_by_row_and_read_back(branch, staff, web, draft):
    manager = web(staff("branch_manager"))
    tier = draft.tiers.get(code="gold")
    url = reverse("tiers:tier_edit", args=[draft.public_id, tier.public_id])
    said = {"name_zh": "金卡", "name_en": "Gold", "code": "gold", "palette": 8, "emblem": "star", "form_token": "t"}
    said |= {"version": draft.version, "pmatch": "any", "pg0m": "all", "pg0c0k": "average_trading", "pg0c0s": "20"}
    said |= {"pg0c0a": "500,000", "pg1m": "any", "pg1c0k": "weighted", "pg1c0a": "8000"}
    said |= {"pg1c0t0w": "0.5", "pg1c0t0k": "average", "pg1c0t1w": "2", "pg1c0t1k": "commission", "pg1c0t1s": "6"}
    assert 'value="500000"' in manager.get(url).content.decode()

    looked = manager.post(url, {**said, "act": "p/add:0"}, headers={"hx-request": "true"})
    for act in ("p/add:²", "p/remove:0:²", f"p/add:{'9' * 5000}"):
        assert manager.post(url, {**said, "act": act}, headers={"hx-request": "true"}).status_code == 200
    unfinished = manager.post(url, {**said, "pg0c0a": "many", "act": "save"})
    saved = manager.post(url, {**said, "act": "save", "form_token": "u"})

    assert (looked.status_code, unfinished.status_code, saved.status_code) == (200, 400, 302)
    assert b"pg0c1k" in looked.content and b"commission of 6 months" in looked.content
    tier.refresh_from_db()
    assert (tier.lower_bound, tier.emblem) == (None, "star")
    assert tier.rule == {
        "any": [
            {"all": [{"metric": "average_trading", "span": 20, "at_least": "500000.00"}]},
            {
                "any": [
                    {
                        "metric": "weighted",
                        "terms": [
                            {"weight": "0.5", "metric": "average"},
                            {"weight": "2", "metric": "commission", "span": 6},
                        ],
                        "at_least": "8000.00",
                    }
                ]
            },
        ]
    }
    again = manager.get(url).content.decode()
    assert 'value="500000"' in again and 'value="0.5"' in again
    assert b"20 trading days" in manager.get(reverse("tiers:programme", args=[draft.public_id])).content


def test_a_tier_is_added_moved_and_taken_out(branch, staff, web, draft):
    manager = web(staff("branch_manager"))
    page = reverse("tiers:programme", args=[draft.public_id])
    said = {"name_zh": "至尊", "name_en": "Supreme", "code": "supreme", "palette": 7, "version": 1, "act": "save"}
    said |= {"pg0m": "all", "pg0c0k": "average", "pg0c0a": "50000000", "form_token": "n"}

    manager.post(reverse("tiers:tier_new", args=[draft.public_id]), said)
    made = draft.tiers.get(code="supreme")
    assert (made.rank, made.lower_bound) == (7, 50_000_000)
    for verb, version, order in (("down", 2, 6), ("up", 3, 7), ("up", 1, 7)):
        manager.post(reverse(f"tiers:tier_{verb}", args=[draft.public_id, made.public_id]), {"version": version})
        made.refresh_from_db()
        assert made.rank == order
    assert b"This has been changed in the meantime" in manager.get(page).content
    manager.post(reverse("tiers:tier_out", args=[draft.public_id, made.public_id]), {"version": 4})

    assert draft.tiers.count() == 6


def test_terms_of_all_tiers_are_kept(branch, staff, web, draft, today):
    manager = web(staff("branch_manager"))
    url = reverse("tiers:programme_edit", args=[draft.public_id])
    assert manager.get(url).status_code == 200
    said = {"name_zh": "财富泰山", "name_en": "Mount Tai", "effective_from": today, "window_days": 60, "down_after": 2}
    said |= {"grace_months": 6, "floor_months_0": 60, "floor_tier_0": "silver", "version": 1, "form_token": "e"}

    refused = manager.post(url, {**said, "window_days": 400, "form_token": "f"})
    saved = manager.post(url, said)

    assert (refused.status_code, saved.status_code) == (400, 302)
    draft.refresh_from_db()
    assert (draft.window_days, draft.down_after, draft.grace_months) == (60, 2, 6)
    assert draft.age_floors == [{"months": 60, "tier": "silver"}]
    page = manager.get(reverse("tiers:programme", args=[draft.public_id])).content.decode()
    assert "60 months with us: at least Silver" in page


def test_handed_in_approved_by_somebody_else_and_in_force(branch, staff, web, draft, today):
    manager, officer = web(draft.drafted_by), web(staff("compliance"))
    page = reverse("tiers:programme", args=[draft.public_id])
    activate = reverse("tiers:programme_activate", args=[draft.public_id])
    day = today + timedelta(days=3)

    manager.post(reverse("tiers:programme_submit", args=[draft.public_id]), {"version": 1})
    assert manager.post(activate, {"version": 2, "effective_from": day, "form_token": "m"}).status_code == 403
    assert b"Approve" in officer.get(page).content and b"Asks for" in officer.get(activate).content
    early = officer.post(activate, {"version": 2, "effective_from": "2020-01-01", "form_token": "x"})
    stale = officer.post(activate, {"version": 1, "effective_from": day, "form_token": "y"})
    done = officer.post(activate, {"version": 2, "effective_from": day, "form_token": "z"})

    assert (early.status_code, stale.status_code, done.status_code) == (400, 412, 302)
    draft.refresh_from_db()
    assert (draft.state, draft.effective_from) == ("active", day)
    assert officer.post(activate, {"version": 3, "effective_from": day, "form_token": "w"}).status_code == 409


def test_sent_back_with_a_word_that_the_author_reads(branch, staff, web, draft):
    manager, officer = web(draft.drafted_by), web(staff("compliance"))
    manager.post(reverse("tiers:programme_submit", args=[draft.public_id]), {"version": 1})
    url = reverse("tiers:programme_send_back", args=[draft.public_id])
    assert officer.get(url).status_code == 200

    officer.post(url, {"version": 2, "note": "缺少说明", "form_token": "s"})

    page = manager.get(reverse("tiers:programme", args=[draft.public_id])).content.decode()
    assert "缺少说明" in page and "Hand in for approval" in page


def test_two_editions_stand_side_by_side_and_differences_are_marked(branch, staff, web, draft):
    house = Programme.objects.get(code="default")
    drafts.put_tier(
        programme=draft, actor=draft.drafted_by, tier=draft.tiers.get(code="gold"), values={"bound": 600_000}
    )
    url = reverse("tiers:programme_compare")

    page = web(staff("advisor")).get(url, {"a": house.public_id, "b": draft.public_id})

    differing = [row for row in page.context["rows"] if row["differs"]]
    assert {(row["heading"], row["what"]) for row in differing} >= {("Gold", "Asks for")}
    assert not any(row["heading"] == "Silver" for row in differing)
    assert web(staff("advisor")).get(url, {"a": house.public_id, "b": "x"}).context["rows"] == []


def test_a_foreign_draft_is_not_found(branch, other_branch, staff, web):
    strange = create_programme(actor=system_user(), plan=plan("own", 5), company=branch.company, branch=other_branch)
    manager = web(staff("branch_manager"))

    for name in ("programme", "programme_edit", "tier_new"):
        assert manager.get(reverse(f"tiers:{name}", args=[strange.public_id])).status_code == 404


def test_the_companys_draft_is_no_branch_managers_to_shape(branch, staff, web):
    house = create_programme(actor=system_user(), plan=plan("house", 5), company=branch.company)
    manager = web(staff("branch_manager"))

    answer = manager.post(reverse("tiers:programme_submit", args=[house.public_id]), {"version": 1})

    assert answer.status_code == 403
