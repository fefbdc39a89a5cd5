"""In a real browser, in Chinese: a manager drags a bound and reads who moves, and the way goes on to the client's statement."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from crm.core.access import system_user
from crm.core.clocks import local_date
from tests.factories.clients import ClientFactory
from tests.factories.tiers import RateCardFactory, put_days
from tests.plugins.browser import settled
from tiers.models import ClientRate, Programme, TierState
from tiers.services.evaluation import evaluate
from tiers.services.programmes import seed_default_programme
from tiers.services.simulation import lay_out
from tiers.tasks import evaluate_branches, settle_rates

AXE = Path(__file__).resolve().parents[1] / "vendor" / "axe.min.js"
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WAN = 1_000_000


@pytest.fixture
def graded(branch: Any, staff: Any) -> Any:
    """A silver client of an advisor with 200,000 yuan, graded yesterday; silver pays 3 in ten thousand, gold 2.5."""
    programme = seed_default_programme(company=branch.company, actor=system_user())
    for code, rate in (("silver", "0.0003"), ("gold", "0.00025")):
        RateCardFactory(tier=programme.tiers.get(code=code), rate=Decimal(rate))
    client = ClientFactory(branch=branch, advisor=staff("advisor"), name="段欣莹")
    yesterday = local_date(timezone.now()) - timedelta(days=1)
    put_days(branch, {client: {yesterday: 20 * WAN}, ClientFactory(branch=branch): {yesterday: 3 * WAN}})
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


def middle(page: Any, what: str) -> float:
    """Where the middle of a thing lies from left to right."""
    box = page.locator(what).bounding_box()
    return float(box["x"] + box["width"] / 2)


def drag(page: Any, bound: str, left: int) -> None:
    """Take the line of a bound and pull it to the left by so many pixels."""
    box = page.locator(f"[data-bound={bound}] .bounds-hit").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - left, y, steps=6)
    page.mouse.up()


def test_from_a_dragged_bound_to_the_printed_statement(
    at_work: Any, staff: Any, branch: Any, graded: Any, picture: Callable[[Any, str], None]
) -> None:
    manager = at_work(staff("branch_manager"))
    manager.goto("/tiers/")
    manager.get_by_role("button", name="试算门槛").click()
    manager.get_by_text("升 0，降 0").wait_for()
    for place, bound in ((3, "b_silver"), (4, "b_platinum"), (5, "b_private")):
        label, line = f".bounds-scale span:nth-child({place})", f"[data-bound={bound}] .bounds-hit"
        assert abs(middle(manager, label) - middle(manager, line)) < 3, "a line stands over its amount"
    drag(manager, "b_gold", 95)
    manager.get_by_text("升 1，降 0").wait_for()
    assert 100_000 < Decimal(manager.locator("input[name=b_gold]").input_value()) <= 200_000
    manager.locator("#movers").get_by_role("link", name="段**").wait_for()
    picture(manager, "1-dragged")
    accessible(manager)
    settled(manager)
    manager.get_by_role("button", name="存为草案").click()
    manager.locator("[name=note]").fill("降低金卡门槛，留住成长客户")
    accessible(manager)
    manager.get_by_role("button", name="存为草案").click()
    manager.get_by_role("button", name="提交审批").click()
    manager.get_by_text("您参与了编制，须由他人审批。").wait_for()

    draft = Programme.objects.get(state="submitted")
    officer = at_work(staff("compliance"))
    officer.goto(f"/tiers/programmes/{draft.public_id}/")
    officer.get_by_role("link", name="批准").click()
    officer.get_by_role("button", name="批准并生效").click()
    officer.get_by_text("方案已批准").wait_for()

    put_days(branch, {graded: {local_date(timezone.now()): 20 * WAN}})
    assert evaluate_branches(timezone.now()) == 1
    settle_rates(timezone.now())
    assert TierState.objects.get(client=graded).tier.code == "gold"

    manager.goto(graded.get_absolute_url())
    manager.locator(".tier", has_text="金卡").first.wait_for()
    manager.get_by_role("link", name="评定依据").click()
    manager.get_by_role("link", name="银卡 → 金卡").click()
    manager.get_by_role("heading", name="为何不是白金").wait_for()
    picture(manager, "2-proof")

    manager.goto("/commission/")
    manager.get_by_role("link", name="批量审批").click()
    manager.get_by_role("cell", name="万分之2.5", exact=True).wait_for()
    accessible(manager)
    picture(manager, "3-rates")
    manager.get_by_role("button", name="批准所选").click()
    manager.locator("dialog[open]").get_by_role("button", name="批准所选").click()
    manager.get_by_text("已批准 1 项费率，待客户确认。").wait_for()

    advisor = at_work(graded.advisor)
    rate = ClientRate.objects.get(client=graded)
    advisor.goto(f"/commission/rates/{rate.public_id}/accept/")
    advisor.get_by_text("调整为金卡").wait_for()
    accessible(advisor)
    advisor.get_by_role("button", name="客户同意").click()
    advisor.wait_for_url("**/commission/")
    rate.refresh_from_db()
    assert rate.state == "approved"

    advisor.goto(f"/commission/statement/{graded.public_id}/")
    advisor.get_by_role("cell", name="万分之2.5", exact=True).wait_for()
    assert advisor.locator(".tier", has_text="金卡").count() == 1 and advisor.get_by_text("段欣莹").count() == 0
    advisor.get_by_text("“金卡”自").wait_for()
    accessible(advisor)
    picture(advisor, "4-statement")
    assert advisor.pdf().startswith(b"%PDF")


def test_a_bound_moves_by_key_and_by_number_and_stays_between_its_neighbours(
    at_work: Any, staff: Any, branch: Any, graded: Any
) -> None:
    page = at_work(staff("branch_manager"))
    sheet = lay_out(branch=branch, programme=Programme.objects.get(), actor=system_user(), now=timezone.now())
    page.goto(f"/tiers/simulations/{sheet.public_id}/")
    line, number = page.get_by_role("slider", name="金卡"), page.locator("input[name=b_gold]")

    line.focus()
    page.keyboard.press("ArrowLeft")
    assert number.input_value() == "490000"
    page.keyboard.press("PageDown")
    assert number.input_value() == "390000"
    page.keyboard.press("Home")
    assert number.input_value() == "500000"
    drag(page, "b_gold", 700)
    assert Decimal(number.input_value()) > 100_000
    number.fill("150000")
    page.get_by_text("升 1，降 0").wait_for()
    assert line.get_attribute("aria-valuenow") == "150000"
    number.fill("50000")
    page.locator("#outcome [role=alert]").wait_for()
    page.get_by_role("button", name="恢复现行门槛").click()
    page.locator("#outcome [role=alert]").wait_for(state="detached")
    settled(page)


@pytest.mark.parametrize("path", ["/commission/", "/commission/leaks/", "sheet"])
@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_pages_of_the_desk_fit_a_phone_and_everybody(
    at_work: Any, staff: Any, branch: Any, graded: Any, path: str, locale: str
) -> None:
    if path == "sheet":
        made = lay_out(branch=branch, programme=Programme.objects.get(), actor=system_user(), now=timezone.now())
        path = f"/tiers/simulations/{made.public_id}/"
    page = at_work(staff("branch_manager"), viewport={"width": 390, "height": 800}, locale=locale)
    page.goto(path)

    accessible(page)
