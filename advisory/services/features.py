"""From rows to arrays: what a matching knows about the clients and advisors of a branch.

Factors (weights: policy ``matching.weights``), each a fit from 0 to 1:

- risk, tier   1 where the client's grade or tier is one the advisor is best for, 1/2 for a neighbouring one.
- channel      1 where the advisor works through the client's preferred channel.
- language     1 where he speaks the dialect of the client's city, 1/2 where both get along in Mandarin.
- age          years in the trade count for older clients, and against them for the youngest.

An advisor without a preference fits all. A client of whom a value is not known earns nothing by it, with anybody. A factor
for which nobody has a value on file is left out and its weight falls to the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisory.errors import BadWeights
from advisory.matching import AdvisorTables, ClientFeatures, Continuity, Eligibility, Problem, score
from advisory.services.places import Advisor, licensed_advisors
from clients.models import Client
from clients.models.client import Channel, RiskGrade
from crm.core.models import Branch
from crm.core.policies import Figures
from tiers.models import TierState

Fits = NDArray[np.float64]
Levels = NDArray[np.int64]

GRADES = [grade.value for grade in RiskGrade]
CHANNELS = [channel.value for channel in Channel if channel != Channel.UNKNOWN]
MANDARIN = "普通话"
#: Dialects by city; who lives elsewhere is served in Mandarin.
DIALECTS = {
    "上海": "上海话",
    "广州": "粤语",
    "深圳": "粤语",
    "佛山": "粤语",
    "东莞": "粤语",
    "珠海": "粤语",
    "成都": "四川话",
    "重庆": "四川话",
    "厦门": "闽南语",
    "泉州": "闽南语",
    "漳州": "闽南语",
}
TONGUES = [MANDARIN, *sorted(set(DIALECTS.values()))]
#: First ages of the bands after the youngest.
AGE_BANDS = (35, 50, 65)
#: Years in the trade that count.
LONG_IN_TRADE = 10
FACTORS = ("risk", "tier", "channel", "language", "age")
#: Named by the policy, but not yet known of any client.
NOT_ON_FILE = ("sector",)

_CLIENT_FIELDS = (
    "pk",
    "advisor_id",
    "risk_grade",
    "preferred_channel",
    "city",
    "birth_date",
    "age_on_file",
)


@dataclass(frozen=True, eq=False)
class MatchingInput:
    """One matching ready to be solved, and what is needed to read its answer."""

    client_ids: list[int]
    old_advisors: list[int | None]
    advisors: list[Advisor]
    weights: dict[str, int]
    features: ClientFeatures
    tables: AdvisorTables
    eligibility: Eligibility
    problem: Problem


def to_be_matched(branch: Branch) -> Any:
    """Served clients of the branch, without those in the book of an active colleague who is no advisor.

    An account manager's or agent's client is not taken from him by a computation; that is a hand-over.
    """
    return Client.objects.filter(branch=branch).served().exclude(advisor__in=_others_with_a_book(branch)).order_by("pk")


def _others_with_a_book(branch: Branch) -> list[int]:
    held = Client.objects.filter(branch=branch, advisor__is_active=True).exclude(advisor__groups__name="advisor")
    return list(held.order_by().values_list("advisor_id", flat=True).distinct())


def branch_input(branch: Branch, today: date, found: Figures, continuity_points: int) -> MatchingInput:
    """The whole branch: everybody's places, and who serves whom today."""
    advisors = licensed_advisors(branch, today, found)
    rows = list(to_be_matched(branch).values_list(*_CLIENT_FIELDS))
    return build(rows, advisors, [one.capacity for one in advisors], found, today, continuity_points)


def pool_input(branch: Branch, pool: Any, today: date, found: Figures, continuity_points: int) -> MatchingInput:
    """Only the clients of ``pool`` (a set of clients); everybody else stays, and takes up a place where he is."""
    advisors = licensed_advisors(branch, today, found)
    rows = list(to_be_matched(branch).filter(pk__in=pool.order_by().values("pk")).values_list(*_CLIENT_FIELDS))
    asked = Counter(row[1] for row in rows)
    places = [max(0, one.capacity - (one.load - asked[one.user_id])) for one in advisors]
    return build(rows, advisors, places, found, today, continuity_points)


def orphans_input(clients: Any, advisors: list[Advisor], today: date, found: Figures) -> MatchingInput:
    """Only the clients of a leaver, for the places that are free; nobody else moves."""
    takers = [one for one in advisors if one.takes_new]
    rows = [(row[0], None, *row[2:]) for row in clients.order_by("pk").values_list(*_CLIENT_FIELDS)]
    return build(rows, takers, [max(0, one.capacity - one.load) for one in takers], found, today, 0)


def build(
    rows: Sequence[tuple[Any, ...]],
    advisors: list[Advisor],
    places: list[int],
    found: Figures,
    today: date,
    continuity_points: int,
) -> MatchingInput:
    """Arrays from rows of ``_CLIENT_FIELDS``. Raises ``BadWeights``."""
    values = _client_levels(rows, today)
    known = [name for name in FACTORS if name == "language" or (values[name] >= 0).any()]
    weights = _weights(found.json("matching.weights"), known)
    tables = AdvisorTables.of(_tables(advisors, values, weights, today), weights)
    features = ClientFeatures.of(tables.factors, {name: values[name] for name in weights})
    index = {one.user_id: place for place, one in enumerate(advisors)}
    incumbents = np.array([index.get(row[1], -1) for row in rows], np.int64)
    # Class 0 has no advisor who could keep him; class k + 1 may also stay with advisor k.
    takes_new = np.array([one.takes_new for one in advisors], np.bool_)
    permitted = np.vstack([takes_new, takes_new | np.eye(len(advisors), dtype=np.bool_)])
    eligibility = Eligibility(incumbents + 1, permitted)
    points = score(features, tables, eligibility=eligibility)
    problem = Problem.of(points, np.array(places, np.int64), Continuity(incumbents, bonus=continuity_points))
    return MatchingInput(
        client_ids=[row[0] for row in rows],
        old_advisors=[row[1] for row in rows],
        advisors=advisors,
        weights=weights,
        features=features,
        tables=tables,
        eligibility=eligibility,
        problem=problem,
    )


def _weights(said: Any, known: list[str]) -> dict[str, int]:
    whole = isinstance(said, Mapping) and all(
        isinstance(weight, int) and not isinstance(weight, bool) and weight >= 0 for weight in said.values()
    )
    if not whole or set(said) - {*FACTORS, *NOT_ON_FILE} or not any(said.values()):
        raise BadWeights
    weights = {name: said[name] for name in known if said.get(name)}
    return weights or {"language": 1}


def _client_levels(rows: Sequence[tuple[Any, ...]], today: date) -> dict[str, Levels]:
    """Which level of each factor a client has; -1 where it is not known."""
    branches = Client.objects.filter(pk__in=[row[0] for row in rows[:1]]).values("branch_id")
    states = TierState.objects.filter(client__branch_id__in=branches)
    ranks = dict(states.values_list("client_id", "tier__rank"))
    grade = {name: place for place, name in enumerate(GRADES)}
    channel = {name: place for place, name in enumerate(CHANNELS)}
    tongue = {name: place for place, name in enumerate(TONGUES)}
    return {
        "risk": np.array([grade.get(row[2], -1) for row in rows], np.int64),
        "tier": np.array([ranks.get(row[0], 0) - 1 for row in rows], np.int64),
        "channel": np.array([channel.get(row[3], -1) for row in rows], np.int64),
        "language": np.array([tongue[DIALECTS.get(row[4].removesuffix("市"), MANDARIN)] for row in rows], np.int64),
        "age": np.array([_age_band(row[5], row[6], today) for row in rows], np.int64),
    }


def _age_band(birth_date: date | None, age_on_file: int | None, today: date) -> int:
    age = Client(birth_date=birth_date, age_on_file=age_on_file).age(today) if birth_date else age_on_file
    return -1 if age is None else sum(age >= first for first in AGE_BANDS)


def _tables(
    advisors: list[Advisor], values: dict[str, Levels], weights: dict[str, int], today: date
) -> dict[str, Fits]:
    """Fits of the factors that count: levels by advisors."""
    profiles = [one.profile for one in advisors]
    ranks = list(range(1, max(int(values["tier"].max(initial=0)) + 1, 1) + 1))
    tables = {
        "risk": _near([row.risk_grades for row in profiles], GRADES),
        "tier": _near([row.tier_ranks for row in profiles], ranks),
        "channel": _among([row.channels for row in profiles], CHANNELS),
        "language": _spoken([row.languages for row in profiles]),
        "age": _experience([row.experience_since for row in profiles], today),
    }
    return {name: tables[name] for name in weights}


def _near(wanted: Sequence[Sequence[Any]], levels: Sequence[Any]) -> Fits:
    """1 for a wanted level, 1/2 for one beside it; all 1 for who wants all."""
    fits = np.zeros((len(levels), len(wanted)))
    for column, own in enumerate(wanted):
        places = [levels.index(level) for level in own if level in levels]
        for place in range(len(levels)):
            distance = min((abs(place - at) for at in places), default=0 if not own else len(levels))
            fits[place, column] = {0: 1, 1: 0.5}.get(distance, 0)
    return fits


def _among(wanted: Sequence[Sequence[str]], levels: Sequence[str]) -> Fits:
    return np.array([[not own or level in own for own in wanted] for level in levels], np.float64).reshape(
        len(levels), len(wanted)
    )


def _spoken(languages: Sequence[Sequence[str]]) -> Fits:
    """1 for the client's own dialect; 1/2 where Mandarin has to do, which everybody speaks."""
    fits = np.full((len(TONGUES), len(languages)), 0.5)
    fits[0] = 1
    for column, own in enumerate(languages):
        for spoken in own:
            if spoken in TONGUES:
                fits[TONGUES.index(spoken), column] = 1
    return fits


def _experience(since: Sequence[date | None], today: date) -> Fits:
    """By age band: from "the younger the advisor the better" to "the longer in the trade the better"."""
    share = np.array([min(max((today - day).days, 0) / 365 / LONG_IN_TRADE, 1) if day else 0.5 for day in since])
    return np.vstack([1 - share / 2, np.full_like(share, 0.75), 0.5 + share / 2, 0.25 + share * 0.75])
