"""Bounds are tried over REST as on the page: the sheet, a move, who moves, and the draft that it becomes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from clients.models import Client
from crm.core.access import system_user
from crm.core.jobs import take_and_run
from crm.core.models import AuditEntry, Branch, JobRun, Policy, User
from tests.doors import Api, Staff
from tests.factories.clients import ClientFactory
from tests.factories.tiers import ClientRateFactory, RateCardFactory, put_days
from tiers.models import ContactCadence, Programme, Simulation, TierState
from tiers.services.programmes import ProgrammePlan, TierPlan, create_programme, seed_default_programme

pytestmark = pytest.mark.django_db

URL = "/api/v1/tier-simulations/"
DAY = date(2026, 5, 29)


@pytest.fixture
def programme(branch: Branch) -> Programme:
    return seed_default_programme(company=branch.company, actor=system_user())


def hold(branch: Branch, *fen: int) -> list[Client]:
    clients = [ClientFactory(branch=branch) for _ in fen]
    put_days(branch, {one: {DAY: amount} for one, amount in zip(clients, fen, strict=True)})
    return clients


def send(phone: APIClient, url: str, key: str = "k", **said: Any) -> Any:
    return phone.post(url, said, format="json", headers={"Idempotency-Key": key})


def test_a_sheet_is_asked_for_once_tried_and_kept_as_a_draft(
    branch: Branch, staff: Staff, api: Api, programme: Programme
) -> None:
    riser, _rich = hold(branch, 40_000_000, 60_000_000)
    for code, rate in (("silver", "0.0003"), ("gold", "0.00025")):
        RateCardFactory(tier=programme.tiers.get(code=code), rate=rate)
    manager = staff("branch_manager")
    phone = api(manager)

    asked, again = send(phone, URL, programme=programme.public_id), send(phone, URL, programme=programme.public_id)
    sheet = f"{URL}{asked.data['id']}/"
    seen = phone.get(f"{sheet}outcome/", {"bound": "gold:300000.00"})
    moved = phone.get(f"{sheet}movers/", {"bound": "gold:300000.00"})
    said = {"bounds": {"gold": "300000.00"}, "effective_from": "2099-01-01", "note": "降低金卡门槛"}
    saved, replayed = send(phone, f"{sheet}draft/", "d", **said), send(phone, f"{sheet}draft/", "d", **said)

    assert (asked.status_code, again.status_code, asked.data["id"]) == (201, 200, again.data["id"])
    assert (asked.data["state"], asked.data["clients"], asked.data["job"]) == ("ready", 2, None)
    assert asked.data["bounds"]["gold"] == "500000.00" and sum(bar["clients"] for bar in asked.data["bars"]) == 2
    assert (seen.data["up"], seen.data["down"], seen.data["bounds"]["gold"]) == (1, 0, "300000.00")
    (pair,) = seen.data["pairs"]
    assert (pair["old"], pair["new"], pair["clients"], pair["commission"]) == ("silver", "gold", 1, "0.00")
    assert [(row["client"], row["old"], row["new"]) for row in moved.data["results"]] == [
        (riser.public_id, "silver", "gold")
    ]
    draft = Programme.objects.get(state="draft")
    assert (saved.status_code, replayed.status_code, saved.data["id"]) == (201, 200, draft.public_id)
    assert (draft.branch, draft.note, saved.headers["ETag"]) == (branch, "降低金卡门槛", f'"{draft.version}"')
    assert {tier["code"]: tier["lower_bound"] for tier in saved.data["tiers"]}["gold"] == "300000.00"
    assert not TierState.objects.exists()
    assert AuditEntry.objects.filter(actor=manager, action="simulation.save_draft").count() == 1


def test_a_large_book_computes_meanwhile_and_its_job_tells_how_far_it_is(
    branch: Branch, staff: Staff, api: Api, programme: Programme
) -> None:
    Policy.objects.filter(policy_key="tier.simulation_at_once").update(value=1)
    hold(branch, 40_000_000, 60_000_000)
    phone = api(staff("branch_manager"))

    asked = send(phone, URL, programme=programme.public_id)
    sheet = f"{URL}{asked.data['id']}/"
    early = phone.get(f"{sheet}outcome/")
    said = {"bounds": {"gold": "300000.00"}, "effective_from": "2099-01-01", "note": "x"}
    hasty = send(phone, f"{sheet}draft/", "d", **said)
    waiting = phone.get(f"/api/v1/jobs/{asked.data['job']}/")
    take_and_run(JobRun.objects.get().pk)

    assert (asked.data["state"], waiting.data["state"]) == ("computing", "queued")
    assert (early.status_code, hasty.status_code) == (409, 409)
    assert early.json()["code"] == hasty.json()["code"] == "simulation_not_laid_out"
    assert phone.get(sheet).data["state"] == "ready"
    assert phone.get(f"{sheet}outcome/").data["up"] == 0
    assert not Programme.objects.filter(state="draft").exists()


@pytest.mark.parametrize(
    "bound", ["gold", "gold:", "gold:x", "gold:1e400", "gold:300000.001", "nobody:1.00", "gold:1.00", "silver:-1.00"]
)
def test_a_bound_that_is_none_is_refused(
    branch: Branch, staff: Staff, api: Api, programme: Programme, bound: str
) -> None:
    hold(branch, 40_000_000)
    phone = api(staff("branch_manager"))
    sheet = f"{URL}{send(phone, URL, programme=programme.public_id).data['id']}/"

    assert {phone.get(f"{sheet}{what}/", {"bound": bound}).status_code for what in ("outcome", "movers")} == {400}


def test_a_draft_needs_a_moved_bound_and_a_key(branch: Branch, staff: Staff, api: Api, programme: Programme) -> None:
    hold(branch, 40_000_000)
    phone = api(staff("branch_manager"))
    sheet = f"{URL}{send(phone, URL, programme=programme.public_id).data['id']}/draft/"
    said: dict[str, Any] = {"effective_from": "2099-01-01", "note": "x"}

    assert send(phone, sheet, "a", bounds={"gold": "500000.00"}, **said).status_code == 400
    assert send(phone, sheet, "b", bounds={"gold": 300000}, **said).status_code == 400
    assert send(phone, sheet, "c", bounds={"nobody": "300000.00"}, **said).status_code == 400
    assert phone.post(sheet, {"bounds": {"gold": "300000.00"}, **said}, format="json").status_code == 400
    assert not Programme.objects.filter(state="draft").exists()


def test_the_head_office_drafts_for_the_company_a_manager_for_his_branch(
    branch: Branch, staff: Staff, api: Api, programme: Programme
) -> None:
    hold(branch, 40_000_000)
    office = api(staff("head_office", branch=None))
    unnamed = send(office, URL, "a", programme=programme.public_id)
    asked = send(office, URL, "b", programme=programme.public_id, branch=branch.public_id)
    said = {"bounds": {"gold": "300000.00"}, "effective_from": "2099-01-01", "note": "x"}

    saved = send(office, f"{URL}{asked.data['id']}/draft/", "c", **said)

    assert (unnamed.status_code, list(unnamed.json()["fields"])) == (400, ["branch"])
    assert (saved.status_code, saved.data["branch"]) == (201, None)


def test_a_programme_without_a_bound_has_nothing_to_try(branch: Branch, staff: Staff, api: Api) -> None:
    rule = {"metric": "month_end", "at_least": "1.00"}
    tiers = (TierPlan("low", "Low", "低", None), TierPlan("top", "Top", "高", None, rule=rule))
    plan = ProgrammePlan("own", "Own", "自有", date(2000, 1, 1), tiers)
    own = create_programme(actor=system_user(), plan=plan, company=branch.company, branch=branch, activate=True)

    refused = send(api(staff("branch_manager")), URL, programme=own.public_id)

    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_simulate")


def test_simulations_are_the_business_of_those_who_shape_programmes_of_the_branch(
    branch: Branch, other_branch: Branch, staff: Staff, api: Api, programme: Programme
) -> None:
    hold(branch, 40_000_000)
    made = send(api(staff("branch_manager")), URL, programme=programme.public_id).data["id"]
    strange, advisor = api(staff("branch_manager", branch=other_branch)), api(staff("advisor"))
    paths = [f"{URL}{made}/", f"{URL}{made}/outcome/", f"{URL}{made}/movers/"]
    unknown = strange.get(f"{URL}{'0' * 26}/")

    assert {strange.get(path).status_code for path in paths} == {404}
    assert strange.get(paths[0]).content == unknown.content
    assert strange.get(URL).data["results"] == []
    assert send(strange, f"{URL}{made}/draft/").status_code == 404
    away = send(strange, URL, "z", programme=programme.public_id, branch=branch.public_id)
    assert (away.status_code, list(away.json()["fields"])) == (400, ["branch"])
    assert {advisor.get(path).status_code for path in (URL, *paths)} == {403}
    assert send(advisor, URL, programme=programme.public_id).status_code == 403
    assert Simulation.objects.count() == 1


def test_who_may_not_see_rates_is_told_no_commission_and_nobody_sees_a_client_beyond_his_reach(
    branch: Branch, staff: Staff, api: Api, programme: Programme
) -> None:
    (client,) = hold(branch, 40_000_000)
    ClientRateFactory(client=client)
    manager = staff("branch_manager")
    sheet = f"{URL}{send(api(manager), URL, programme=programme.public_id).data['id']}/"
    for group in manager.groups.all():
        group.permissions.remove(*group.permissions.filter(codename="view_clientrate"))

    seen = api(User.objects.get(pk=manager.pk)).get(f"{sheet}outcome/", {"bound": "gold:300000.00"})

    assert (seen.data["up"], seen.data["commission"]) == (1, None)


def test_contacts_are_told_for_each_who_serves_the_clients_as_on_the_page(
    branch: Branch, staff: Staff, api: Api, programme: Programme, web: Callable[[User], Any]
) -> None:
    (client,) = hold(branch, 40_000_000)
    Client.objects.filter(pk=client.pk).update(advisor=staff("advisor"))
    for code, days in (("silver", 73), ("gold", 5)):
        terms = {"programme_code": programme.code, "tier_code": code, "days": days, "valid_from": date(2000, 1, 1)}
        ContactCadence.objects.create(company=branch.company, created_by=system_user(), **terms)
    manager = staff("branch_manager")
    made = send(api(manager), URL, programme=programme.public_id).data["id"]

    told = api(manager).get(f"{URL}{made}/outcome/", {"bound": "gold:300000.00"}).data
    page = web(manager).get(reverse("tiers:simulation", args=[made]), {"b_gold": "300000"}).content.decode()

    assert (told["contacts"], told["contacts_per_advisor"]) == ("68.00", "5.7")
    assert "5.7" in page


def test_contacts_for_each_advisor_are_rounded_half_up_as_on_the_page(
    branch: Branch, staff: Staff, api: Api, programme: Programme, web: Callable[[User], Any]
) -> None:
    """Three of four clients move: four contacts more a year for each, shared by four who serve them, are 0.25 a month."""
    for client in hold(branch, 40_000_000, 40_000_000, 40_000_000, 90_000_000):
        Client.objects.filter(pk=client.pk).update(advisor=staff("advisor"))
    for code, days in (("silver", 365), ("gold", 73)):
        terms = {"programme_code": programme.code, "tier_code": code, "days": days, "valid_from": date(2000, 1, 1)}
        ContactCadence.objects.create(company=branch.company, created_by=system_user(), **terms)
    manager = staff("branch_manager")
    made = send(api(manager), URL, programme=programme.public_id).data["id"]

    told = api(manager).get(f"{URL}{made}/outcome/", {"bound": "gold:300000.00"}).data
    page = web(manager).get(reverse("tiers:simulation", args=[made]), {"b_gold": "300000"}).content.decode()

    assert (told["contacts"], told["contacts_per_advisor"]) == ("12.00", "0.3")
    assert "0.3 a month for each advisor" in page
