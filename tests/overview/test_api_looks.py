"""Who looked at a client, over REST: all of it for who reads the trail, what left the screen for who answers for the client."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from clients.models import Client
from crm.core import audit
from crm.core.models import Branch
from crm.core.services.reveal import reveal_field
from tests.doors import Api, Staff
from tests.factories.clients import ClientFactory

URL = "/api/v1/looks/"


@pytest.fixture
def looked_at(branch: Branch, staff: Staff) -> Client:
    advisor, desk = staff("advisor"), staff("front_desk")
    client: Client = ClientFactory(branch=branch, advisor=advisor, phone="+8613812348000")
    audit.record_read(desk, "client.view", client, client=client)
    reveal_field(actor=desk, subject=client, field="phone", reason="回电话", client=client, now=timezone.now())
    return client


def actions(phone: Any, **asked: str) -> list[tuple[str, str]]:
    return [(row["action"], row["field"]) for row in phone.get(URL, asked).json()["results"]]


def test_compliance_sees_every_look_and_the_advisor_what_left_the_screen(
    looked_at: Client, staff: Staff, api: Api
) -> None:
    officer, own = api(staff("compliance")), api(looked_at.advisor)
    every = [("field.reveal", "phone"), ("client.view", "")]

    assert actions(officer, client=looked_at.public_id) == every
    assert actions(officer, client=looked_at.public_id, kind="view") == every[1:]
    assert actions(own, client=looked_at.public_id) == every[:1]
    assert "13812348000" not in officer.get(URL, {"client": looked_at.public_id}).content.decode()


def test_a_client_out_of_reach_and_no_client_are_the_same(
    looked_at: Client, other_branch: Branch, staff: Staff, api: Api
) -> None:
    foreign = api(staff("branch_manager", branch=other_branch))

    assert foreign.get(URL, {"client": looked_at.public_id}).status_code == 404
    assert foreign.get(URL).status_code == 404
    assert api(staff("compliance")).get(URL, {"client": looked_at.public_id, "kind": "x"}).status_code == 400
