"""Who moves when, and what an evaluation leaves behind."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command

from clients.models import Client
from crm.core.access import system_user
from crm.core.clocks import database_now
from crm.core.jobs import run_waiting_jobs, start_job, take_and_run
from crm.core.models import AuditEntry, Branch, JobRun, PolicyKey
from crm.core.services.policies import set_policy
from tests.factories.clients import ClientFactory
from tests.factories.tiers import put_days
from tests.tiers.plans import plan
from tiers.errors import LaterDayEvaluated, NoProgramme, UnknownMeasure
from tiers.models import EvaluationRun, Programme, TierChange, TierState
from tiers.services.evaluation import days_to_evaluate, evaluate, programme_for
from tiers.services.preview import preview_evaluation
from tiers.services.programmes import create_programme, seed_default_programme
from tiers.services.questions import closes_month, falls_if_below_by
from tiers.tasks import JOB, evaluate_branches, hand_evaluations_out

pytestmark = pytest.mark.django_db

JAN, FEB, MAR, APR = date(2026, 1, 30), date(2026, 2, 27), date(2026, 3, 31), date(2026, 4, 30)
WAN = 1_000_000  # ten thousand yuan in fen


@pytest.fixture
def programme(branch: Branch) -> Programme:
    return seed_default_programme(company=branch.company, actor=system_user())


def grade(branch: Branch, day: date, **more):
    return evaluate(branch=branch, day=day, actor=system_user(), **more)


def tier_code(client: Client) -> str:
    return TierState.objects.get(client=client).tier.code


def hold(branch: Branch, client: Client, **at: int) -> None:
    """Assets of a client by day, such as d20260130=…"""
    put_days(branch, {client: {date.fromisoformat(f"{k[1:5]}-{k[5:7]}-{k[7:9]}"): fen for k, fen in at.items()}})


def test_a_first_assignment_takes_effect_at_once(branch, programme):
    client = ClientFactory(branch=branch)
    hold(branch, client, d20260113=60 * WAN, d20260114=40 * WAN)

    outcome = grade(branch, date(2026, 1, 14))

    assert tier_code(client) == "gold"
    assert (outcome.steps, outcome.moved) == ({"first": 1}, 0)
    proof = TierChange.objects.get(client=client)
    assert (proof.reason, proof.old, int(proof.total * 100), proof.days) == ("first", None, 100 * WAN, 2)
    assert (proof.bound, proof.next_bound, proof.average) == (500_000, 1_000_000, 500_000)


@pytest.mark.parametrize(
    ("fen", "code"),
    [
        (-7_118_800, "ordinary"),
        (0, "ordinary"),
        (10 * WAN - 1, "ordinary"),
        (10 * WAN, "silver"),
        (1000 * WAN, "private"),
    ],
)
def test_bounds_are_inclusive_to_the_fen_and_debt_is_the_lowest_tier(branch, programme, fen, code):
    client = ClientFactory(branch=branch)
    hold(branch, client, d20260114=fen)

    grade(branch, date(2026, 1, 14))

    assert tier_code(client) == code


def test_one_fen_in_the_sum_decides_where_the_average_would_round(branch, programme):
    below, at = ClientFactory.create_batch(2, branch=branch)
    put_days(
        branch,
        {
            below: {date(2026, 1, 12): 10 * WAN, date(2026, 1, 13): 10 * WAN, date(2026, 1, 14): 10 * WAN - 1},
            at: {date(2026, 1, 12): 10 * WAN, date(2026, 1, 13): 10 * WAN - 1, date(2026, 1, 14): 10 * WAN + 1},
        },
    )

    grade(branch, date(2026, 1, 14))

    assert (tier_code(below), tier_code(at)) == ("ordinary", "silver")


def test_a_client_without_a_day_in_the_window_gets_no_tier(branch, programme):
    never, long_ago = ClientFactory.create_batch(2, branch=branch)
    hold(branch, long_ago, d20251101=WAN)

    outcome = grade(branch, date(2026, 1, 14))

    assert not TierState.objects.exists()
    assert outcome.no_data == 2


def test_days_before_the_window_do_not_count(branch, programme):
    client = ClientFactory(branch=branch)
    hold(branch, client, d20251215=9000 * WAN, d20251216=10 * WAN, d20260114=10 * WAN)

    grade(branch, date(2026, 1, 14))

    assert TierChange.objects.get().days == 2
    assert tier_code(client) == "silver"


def test_a_tier_rises_at_the_end_of_the_month_and_not_before(branch, programme):
    client = ClientFactory(branch=branch)
    hold(branch, client, d20260105=WAN)
    grade(branch, date(2026, 1, 5))
    hold(branch, client, d20260112=900 * WAN, d20260130=900 * WAN)

    grade(branch, date(2026, 1, 12))
    before = tier_code(client)
    outcome = grade(branch, JAN)

    assert (before, tier_code(client)) == ("ordinary", "diamond")
    assert outcome.steps == {"up": 1}


def test_a_tier_falls_after_three_months_below(branch, programme):
    client = ClientFactory(branch=branch)
    hold(branch, client, d20251231=60 * WAN)
    grade(branch, date(2025, 12, 31))
    hold(branch, client, d20260130=20 * WAN, d20260227=20 * WAN, d20260331=20 * WAN)

    seen = []
    for day in (JAN, FEB, MAR):
        grade(branch, day)
        state = TierState.objects.get()
        seen.append((state.tier.code, state.below_since))

    assert seen == [("gold", JAN), ("gold", JAN), ("silver", None)]
    assert list(TierChange.objects.order_by("pk").values_list("reason", flat=True)) == ["first", "down"]


def test_one_good_month_starts_the_count_again(branch, programme):
    client = ClientFactory(branch=branch)
    hold(branch, client, d20251231=60 * WAN)
    grade(branch, date(2025, 12, 31))
    hold(branch, client, d20260130=20 * WAN, d20260227=120 * WAN, d20260331=20 * WAN, d20260430=20 * WAN)

    for day in (JAN, FEB, MAR, APR):
        grade(branch, day)

    assert (tier_code(client), TierState.objects.get().below_since) == ("gold", MAR)


def test_the_second_run_of_a_day_changes_nothing(branch, programme):
    for client in ClientFactory.create_batch(3, branch=branch):
        hold(branch, client, d20260130=client.pk * WAN)
    first = grade(branch, JAN)
    states = list(TierState.objects.order_by("pk").values())

    second = grade(branch, JAN)

    assert (first.written, second.written) == (3, 0)
    assert second.counts == first.counts and second.run == first.run
    assert list(TierState.objects.order_by("pk").values()) == states
    assert EvaluationRun.objects.count() == 1 and TierChange.objects.count() == 3


def test_assets_corrected_on_the_day_are_graded_by_a_second_run(branch, programme):
    client = ClientFactory(branch=branch)
    hold(branch, client, d20260130=WAN)
    grade(branch, JAN)
    hold(branch, client, d20260130=60 * WAN)
    grade(branch, JAN)
    hold(branch, client, d20260130=600 * WAN)

    outcome = grade(branch, JAN)

    assert (tier_code(client), outcome.steps, outcome.run.up) == ("diamond", {"up": 1}, 2)
    assert list(TierChange.objects.order_by("pk").values_list("new__code", flat=True)) == [
        "ordinary",
        "gold",
        "diamond",
    ]


def test_a_day_before_one_already_evaluated_is_refused(branch, programme):
    grade(branch, JAN)

    with pytest.raises(LaterDayEvaluated):
        grade(branch, JAN - timedelta(days=1))


def test_a_fault_in_the_middle_leaves_nothing(branch, programme):
    hold(branch, ClientFactory(branch=branch), d20260130=WAN)

    def break_off(place: str) -> None:
        raise RuntimeError(place)

    with pytest.raises(RuntimeError):
        grade(branch, JAN, fault=break_off)

    assert not TierState.objects.exists() and not EvaluationRun.objects.exists()


def test_clients_of_other_branches_and_closed_ones_are_left_alone(branch, other_branch, programme):
    stranger = ClientFactory(branch=other_branch)
    closed = ClientFactory(branch=branch, status="closed", closed_on=date(2026, 1, 2))
    hold(other_branch, stranger, d20260130=WAN)
    hold(branch, closed, d20260130=WAN)

    grade(branch, JAN)

    assert not TierState.objects.exists()


def test_another_programme_grades_afresh_and_keeps_the_history(branch, programme):
    client = ClientFactory(branch=branch)
    hold(branch, client, d20260130=60 * WAN)
    grade(branch, JAN)
    own = create_programme(
        actor=system_user(), plan=plan("own", 100, 200), company=branch.company, branch=branch, activate=True
    )

    outcome = grade(branch, JAN)

    assert outcome.run.programme == own
    assert tier_code(client) == "t3"
    assert TierChange.objects.get(reason="programme").old.code == "gold"


def test_the_branchs_own_programme_goes_before_the_companys(branch, other_branch, programme):
    day = date(2026, 1, 1)
    own = create_programme(
        actor=system_user(), plan=plan("own", 100), company=branch.company, branch=branch, activate=True
    )
    create_programme(actor=system_user(), plan=plan("aside", 100), company=branch.company, activate=True)

    assert programme_for(branch, day) == own
    assert programme_for(other_branch, day) == programme
    assert programme_for(other_branch, day, "aside").code == "aside"
    with pytest.raises(NoProgramme):
        programme_for(other_branch, day, "own")


@pytest.mark.parametrize(
    ("day", "closes"),
    [(date(2026, 1, 29), False), (JAN, True), (date(2026, 1, 31), True), (date(2026, 2, 26), False), (FEB, True)],
)
def test_a_month_closes_with_its_last_trading_day(db, day, closes):
    assert closes_month(day) is closes


@pytest.mark.nodb
def test_the_month_of_the_day_counts_as_the_last_one_below():
    assert falls_if_below_by(date(2026, 3, 31), 3) == date(2026, 1, 31)
    assert falls_if_below_by(date(2026, 1, 30), 3) == date(2025, 11, 30)
    assert falls_if_below_by(date(2026, 1, 30), 1) == date(2026, 1, 31)


def test_the_sweep_evaluates_the_newest_day_once_and_catches_up_a_missed_month_end(branch, programme):
    client = ClientFactory(branch=branch)
    hold(branch, client, d20260105=WAN)
    now = None

    assert evaluate_branches(now) == 1
    assert evaluate_branches(now) == 0
    hold(branch, client, d20260129=WAN, d20260130=WAN, d20260202=WAN)
    assert days_to_evaluate(branch) == [JAN, date(2026, 2, 2)]
    assert evaluate_branches(now) == 2
    assert evaluate_branches(now) == 0


def test_a_company_without_a_programme_gets_the_default_one(branch):
    hold(branch, ClientFactory(branch=branch), d20260105=WAN)

    assert evaluate_branches(None) == 1
    assert Programme.objects.get().code == "default"


def test_seeding_the_default_programme_twice_makes_one(branch):
    first = seed_default_programme(company=branch.company, actor=system_user())

    assert seed_default_programme(company=branch.company, actor=system_user()) == first
    assert list(first.tiers.order_by("rank").values_list("code", flat=True)) == [
        "ordinary",
        "silver",
        "gold",
        "platinum",
        "diamond",
        "private",
    ]


def test_a_job_evaluates_and_reports(branch, programme, staff):
    hold(branch, ClientFactory(branch=branch), d20260130=WAN)
    params = {"day": "2026-01-30", "programme": programme.public_id}
    run = start_job(JOB, actor=staff("branch_manager"), params=params, branch=branch, key="x")

    assert take_and_run(run.pk)

    run = JobRun.objects.get(pk=run.pk)
    assert (run.state, run.result["first"], run.result["counts"]["ordinary"]) == ("done", 1, 1)
    assert EvaluationRun.objects.get().job == run


def test_the_evaluation_tells_each_step_that_is_done(branch, programme):
    hold(branch, ClientFactory(branch=branch), d20260130=WAN)
    told = []

    evaluate(branch=branch, day=JAN, actor=system_user(), tick=lambda done, total: told.append((done, total)))

    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_the_night_is_handed_out_as_long_work_one_day_of_each_branch_at_a_time(branch, other_branch, programme):
    client = ClientFactory(branch=branch)
    hold(branch, client, d20260105=WAN)
    hold(other_branch, ClientFactory(branch=other_branch), d20260105=WAN)

    assert (hand_evaluations_out(database_now()), hand_evaluations_out(database_now())) == (2, 0)
    assert run_waiting_jobs(database_now()) == 2
    assert set(JobRun.objects.filter(kind=JOB).values_list("branch", "state")) == {
        (branch.pk, "done"), (other_branch.pk, "done"),
    }  # fmt: skip
    assert EvaluationRun.objects.count() == 2
    hold(branch, client, d20260129=WAN, d20260130=WAN, d20260202=WAN)
    for day in (JAN, date(2026, 2, 2)):
        assert hand_evaluations_out(database_now()) == 1
        run_waiting_jobs(database_now())
        assert EvaluationRun.objects.filter(branch=branch, day=day).exists()
    assert hand_evaluations_out(database_now()) == 0


def test_a_night_that_failed_is_tried_again_after_an_hour_and_no_sooner(branch, programme):
    hold(branch, ClientFactory(branch=branch), d20260105=WAN)
    hand_evaluations_out(database_now())
    JobRun.objects.update(state="failed", ended_at=database_now())

    assert hand_evaluations_out(database_now()) == 0
    assert hand_evaluations_out(database_now() + timedelta(hours=2)) == 1


def test_a_measure_that_the_evaluation_does_not_know_is_refused_and_stops_no_other_branch(
    branch, other_branch, programme, staff
):
    """The figures say what is measured; the evaluation never passes over one that it cannot follow."""
    for place in (branch, other_branch):
        put_days(place, {ClientFactory(branch=place): {JAN: WAN}})
    set_policy(
        actor=system_user(), key=PolicyKey.objects.get(pk="tier.basis"), value="last_day", branch=branch,
        effective_from=date(2026, 1, 1), source="decision", reason="because", today=date(2026, 1, 1),
    )  # fmt: skip

    with pytest.raises(UnknownMeasure, match=r"tier\.basis"):
        grade(branch, JAN)
    assert evaluate_branches(None) == 1
    assert set(EvaluationRun.objects.values_list("branch__code", flat=True)) == {other_branch.code}


def test_an_evaluation_is_signed(branch, programme):
    grade(branch, JAN)

    assert AuditEntry.objects.filter(action="tiers.evaluate").count() == 1


def test_the_preview_tells_what_the_run_then_does_and_writes_nothing(branch, programme):
    risen, stays, new, away = ClientFactory.create_batch(4, branch=branch)
    put_days(branch, {risen: {date(2026, 1, 5): WAN}, stays: {date(2026, 1, 5): WAN}})
    grade(branch, date(2026, 1, 5))
    put_days(branch, {risen: {JAN: 900 * WAN}, stays: {JAN: WAN}, new: {JAN: 60 * WAN}})
    before = list(TierState.objects.order_by("pk").values())

    seen = preview_evaluation(branch=branch, programme=programme, day=JAN)

    assert list(TierState.objects.order_by("pk").values()) == before
    outcome = grade(branch, JAN)
    assert {tier.code: after for tier, _before, after in seen.tiers} == outcome.counts
    assert {k: v for k, v in seen.steps.items() if k != "stay"} == outcome.steps
    assert [(m.client_id, m.step, m.new.code) for m in seen.movers] == [(risen.pk, "up", "platinum")]
    assert seen.no_data == outcome.no_data == 1
    assert sum(count for _edge, count in seen.bars) == 3


def test_the_command_prints_counts_that_a_second_run_repeats(branch, capsys):
    import json

    hold(branch, ClientFactory(branch=branch), d20260130=600_00)
    call_command("create_programme", "tests/data/programme_bank.toml", "--branch", branch.code)
    answers = []
    for _ in range(2):
        call_command("evaluate_tiers", "--branch", branch.code, "--date", "2026-01-30", "--programme", "bank")
        answers.append(json.loads(capsys.readouterr().out.splitlines()[-1]))

    assert answers[0]["counts"] == {"t0": 0, "t500": 1, "t2000": 0, "t5000": 0, "t20000": 0, "t50000": 0}
    assert (answers[0]["first"], answers[1]["first"], answers[1]["moved"]) == (1, 0, 0)
    assert answers[1]["counts"] == answers[0]["counts"]
    assert set(answers[0]) == {"run", "date", "programme", "counts", "moved", "up", "down", "first", "no_data"}


def test_the_commands_say_what_they_do_not_know(branch):
    with pytest.raises(CommandError):
        call_command("evaluate_tiers", "--branch", "NONE", "--date", "2026-01-30")
    with pytest.raises(CommandError):
        call_command("evaluate_tiers", "--branch", branch.code, "--date", "2026-01-30", "--programme", "none")
