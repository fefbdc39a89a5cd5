"""Every address that names a row: a row of another branch is as good as none, and so is one that was merged away.

The walk is built from the list of addresses. Of each it learns from the statements which row it looks for, then offers it a
row of that kind: one of the own branch, which it has to find, and one of another branch, which it must not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clients.models import Client
from clients.querysets.client import ClientQuerySet
from crm.core.models import Branch
from crm.core.public_ids import new_public_id
from tests.architecture.branch_ground import rows_of_a_branch
from tests.architecture.matrix import MATRIX, OWN
from tests.architecture.test_permission_matrix import _patterns
from tests.factories.clients import ClientFactory

pytestmark = pytest.mark.django_db

#: Roles that see a branch and no more; an address for nobody among them has no other branch.
ROLES = ("branch_manager", "front_desk", "follow_up_caller")
#: What an address may ask for when it is no row.
SAMPLES: dict[str, str] = {
    "field": "phone", "group": "basics", "kind": "document", "code": "star", "step": "take", "product": "A_SHARE",
    "action": "accept", "day": "2026-01-05", "key": "visit.new_account_days", "token": "x" * 22, "token_key": "x" * 8,
}  # fmt: skip
#: Where an address knows other words than the rest.
OF_ITS_OWN = {"clients:row_reveal": {"field": "number"}}
#: Kinds of rows that are nobody's branch's: the same for the whole company, or one's own.
COMPANY = frozenset(
    {
        "core_branch",
        "core_region",
        "core_department",
        "tiers_tier",
        "tiers_programme",
        "tiers_serviceitem",
        "clients_datapurpose",
    }
)


@dataclass
class Walk:
    """What one walk has found: where a foreign row was not as good as none, and which addresses were really asked."""

    open: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    #: Addresses of which no row of the own branch could be offered.
    unproven: dict[str, str] = field(default_factory=dict)


def lines(rights: dict[str, frozenset[str]]) -> Iterator[tuple[str, str, str, list[str]]]:
    """Method, address, role and the names of the parts, of every address with a row that a branch role may open."""
    for method, name, right in MATRIX:
        role = next((key for key in ROLES if right == OWN or right in rights[key]), "")
        for pattern in _patterns(name):
            names = list(pattern.pattern.converters or dict.fromkeys(pattern.pattern.regex.groupindex))
            if role and any(part not in SAMPLES for part in names):
                yield method, name, role, names


def ask(visitor: Any, method: str, path: str) -> Any:
    """The answer as somebody gets it who has seen version 1 and asks once."""
    headers = {"idempotency-key": new_public_id(), "if-match": '"1"'}
    said = {"format": "json"} if path.startswith("/api/") and not path.rstrip("/").endswith("files") else {}
    return getattr(visitor, method)(path, {}, headers=headers, **said)


def looked_for(visitor: Any, method: str, path: str, public_id: str) -> str:
    """The table in which an address looks for ``public_id``."""
    with CaptureQueriesContext(connection) as seen:
        ask(visitor, method, path)
    pattern = re.compile(rf'"(\w+)"\."public_id" (?:=|IN) \(?\'?{public_id}')
    for one in seen:
        if found := pattern.search(one["sql"]):
            return found[1]
    return ""


def walk(
    visitors: dict[tuple[str, bool], Any], rights: Any, own: dict[str, str], foreign: dict[str, str], only: str = ""
) -> Walk:
    """``own`` and ``foreign``: table → public id of a row of the branch, and of another one. ``only``: rows of one table."""
    result = Walk()
    for method, name, role, names in lines(rights):
        visitor = visitors[role, name.startswith("api:")]
        words = {**SAMPLES, **OF_ITS_OWN.get(name, {})}
        said = {part: words[part] for part in names if part in SAMPLES}
        rows = [part for part in names if part not in SAMPLES]
        for at, part in enumerate(rows):
            unknown = {each: new_public_id() for each in rows[at:]}
            path = reverse(name, kwargs={**said, **unknown})
            table = looked_for(visitor, method, path, unknown[part])
            if table in COMPANY:
                said[part] = own.get(table, new_public_id())
                continue
            if not table or table not in own or table not in foreign:
                result.unproven[f"{method} {name}"] = f"{part}: {table or 'looks for no row'}"
                break
            if only and table != only:
                said[part] = own[table]
                continue
            stranger = ask(visitor, method, reverse(name, kwargs={**said, **unknown, part: foreign[table]}))
            if stranger.status_code != 404:
                result.open.append(f"{method} {name} {part} ({table}): {stranger.status_code}")
            said[part] = own[table]
            result.asked.add(f"{method} {name}")
    return result


@pytest.fixture
def visitors(staff: Any, web: Any, api: Any) -> dict[tuple[str, bool], Any]:
    found: dict[tuple[str, bool], Any] = {}
    for role in ROLES:
        user = staff(role)
        found[role, False], found[role, True] = web(user), api(user)
        for visitor in (found[role, False], found[role, True]):
            visitor.raise_request_exception = False
    return found


@pytest.fixture
def rights() -> dict[str, frozenset[str]]:
    from crm.roles import ROLES as TABLE

    return {row.key: frozenset(row.rights) for row in TABLE}


#: Addresses of which the walk can offer no row, and why nothing is lost by it.
UNPROVEN: dict[str, str] = {
    **dict.fromkeys(
        [
            *("get tiers:tier_edit", "post tiers:tier_edit", "post tiers:tier_up", "post tiers:tier_down"),
            *("post tiers:tier_out", "get tiers:entitlement_set", "post tiers:entitlement_set"),
            *("get api:rate-cards-detail", "get api:entitlements-detail", "get api:contact-cadences-detail"),
        ],
        "rows of a programme of the company, the same for all its branches",
    ),
    "get api:policy-detail": "figures, which everybody in the house may read",
    "post api:households-leave": "its words are read before the row: an unknown and a foreign household are the same 400",
}


def test_a_row_of_another_branch_is_as_good_as_none(
    branch: Branch, other_branch: Branch, visitors: Any, rights: Any
) -> None:
    found = walk(visitors, rights, rows_of_a_branch(branch), rows_of_a_branch(other_branch))

    assert found.open == []
    assert found.unproven.keys() - UNPROVEN.keys() == set()
    assert len(found.asked) > 350


def test_a_client_who_was_merged_away_is_gone_for_every_address(
    branch: Branch, other_branch: Branch, visitors: Any, rights: Any
) -> None:
    """His own rows went over to the one who stayed; what still leads to him says so (410), or knows nobody (404)."""
    own = rows_of_a_branch(branch)
    stays, gone = ClientFactory(branch=branch), ClientFactory(branch=branch)
    Client.objects.filter(pk=gone.pk).update(merged_into=stays, status="closed", closed_on="2026-06-01")

    found = walk(visitors, rights, own, {**own, "clients_client": gone.public_id}, only="clients_client")

    # The page of the client alone leads on to the one who stayed.
    assert [one for one in found.open if not one.endswith(": 410")] == [
        "get overview:client public_id (clients_client): 302"
    ]
    assert len(found.asked) > 60


def test_an_address_that_opens_to_strangers_would_be_found(
    branch: Branch, other_branch: Branch, visitors: Any, rights: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proof that the walk can fail."""
    monkeypatch.setattr(ClientQuerySet, "visible_to", lambda rows, _user: rows.all())

    found = walk(visitors, rights, rows_of_a_branch(branch), rows_of_a_branch(other_branch), only="clients_client")

    assert any("clients:risk" in one for one in found.open)
