"""Who reads portfolio reviews without recording them, and what is kept from whom."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from advisory.models import PortfolioReview
from clients.models import Client
from crm.core.clocks import local_date
from crm.core.models import Branch, User
from tests.doors import Api, Staff, Web
from tests.factories.advisory import AgreementFactory, ReviewAnswerFactory, ReviewFactory, ReviewLineFactory
from tests.factories.clients import ClientFactory, HoldingFactory
from tests.factories.needs import NeedsInterviewFactory

pytestmark = pytest.mark.django_db

REVIEWS = "/api/v1/portfolio-reviews/"


@pytest.fixture
def manager(staff: Staff) -> User:
    """An account manager (客户经理): serves clients, does not advise."""
    return staff("account_manager")


@pytest.fixture
def client(branch: Branch, manager: User) -> Client:
    return ClientFactory(branch=branch, advisor=manager, assessed=True, name="王小明")


@pytest.fixture
def proposed(client: Client) -> PortfolioReview:
    row: PortfolioReview = ReviewFactory(client=client, proposed=True, answer="accepted", summary="茅台占比偏高")
    ReviewAnswerFactory(review=ReviewLineFactory(review=row).review, answer="accepted", contact__content="客户同意卖出")
    return row


def test_an_account_manager_reads_the_reviews_of_his_clients_and_changes_none(
    web: Web, api: Api, manager: User, client: Client, proposed: PortfolioReview
) -> None:
    browser, phone = web(manager), api(manager)
    due = ReviewFactory(client=client, due_on=local_date(timezone.now()))

    page = browser.get(proposed.get_absolute_url()).content.decode()
    tab = browser.get(f"{client.get_absolute_url()}?tab=advice").content.decode()
    told = phone.get(f"{REVIEWS}{proposed.public_id}/").data

    assert "茅台占比偏高" in page and "贵州茅台" in page
    assert proposed.get_absolute_url() in tab and due.get_absolute_url() in tab
    assert (told["outcome"], told["lines"][0]["security_code"]) == ("proposal", "600519.SH")
    for step in ("record", "answer", "correct"):
        assert f"{due.get_absolute_url()}{step}/" not in page
        assert browser.get(f"{due.get_absolute_url()}{step}/").status_code == 403
        headers = {"Idempotency-Key": step, "If-Match": '"1"'}
        assert phone.post(f"{REVIEWS}{due.public_id}/{step}/", {}, format="json", headers=headers).status_code == 403
    assert reverse("advisory:review_open", args=[client.public_id]) not in tab


def test_his_tab_shows_reviews_and_no_agreements(web: Web, manager: User, client: Client) -> None:
    AgreementFactory(client=client, number="TG-7788")

    tab = web(manager).get(f"{client.get_absolute_url()}?tab=advice").content.decode()

    assert "No review yet" in tab
    assert "TG-7788" not in tab


def test_reviews_of_other_clients_are_as_good_as_none_to_him(web: Web, api: Api, manager: User, branch: Branch) -> None:
    foreign = ReviewFactory(client__branch=branch)

    assert web(manager).get(foreign.get_absolute_url()).status_code == 404
    assert api(manager).get(f"{REVIEWS}{foreign.public_id}/").status_code == 404


def test_what_the_client_decided_is_told_to_those_who_advise_and_answer_for_it(
    web: Web, api: Api, staff: Staff, manager: User, client: Client, proposed: PortfolioReview
) -> None:
    """投顾暂行规定 Art. 20: what a client plans to decide is not told on."""

    def told(user: User) -> tuple[bool, ...]:
        browser, phone = web(user), api(user)
        pages = (
            browser.get(proposed.get_absolute_url()),
            browser.get("/reviews/?view=done"),
            browser.get(f"{client.get_absolute_url()}?tab=advice"),
            browser.get(f"{client.get_absolute_url()}?tab=timeline&kind=review"),
        )
        row = phone.get(f"{REVIEWS}{proposed.public_id}/").data
        listed = phone.get(REVIEWS, {"answer": "declined"}).data["results"]
        return (
            *("Accepted</span>" in page.content.decode() or ">Accepted<" in page.content.decode() for page in pages),
            row["answer"] == row["answers"][0]["answer"] == "accepted",
            listed == [],
        )

    compliance, head = staff("compliance", branch=None), staff("branch_manager")

    assert "客户同意卖出" in web(head).get(proposed.get_absolute_url()).content.decode()
    assert "客户同意卖出" not in web(manager).get(proposed.get_absolute_url()).content.decode()
    assert told(compliance) == told(head) == (True,) * 6
    assert told(manager) == (False,) * 6
    words = web(manager).get("/reviews/").content.decode()
    assert "Waiting for an answer" not in words and "Answer of the client" not in words
    assert web(manager).get("/reviews/?view=answers").context["view"] == "mine"


def test_wanted_sectors_are_said_not_to_be_compared(web: Web, api: Api, staff: Staff, client: Client) -> None:
    """Files of holdings name a security and its kind; nothing on file tells its sector."""
    today = local_date(timezone.now())
    HoldingFactory(client=client, day=today)
    NeedsInterviewFactory(client=client, taken_on=today - timedelta(days=1), sectors=["bank"], is_present=True)
    row = ReviewFactory(client=client, due_on=today)
    other = ReviewFactory(client__branch=client.branch, due_on=today)
    compliance = staff("compliance", branch=None)
    said = "Sectors are not compared"

    assert said in web(compliance).get(row.get_absolute_url()).content.decode()
    assert said not in web(compliance).get(other.get_absolute_url()).content.decode()
    assert api(compliance).get(f"{REVIEWS}{row.public_id}/").data["not_compared"] == ["sectors"]
    assert api(compliance).get(f"{REVIEWS}{other.public_id}/").data["not_compared"] == []
