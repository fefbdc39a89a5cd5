"""In a real browser, in Chinese: a programme is drafted and approved, the night changes a badge, the proof says why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from crm.core.access import system_user
from crm.core.clocks import local_date
from tests.factories.clients import ClientFactory
from tests.factories.tiers import put_days
from tiers.models import Programme, TierOverride, TierState
from tiers.services.evaluation import evaluate
from tiers.services.programmes import seed_default_programme
from tiers.tasks import evaluate_branches

AXE = Path(__file__).resolve().parents[1] / "vendor" / "axe.min.js"
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WAN = 1_000_000


@pytest.fixture
def at_work(new_page: Callable[..., Any], web: Any, live_server: Any) -> Callable[..., Any]:
    """A page on which the member of staff is signed in."""

    def open_page(user: Any, **options: Any) -> Any:
        page = new_page(**options)
        cookie = web(user).cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        return page

    return open_page


@pytest.fixture
def graded(branch: Any, staff: Any) -> Any:
    """A silver client of an advisor, graded yesterday by the house's programme."""
    seed_default_programme(company=branch.company, actor=system_user())
    client = ClientFactory(branch=branch, advisor=staff("advisor"), name="段欣莹")
    yesterday = local_date(timezone.now()) - timedelta(days=1)
    put_days(branch, {client: {yesterday: 20 * WAN}})
    evaluate(branch=branch, day=yesterday, actor=system_user())
    return client


def accessible(page: Any) -> None:
    """axe finds nothing on the page as it stands, and nothing hangs over its edge."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "axe.run().then(result => result.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 120))]))"
    )
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_draft_becomes_a_programme_and_the_night_gives_a_client_another_badge(
    at_work: Any, staff: Any, branch: Any, graded: Any
) -> None:
    manager = at_work(staff("branch_manager"))
    manager.goto("/tiers/")
    manager.get_by_role("link", name="新建方案").click()
    manager.locator("select[name=preset]").select_option("wealth-taishan")
    manager.locator("select[name=source]").select_option(index=1)
    accessible(manager)
    manager.get_by_role("button", name="新建草案").click()
    manager.get_by_role("heading", name="财富泰山").wait_for()
    accessible(manager)

    draft = Programme.objects.get(code="wealth-taishan")
    gold = draft.tiers.get(code="gold")
    manager.locator(f"a[href$='/tiers/{gold.public_id}/']").click()
    manager.locator("#pg0c0a").fill("150000")
    manager.locator("#pg0c0a").press("Tab")
    manager.get_by_text("30个自然日日均资产不低于150,000.00元").wait_for()
    manager.locator("button[value='p/add:0']").click()
    manager.locator("#pg0c1k").select_option("commission")
    manager.locator("#pg0c1a").fill("0")
    manager.locator("#pg0c1a").press("Tab")
    manager.get_by_text("且12个月佣金不低于0.00元").wait_for()
    accessible(manager)
    manager.get_by_role("button", name="保存").click()
    manager.get_by_role("button", name="提交审批").click()
    manager.get_by_text("您参与了编制，须由他人审批。").wait_for()

    officer = at_work(staff("compliance"))
    officer.goto(f"/tiers/programmes/{draft.public_id}/")
    officer.get_by_role("link", name="批准").click()
    accessible(officer)
    officer.get_by_role("button", name="批准并生效").click()
    officer.get_by_text("方案已批准").wait_for()

    put_days(branch, {graded: {local_date(timezone.now()): 20 * WAN}})
    assert evaluate_branches(timezone.now()) == 1

    manager.goto(graded.get_absolute_url())
    manager.locator(".tier", has_text="金卡").first.wait_for()
    manager.get_by_role("link", name="评定依据").click()
    manager.get_by_role("link", name="银卡 → 金卡").click()
    manager.get_by_text("其他方案或版本重新评定。").wait_for()
    manager.get_by_role("heading", name="为何不是白金").wait_for()
    assert manager.get_by_text("800,000.00").count() == 1
    accessible(manager)


def test_a_tier_by_hand_is_asked_for_by_the_advisor_and_approved_by_the_manager(
    at_work: Any, staff: Any, branch: Any, graded: Any
) -> None:
    advisor, manager = at_work(graded.advisor), at_work(staff("branch_manager"))
    advisor.goto(f"/tiers/proof/{graded.public_id}/")
    advisor.get_by_role("link", name="申请人工调整等级").click()
    advisor.locator("select[name=tier]").select_option(label="金卡")
    advisor.locator("input[name=valid_to]").fill((local_date(timezone.now()) + timedelta(days=30)).isoformat())
    advisor.locator("input[name=reason]").fill("大额转入在途")
    accessible(advisor)
    advisor.get_by_role("button", name="申请").click()
    advisor.get_by_text("申请已提交").wait_for()

    manager.goto("/tiers/by-hand/")
    accessible(manager)
    manager.get_by_role("link", name="批准").click()
    accessible(manager)
    manager.get_by_role("button", name="批准").click()
    manager.get_by_text("已为客户调整等级。").wait_for()

    assert TierOverride.objects.get().state == "holding"
    assert TierState.objects.get().tier.code == "gold"
    advisor.goto(f"/tiers/proof/{graded.public_id}/")
    advisor.get_by_text("大额转入在途").first.wait_for()
    accessible(advisor)


@pytest.mark.parametrize(
    "path",
    [
        "/tiers/",
        "/tiers/programmes/start/",
        "/tiers/programmes/compare/",
        "/tiers/by-hand/",
        "/tiers/proof/CLIENT/",
        "/tiers/changes/CHANGE/",
    ],
)
@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_pages_of_programmes_fit_a_phone_and_everybody(
    at_work: Any, staff: Any, branch: Any, graded: Any, path: str, locale: str
) -> None:
    page = at_work(staff("branch_manager"), viewport={"width": 390, "height": 800}, locale=locale)
    page.goto(path.replace("CLIENT", graded.public_id).replace("CHANGE", graded.tier_changes.get().public_id))

    accessible(page)
