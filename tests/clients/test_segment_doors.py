"""A segment of any fact, kept over REST, narrows the list; nobody enters it who is merged, restricted or of another branch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from clients.models import Client, Segment
from clients.services import AssetDay, put_asset_days
from clients.services.standing import restrict_client
from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.models import Branch, User
from tests.doors import HTMX, Api, Staff, Web
from tests.factories.advisory import AgreementFactory
from tests.factories.care import FollowUpCallFactory
from tests.factories.clients import ClientFactory, ContactLogFactory, FinancingNeedFactory
from tests.factories.services import PromiseFactory

Facts = Callable[[Client], None]


def has(**values: Any) -> Facts:
    """Columns of the client himself."""

    def give(client: Client) -> None:
        Client.objects.filter(pk=client.pk).update(**values)

    return give


def with_financing(client: Client) -> None:
    FinancingNeedFactory(client=client, kind="ipo", expected_on=local_date(timezone.now()))


def visited(client: Client) -> None:
    ContactLogFactory(client=client, channel="visit", at=timezone.now())


def richer(client: Client) -> None:
    day = local_date(timezone.now())
    put_asset_days(branch=client.branch, rows=[AssetDay(client.pk, day, 0, cash=500_00)], actor=system_user())


def advised(client: Client) -> None:
    AgreementFactory(client=client)


def owed(client: Client) -> None:
    PromiseFactory(client=client, due_on=local_date(timezone.now()))


def asked(client: Client) -> None:
    today = local_date(timezone.now())
    FollowUpCallFactory(client=client, due_on=today)


#: A condition, and what makes a client meet it.
GROUPS: list[tuple[str, dict[str, Any], Facts]] = [
    ("a profile", {"field": "income_source", "op": "contains", "value": "经营"}, has(income_source="企业经营所得")),
    ("a channel", {"field": "forbidden_channels", "op": "any", "value": ["sms"]}, has(forbidden_channels="email sms")),
    (
        "a refusal",
        {"field": "facts_refused", "op": "all", "value": ["debts"]},
        has(provenance={"debts": {"source": "client", "on": "2026-01-01", "refused": True}}),
    ),
    ("a financing need", {"field": "financing_expected", "op": "next_days", "value": 30}, with_financing),
    ("a visit", {"field": "contact_channel_visit", "op": "last_days", "value": 7}, visited),
    ("cash", {"field": "cash", "op": "gte", "value": "500"}, richer),
    ("an agreement", {"field": "agreement", "op": "yes"}, advised),
    ("a promise", {"field": "promise_due", "op": "next_days", "value": 7}, owed),
    ("a call", {"field": "call_programme", "op": "any", "value": ["new_account"]}, asked),
]


def crowd(branch: Branch, other_branch: Branch, compliance: User, give: Facts) -> tuple[Client, Client]:
    """Somebody who meets the condition and somebody who does not; and others who meet it and are not to be found."""
    found, plain = ClientFactory(branch=branch, name="命中者"), ClientFactory(branch=branch, name="不符者")
    far = ClientFactory(branch=other_branch, name="外部者")
    merged, restricted = ClientFactory(branch=branch, name="并入者"), ClientFactory(branch=branch, name="受限者")
    for one in (found, far, merged, restricted):
        give(one)
    Client.objects.filter(pk=merged.pk).update(merged_into=plain, status="closed", closed_on="2026-01-05")
    restrict_client(client=restricted, reason="本人要求", actor=compliance, now=timezone.now())
    return found, plain


@pytest.mark.parametrize(("condition", "give"), [row[1:] for row in GROUPS], ids=[row[0] for row in GROUPS])
def test_a_kept_segment_narrows_the_list_to_whom_it_means(
    branch: Branch, other_branch: Branch, staff: Staff, web: Web, api: Api, condition: dict[str, Any], give: Facts
) -> None:
    manager = staff("branch_manager")
    found, _plain = crowd(branch, other_branch, staff("compliance"), give)

    made = api(manager).post(
        "/api/v1/segments/",
        {"name": "新分群", "rule": {"all": [condition]}},
        format="json",
        headers={"Idempotency-Key": "s"},
    )
    assert made.status_code == 201, made.content

    text = web(manager).get(f"/clients/?segment={made.data['id']}", headers=HTMX).content.decode()
    names = {name for name in ("命中者", "不符者", "外部者", "并入者", "受限者") if name in text}
    assert names == {"命中者"}
    assert [row["id"] for row in api(manager).get(f"/api/v1/segments/{made.data['id']}/members/").data["results"]] == [
        found.public_id
    ]
    assert Segment.objects.get().rule == {"all": [condition]}
