"""Matching runs: what is proposed, who decides, what happens to the clients."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from advisory.errors import BadWeights, MatchingOutdated
from advisory.models import MatchingRun, MatchProposal
from advisory.services import approve_matching, reject_matching, run_matching
from advisory.services.features import branch_input
from clients.models import AdvisorAssignment, Client
from clients.services import assign_advisor
from crm.core.errors import AlreadyDecided, InvalidInput, StaleEdit
from crm.core.models import AuditEntry, Branch, Policy, User
from crm.core.policies import Figures
from tests.doors import Staff
from tests.factories.advisory import AdvisorFactory
from tests.factories.clients import ClientFactory

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


@pytest.fixture
def manager(staff: Staff) -> User:
    return staff("branch_manager")


def run(manager: User, branch: Branch, **said: object) -> MatchingRun:
    return run_matching(actor=manager, branch=branch, now=NOW, **said)


def test_a_run_proposes_the_best_fit_with_proof_and_leaves_clients_alone(branch: Branch, manager: User) -> None:
    careful = AdvisorFactory(user__branch=branch, risk_grades=["C1"], capacity=1)
    bold = AdvisorFactory(user__branch=branch, risk_grades=["C5"], capacity=1)
    quiet, keen = ClientFactory(branch=branch, risk_grade="C1"), ClientFactory(branch=branch, risk_grade="C5")

    found = run(manager, branch)

    takers = dict(found.proposals.values_list("client_id", "new_advisor_id"))
    assert takers == {quiet.pk: careful.user_id, keen.pk: bold.user_id}
    assert (found.state, found.gap, found.assigned, found.newly_assigned, found.moved) == ("proposed", 0, 2, 2, 0)
    assert not Client.objects.exclude(advisor=None).exists()


def test_contributions_of_a_proposal_add_up_to_its_points(branch: Branch, manager: User) -> None:
    AdvisorFactory(user__branch=branch, risk_grades=["C2"], languages=["粤语"])
    AdvisorFactory(user__branch=branch, risk_grades=["C5"])
    ClientFactory(branch=branch, risk_grade="C3", city="广州市", birth_date=date(1950, 1, 1))

    proposal = run(manager, branch).proposals.get()

    assert sum(proposal.contributions.values()) == proposal.points > 0
    assert set(proposal.contributions) <= {"risk", "language", "age"}
    assert [set(other) for other in proposal.runners_up] == [{"advisor", "points", "net"}]


def test_expired_licence_leave_and_closed_books_get_no_new_clients(branch: Branch, manager: User) -> None:
    AdvisorFactory(user__branch=branch, expired=True)
    AdvisorFactory(user__branch=branch, on_leave=True)
    AdvisorFactory(user__branch=branch, accepts_clients=False)
    AdvisorFactory(user__branch=branch, licence_kind="broker_agent")
    ClientFactory.create_batch(2, branch=branch)

    found = run(manager, branch)

    assert (found.assigned, found.unassigned) == (0, 2)
    assert set(found.proposals.values_list("unassigned_reason", flat=True)) == {"no_licensed_advisor"}


def test_who_is_on_leave_keeps_the_clients_he_has(branch: Branch, manager: User) -> None:
    away = AdvisorFactory(user__branch=branch, on_leave=True)
    AdvisorFactory(user__branch=branch)
    ClientFactory(branch=branch, advisor=away.user)

    found = run(manager, branch, continuity_points=1000)

    assert (found.assigned, found.moved) == (1, 0)
    assert not found.proposals.exists()


def test_clients_of_an_expired_licence_move_to_one_who_may_serve_them(branch: Branch, manager: User) -> None:
    gone = AdvisorFactory(user__branch=branch, expired=True)
    heir = AdvisorFactory(user__branch=branch)
    ClientFactory(branch=branch, advisor=gone.user)

    found = run(manager, branch)

    assert found.moved == 1
    assert found.proposals.get().new_advisor_id == heir.user_id


def test_nobody_is_matched_out_of_an_account_managers_book(branch: Branch, manager: User, staff: Staff) -> None:
    AdvisorFactory(user__branch=branch)
    ClientFactory(branch=branch, advisor=staff("account_manager"))

    assert run(manager, branch).assigned == 0


def test_capacity_is_kept_and_the_reason_named(branch: Branch, manager: User) -> None:
    AdvisorFactory(user__branch=branch, capacity=2)
    ClientFactory.create_batch(3, branch=branch)

    found = run(manager, branch)

    assert (found.assigned, found.unassigned) == (2, 1)
    assert found.proposals.get(new_advisor=None).unassigned_reason == "all_full"


def test_a_client_moves_only_for_more_than_the_continuity_points(branch: Branch, manager: User) -> None:
    old = AdvisorFactory(user__branch=branch, risk_grades=["C1"])
    AdvisorFactory(user__branch=branch, risk_grades=["C5"])
    ClientFactory(branch=branch, risk_grade="C5", advisor=old.user)

    assert run(manager, branch, continuity_points=10_000).moved == 0
    assert run(manager, branch, continuity_points=0).moved == 1


def test_closed_clients_and_other_branches_are_left_out(branch: Branch, other_branch: Branch, manager: User) -> None:
    AdvisorFactory(user__branch=branch)
    AdvisorFactory(user__branch=other_branch)
    ClientFactory(branch=branch, closed=True)
    ClientFactory(branch=other_branch)

    found = run(manager, branch)

    assert (found.assigned, found.unassigned, len(found.prices)) == (0, 0, 1)


def test_a_branch_without_clients_and_without_advisors_has_an_empty_proposal(branch: Branch, manager: User) -> None:
    found = run(manager, branch)

    assert (found.state, found.value, found.gap, found.assigned) == ("proposed", 0, 0, 0)


def test_an_unknown_factor_in_the_weights_is_refused(branch: Branch, manager: User) -> None:
    Policy.objects.filter(policy_key_id="matching.weights").update(value={"charm": 3})

    with pytest.raises(BadWeights):
        run(manager, branch)


@pytest.mark.parametrize("points", [-1, 10_001])
def test_continuity_points_outside_of_the_scale_are_refused(branch: Branch, manager: User, points: int) -> None:
    with pytest.raises(InvalidInput):
        run(manager, branch, continuity_points=points)


def test_the_same_branch_gives_the_same_input_hash(branch: Branch, manager: User) -> None:
    AdvisorFactory(user__branch=branch)
    ClientFactory.create_batch(3, branch=branch)

    first, second = run(manager, branch), run(manager, branch)
    ClientFactory(branch=branch)

    assert first.input_hash == second.input_hash != run(manager, branch).input_hash


def test_approval_gives_every_client_to_his_advisor_with_history_and_trail(branch: Branch, manager: User) -> None:
    advisor = AdvisorFactory(user__branch=branch)
    clients = ClientFactory.create_batch(3, branch=branch)
    found = run(manager, branch)

    done = approve_matching(actor=manager, run=found, now=NOW)

    assert (done.state, done.decided_by, done.decided_at) == ("approved", manager, NOW)
    assert set(Client.objects.values_list("advisor_id", "version")) == {(advisor.user_id, 2)}
    assert AdvisorAssignment.objects.filter(until=None, advisor=advisor.user, since=NOW).count() == 3
    entry = AuditEntry.objects.get(action="client.assign_advisor")
    assert sorted(entry.object_ids) == sorted(client.public_id for client in clients)


def test_a_move_ends_the_old_assignment_when_the_new_one_begins(branch: Branch, manager: User) -> None:
    old = AdvisorFactory(user__branch=branch, risk_grades=["C1"])
    new = AdvisorFactory(user__branch=branch, risk_grades=["C5"])
    client = ClientFactory(branch=branch, risk_grade="C5")
    before = NOW - timedelta(days=30)
    assign_advisor(client=client, advisor=old.user, actor=manager, now=before, reason="开户")

    approve_matching(actor=manager, run=run(manager, branch, continuity_points=0), now=NOW)

    assert list(client.assignments.order_by("since").values_list("advisor_id", "since", "until")) == [
        (old.user_id, before, NOW),
        (new.user_id, NOW, None),
    ]


def test_a_run_is_decided_once(branch: Branch, manager: User) -> None:
    found = run(manager, branch)
    approve_matching(actor=manager, run=found, now=NOW)

    with pytest.raises(AlreadyDecided):
        approve_matching(actor=manager, run=found, now=NOW)
    with pytest.raises(AlreadyDecided):
        reject_matching(actor=manager, run=found, now=NOW, reason="太多变动")


def test_a_decision_on_an_older_version_is_refused(branch: Branch, manager: User) -> None:
    found = run(manager, branch)

    with pytest.raises(StaleEdit):
        approve_matching(actor=manager, run=found, now=NOW, version=found.version + 1)


def test_rejection_needs_a_reason_and_changes_no_client(branch: Branch, manager: User) -> None:
    AdvisorFactory(user__branch=branch)
    ClientFactory(branch=branch)
    found = run(manager, branch)

    with pytest.raises(InvalidInput):
        reject_matching(actor=manager, run=found, now=NOW, reason=" ")
    done = reject_matching(actor=manager, run=found, now=NOW, reason="太多变动")

    assert (done.state, done.reason) == ("rejected", "太多变动")
    assert not Client.objects.exclude(advisor=None).exists()


def _reassigned(client: Client, advisor: AdvisorFactory, spare: AdvisorFactory, manager: User) -> None:
    assign_advisor(client=client, advisor=spare.user, actor=manager, now=NOW, reason="客户要求")


def _closed(client: Client, advisor: AdvisorFactory, spare: AdvisorFactory, manager: User) -> None:
    Client.objects.filter(pk=client.pk).update(status="closed", closed_on=date(2026, 6, 1))


def _unlicensed(client: Client, advisor: AdvisorFactory, spare: AdvisorFactory, manager: User) -> None:
    type(advisor).objects.filter(pk=advisor.pk).update(licence_valid_until=date(2026, 5, 31))


def _on_leave(client: Client, advisor: AdvisorFactory, spare: AdvisorFactory, manager: User) -> None:
    type(advisor).objects.filter(pk=advisor.pk).update(leave_from=date(2026, 6, 1), leave_until=date(2026, 6, 2))


def _smaller(client: Client, advisor: AdvisorFactory, spare: AdvisorFactory, manager: User) -> None:
    type(advisor).objects.filter(pk=advisor.pk).update(capacity=0)


def _filled(client: Client, advisor: AdvisorFactory, spare: AdvisorFactory, manager: User) -> None:
    ClientFactory.create_batch(1, branch=client.branch, advisor=advisor.user)


@pytest.mark.parametrize("change", [_reassigned, _closed, _unlicensed, _on_leave, _smaller, _filled])
def test_a_proposal_that_the_branch_has_outgrown_is_refused(change: Callable[..., None], branch, manager) -> None:
    advisor = AdvisorFactory(user__branch=branch, risk_grades=["C1"], capacity=1)
    spare = AdvisorFactory(user__branch=branch, risk_grades=["C5"])
    client = ClientFactory(branch=branch, risk_grade="C1")
    found = run(manager, branch)
    change(client, advisor, spare, manager)
    served_by = Client.objects.get(pk=client.pk).advisor_id

    with pytest.raises(MatchingOutdated):
        approve_matching(actor=manager, run=found, now=NOW)

    assert Client.objects.get(pk=client.pk).advisor_id == served_by
    assert MatchingRun.objects.get(pk=found.pk).state == "proposed"


def test_unknown_values_earn_nothing_and_unused_factors_give_their_weight_away(
    branch: Branch, figures: Figures
) -> None:
    AdvisorFactory(user__branch=branch, risk_grades=["C3"])
    ClientFactory(branch=branch, risk_grade="C3")
    ClientFactory(branch=branch)

    given = branch_input(branch, date(2026, 6, 1), figures, 0)

    assert given.weights == {"risk": 25, "language": 10}
    assert given.problem.scores[:, 0].tolist() == [10_000, 2857]


def test_proposals_are_seen_by_the_branch_and_by_no_other(branch: Branch, other_branch: Branch, staff: Staff) -> None:
    manager, stranger = staff("branch_manager"), staff("branch_manager", branch=other_branch)
    AdvisorFactory(user__branch=branch)
    ClientFactory(branch=branch)
    run(manager, branch)

    assert MatchProposal.objects.visible_to(manager).count() == 1
    assert not MatchProposal.objects.visible_to(stranger).exists()
    assert not MatchingRun.objects.visible_to(stranger).exists()


@pytest.mark.parametrize("seed", range(5))
def test_whatever_the_branch_looks_like_places_are_kept_and_the_answer_is_proven(
    branch: Branch, manager: User, seed: int
) -> None:
    dice = random.Random(seed)
    grades = [f"C{grade}" for grade in range(1, 6)]
    advisors = [
        AdvisorFactory(
            user__branch=branch,
            capacity=dice.randint(0, 4),
            risk_grades=dice.sample(grades, dice.randint(0, 3)),
            accepts_clients=dice.random() < 0.8,
            languages=dice.sample(["普通话", "上海话", "粤语"], dice.randint(0, 2)),
        )
        for _number in range(4)
    ]
    for _number in range(12):
        held = dice.choice([None, None, *advisors])
        grade, city = dice.choice(["", *grades]), dice.choice(["", "上海市", "广州"])
        ClientFactory(branch=branch, risk_grade=grade, city=city, advisor=held.user if held else None)
    before = dict(Client.objects.values_list("pk", "advisor_id"))

    found = run(manager, branch, continuity_points=dice.choice([0, 1000]))
    approve_matching(actor=manager, run=found, now=NOW)

    after = dict(Client.objects.values_list("pk", "advisor_id"))
    new = Counter(taker for client, taker in after.items() if taker != before[client])
    assert (found.gap, found.assigned + found.unassigned) == (0, 12)
    assert all(said["proposed"] <= said["capacity"] for said in found.prices.values())
    assert all(new[profile.user_id] == 0 for profile in advisors if not profile.accepts_clients)
    assert all(after[client] is not None for client in before if before[client] is not None)
