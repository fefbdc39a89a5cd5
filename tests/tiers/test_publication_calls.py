"""A client who is to be told by phone is told only while he may be: what has changed since the sending holds him back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from clients.models import Client
from crm.core.clocks import local_date
from crm.core.models import Branch, Policy, User
from crm.workbench.queue import todays_items
from tests.doors import Staff
from tests.factories.clients import ClientFactory
from tests.factories.consents import ConsentRecordFactory
from tests.factories.services import put_in_tier
from tiers.errors import NotToBeTold
from tiers.models import Publication
from tiers.services.menus import Line, create_preference
from tiers.services.publication_messages import move_publications
from tiers.services.publications import create_publication, note_told, send_publication

pytestmark = pytest.mark.django_db

LATER = date(2099, 1, 1)
RULE = {"all": [{"field": "city", "op": "is", "value": "上海"}]}


@pytest.fixture
def advisor(staff: Staff) -> User:
    return staff("advisor")


@pytest.fixture
def client(branch: Branch, advisor: User) -> Client:
    """Takes only calls; his grade suits products of R4."""
    made: Client = ClientFactory(
        branch=branch, city="上海", advisor=advisor, phone="13900000001", forbidden_channels="email sms", risk_grade="C4",
        risk_valid_until=LATER,
    )  # fmt: skip
    put_in_tier(made, "gold", date(2025, 1, 1))
    return made


@pytest.fixture
def sent(branch: Branch, client: Client, staff: Staff) -> Publication:
    """An idea about a product of R4, sent to gold clients."""
    boss, now = staff("branch_manager"), timezone.now()
    gold = {"name_en": "Gold", "name_zh": "黄金", "tier_codes": ["gold"], "rule": RULE}
    segment = create_preference(
        values=gold, menu=[Line("report", "Banks", "银行业周报")], company=branch.company, branch=branch, actor=boss
    )
    words = {
        "kind": "idea", "title": "两融策略", "text": "关注质押率。", "risk": "R4", "valid_from": local_date(now),
        "valid_until": local_date(now) + timedelta(days=7),
    }  # fmt: skip
    row = create_publication(branch=branch, values=words, segments=[segment], actor=boss, now=now)
    assert row.recipients.get().state == "call"
    made: Publication = send_publication(publication=row, actor=boss, now=now)
    return made


def calls(user: User) -> list[Any]:
    return [one for one in todays_items(user, local_date(timezone.now())) if one.kind == "publication"]


def refuse(client: Client) -> None:
    ConsentRecordFactory(client=client, answer="refused")


def lower(client: Client) -> None:
    Client.objects.filter(pk=client.pk).update(risk_grade="C2")


def run_out(client: Client) -> None:
    Client.objects.filter(pk=client.pk).update(risk_valid_until=date(2025, 1, 1))


def silence(client: Client) -> None:
    Client.objects.filter(pk=client.pk).update(do_not_contact=True, do_not_contact_reason="客户要求")


def forbid(client: Client) -> None:
    Client.objects.filter(pk=client.pk).update(forbidden_channels="email sms phone")


@pytest.mark.parametrize(
    ("change", "reason"),
    [(refuse, "no_consent"), (lower, "risk"), (run_out, "risk"), (silence, "do_not_contact"),
     (forbid, "forbidden_channel")],
)  # fmt: skip
def test_what_came_up_since_the_sending_takes_the_call_out_of_the_day(
    client: Client, advisor: User, sent: Publication, change: Callable[[Client], None], reason: str
) -> None:
    move_publications(timezone.now())
    assert len(calls(advisor)) == 1

    change(client)
    move_publications(timezone.now())

    row = sent.recipients.get()
    assert (row.state, row.reason, calls(advisor)) == ("held", reason, [])
    with pytest.raises(NotToBeTold):
        note_told(recipient=row, actor=advisor, now=timezone.now())


def test_whom_nobody_told_in_time_waits_no_longer(advisor: User, sent: Publication) -> None:
    over = timezone.now() + timedelta(days=8)

    move_publications(over)

    row = sent.recipients.get()
    assert (row.state, row.reason) == ("held", "over")
    assert Publication.objects.with_progress(sent.made_by).get().waiting == 0


def test_how_far_a_grade_reaches_is_the_figure_of_the_branch(
    branch: Branch, client: Client, advisor: User, sent: Publication
) -> None:
    """A branch that becomes more careful than its company ends the calls that no longer suit."""
    reach = {"C1": "R1", "C2": "R2", "C3": "R3", "C4": "R3", "C5": "R5"}
    Policy.objects.create(
        policy_key_id="suitability.match", branch=branch, effective_from=date(2025, 1, 1), value=reach, source="House rule",
        created_by=advisor,
    )  # fmt: skip

    move_publications(timezone.now())

    assert sent.recipients.get().reason == "risk"
    assert calls(advisor) == []
