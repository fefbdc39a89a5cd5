"""Places of a day, contact cadences, and the rates that one evaluation proposed, over REST."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.models import AuditEntry, Branch
from tests.doors import Api, Staff, Web
from tests.factories.clients import ClientFactory
from tests.factories.core import BranchFactory, CompanyFactory
from tests.factories.services import EntitlementFactory, ServiceItemFactory, programme_of, put_in_tier
from tests.factories.tiers import RateCardFactory, put_days
from tiers.models import ClientRate, ContactCadence, EvaluationRun, ServiceDay, ServiceItem, Tier
from tiers.services.evaluation import evaluate
from tiers.services.programmes import seed_default_programme
from tiers.tasks import settle_rates

pytestmark = pytest.mark.django_db

DAYS, CADENCES, BOOKINGS = "/api/v1/service-days/", "/api/v1/contact-cadences/", "/api/v1/bookings/"


def send(phone: APIClient, url: str, key: str = "k", **said: Any) -> Any:
    return phone.post(url, said, format="json", headers={"Idempotency-Key": key})


def change(phone: APIClient, url: str, version: int | None, **said: Any) -> Any:
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    return phone.patch(url, said, format="json", headers=headers)


@pytest.fixture
def pick_up(branch: Branch) -> ServiceItem:
    """Two places a day; gold clients may have it twice a year."""
    item = ServiceItemFactory(company=branch.company, code="pick-up", name_en="Pick-up", booked=True)
    EntitlementFactory(item=item, times=2, period="year")
    return item


def soon() -> str:
    return (local_date(timezone.now()) + timedelta(days=2)).isoformat()


# -- places of a day ---------------------------------------------------------------------------------------------------


def test_a_day_is_opened_once_and_changed_from_the_version_that_was_seen(
    branch: Branch, staff: Staff, api: Api, pick_up: ServiceItem
) -> None:
    phone = api(staff("front_desk"))
    said = {"service": pick_up.public_id, "day": soon(), "places": 3}

    made, replayed, again = send(phone, DAYS, **said), send(phone, DAYS, **said), send(phone, DAYS, "l", **said)
    url = f"{DAYS}{made.data['id']}/"
    blind = change(phone, url, None, places=1)
    done = change(phone, url, made.data["version"], places=1)
    stale = change(phone, url, made.data["version"], places=5)

    assert (made.status_code, replayed.status_code) == (201, 200)
    assert (made.data["service_code"], made.data["places"], made.data["free"]) == ("pick-up", 3, 3)
    assert (again.status_code, again.json()["code"]) == (409, "service_day_known")
    assert (blind.status_code, done.status_code, stale.status_code) == (428, 200, 412)
    assert done.headers["ETag"] == f'"{done.data["version"]}"'
    assert (ServiceDay.objects.get().places, ServiceDay.objects.count()) == (1, 1)
    assert AuditEntry.objects.filter(action="service_day.set").count() == 2


def test_a_day_has_no_fewer_places_than_are_taken(branch: Branch, staff: Staff, api: Api, pick_up: ServiceItem) -> None:
    client = ClientFactory(branch=branch)
    put_in_tier(client, "gold", date(2025, 1, 1))
    phone = api(staff("front_desk"))
    taken = send(phone, BOOKINGS, client=client.public_id, service=pick_up.public_id, day=soon(), at="09:30")
    (day,) = phone.get(DAYS, {"item": pick_up.public_id}).data["results"]

    fewer = change(phone, f"{DAYS}{day['id']}/", day["version"], places=0)
    known = send(phone, DAYS, "l", service=pick_up.public_id, day=soon(), places=9)

    assert taken.status_code == 201 and (day["taken"], day["free"]) == (1, 1)
    assert (fewer.status_code, list(fewer.json()["fields"])) == (400, ["places"])
    assert known.status_code == 409


def test_days_are_set_by_the_desk_of_the_branch_for_what_it_offers(
    branch: Branch, other_branch: Branch, staff: Staff, api: Api, pick_up: ServiceItem
) -> None:
    said = {"service": pick_up.public_id, "day": soon(), "places": 3}
    made = send(api(staff("branch_manager")), DAYS, **said)
    url = f"{DAYS}{made.data['id']}/"
    advisor, strange = api(staff("advisor")), api(staff("front_desk", branch=other_branch))
    never = ServiceItemFactory(company=branch.company)

    assert (send(advisor, DAYS, **said).status_code, change(advisor, url, 1, places=1).status_code) == (403, 403)
    assert advisor.get(url).status_code == 200
    assert (strange.get(url).status_code, change(strange, url, 1, places=1).status_code) == (404, 404)
    assert strange.get(url).content == strange.get(f"{DAYS}{'0' * 26}/").content
    away = send(strange, DAYS, "a", **said, branch=branch.public_id)
    assert (away.status_code, list(away.json()["fields"])) == (400, ["branch"])
    wrong = send(api(staff("front_desk")), DAYS, "b", **{**said, "service": never.public_id})
    assert (wrong.status_code, list(wrong.json()["fields"])) == (400, ["item"])
    assert ServiceDay.objects.count() == 1


# -- how often clients are spoken with ---------------------------------------------------------------------------------


def test_a_cadence_is_set_from_a_day_on_and_follows_the_one_before(branch: Branch, staff: Staff, api: Api) -> None:
    tier, today = programme_of(branch).tiers.get(code="gold"), local_date(timezone.now())
    phone = api(staff("head_office", branch=None))
    said = {"tier": tier.public_id, "days": 30, "valid_from": today.isoformat()}

    made, replayed, again = (
        send(phone, CADENCES, **said),
        send(phone, CADENCES, **said),
        send(phone, CADENCES, "l", **said),
    )
    later = (today + timedelta(days=10)).isoformat()
    ended = send(phone, CADENCES, "m", **{**said, "days": None, "valid_from": later})
    past = send(phone, CADENCES, "n", **{**said, "valid_from": (today - timedelta(days=1)).isoformat()})
    now = phone.get(CADENCES, {"on": today.isoformat(), "tier": "gold"})

    assert (made.status_code, replayed.status_code, made.data["days"]) == (201, 200, 30)
    assert (again.status_code, again.json()["code"]) == (409, "later_entitlement_stands")
    assert (ended.status_code, ended.data["days"]) == (201, None)
    assert (past.status_code, list(past.json()["fields"])) == (400, ["valid_from"])
    assert [row["id"] for row in now.data["results"]] == [made.data["id"]]
    assert ContactCadence.objects.get(public_id=made.data["id"]).valid_to == today + timedelta(days=9)


@pytest.mark.parametrize(("days", "is_fit"), [(0, False), (1, True), (730, True), (731, False)])
def test_page_rest_and_database_let_a_cadence_be_of_one_day_to_two_years(
    branch: Branch, staff: Staff, web: Web, api: Api, days: int, is_fit: bool
) -> None:
    tiers, house = programme_of(branch).tiers, staff("head_office", branch=None)
    today = local_date(timezone.now()).isoformat()

    def keep(tier: Tier) -> None:
        ContactCadence(
            company=branch.company, programme_code="default", tier_code=tier.code, days=days, valid_from=today,
            created_by=house,
        ).full_clean()  # fmt: skip

    page = web(house).post(
        reverse("tiers:cadence_set", args=[tiers.get(code="gold").public_id]),
        {"form_token": "a", "days": days, "valid_from": today},
    )
    said = {"tier": tiers.get(code="silver").public_id, "days": days, "valid_from": today}
    answer = send(api(house), CADENCES, **said)

    assert (page.status_code, answer.status_code) == ((302, 201) if is_fit else (400, 400))
    if is_fit:
        keep(tiers.get(code="platinum"))
    else:
        assert list(answer.data["fields"]) == ["days"]
        with pytest.raises(ValidationError):
            keep(tiers.get(code="platinum"))


def test_a_cadence_is_the_companys_and_seen_by_whoever_serves_its_clients(
    branch: Branch, staff: Staff, api: Api
) -> None:
    tier, today = programme_of(branch).tiers.get(code="gold"), local_date(timezone.now()).isoformat()
    said = {"tier": tier.public_id, "days": 30, "valid_from": today}
    made = send(api(staff("head_office", branch=None)), CADENCES, **said)
    url = f"{CADENCES}{made.data['id']}/"
    elsewhere = staff("branch_manager", branch=BranchFactory(company=CompanyFactory(code="another")))

    assert api(staff("advisor")).get(url).data["days"] == 30
    assert send(api(staff("advisor")), CADENCES, **said).status_code == 403
    assert send(api(staff("branch_manager")), CADENCES, **said).status_code == 403
    assert api(staff("agent")).get(url).status_code == 403
    assert api(elsewhere).get(url).status_code == 404
    assert ContactCadence.objects.count() == 1


# -- rates of one evaluation -------------------------------------------------------------------------------------------

FIRST, MONTH_END = date(2026, 5, 15), date(2026, 5, 29)


@pytest.fixture
def risen(branch: Branch, staff: Staff) -> EvaluationRun:
    """Three clients rose to gold in one evaluation, and each has a proposal for it."""
    programme = seed_default_programme(company=branch.company, actor=system_user())
    for code, rate in (("silver", "0.0003"), ("gold", "0.00025")):
        RateCardFactory(tier=programme.tiers.get(code=code), rate=Decimal(rate), valid_from=date(2026, 1, 1))
    clients = [ClientFactory(branch=branch, advisor=staff("advisor")) for _ in range(3)]
    for day, fen in ((FIRST, 20_000_000), (MONTH_END, 120_000_000)):
        put_days(branch, {client: {day: fen} for client in clients})
        evaluate(branch=branch, day=day, actor=system_user())
    settle_rates(datetime(2026, 6, 1, 2, tzinfo=UTC))
    # The time for a decision would be over by today.
    ClientRate.objects.update(decide_by=local_date(timezone.now()) + timedelta(days=5))
    return EvaluationRun.objects.get(day=MONTH_END)


def proposed(phone: APIClient, run: EvaluationRun) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = phone.get(f"/api/v1/evaluations/{run.public_id}/rates/").data["results"]
    return [{"id": row["id"], "version": row["version"]} for row in rows]


def test_rates_of_an_evaluation_are_approved_together_and_those_that_changed_stay_with_a_reason(
    branch: Branch, staff: Staff, api: Api, risen: EvaluationRun
) -> None:
    manager = staff("branch_manager")
    phone, url = api(manager), f"/api/v1/evaluations/{risen.public_id}/approve-rates/"
    seen = proposed(phone, risen)
    said = [seen[0], {**seen[1], "version": 99}, seen[2], {"id": "0" * 26, "version": 1}]

    done, replayed = send(phone, url, rates=said), send(phone, url, rates=said)

    assert (len(seen), done.status_code, replayed.status_code) == (3, 201, 200)
    assert done.data["approved"] == 2 and replayed.data["approved"] == 0
    states = {row["id"]: (row["state"], bool(row["reason"])) for row in done.data["rates"]}
    assert [states[row["id"]] for row in said] == [
        ("offered", False),
        ("proposed", True),
        ("offered", False),
        (None, True),
    ]
    assert [row["state"] for row in replayed.data["rates"]] == ["offered", "proposed", "offered", None]
    assert [row["id"] for row in proposed(phone, risen)] == [seen[1]["id"]]
    assert AuditEntry.objects.filter(actor=manager, action="client_rate.approve").count() == 2


def test_rates_are_approved_by_the_desk_of_the_branch_alone(
    branch: Branch, other_branch: Branch, staff: Staff, api: Api, risen: EvaluationRun
) -> None:
    rates = proposed(api(staff("branch_manager")), risen)
    url = f"/api/v1/evaluations/{risen.public_id}/approve-rates/"
    advisor, strange = api(staff("advisor")), api(staff("branch_manager", branch=other_branch))

    assert send(advisor, url, rates=rates).status_code == 403
    assert advisor.get(url.replace("approve-rates", "rates")).status_code == 403
    assert send(strange, url, rates=rates).status_code == 404
    assert strange.get(url.replace("approve-rates", "rates")).status_code == 404
    assert send(api(staff("branch_manager")), url, rates=[]).status_code == 400
    assert api(staff("branch_manager")).post(url, {"rates": rates}, format="json").status_code == 400
    assert set(ClientRate.objects.values_list("state", flat=True)) == {"proposed"}
