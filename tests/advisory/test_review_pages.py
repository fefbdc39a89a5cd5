"""Portfolio reviews on their pages, over REST, in my day and on the page of the client."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from advisory.models import PortfolioReview
from clients.models import Client, ContactLog
from clients.services.told import told
from crm.core.clocks import local_date
from crm.core.models import Branch, User
from crm.core.public_ids import new_public_id
from crm.workbench.queue import todays_items
from tests.doors import Api, Staff, Web
from tests.factories.advisory import AdvisorFactory, AgreementFactory, ReviewFactory, ReviewLineFactory
from tests.factories.clients import ClientFactory, HoldingFactory
from tests.factories.services import PromiseFactory, ServiceItemFactory

pytestmark = pytest.mark.django_db

REVIEWS = "/api/v1/portfolio-reviews/"


@pytest.fixture
def advisor(branch: Branch) -> User:
    return AdvisorFactory(user__branch=branch).user


@pytest.fixture
def client(branch: Branch, advisor: User) -> Client:
    today = local_date(timezone.now())
    made = ClientFactory(
        branch=branch, advisor=advisor, name="王小明", risk_grade="C3", risk_valid_until=today + timedelta(days=90)
    )
    AgreementFactory(client=made, advisor=advisor)
    HoldingFactory(client=made, day=today, market_value=90_000, cost=100_000)
    HoldingFactory(client=made, day=today, security_code="511010.SH", security_name="国债ETF", market_value=10_000)
    return made


@pytest.fixture
def review(client: Client) -> PortfolioReview:
    return ReviewFactory(client=client, due_on=local_date(timezone.now()))


def said(review: PortfolioReview, **more: Any) -> dict[str, Any]:
    next_on = local_date(timezone.now()) + timedelta(days=90)
    usual = {"form_token": new_public_id(), "version": review.version, "outcome": "no_change", "summary": "相符"}
    return {**usual, "next_on": next_on.isoformat(), **more}


def test_the_page_shows_what_is_held_against_what_is_wanted(web: Web, advisor: User, review: PortfolioReview) -> None:
    page = web(advisor).get(review.get_absolute_url()).content.decode()

    assert "贵州茅台 is 90% of the holdings; the bound is 50%" in page
    assert "What the client wants has never been asked" in page
    assert "国债ETF" in page
    assert f"{review.get_absolute_url()}record/" in page


def test_a_proposal_is_recorded_on_its_page(web: Web, advisor: User, review: PortfolioReview) -> None:
    line = {
        "direction_1": "sell",
        "code_1": "600519.SH",
        "name_1": "贵州茅台",
        "share_1": "50",
        "reason_1": "集中度过高",
    }
    asked = said(review, outcome="proposal", channel="visit", told="建议减持", answer="accepted", **line, code_2="")

    answer = web(advisor).post(f"{review.get_absolute_url()}record/", asked, follow=True)

    review.refresh_from_db()
    assert (review.outcome, review.answer, review.lines.count()) == ("proposal", "accepted", 1)
    page = answer.content.decode()
    assert "建议减持" in page
    assert "Accepted" in page


def test_the_page_names_the_promise_that_was_kept_by_telling_it(
    web: Web, advisor: User, review: PortfolioReview
) -> None:
    item = ServiceItemFactory(
        company=review.client.branch.company, name_en="Check of the portfolio", purposes=["product"], channels=["visit"]
    )
    PromiseFactory(client=review.client, item=item)
    browser = web(advisor)

    asked = said(review, channel="visit", told="持仓无需调整")
    page = browser.post(f"{review.get_absolute_url()}record/", asked, follow=True).content.decode()

    assert "Promises kept with it" in page
    assert "Check of the portfolio" in page


def test_a_refusal_stands_on_the_form_and_nothing_is_written(web: Web, advisor: User, review: PortfolioReview) -> None:
    Client.objects.update(risk_valid_until=local_date(timezone.now()) - timedelta(days=1))
    line = {
        "direction_1": "sell",
        "code_1": "600519.SH",
        "name_1": "贵州茅台",
        "share_1": "50",
        "reason_1": "集中度过高",
    }
    asked = said(review, outcome="proposal", channel="visit", told="建议减持", answer="accepted", **line)

    answer = web(advisor).post(f"{review.get_absolute_url()}record/", asked)

    assert answer.status_code == 409
    assert "has no valid risk grade" in answer.content.decode()
    assert not ContactLog.objects.exists()
    review.refresh_from_db()
    assert review.state == "due"


def test_a_recorded_review_is_answered_and_corrected_on_its_page(web: Web, advisor: User, client: Client) -> None:
    row = ReviewFactory(client=client, proposed=True, done_by=advisor)
    ReviewLineFactory(review=row)
    browser = web(advisor)

    told_on = {"form_token": "a", "version": row.version, "answer": "accepted", "channel": "phone", "told": "客户同意"}
    answered = browser.post(f"{row.get_absolute_url()}answer/", told_on)
    row.refresh_from_db()
    form = browser.get(f"{row.get_absolute_url()}correct/").context["form"]
    words = {name: field.value() or "" for name, field in ((f.name, f) for f in form)}
    corrected = browser.post(f"{row.get_absolute_url()}correct/", {**words, "summary": "减持", "reason": "笔误"})

    made = PortfolioReview.objects.get(corrects=row)
    assert (answered.status_code, corrected["Location"]) == (302, made.get_absolute_url())
    assert (made.summary, made.lines.count(), made.answer) == ("减持", 1, "accepted")
    assert "This wording was corrected" in browser.get(row.get_absolute_url()).content.decode()


def test_a_review_beside_the_cycle_begins_on_the_page_of_the_client(web: Web, advisor: User, client: Client) -> None:
    browser = web(advisor)
    tab = browser.get(f"{client.get_absolute_url()}?tab=advice").content.decode()

    answer = browser.post(f"/reviews/client/{client.public_id}/new/", {"form_token": "t"})

    row = PortfolioReview.objects.get()
    assert f"/reviews/client/{client.public_id}/new/" in tab
    assert answer["Location"] == f"{row.get_absolute_url()}record/"


def test_each_view_of_the_list_shows_its_reviews(web: Web, advisor: User, client: Client, branch: Branch) -> None:
    mine = ReviewFactory(client=client)
    others = ReviewFactory(client__branch=branch)
    thinking = ReviewFactory(client=client, proposed=True)
    done = ReviewFactory(client=client, done=True)
    browser = web(advisor)

    def shown(query: str) -> set[str]:
        return {row.public_id for row in browser.get(f"/reviews/{query}").context["page"]}

    assert shown("") == {mine.public_id}
    assert others.public_id not in shown("?view=due")
    assert shown("?view=answers") == {thinking.public_id}
    assert shown("?view=done") == {thinking.public_id, done.public_id}
    assert shown("?view=done&outcome=no_change") == {done.public_id}


def test_the_list_costs_the_same_for_one_row_and_for_ten(web: Web, staff: Staff, branch: Branch, cost_of: Any) -> None:
    browser = web(staff("branch_manager"))
    ReviewFactory(client__branch=branch)
    one = cost_of(lambda: browser.get("/reviews/"))
    ReviewFactory.create_batch(9, client__branch=branch)

    assert cost_of(lambda: browser.get("/reviews/")) == one


def test_a_review_of_another_branch_is_as_good_as_none(web: Web, api: Api, advisor: User, other_branch: Branch) -> None:
    foreign = ReviewFactory(client__branch=other_branch)

    assert web(advisor).get(foreign.get_absolute_url()).status_code == 404
    assert api(advisor).get(f"{REVIEWS}{foreign.public_id}/").status_code == 404


def test_my_day_names_what_is_due_and_what_waits_for_an_answer(
    advisor: User, client: Client, branch: Branch, staff: Staff
) -> None:
    today = local_date(timezone.now())
    ReviewFactory(client=client, due_on=today + timedelta(days=8))
    ReviewFactory(client=client, proposed=True, done_on=today - timedelta(days=5))
    soon = ClientFactory(branch=branch, advisor=advisor)
    ReviewFactory(client=soon, due_on=today + timedelta(days=7))

    with override("en"):
        found = [(item.title, item.reason) for item in todays_items(advisor, today) if item.kind == "review"]
        others = [item for item in todays_items(staff("account_manager"), today) if item.kind == "review"]

    assert sorted(found, key=lambda pair: pair[1]) == [
        (client.name, "Client wanted to think about a proposal"),
        (soon.name, "Portfolio review is due"),
    ]
    assert others == []


@pytest.mark.parametrize("gone", [{"silent": True}, {"closed": True}])
def test_my_day_has_nobody_asked_again_who_left_or_wants_no_contact(
    advisor: User, branch: Branch, gone: dict[str, bool]
) -> None:
    today = local_date(timezone.now())
    client = ClientFactory(branch=branch, advisor=advisor, **gone)
    ReviewFactory(client=client, proposed=True, done_on=today - timedelta(days=5))

    assert [item for item in todays_items(advisor, today) if item.kind == "review"] == []


@pytest.mark.parametrize("gone", [{"silent": True}, {"closed": True}])
def test_my_day_has_no_review_due_of_who_left_or_wants_no_contact(
    advisor: User, branch: Branch, gone: dict[str, bool]
) -> None:
    today = local_date(timezone.now())
    ReviewFactory(client=ClientFactory(branch=branch, advisor=advisor, **gone), due_on=today)

    assert [item for item in todays_items(advisor, today) if item.kind == "review"] == []


def test_a_second_click_on_beginning_a_review_that_is_closed_since_goes_to_the_client(
    web: Web, advisor: User, client: Client
) -> None:
    browser, address = web(advisor), reverse("advisory:review_open", args=[client.public_id])
    assert browser.post(address, {"form_token": "a"}).status_code == 302
    PortfolioReview.objects.filter(client=client).update(state="closed", closed_as="client")

    again = browser.post(address, {"form_token": "a"})

    assert (again.status_code, again.url) == (302, f"{client.get_absolute_url()}?tab=advice")


def test_over_rest_a_review_is_read_recorded_answered_and_corrected(
    api: Api, advisor: User, review: PortfolioReview
) -> None:
    phone, address = api(advisor), f"{REVIEWS}{review.public_id}/"

    def send(step: str, version: int, url: str = address, **body: Any) -> Any:
        headers = {"Idempotency-Key": step, "If-Match": f'"{version}"'}
        return phone.post(f"{url}{step}/", body, format="json", headers=headers)

    seen = phone.get(address)
    next_on = (local_date(timezone.now()) + timedelta(days=90)).isoformat()
    line = {
        "direction": "sell",
        "security_code": "600519.SH",
        "security_name": "贵州茅台",
        "share": "50",
        "reason": "集中",
    }
    body = {"outcome": "proposal", "summary": "减持", "lines": [line], "next_on": next_on}
    tells = {"channel": "visit", "told": "建议减持"}
    stale = send("record", 99, **body, **tells, answer="thinking")
    done = send("record", seen.data["version"], **body, **tells, answer="thinking")
    answered = send("answer", done.data["version"], answer="accepted", channel="phone", told="同意")
    reworded = {"outcome": "proposal", "summary": "减持一半", "lines": [line], "reason": "笔误"}
    corrected = send("correct", answered.data["version"], **reworded)
    again = send("correct", answered.data["version"], **reworded)

    assert [one["code"] for one in seen.data["deviations"]] == ["equity_grade", "concentration", "needs_missing"]
    assert (stale.status_code, done.status_code, done.data["state"]) == (412, 201, "done")
    assert done.data["lines"][0]["share"] == "50.0"
    assert [one["answer"] for one in answered.data["answers"]] == ["thinking", "accepted"]
    assert (corrected.status_code, corrected.data["corrects"]) == (201, review.public_id)
    assert (again.status_code, again.data["id"]) == (200, corrected.data["id"])
    listed = phone.get(REVIEWS, {"state": "due"}).data["results"]
    assert [row["due_on"] for row in listed] == [next_on]


def test_over_rest_a_refusal_says_why(api: Api, advisor: User, review: PortfolioReview) -> None:
    review.client.advisory_agreements.update(ended_on=local_date(timezone.now()))
    next_on = (local_date(timezone.now()) + timedelta(days=90)).isoformat()
    line = {
        "direction": "sell",
        "security_code": "600519.SH",
        "security_name": "贵州茅台",
        "share": "50",
        "reason": "集中",
    }
    body = {"outcome": "proposal", "summary": "减持", "lines": [line], "next_on": next_on, "answer": "thinking"}

    answer = api(advisor).post(
        f"{REVIEWS}{review.public_id}/record/",
        {**body, "channel": "visit", "told": "建议减持"},
        format="json",
        headers={"Idempotency-Key": "k", "If-Match": '"1"'},
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "no_agreement")


def test_the_client_is_told_what_was_proposed_to_him(client: Client, advisor: User) -> None:
    ReviewLineFactory(review=ReviewFactory(client=client, proposed=True, found=[{"code": "loss", "figure": "0.2"}]))

    words = [text for part in told(client, advisor) for row in part["rows"] for _label, text in row]

    assert {"贵州茅台", "集中度过高", "loss · 0.2"} <= set(words)
