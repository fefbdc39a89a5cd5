"""The arithmetic of a matching: reading a branch, solving, and saying what comes out. For a worker: it needs NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from advisory.matching import Solution, contributions, place_price, runners_up, solve_problem, unassigned_reasons
from advisory.models import MatchingRun, MatchProposal
from advisory.services.features import MatchingInput, branch_input, pool_input
from advisory.services.matching import continuity_asked
from advisory.services.places import Advisor
from clients.models import Segment
from clients.segments import refuse_secret
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput
from crm.core.models import Branch, User
from crm.core.policies import figures

_ADVISORS_SHOWN = 3


@dataclass(frozen=True, eq=False)
class Plan:
    """A solved matching that has not been written yet."""

    given: MatchingInput
    solution: Solution
    continuity_points: int


def plan_matching(
    *,
    branch: Branch,
    now: datetime,
    continuity_points: int | None = None,
    segment: Segment | None = None,
    reader: User | None = None,
) -> Plan:
    """Read the branch and solve; writes nothing. With ``segment`` only its clients are matched, as ``reader`` sees them now.

    Raises ``BadWeights`` and ``InvalidInput``.
    """
    today = local_date(now)
    found = figures(today, branch)
    points = continuity_asked(
        found.integer("matching.continuity_points") if continuity_points is None else continuity_points
    )
    if segment is not None and reader is not None:
        refuse_secret(segment.group)
        given = pool_input(branch, segment.members(reader, now), today, found, points)
    else:
        given = branch_input(branch, today, found, points)
    return Plan(given, solve_problem(given.problem), points)


def plan_of(run: MatchingRun, now: datetime) -> Plan:
    """What a started run asks for. Raises what ``plan_matching`` does, and ``InvalidInput`` when its segment is gone."""
    if run.pool and run.segment is None:
        raise InvalidInput(_("The segment that was to be matched is gone."))
    return plan_matching(
        branch=run.branch,
        now=now,
        continuity_points=run.continuity_points,
        segment=run.segment,
        reader=run.created_by,
    )


def describe(row: MatchingRun, plan: Plan) -> None:
    """Value, bound, prices and counts of the solution."""
    solution, given = plan.solution, plan.given
    row.weights, row.continuity_points = given.weights, plan.continuity_points
    row.value, row.bound, row.input_hash = solution.value, solution.bound, solution.input_hash
    served = solution.served
    had = np.array([old is not None for old in given.old_advisors], np.bool_)
    new = _new_advisors(plan)
    changed = np.array([old != to for old, to in zip(given.old_advisors, new, strict=True)], np.bool_)
    row.assigned, row.unassigned = int(served.sum()), int((~served).sum())
    row.moved = int((served & had & changed).sum())
    row.newly_assigned = int((served & ~had).sum())
    loads = solution.loads()
    row.prices = {}
    for place, one in enumerate(given.advisors):
        price = place_price(solution, place)
        row.prices[one.public_id] = {
            "clients": price.clients,
            "points": price.points,
            "capacity": one.capacity,
            "load": one.load,
            "proposed": int(loads[place]),
        }


def _new_advisors(plan: Plan) -> list[int | None]:
    advisors = plan.given.advisors
    return [advisors[place].user_id if place >= 0 else None for place in plan.solution.assignment.tolist()]


def proposals(row: MatchingRun, plan: Plan) -> list[MatchProposal]:
    """One for each client who gets another advisor, his first, or none; who stays needs no proposal."""
    given, solution = plan.given, plan.solution
    new = _new_advisors(plan)
    old = given.old_advisors
    asked = [place for place in range(len(new)) if new[place] is None or new[place] != old[place]]
    shares = contributions(given.features, given.tables, given.problem.scores, solution.assignment)
    points = given.problem.points(solution.assignment)
    others = runners_up(given.problem, solution, np.array(asked, np.int64), _ADVISORS_SHOWN) if asked else None
    reasons = unassigned_reasons(given.problem, solution, given.eligibility)
    return [
        MatchProposal(
            run=row,
            client_id=given.client_ids[place],
            old_advisor_id=old[place],
            new_advisor_id=new[place],
            points=int(points[place]),
            contributions={name: int(share[place]) for name, share in shares.items() if share[place]},
            runners_up=_others(given.advisors, solution, others, number),
            unassigned_reason=reasons[place].value if place in reasons else "",
        )
        for number, place in enumerate(asked)
    ]


def _others(advisors: list[Advisor], solution: Solution, found: Any, number: int) -> list[dict[str, Any]]:
    """The next best advisors of one client: points, and points less what a place with them is worth to others."""
    result = []
    for advisor, points in zip(found.advisors[number].tolist(), found.points[number].tolist(), strict=True):
        if advisor < 0:
            continue
        price = place_price(solution, advisor).points
        result.append({"advisor": advisors[advisor].public_id, "points": points, "net": points - price})
    return result
