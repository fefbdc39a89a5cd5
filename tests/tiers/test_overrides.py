"""Tiers given by hand: a reason, somebody else's yes within the limits of his role, a last day, and the way back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from crm.core.access import system_user
from crm.core.errors import FourEyes, MissingRight, StaleEdit
from crm.core.models import AuditEntry
from tests.factories.clients import ClientFactory
from tests.factories.tiers import put_days
from tests.tiers.plans import plan
from tiers.errors import (
    NoTierYet,
    OverrideDecided,
    OverrideExpired,
    OverrideLimit,
    OverrideNotAllowed,
    OverrideNotInForce,
    OverrideWaiting,
)
from tiers.models import TierChange, TierOverride, TierState
from tiers.services import overrides
from tiers.services.evaluation import evaluate
from tiers.services.preview import preview_evaluation
from tiers.services.programmes import create_programme, seed_default_programme
from tiers.tasks import settle_overrides

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 1, 2, tzinfo=UTC)
TODAY = date(2026, 6, 1)
LAST = date(2026, 8, 1)
WAN = 1_000_000


@pytest.fixture
def programme(branch):
    return seed_default_programme(company=branch.company, actor=system_user())


@pytest.fixture
def client(branch, programme):
    """A client whose assets give him silver."""
    found = ClientFactory(branch=branch)
    put_days(branch, {found: {date(2026, 5, 29): 20 * WAN}})
    evaluate(branch=branch, day=date(2026, 5, 29), actor=system_user())
    return found


def ask(client, actor, code="gold", **more) -> TierOverride:
    tier = TierState.objects.get(client=client).programme.tiers.get(code=code)
    said = {
        "client": client,
        "tier": tier,
        "reason": "大额转入在途",
        "valid_to": LAST,
        "actor": actor,
        "now": NOW,
        **more,
    }
    return overrides.request_override(**said)


def codes(client) -> tuple[str, str | None]:
    state = TierState.objects.select_related("tier", "earned").get(client=client)
    return state.tier.code, state.earned and state.earned.code


def told(client) -> list[tuple[str, str, str]]:
    rows = TierChange.objects.filter(client=client).exclude(reason="first").order_by("pk").select_related("old", "new")
    return [(row.reason, row.old.code, row.new.code) for row in rows]


def entries() -> list[str]:
    rows = AuditEntry.objects.filter(action__startswith="tier_override.").order_by("pk")
    return list(rows.values_list("action", flat=True))


def test_somebody_else_gives_the_tier_and_the_clock_takes_it_back(client, staff):
    row = ask(client, staff("advisor"))
    assert codes(client) == ("silver", None)

    overrides.approve_override(override=row, actor=staff("branch_manager"), now=NOW)
    assert codes(client) == ("gold", "silver")
    assert settle_overrides(NOW + timedelta(days=61)) == 0
    assert settle_overrides(NOW + timedelta(days=62)) == 1
    assert settle_overrides(NOW + timedelta(days=62)) == 0

    assert codes(client) == ("silver", None)
    assert told(client) == [("manual", "silver", "gold"), ("return", "gold", "silver")]
    assert entries() == ["tier_override.request", "tier_override.approve", "tier_override.end"]


def test_nobody_approves_or_rejects_his_own_request(client, staff):
    manager = staff("branch_manager")
    row = ask(client, manager)

    for decide in (overrides.approve_override, overrides.reject_override):
        with pytest.raises(FourEyes):
            decide(override=row, actor=manager, now=NOW, note="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        TierOverride.objects.filter(pk=row.pk).update(
            state="holding", decided_by=manager, decided_at=NOW, valid_from=TODAY
        )

    assert codes(client) == ("silver", None) and entries() == ["tier_override.request"]


def test_a_role_approves_within_its_limits(client, staff):
    far, long = ask(client, staff("advisor"), "platinum"), None

    with pytest.raises(OverrideLimit):
        overrides.approve_override(override=far, actor=staff("branch_manager"), now=NOW)
    with pytest.raises(MissingRight):
        overrides.approve_override(override=far, actor=staff("compliance"), now=NOW)
    overrides.approve_override(override=far, actor=staff("head_office"), now=NOW)
    long = ask(client, staff("advisor"), "gold", valid_to=TODAY + timedelta(days=91))
    with pytest.raises(OverrideLimit):
        overrides.approve_override(override=long, actor=staff("branch_manager"), now=NOW)

    assert codes(client) == ("platinum", "silver")


def test_what_cannot_be_asked_for_is_refused(client, branch, staff):
    advisor = staff("advisor")
    strange = create_programme(actor=system_user(), plan=plan("p", 5), company=branch.company)

    for wrong in (
        {"code": "silver"},
        {"tier": strange.tiers.get(rank=1)},
        {"valid_to": TODAY - timedelta(days=1)},
        {"valid_to": TODAY + timedelta(days=366)},
    ):
        with pytest.raises(OverrideNotAllowed):
            ask(client, advisor, **wrong)
    with pytest.raises(NoTierYet):
        overrides.request_override(
            client=ClientFactory(branch=branch), tier=strange.tiers.get(rank=1), reason="x", valid_to=LAST,
            actor=advisor, now=NOW,
        )  # fmt: skip
    ask(client, advisor)
    with pytest.raises(OverrideWaiting):
        ask(client, advisor)


def test_a_request_that_nobody_decides_lapses_and_is_too_late_to_approve(client, staff):
    row = ask(client, staff("advisor"))
    late = NOW + timedelta(days=15)

    with pytest.raises(OverrideExpired):
        overrides.approve_override(override=row, actor=staff("branch_manager"), now=late)
    with pytest.raises(OverrideDecided):
        overrides.lapse_override(override=row, actor=system_user(), now=NOW)
    assert settle_overrides(late) == 1
    with pytest.raises(OverrideDecided):
        overrides.approve_override(override=row, actor=staff("branch_manager"), now=late)

    assert TierOverride.objects.get().state == "lapsed"
    assert codes(client) == ("silver", None)
    assert entries() == ["tier_override.request", "tier_override.lapse"]


def test_whoever_asked_takes_it_back_and_nobody_else(client, staff):
    advisor = staff("advisor")
    row = ask(client, advisor)

    with pytest.raises(MissingRight):
        overrides.withdraw_override(override=row, actor=staff("branch_manager"), now=NOW)
    overrides.withdraw_override(override=row, actor=advisor, now=NOW)
    with pytest.raises(OverrideDecided):
        overrides.reject_override(override=row, actor=staff("branch_manager"), now=NOW, note="x")

    assert TierOverride.objects.get().state == "withdrawn"


def test_a_rejected_request_changes_nothing(client, staff):
    row = ask(client, staff("advisor"))
    with pytest.raises(StaleEdit):
        overrides.reject_override(override=row, actor=staff("branch_manager"), now=NOW, note="x", version=7)

    overrides.reject_override(override=row, actor=staff("branch_manager"), now=NOW, note="依据不足")

    assert codes(client) == ("silver", None) and told(client) == []


def test_it_ends_early_by_hand_and_another_takes_its_place(client, staff):
    manager, house = staff("branch_manager"), staff("head_office")
    first = overrides.approve_override(override=ask(client, staff("advisor")), actor=manager, now=NOW)
    second = overrides.approve_override(override=ask(client, staff("advisor"), "diamond"), actor=house, now=NOW)
    first.refresh_from_db()
    assert (first.state, codes(client)) == ("ended", ("diamond", "silver"))

    overrides.end_override(override=second, actor=manager, now=NOW, reason="资金未到账")
    with pytest.raises(OverrideNotInForce):
        overrides.end_override(override=second, actor=manager, now=NOW, reason="x")

    assert codes(client) == ("silver", None)
    assert told(client)[-1] == ("return", "diamond", "silver")


def test_the_rules_go_on_behind_a_tier_by_hand(client, branch, programme, staff):
    overrides.approve_override(override=ask(client, staff("advisor")), actor=staff("branch_manager"), now=NOW)
    put_days(branch, {client: {date(2026, 6, 30): 600 * WAN}})

    seen = preview_evaluation(branch=branch, programme=programme, day=date(2026, 6, 30))
    outcome = evaluate(branch=branch, day=date(2026, 6, 30), actor=system_user())
    again = evaluate(branch=branch, day=date(2026, 6, 30), actor=system_user())

    assert (outcome.steps, outcome.moved, again.written) == ({"held": 1}, 0, 0)
    assert seen.movers == [] and {tier.code: n for tier, _b, n in seen.tiers if n} == {"gold": 1}
    assert codes(client) == ("gold", "diamond")
    assert outcome.counts["gold"] == 1 and told(client) == [("manual", "silver", "gold")]
    settle_overrides(NOW + timedelta(days=62))
    assert codes(client) == ("diamond", None)


def test_a_tier_by_hand_is_carried_into_the_next_edition(client, branch, staff):
    overrides.approve_override(override=ask(client, staff("advisor")), actor=staff("branch_manager"), now=NOW)
    from tiers.services.programmes import DEFAULT_FILE, read_plan

    newer = create_programme(actor=system_user(), plan=read_plan(DEFAULT_FILE), company=branch.company, activate=True)

    evaluate(branch=branch, day=date(2026, 6, 2), actor=system_user())

    state = TierState.objects.select_related("tier", "earned").get(client=client)
    assert state.programme == newer and {state.tier.programme_id, state.earned.programme_id} == {newer.pk}
    assert codes(client) == ("gold", "silver")
    assert told(client)[-1] == ("programme", "gold", "gold")


def test_under_a_programme_without_such_a_tier_the_rule_holds(client, branch, staff):
    overrides.approve_override(override=ask(client, staff("advisor")), actor=staff("branch_manager"), now=NOW)
    create_programme(actor=system_user(), plan=plan("own", 100), company=branch.company, branch=branch, activate=True)

    evaluate(branch=branch, day=date(2026, 6, 2), actor=system_user())
    assert codes(client) == ("t2", "t2")
    settle_overrides(NOW + timedelta(days=62))

    assert codes(client) == ("t2", None)


# -- pages and REST ----------------------------------------------------------------------------------------------------


def test_asked_for_and_approved_on_its_pages(client, branch, staff, web, time_machine):
    time_machine.move_to(NOW)
    advisor, manager = staff("advisor"), staff("branch_manager")
    client.advisor = advisor
    client.save()
    url = reverse("tiers:override_request", args=[client.public_id])
    gold = TierState.objects.get().programme.tiers.get(code="gold")
    said = {"tier": gold.public_id, "valid_to": LAST, "reason": "大额转入在途", "form_token": "a"}
    page = web(advisor).get(url)
    assert page.status_code == 200 and f"{TODAY + timedelta(days=365)} at the latest." in page.content.decode()

    assert web(advisor).post(url, {**said, "reason": "", "form_token": "b"}).status_code == 400
    assert web(advisor).post(url, said).status_code == 302
    row = TierOverride.objects.get()
    approve = reverse("tiers:override_approve", args=[row.public_id])
    assert "大额转入在途" in web(manager).get(reverse("tiers:overrides")).content.decode()
    assert b"200,000.00" in web(manager).get(approve).content
    assert web(manager).post(approve, {"version": 9, "form_token": "c"}).status_code == 412
    assert web(manager).post(approve, {"version": 1, "form_token": "d"}).status_code == 302
    assert web(manager).post(approve, {"version": 2, "form_token": "e"}).status_code == 409

    proof = web(advisor).get(reverse("tiers:proof", args=[client.public_id])).content.decode()
    assert "Tier by hand" in proof and "大额转入在途" in proof
    assert (
        "大额转入在途"
        not in web(staff("front_desk")).get(reverse("tiers:proof", args=[client.public_id])).content.decode()
    )
    change = TierChange.objects.get(reason="manual")
    shown = web(advisor).get(reverse("tiers:change", args=[change.public_id])).content.decode()
    assert "Silver → Gold" in shown and manager.name in shown
    end = reverse("tiers:override_end", args=[row.public_id])
    assert web(manager).get(end).status_code == 200
    assert web(manager).post(end, {"version": 2, "reason": "撤回", "form_token": "f"}).status_code == 302
    assert codes(client) == ("silver", None)


def test_who_asked_and_who_comes_late_are_told_so_and_given_no_form(client, branch, staff, web, time_machine):
    time_machine.move_to(NOW)
    manager, other = staff("branch_manager"), staff("branch_manager")
    row = ask(client, manager)
    url = reverse("tiers:override_approve", args=[row.public_id])

    own = web(manager).get(url).content.decode()
    assert web(other).post(url, {"version": 1, "form_token": "a"}).status_code == 302
    late = web(staff("head_office", branch=None)).get(url).content.decode()
    listed = web(manager).get(reverse("tiers:overrides")).content.decode()

    assert "somebody else has to approve it" in own and "decided already" in late
    assert all('name="note"' not in text for text in (own, late))
    assert "due in 61 days" in listed


def test_one_withdraws_on_the_queue_and_a_stranger_finds_nothing(
    client, branch, other_branch, staff, web, time_machine
):
    time_machine.move_to(NOW)
    manager = staff("branch_manager")
    row = ask(client, manager)
    url = reverse("tiers:override_withdraw", args=[row.public_id])

    assert web(staff("branch_manager", branch=other_branch)).post(url, {"version": 1}).status_code == 404
    assert web(staff("branch_manager")).post(url, {"version": 1}).status_code == 403
    for seen in (9, "²", "9" * 5000, ""):
        assert web(manager).post(url, {"version": seen}).status_code == 302
    assert TierOverride.objects.get().state == "proposed"
    web(manager).post(url, {"version": 1})

    assert TierOverride.objects.get().state == "withdrawn"


def test_a_client_without_a_tier_is_told_so(branch, staff, web):
    client = ClientFactory(branch=branch)
    manager = web(staff("branch_manager"))

    answer = manager.get(reverse("tiers:override_request", args=[client.public_id]))

    assert answer.status_code == 302


def test_the_queue_costs_the_same_for_one_row_and_for_ten(client, branch, staff, web, cost_of):
    manager, author = web(staff("branch_manager")), staff("advisor")
    ask(client, author)
    manager.get(reverse("tiers:overrides"))
    one = cost_of(lambda: manager.get(reverse("tiers:overrides")))
    others = ClientFactory.create_batch(9, branch=branch)
    put_days(branch, {other: {date(2026, 5, 29): 20 * WAN} for other in others})
    evaluate(branch=branch, day=date(2026, 5, 29), actor=system_user())
    for other in others:
        ask(other, author)

    assert cost_of(lambda: manager.get(reverse("tiers:overrides"))) == one


def test_over_rest_with_four_eyes_limits_and_versions(client, branch, staff, api, time_machine):
    time_machine.move_to(NOW)
    manager, house = staff("branch_manager"), staff("head_office")
    tier = TierState.objects.get().programme.tiers.get(code="platinum")
    said = {"client": client.public_id, "tier": tier.public_id, "valid_to": str(LAST), "reason": "大额转入在途"}
    phone = api(manager)

    assert phone.post("/api/v1/tier-overrides/", said).status_code == 400
    made = phone.post("/api/v1/tier-overrides/", said, headers={"Idempotency-Key": "a"})
    again = phone.post("/api/v1/tier-overrides/", said, headers={"Idempotency-Key": "a"})
    assert (made.status_code, again.status_code, made.data["id"]) == (201, 200, again.data["id"])
    url = f"/api/v1/tier-overrides/{made.data['id']}/"

    def approve(user, key, tag='"1"'):
        headers = {"Idempotency-Key": key, **({"If-Match": tag} if tag else {})}
        return api(user).post(f"{url}approve/", {}, headers=headers)

    assert approve(manager, "b").status_code == 403
    assert approve(staff("branch_manager"), "c").data["code"] == "tier_by_hand_beyond_limit"
    assert approve(house, "d", tag="").status_code == 428
    assert approve(house, "e", tag='"7"').status_code == 412
    done = approve(house, "f")
    assert (done.status_code, done.data["state"], done.data["valid_from"]) == (201, "holding", str(TODAY))
    assert approve(staff("head_office"), "g", tag='"2"').status_code == 409
    assert phone.get(url).headers["ETag"] == '"2"'
    assert phone.get(f"/api/v1/tier-overrides/?client={client.public_id}&state=holding").data["results"]
    assert api(staff("front_desk")).get("/api/v1/tier-overrides/").status_code == 403
    ended = api(house).post(f"{url}end/", {"reason": "x"}, headers={"Idempotency-Key": "h", "If-Match": '"2"'})

    assert ended.data["state"] == "ended" and codes(client) == ("silver", None)


def test_requests_over_rest_are_rejected_and_withdrawn(client, branch, staff, api, time_machine):
    time_machine.move_to(NOW)
    manager = staff("branch_manager")
    row = ask(client, manager)
    headers = {"Idempotency-Key": "r", "If-Match": '"1"'}

    rejected = api(staff("head_office")).post(
        f"/api/v1/tier-overrides/{row.public_id}/reject/", {"note": "x"}, headers=headers
    )
    other = ask(client, manager)
    withdrawn = api(manager).post(f"/api/v1/tier-overrides/{other.public_id}/withdraw/", {}, headers=headers)

    assert (rejected.data["state"], withdrawn.data["state"]) == ("rejected", "withdrawn")
