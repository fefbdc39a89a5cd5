"""Where commission leaks: four lists, each with its yuan a year, found anew by each review and shown to the desk alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from clients.models import Client
from clients.services.asset_sql import AssetDay
from clients.services.assets import put_asset_days
from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.jobs import take_and_run
from crm.core.models import AuditEntry, Branch, ImportBatch, JobRun
from tests.doors import Staff
from tests.factories.clients import ClientFactory
from tests.factories.tiers import ClientRateFactory, RateCardFactory
from tiers.models import AppliedRate, ClientRate, LeakReview, RateLeak
from tiers.services.evaluation import evaluate
from tiers.services.leaks import review_leaks
from tiers.services.programmes import seed_default_programme
from tiers.tasks import find_leaks

pytestmark = pytest.mark.django_db

DAY = date(2026, 6, 1)
NOW = datetime(2026, 6, 1, 2, tzinfo=UTC)
FILE_DAY = date(2026, 5, 29)


@pytest.fixture
def gold(branch: Branch, staff: Staff) -> Callable[..., Client]:
    """Makes gold clients: gold pays 2.5 for shares, 1 for funds; each has a turnover of one million in the year."""
    programme = seed_default_programme(company=branch.company, actor=system_user())
    tier = programme.tiers.get(code="gold")
    RateCardFactory(tier=tier, product="A_SHARE", rate=Decimal("0.00025"))
    RateCardFactory(tier=tier, product="FUND", rate=Decimal("0.0001"))

    def make(turnover: int = 1_000_000, **fields: Any) -> Client:
        client: Client = ClientFactory(branch=branch, **fields)
        book = [AssetDay(client.pk, FILE_DAY, 60_000_000, turnover=turnover * 100)]
        put_asset_days(branch=branch, rows=book, actor=system_user())
        evaluate(branch=branch, day=FILE_DAY, actor=system_user())
        return client

    return make


def charge(client: Client, rate: str, *, product: str = "A_SHARE", day: date = FILE_DAY, **more: Any) -> AppliedRate:
    row: AppliedRate = AppliedRate.objects.create(client=client, product=product, day=day, rate=Decimal(rate), **more)
    return row


def agree(client: Client, rate: str, **more: Any) -> ClientRate:
    who = {"state": "approved", "decided_by": system_user(), "decided_at": NOW}
    row: ClientRate = ClientRateFactory(client=client, rate=Decimal(rate), **{**who, **more})
    return row


def review(branch: Branch, now: datetime = NOW) -> dict[str, int]:
    counts: dict[str, int] = review_leaks(branch=branch, actor=system_user(), now=now).counts
    return {kind: count for kind, count in counts.items() if count}


def the_leak(branch: Branch, now: datetime = NOW) -> RateLeak:
    review(branch, now)
    return RateLeak.objects.get()


def test_what_holds_is_no_leak(branch: Branch, gold: Callable[..., Client]) -> None:
    charge(gold(), "0.00025")
    conceded = gold()
    agree(conceded, "0.0002")
    charge(conceded, "0.0002")

    assert review(branch) == {}


def test_below_the_rate_without_paper_costs_the_difference_on_the_turnover_of_the_year(
    branch: Branch, gold: Callable[..., Client]
) -> None:
    client = gold()
    charge(client, "0.0002")

    leak = the_leak(branch)

    assert (leak.kind, leak.client, leak.applied, leak.due) == ("below", client, Decimal("0.0002"), Decimal("0.00025"))
    assert (leak.turnover, leak.effect) == (Decimal(1_000_000), Decimal("50.00"))


def test_a_paper_covers_what_it_says_and_not_what_lies_below_it(branch: Branch, gold: Callable[..., Client]) -> None:
    client = gold()
    agree(client, "0.00022")
    charge(client, "0.0002")

    leak = the_leak(branch)

    assert (leak.kind, leak.due, leak.effect) == ("below", Decimal("0.00022"), Decimal("20.00"))


def test_a_paper_that_has_ended_and_is_still_applied_is_named(branch: Branch, gold: Callable[..., Client]) -> None:
    client = gold()
    paper = agree(client, "0.0002", valid_to=date(2026, 5, 31), state="ended")
    charge(client, "0.0002")

    leak = the_leak(branch)

    assert (leak.kind, leak.client_rate, leak.effect) == ("expired", paper, Decimal("50.00"))


def test_on_its_last_day_a_paper_still_covers(branch: Branch, gold: Callable[..., Client]) -> None:
    client = gold()
    agree(client, "0.0002", valid_to=DAY)
    charge(client, "0.0002")

    assert review(branch) == {}
    assert review(branch, NOW + timedelta(days=1)) == {"expired": 1}


def test_above_the_tiers_rate_the_client_may_leave(branch: Branch, gold: Callable[..., Client]) -> None:
    client = gold()
    charge(client, "0.0004")

    leak = the_leak(branch)

    assert (leak.kind, leak.due, leak.effect) == ("above", Decimal("0.00025"), Decimal("150.00"))


def test_an_old_rate_that_still_holds_by_consent_is_a_flight_risk_and_no_missing_paper(
    branch: Branch, gold: Callable[..., Client]
) -> None:
    """Agreed at 3 before the tier rose to 2.5: what holds is charged, and yet he pays above his tier."""
    client = gold()
    agree(client, "0.0003")
    charge(client, "0.0003")

    assert review(branch) == {"above": 1}


def test_net_and_all_in_compare_with_the_fees_passed_through(branch: Branch, gold: Callable[..., Client]) -> None:
    """2.5 all-in is 1.959 net: 0.00025 less 0.0000541."""
    charge(gold(), "0.000196", basis="net")
    charge(gold(), "0.000195", basis="net")

    assert review(branch) == {"above": 1, "below": 1}
    assert {leak.applied for leak in RateLeak.objects.all()} == {Decimal("0.000250"), Decimal("0.000249")}


def test_the_turnover_of_the_file_goes_before_the_clients_own(branch: Branch, gold: Callable[..., Client]) -> None:
    charge(gold(), "0.0002", turnover=Decimal(400_000))

    assert the_leak(branch).effect == Decimal("20.00")


def test_another_product_without_its_turnover_has_no_known_effect(branch: Branch, gold: Callable[..., Client]) -> None:
    charge(gold(), "0.00005", product="FUND")

    leak = the_leak(branch)

    assert (leak.turnover, leak.effect) == (None, Decimal(0))


def test_only_the_newest_row_counts_and_only_while_it_is_fresh(branch: Branch, gold: Callable[..., Client]) -> None:
    client = gold()
    charge(client, "0.0001", day=FILE_DAY - timedelta(days=7))
    charge(client, "0.0002", day=FILE_DAY)
    charge(gold(), "0.0001", day=DAY - timedelta(days=60))
    charge(gold(), "0.0001", day=DAY + timedelta(days=1))

    assert the_leak(branch).applied == Decimal("0.0002")


@pytest.mark.parametrize(
    ("promised", "turnover", "days", "kept"),
    [
        (4_000_000, 1_000_000, 90, True),
        (6_000_000, 1_000_000, 90, False),
        (6_000_000, 1_000_000, 89, True),
        (1_250_000, 1_000_000, 365, True),
        (1_250_001, 1_000_000, 365, False),
    ],
)
def test_a_promise_is_measured_once_it_has_run_and_against_its_share_of_a_year(
    branch: Branch, gold: Callable[..., Client], promised: int, turnover: int, days: int, kept: bool
) -> None:
    client = gold(turnover)
    begun = DAY - timedelta(days=days - 1)
    paper = agree(client, "0.0002", valid_from=begun, promised_turnover=Decimal(promised))

    assert review(branch) == ({} if kept else {"promise": 1})
    if not kept:
        leak = RateLeak.objects.get()
        yearly = (Decimal(turnover) * 365 / days).quantize(Decimal("0.01"))
        assert (leak.client_rate, leak.promised, leak.turnover) == (paper, Decimal(promised), yearly)
        assert leak.effect == (yearly * Decimal("0.00005")).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")


def test_turnover_before_the_concession_counts_for_no_promise(branch: Branch, gold: Callable[..., Client]) -> None:
    client = gold(1_000_000)
    early = [AssetDay(client.pk, date(2026, 1, 5), 60_000_000, turnover=900_000_000)]
    put_asset_days(branch=branch, rows=early, actor=system_user())
    agree(client, "0.0002", valid_from=DAY - timedelta(days=99), promised_turnover=Decimal(8_000_000))

    assert the_leak(branch).turnover == Decimal(3_650_000)


def test_a_review_keeps_since_when_and_takes_away_what_is_mended(branch: Branch, gold: Callable[..., Client]) -> None:
    client, mended = gold(), gold()
    charge(client, "0.0002")
    charge(mended, "0.0002")
    review(branch)
    first = RateLeak.objects.get(client=client)
    charge(mended, "0.00025", day=DAY)
    charge(client, "0.00021", day=DAY)

    review(branch, NOW + timedelta(days=1))

    again = RateLeak.objects.get()
    assert (again.pk, again.public_id, again.since) == (first.pk, first.public_id, DAY)
    assert (again.day, again.applied) == (DAY + timedelta(days=1), Decimal("0.00021"))


def test_a_client_who_has_left_or_was_merged_leaks_no_more(branch: Branch, gold: Callable[..., Client]) -> None:
    closed, merged = gold(), gold()
    charge(closed, "0.0002")
    charge(merged, "0.0002")
    assert review(branch) == {"below": 2}
    Client.objects.filter(pk=closed.pk).update(status="closed", closed_on=DAY)
    Client.objects.filter(pk=merged.pk).update(status="closed", closed_on=DAY, merged_into=closed)

    assert review(branch) == {}
    assert not RateLeak.objects.exists()


def test_the_statements_of_a_review_do_not_grow_with_the_clients(
    branch: Branch, gold: Callable[..., Client], cost_of: Any
) -> None:
    def leak() -> None:
        client = gold()
        charge(client, "0.0002")
        agree(client, "0.00022", valid_from=DAY - timedelta(days=120), promised_turnover=Decimal(99_000_000))

    leak()
    review(branch)
    one = cost_of(lambda: review(branch))
    for _ in range(4):
        leak()
    review(branch)
    assert cost_of(lambda: review(branch)) == one


def test_the_sweep_looks_once_a_day_and_again_after_a_file(branch: Branch, gold: Callable[..., Client]) -> None:
    charge(gold(), "0.0002")
    moments = []
    for minutes, applied in ((0, None), (1, None), (3, 2), (4, 2), (60 * 24, 2)):
        if applied and not ImportBatch.objects.exists():
            ImportBatch.objects.create(
                kind="rates", branch=branch, state="applied", file_name="f", actor=system_user(),
                applied_at=NOW + timedelta(minutes=applied),
            )  # fmt: skip
        find_leaks(NOW + timedelta(minutes=minutes))
        moments.append(LeakReview.objects.get(branch=branch).reviewed_at)

    assert [moment - NOW for moment in moments] == [timedelta(minutes=n) for n in (0, 0, 3, 3, 60 * 24)]
    assert AuditEntry.objects.filter(action="leaks.review", object_id=branch.public_id).count() == 3


def test_the_page_shows_each_kind_with_its_sum_masked_and_only_to_who_may_see_commission(
    branch: Branch, other_branch: Branch, gold: Callable[..., Client], staff: Staff, web: Any
) -> None:
    advisor = staff("advisor")
    charge(gold(name="欧阳娜娜", advisor=advisor), "0.0002")
    charge(gold(name="司马相如"), "0.0001")
    charge(gold(), "0.0004")
    review(branch)
    url = reverse("tiers:leaks")

    page = web(staff("branch_manager")).get(url)
    own = web(advisor).get(url)

    assert [(kind["count"], kind["effect"]) for kind in page.context["kinds"]] == [
        (2, Decimal("200.00")),
        (0, Decimal(0)),
        (1, Decimal("150.00")),
        (0, Decimal(0)),
    ]
    assert [leak.effect for leak in page.context["page"]] == [Decimal("150.00"), Decimal("150.00"), Decimal("50.00")]
    assert "欧阳娜娜" not in page.content.decode()
    assert [leak.client.advisor for leak in own.context["page"]] == [advisor]
    assert len(web(staff("branch_manager")).get(url, {"kind": "above"}).context["page"]) == 1
    assert len(web(staff("branch_manager", branch=other_branch)).get(url).context["page"]) == 0
    assert web(staff("front_desk")).get(url).status_code == 403


def test_the_page_costs_the_same_for_one_leak_and_for_ten(
    branch: Branch, gold: Callable[..., Client], staff: Staff, web: Any, cost_of: Any
) -> None:
    browser = web(staff("branch_manager"))
    charge(gold(), "0.0002")
    review(branch)
    browser.get(reverse("tiers:leaks"))
    one = cost_of(lambda: browser.get(reverse("tiers:leaks")))
    for _ in range(9):
        charge(gold(), "0.0002")
    review(branch)

    assert cost_of(lambda: browser.get(reverse("tiers:leaks"))) == one


def test_pages_of_leaks_follow_one_another_by_the_last_row_shown(
    branch: Branch, gold: Callable[..., Client], staff: Staff, web: Any
) -> None:
    for number in range(3):
        charge(gold(), "0.0002", turnover=Decimal(100_000 * (number // 2 + 1)))
    review(branch)
    browser = web(staff("branch_manager"))

    from tiers.views import leaks as door

    rows = []
    cursor = ""
    while True:
        request = browser.get(reverse("tiers:leaks"), {"cursor": cursor} if cursor else {}).wsgi_request
        page = door.listed(request, RateLeak.objects.for_list(), ("-effect", "-id"), size=1)
        rows += [leak.pk for leak in page]
        if not page.next:
            break
        cursor = page.next
    assert rows == list(RateLeak.objects.largest_first().values_list("pk", flat=True))


def test_a_manager_asks_for_a_review_and_the_job_does_it(
    branch: Branch, gold: Callable[..., Client], staff: Staff, web: Any
) -> None:
    charge(gold(), "0.0002", day=local_date(timezone.now()) - timedelta(days=2))

    asked = web(staff("branch_manager")).post(reverse("tiers:leak_review"), {"form_token": "t"})
    run = JobRun.objects.get(kind="tiers.leaks")
    take_and_run(run.pk)

    run.refresh_from_db()
    assert asked.url == reverse("core:job_detail", args=[run.public_id])
    assert (run.state, run.result["below"], LeakReview.objects.get().branch) == ("done", 1, branch)


def test_the_export_says_why_leaves_masked_and_stands_in_the_trail(
    branch: Branch, gold: Callable[..., Client], staff: Staff, web: Any
) -> None:
    client = gold(name="欧阳娜娜")
    charge(client, "0.0002")
    review(branch)
    browser, url = web(staff("branch_manager")), reverse("tiers:leak_export")

    refused = browser.post(url, {"form_token": "t", "reason": " "})
    file = browser.post(url, {"form_token": "t", "reason": "季度佣金检查"})

    text = file.content.decode("utf-8-sig")
    assert (refused.status_code, file.status_code) == (400, 200)
    assert client.external_id in text and "50.00" in text and "欧阳娜娜" not in text
    entry = AuditEntry.objects.get(action="leak.export")
    assert (entry.reason, entry.object_ids) == ("季度佣金检查", [client.public_id])
    assert web(staff("advisor")).post(url, {"form_token": "t", "reason": "x y z"}).status_code == 403


def test_the_branch_home_says_what_runs_away_to_those_who_may_know(
    branch: Branch, gold: Callable[..., Client], staff: Staff, web: Any
) -> None:
    charge(gold(), "0.0002")
    charge(gold(), "0.0004")
    review(branch)

    def told(role: str) -> list[Any]:
        page = web(staff(role)).get(reverse("dashboard:branch"))
        return [stat["money"] for stat in page.context["stats"] if stat["url"] == reverse("tiers:leaks")]

    assert told("branch_manager") == [Decimal("50.00")]


def test_the_amount_and_the_count_of_a_tile_speak_of_the_same_leaks(
    branch: Branch, gold: Callable[..., Client], staff: Staff, web: Any
) -> None:
    charge(gold(), "0.0002")
    for _turn in range(3):
        charge(gold(), "0.0004")
    review(branch)

    stats = web(staff("branch_manager")).get(reverse("dashboard:branch")).context["stats"]
    tiles = [(one["money"], one["hint"]) for one in stats if one["url"].startswith(reverse("tiers:leaks"))]

    assert tiles == [(Decimal("50.00"), "at 1 client"), (Decimal("450.00"), "at 3 clients")]


def test_a_narrowed_list_without_a_hit_does_not_say_that_everything_is_in_order(
    branch: Branch, gold: Callable[..., Client], staff: Staff, web: Any
) -> None:
    charge(gold(), "0.0002")
    review(branch)
    browser = web(staff("branch_manager"))

    for query in ({"q": "没有此人"}, {"product": "BOND"}):
        text = browser.get(reverse("tiers:leaks"), query).content.decode()
        assert "No leak matches." in text
        assert "agrees with what holds" not in text
    assert "agrees with what holds" in browser.get(reverse("tiers:leaks"), {"kind": "promise"}).content.decode()


def test_leaks_are_told_over_rest_to_the_desk(
    branch: Branch, gold: Callable[..., Client], staff: Staff, api: Any
) -> None:
    charge(gold(), "0.0002")
    leak = the_leak(branch)

    told = api(staff("branch_manager")).get("/api/v1/rate-leaks/", {"kind": "below"}).data["results"]

    assert [(row["id"], row["effect"], row["client"]) for row in told] == [
        (leak.public_id, "50.00", leak.client.public_id)
    ]
    assert api(staff("advisor")).get("/api/v1/rate-leaks/").data["results"] == []
