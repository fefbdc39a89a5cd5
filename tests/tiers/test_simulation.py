"""Bounds are tried on the branch's own clients: who would move at what price, without a change, and then kept as a draft."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from clients.models import Client
from clients.services.asset_sql import AssetDay
from clients.services.assets import put_asset_days
from crm.core.access import system_user
from crm.core.errors import MissingRight
from crm.core.models import AuditEntry, Branch
from crm.core.scales import STRIP, WIDTH, place
from tests.doors import Staff
from tests.factories.clients import ClientFactory
from tests.factories.services import EntitlementFactory, ServiceItemFactory
from tests.factories.tiers import ClientRateFactory, RateCardFactory
from tiers.errors import BadProgramme, NothingToTry
from tiers.models import AppliedRate, ContactCadence, Programme, RateCard, SimulatedClient, Simulation, Tier, TierState
from tiers.querysets import effective_rates
from tiers.services.drafts import activate_programme, submit_programme
from tiers.services.evaluation import evaluate
from tiers.services.preview import preview_evaluation
from tiers.services.programmes import ProgrammePlan, TierPlan, create_programme, seed_default_programme
from tiers.services.simulation import (
    COMPARED,
    bounds_of,
    drafts_to_compare,
    lay_out,
    read_bounds,
    save_as_draft,
    tell,
)
from tiers.tasks import tidy_simulations

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 1, 2, tzinfo=UTC)
DAY = date(2026, 5, 29)


@pytest.fixture
def programme(branch: Branch) -> Programme:
    return seed_default_programme(company=branch.company, actor=system_user())


def hold(branch: Branch, *fen: int, turnover: int = 0) -> list[Client]:
    """Clients with these average assets, and a turnover of the year in yuan."""
    clients = [ClientFactory(branch=branch) for _ in fen]
    rows = [AssetDay(one.pk, DAY, amount, turnover=turnover * 100) for one, amount in zip(clients, fen, strict=True)]
    put_asset_days(branch=branch, rows=rows, actor=system_user())
    return clients


def sheet_of(branch: Branch, programme: Programme) -> Simulation:
    return lay_out(branch=branch, programme=programme, actor=system_user(), now=NOW)


def tried(programme: Programme, **bounds: str) -> dict[int, int]:
    tiers = list(Tier.objects.filter(programme=programme).order_by("rank"))
    return read_bounds(tiers, {code: Decimal(bound) for code, bound in bounds.items()})


def pairs(sheet: Simulation, bounds: dict[int, int]) -> dict[tuple[str, str], int]:
    outcome = tell(sheet, bounds, with_commission=True)
    return {(pair.old.code, pair.new.code): pair.clients for pair in outcome.pairs}


def test_the_bounds_of_the_edition_move_nobody(branch: Branch, programme: Programme) -> None:
    hold(branch, -100, 0, 9_999_999, 10_000_000, 50_000_000, 1_000_000_000)
    sheet = sheet_of(branch, programme)

    outcome = tell(sheet, tried(programme), with_commission=True)

    assert (outcome.pairs, outcome.total("commission"), outcome.total("cost")) == ([], None, None)
    assert [(tier.code, before, after) for tier, before, after in outcome.tiers] == [
        ("ordinary", 3, 3),
        ("silver", 1, 1),
        ("gold", 1, 1),
        ("platinum", 0, 0),
        ("diamond", 0, 0),
        ("private", 1, 1),
    ]


def test_a_bound_is_inclusive_to_the_fen_in_the_simulation_as_in_the_night(
    branch: Branch, programme: Programme
) -> None:
    hold(branch, 29_999_999, 30_000_000, 30_000_001)

    assert pairs(sheet_of(branch, programme), tried(programme, gold="300000")) == {("silver", "gold"): 2}


def test_a_fraction_of_a_fen_below_the_bound_is_below(branch: Branch, programme: Programme) -> None:
    (client,) = hold(branch, 30_000_000)
    rows = [AssetDay(client.pk, DAY - timedelta(days=n), 29_999_999 if n == 1 else 30_000_000) for n in (1, 2)]
    put_asset_days(branch=branch, rows=rows, actor=system_user())

    assert pairs(sheet_of(branch, programme), tried(programme, gold="300000")) == {}
    assert pairs(sheet_of(branch, programme), tried(programme, gold="299999.99")) == {("silver", "gold"): 1}


def test_who_moves_is_who_a_plain_count_moves(branch: Branch, programme: Programme) -> None:
    """Two hundred random books against a loop in Python, for ten random ladders."""
    luck = random.Random(20260601)  # noqa: S311  no secret
    fen = [int(10 ** luck.uniform(5, 11)) * luck.choice((1, 1, 1, -1)) for _ in range(200)]
    hold(branch, *fen)
    sheet = sheet_of(branch, programme)
    tiers = list(Tier.objects.filter(programme=programme).order_by("rank"))
    codes = [tier.code for tier in tiers]

    def rank(amount: int, bounds: list[int]) -> int:
        return sum(amount >= bound for bound in bounds)

    stands = sorted(bounds_of(tiers).values())
    for _ in range(10):
        ladder = sorted({int(10 ** luck.uniform(5, 11)) for _ in range(5)})
        wanted = Counter(
            (codes[rank(amount, stands)], codes[rank(amount, ladder)])
            for amount in fen
            if rank(amount, stands) != rank(amount, ladder)
        )
        bounds = dict(zip(range(2, 7), ladder, strict=True))
        assert pairs(sheet, bounds) == dict(wanted)
        movers = sheet.rows.movers(bounds_of(tiers), bounds)
        assert Counter((codes[row.before - 1], codes[row.after - 1]) for row in movers) == wanted


def test_the_commission_is_the_step_of_the_rates_on_the_turnover_of_those_without_their_own(
    branch: Branch, programme: Programme
) -> None:
    for code, rate in (("silver", "0.0003"), ("gold", "0.00025")):
        RateCardFactory(tier=programme.tiers.get(code=code), rate=Decimal(rate))
    _one, own = hold(branch, 40_000_000, 45_000_000, turnover=1_000_000)
    ClientRateFactory(client=own, rate=Decimal("0.0002"), state="approved", decided_by=system_user(), decided_at=NOW)
    sheet = sheet_of(branch, programme)

    outcome = tell(sheet, tried(programme, gold="300000"), with_commission=True)
    unseen = tell(sheet, tried(programme, gold="300000"), with_commission=False)

    assert (outcome.up, outcome.total("commission")) == (2, Decimal("-50.00"))
    assert unseen.total("commission") is None


def test_every_product_of_the_card_counts_as_far_as_a_file_tells_its_turnover_and_what_no_file_divides_counts_as_shares(
    branch: Branch, programme: Programme
) -> None:
    """Gold pays 0.5 ‱ less than silver for shares, 1 ‱ less for funds; the card says nothing of options in silver."""
    card = {("silver", "A_SHARE"): "0.0003", ("gold", "A_SHARE"): "0.00025", ("silver", "FUND"): "0.0002"}
    for (code, product), rate in {**card, ("gold", "FUND"): "0.0001", ("gold", "OPTION"): "0.0001"}.items():
        RateCardFactory(tier=programme.tiers.get(code=code), product=product, rate=Decimal(rate))
    plain, divided, told, own, stale = hold(branch, *[40_000_000] * 5, turnover=1_000_000)
    stays, *_rest = hold(branch, 4_000_000, turnover=1_000_000)
    for client, product, yuan, day in (
        (divided, "FUND", 400_000, DAY), (divided, "OPTION", 100_000, DAY), (told, "A_SHARE", 200_000, DAY),
        (told, "FUND", 300_000, DAY), (told, "FUND", 900_000, DAY - timedelta(days=30)),
        (own, "FUND", 500_000, DAY), (stale, "FUND", 500_000, DAY - timedelta(days=90)), (stays, "FUND", 700_000, DAY),
    ):  # fmt: skip
        AppliedRate.objects.create(client=client, product=product, day=day, rate=Decimal("0.0002"), turnover=yuan)
    ClientRateFactory(client=own, product="FUND", state="approved", decided_by=system_user(), decided_at=NOW)

    for _again in range(2):
        outcome = tell(sheet_of(branch, programme), tried(programme, gold="300000"), with_commission=True)

    # Shares: plain and stale a million each, divided and own half of it, told what the file says.
    lines = [(line.product.value, line.turnover, line.commission) for line in outcome.products]
    assert lines == [
        ("A_SHARE", Decimal(3_200_000), Decimal("-160.00")),
        ("FUND", Decimal(700_000), Decimal("-70.00")),
        ("OPTION", Decimal(100_000), None),
    ]
    assert (outcome.total("commission"), [pair.commission for pair in outcome.pairs]) == (
        Decimal("-230.00"), [Decimal("-230.00")],
    )  # fmt: skip
    assert (
        plain.pk
        and not tell(sheet_of(branch, programme), tried(programme, gold="300000"), with_commission=False).products
    )


@pytest.mark.parametrize(
    ("terms", "is_own"),
    [
        ({"state": "approved"}, True),
        ({"state": "approved", "valid_to": DAY}, True),
        ({"state": "ended", "valid_to": DAY}, True),
        ({"state": "approved", "valid_to": DAY - timedelta(days=1)}, False),
        ({"state": "approved", "valid_from": DAY + timedelta(days=1)}, False),
        ({"state": "approved", "product": "ETF"}, False),
        ({"state": "proposed"}, False),
    ],
    ids=lambda each: " ".join(map(str, each.values())) if isinstance(each, dict) else "",
)
def test_a_rate_of_ones_own_counts_while_it_is_in_force(
    branch: Branch, programme: Programme, terms: dict[str, Any], is_own: bool
) -> None:
    (client,) = hold(branch, 40_000_000)
    decided = {} if terms["state"] == "proposed" else {"decided_by": system_user(), "decided_at": NOW}
    ClientRateFactory(client=client, **decided, **terms)

    assert sheet_of(branch, programme).rows.get().has_own_rate == is_own


def test_services_and_contacts_count_what_the_new_tier_is_owed_less_the_old(
    branch: Branch, programme: Programme
) -> None:
    """Gold is owed a talk of 25 yuan each quarter and a call a month (73 days: five times a year), silver a talk a year."""
    talk = ServiceItemFactory(company=branch.company, code="talk", cost=Decimal(25))
    EntitlementFactory(item=talk, tier_code="gold", times=1, period="quarter")
    EntitlementFactory(item=talk, tier_code="silver", times=1, period="year")
    EntitlementFactory(item=talk, programme_code="another", tier_code="silver", times=9)
    ContactCadence.objects.create(
        company=branch.company, programme_code=programme.code, tier_code="gold", days=73,
        valid_from=date(2026, 1, 1), created_by=system_user(),
    )  # fmt: skip
    hold(branch, 40_000_000, 45_000_000)

    outcome = tell(sheet_of(branch, programme), tried(programme, gold="300000"), with_commission=True)

    assert (outcome.total("cost"), outcome.total("contacts")) == (Decimal("150.00"), Decimal(10))


def test_rules_that_are_not_tried_hold_on_beside_the_bounds(branch: Branch) -> None:
    """The top tier asks for turnover: whoever has it stays there, wherever the bounds of the others go."""
    rule = {"metric": "turnover", "span": 12, "at_least": "500000.00"}
    plan = ProgrammePlan(
        "own",
        "Own",
        "自有",
        date(2000, 1, 1),
        (
            TierPlan("low", "Low", "低", None),
            TierPlan("mid", "Mid", "中", Decimal(100_000)),
            TierPlan("top", "Top", "高", None, rule=rule),
        ),
    )
    own = create_programme(actor=system_user(), plan=plan, company=branch.company, branch=branch, activate=True)
    hold(branch, 20_000_000, turnover=600_000)
    hold(branch, 20_000_000, 5_000_000)
    sheet = sheet_of(branch, own)

    assert pairs(sheet, tried(own, mid="300000")) == {("mid", "low"): 1}
    assert pairs(sheet, tried(own, mid="50000")) == {("low", "mid"): 1}


def test_a_programme_without_a_bound_has_nothing_to_try(branch: Branch) -> None:
    rule = {"metric": "month_end", "at_least": "1.00"}
    tiers = (TierPlan("low", "Low", "低", None), TierPlan("top", "Top", "高", None, rule=rule))
    plan = ProgrammePlan("own", "Own", "自有", date(2000, 1, 1), tiers)
    own = create_programme(actor=system_user(), plan=plan, company=branch.company, branch=branch, activate=True)

    with pytest.raises(NothingToTry):
        sheet_of(branch, own)


@pytest.mark.parametrize("wrong", [{"gold": "100000"}, {"gold": "1000000"}, {"silver": "-1"}])
def test_bounds_that_make_no_ladder_are_refused(programme: Programme, wrong: dict[str, str]) -> None:
    with pytest.raises(BadProgramme):
        tried(programme, **wrong)


def test_trying_changes_nothing_and_the_sheet_is_laid_out_once(branch: Branch, programme: Programme) -> None:
    hold(branch, 40_000_000)
    evaluate(branch=branch, day=DAY, actor=system_user(), programme=programme)
    before = list(TierState.objects.values()), list(Tier.objects.values())

    sheet = sheet_of(branch, programme)
    tell(sheet, tried(programme, gold="300000"), with_commission=True)
    again = sheet_of(branch, programme)

    assert (again.pk, SimulatedClient.objects.count()) == (sheet.pk, 1)
    assert (list(TierState.objects.values()), list(Tier.objects.values())) == before


def test_a_saved_draft_has_the_tried_bounds_and_once_in_force_the_night_moves_the_same_clients(
    branch: Branch, programme: Programme, staff: Staff
) -> None:
    manager, house = staff("branch_manager"), staff("compliance")
    hold(branch, 40_000_000, 60_000_000, 5_000_000)
    evaluate(branch=branch, day=DAY, actor=system_user(), programme=programme)
    sheet = sheet_of(branch, programme)
    bounds = tried(programme, gold="300000")
    said = tell(sheet, bounds, with_commission=True)

    draft = save_as_draft(
        simulation=sheet, bounds=bounds, actor=manager, now=NOW, effective_from=date(2026, 6, 1), note="降低金卡门槛",
        for_branch=True,
    )  # fmt: skip

    assert (draft.state, draft.branch, draft.based_on, draft.note) == ("draft", branch, programme, "降低金卡门槛")
    assert bounds_of(list(draft.tiers.order_by("rank"))) == bounds
    submit_programme(programme=draft, actor=manager, now=NOW)
    activate_programme(programme=draft, actor=house, now=NOW)
    seen = preview_evaluation(branch=branch, programme=draft, day=DAY)
    assert [after for _tier, _before, after in seen.tiers] == [after for _tier, _before, after in said.tiers]
    actions = AuditEntry.objects.filter(actor=manager).values_list("action", flat=True)
    assert "simulation.save_draft" in actions


def test_a_new_edition_takes_the_rates_over_and_nobodys_rate_changes(
    branch: Branch, programme: Programme, staff: Staff
) -> None:
    gold = programme.tiers.get(code="gold")
    ended = RateCardFactory(tier=gold, product="FUND", valid_to=date(2026, 5, 31))
    RateCardFactory(tier=gold, rate=Decimal("0.00025"), valid_to=date(2026, 6, 30))
    RateCardFactory(tier=gold, rate=Decimal("0.0002"), valid_from=date(2026, 7, 1))
    (client,) = hold(branch, 60_000_000)
    evaluate(branch=branch, day=DAY, actor=system_user(), programme=programme)
    manager = staff("branch_manager")
    draft = save_as_draft(
        simulation=sheet_of(branch, programme), bounds=tried(programme, gold="300000"), actor=manager, now=NOW,
        effective_from=date(2026, 6, 1), note="x", for_branch=True,
    )  # fmt: skip
    submit_programme(programme=draft, actor=manager, now=NOW)

    activate_programme(programme=draft, actor=staff("compliance"), now=NOW)
    put_asset_days(branch=branch, rows=[AssetDay(client.pk, date(2026, 6, 1), 60_000_000)], actor=system_user())
    evaluate(branch=branch, day=date(2026, 6, 1), actor=system_user())

    rows = RateCard.objects.filter(tier__programme=draft).order_by("valid_from")
    assert [(row.tier.code, row.product, row.rate, row.valid_from, row.valid_to) for row in rows] == [
        ("gold", "A_SHARE", Decimal("0.00025"), date(2026, 6, 1), date(2026, 6, 30)),
        ("gold", "A_SHARE", Decimal("0.0002"), date(2026, 7, 1), None),
    ]
    assert ended.valid_to == date(2026, 5, 31)
    assert TierState.objects.get(client=client).programme == draft
    held = {day: [row.rate for row in effective_rates(client, day)] for day in (date(2026, 6, 1), date(2026, 7, 1))}
    assert list(held.values()) == [[Decimal("0.00025")], [Decimal("0.0002")]]
    assert AuditEntry.objects.filter(action="rate_card.carry").count() == 1


def test_a_draft_needs_a_moved_bound_and_the_right_to_shape_the_place(
    branch: Branch, programme: Programme, staff: Staff
) -> None:
    hold(branch, 40_000_000)
    sheet = sheet_of(branch, programme)
    said: dict[str, Any] = {"now": NOW, "effective_from": date(2026, 6, 1), "note": "x", "simulation": sheet}

    with pytest.raises(BadProgramme):
        save_as_draft(bounds=tried(programme), actor=staff("branch_manager"), for_branch=True, **said)
    with pytest.raises(MissingRight):
        save_as_draft(bounds=tried(programme, gold="300000"), actor=staff("branch_manager"), for_branch=False, **said)
    assert Programme.objects.filter(state="draft").count() == 0


def test_the_page_answers_a_move_alone_and_saves_what_was_tried(
    branch: Branch, programme: Programme, staff: Staff, web: Any
) -> None:
    hold(branch, 40_000_000, 60_000_000)
    manager = web(staff("branch_manager"))

    started = manager.post(reverse("tiers:simulation_start", args=[programme.public_id]))
    url = started.url
    whole = manager.get(url)
    htmx = {"HX-Request": "true", "HX-Target": "outcome"}
    moved = manager.get(url, {"b_gold": "300000"}, headers=htmx)
    wrong = manager.get(url, {"b_gold": "50000"}, headers=htmx)
    movers = manager.get(url, {"b_gold": "300000"}, headers={"HX-Request": "true", "HX-Target": "movers"})
    below_nothing = manager.get(url, {"b_gold": "-5"}, headers=htmx)
    # A bound that is no bound moves nobody, and nobody is told that nobody would move.
    assert all('role="alert"' in one.content.decode() for one in (wrong, below_nothing))
    assert all("Who moves" not in one.content.decode() for one in (wrong, below_nothing))

    assert whole.status_code == 200 and whole.content.decode().count('role="slider"') == 5
    assert moved.context["outcome"].up == 1 and "<html" not in moved.content.decode()
    assert "alert" in wrong.content.decode() and wrong.context["outcome"].up == 0
    assert [row.new.code for row in movers.context["page"]] == ["gold"]
    said = {"form_token": "t", "effective_from": "2099-01-01", "note": "试算", "b_gold": "300000"}
    saved = manager.post(reverse("tiers:simulation_draft", args=[Simulation.objects.get().public_id]), said)
    draft = Programme.objects.get(state="draft")
    assert saved.url == reverse("tiers:programme", args=[draft.public_id])
    compared = manager.get(reverse("tiers:simulation_drafts", args=[Simulation.objects.get().public_id]))
    (row,) = compared.context["drafts"]
    assert (row["programme"], row["outcome"].up) == (draft, 1)
    assert manager.get(row["url"]).context["outcome"].up == 1


def test_a_simulation_is_seen_by_those_who_shape_programmes_of_the_branch_alone(
    branch: Branch, other_branch: Branch, programme: Programme, staff: Staff, web: Any
) -> None:
    hold(branch, 40_000_000)
    url = reverse("tiers:simulation", args=[sheet_of(branch, programme).public_id])

    codes = {role: web(staff(role)).get(url).status_code for role in ("branch_manager", "head_office", "advisor")}

    assert codes == {"branch_manager": 200, "head_office": 200, "advisor": 403}
    assert web(staff("branch_manager", branch=other_branch)).get(url).status_code == 404


def test_a_move_costs_the_same_statements_for_one_client_and_for_many(
    branch: Branch, programme: Programme, staff: Staff, web: Any, cost_of: Any
) -> None:
    browser, htmx = web(staff("branch_manager")), {"HX-Request": "true", "HX-Target": "outcome"}
    hold(branch, 40_000_000)
    url = reverse("tiers:simulation", args=[sheet_of(branch, programme).public_id])
    browser.get(url, {"b_gold": "300000"}, headers=htmx)
    one = cost_of(lambda: browser.get(url, {"b_gold": "300000"}, headers=htmx))
    hold(branch, *[40_000_000 + n for n in range(12)])
    sheet_of(branch, programme)

    assert cost_of(lambda: browser.get(url, {"b_gold": "300000"}, headers=htmx)) == one <= 12


def test_sheets_nobody_lays_out_anew_go_after_some_days(branch: Branch, programme: Programme) -> None:
    hold(branch, 40_000_000)
    sheet_of(branch, programme)

    assert [tidy_simulations(NOW + timedelta(days=n)) for n in (3, 4, 4)] == [0, 1, 0]
    assert not SimulatedClient.objects.exists()


@pytest.mark.parametrize(
    ("yuan", "x"),
    [
        ("0", STRIP / 2),
        ("999.99", STRIP / 2),
        ("1000", STRIP),
        ("100000000", WIDTH - STRIP),
        ("1000000000", WIDTH - 20),
    ],
)
def test_the_scale_has_room_at_either_end(yuan: str, x: float) -> None:
    assert place(Decimal(yuan)) == Decimal(str(x))


def test_the_scale_is_one_of_tens() -> None:
    steps = [place(Decimal(10) ** power) for power in range(3, 9)]

    assert {b - a for a, b in zip(steps, steps[1:], strict=False)} == {Decimal(184)}


def test_the_newest_drafts_that_can_be_compared_are_shown_whatever_others_are_newer(
    branch: Branch, programme: Programme, staff: Staff
) -> None:
    hold(branch, 40_000_000)
    sheet, manager = sheet_of(branch, programme), staff("branch_manager")
    said = {"simulation": sheet, "actor": manager, "now": NOW, "effective_from": date(2099, 1, 1), "for_branch": True}
    drafts = [
        save_as_draft(bounds=tried(programme, gold=f"{300_000 + n}"), note=f"{n}", **said) for n in range(COMPARED + 1)
    ]
    for _n in range(COMPARED):
        other = save_as_draft(bounds=tried(programme, gold="400000"), note="x", **said)
        Programme.objects.filter(pk=other.pk).update(age_floors=[{"months": 12, "tier": "gold"}])

    assert [draft.note for draft, _bounds in drafts_to_compare(sheet)] == [row.note for row in drafts[:0:-1]]
