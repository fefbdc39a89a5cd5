"""The messages of a publication: one each, held back where something has changed, and a promise kept once one has left."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from clients.models import Client
from crm.core import outbound
from crm.core.clocks import local_date
from crm.core.models import Branch, Outbound, Policy, User
from crm.core.outbound import send_due
from tests.doors import Staff
from tests.factories.consents import ConsentRecordFactory
from tests.factories.publications import draw, queued, send, somebody, states
from tests.factories.services import EntitlementFactory, PromiseFactory, ServiceItemFactory
from tiers.errors import PublicationOver
from tiers.models import Delivery, PreferenceSegment, Promise, Recipient
from tiers.services.publication_messages import move_publications
from tiers.services.publications import (
    withdraw_publication,
)

pytestmark = pytest.mark.django_db

Reason = Recipient.Reason


def test_a_grade_that_runs_out_in_the_night_before_a_message_leaves_holds_it_back(
    branch: Branch, boss: User, segment: PreferenceSegment
) -> None:
    client = somebody(branch, risk_grade="C4", risk_valid_until=date(2099, 1, 1))
    row = send(draw(segment, boss, risk="R4"), boss)
    move_publications(timezone.now())

    Client.objects.filter(pk=client.pk).update(risk_grade="C2")
    send_due(timezone.now())

    assert states(row) == {client.pk: ("held", "risk")}


def test_a_message_that_has_left_keeps_one_promise_of_the_service_and_none_before(
    branch: Branch, boss: User, segment: PreferenceSegment
) -> None:
    item = ServiceItemFactory(company=branch.company, proof="send")
    EntitlementFactory(item=item, times=2)
    client = somebody(branch)
    today = local_date(timezone.now())
    first = PromiseFactory(client=client, item=item, due_on=today + timedelta(days=5))
    PromiseFactory(client=client, item=item, due_on=today + timedelta(days=40))
    row = send(draw(segment, boss, item=item), boss)
    move_publications(timezone.now())
    assert not Promise.objects.kept().exists()

    send_due(timezone.now())
    for _n in range(2):
        move_publications(timezone.now())

    assert list(Promise.objects.kept()) == [first]
    made = Delivery.objects.get()
    row.refresh_from_db()
    first.refresh_from_db()
    assert (row.delivery, made.clients, made.kept, first.delivery) == (made, 1, 1, made)


def test_an_invitation_keeps_no_promise_of_the_event_itself(
    branch: Branch, boss: User, segment: PreferenceSegment
) -> None:
    item = ServiceItemFactory(company=branch.company, proof="event")
    EntitlementFactory(item=item)
    PromiseFactory(client=somebody(branch), item=item)

    send(draw(segment, boss, kind="event", item=item), boss)
    for _n in range(2):
        move_publications(timezone.now())
        send_due(timezone.now())
    move_publications(timezone.now())

    assert Outbound.objects.get().state == "sent"
    assert not Promise.objects.kept().exists() and not Delivery.objects.exists()


def test_what_changed_between_sending_and_writing_holds_a_message_back(
    branch: Branch, boss: User, segment: PreferenceSegment
) -> None:
    silent, closed, much = somebody(branch), somebody(branch), somebody(branch)
    row = send(draw(segment, boss), boss)
    Client.objects.filter(pk=silent.pk).update(do_not_contact=True, do_not_contact_reason="不愿联系")
    Client.objects.filter(pk=closed.pk).update(status="closed", closed_on=local_date(timezone.now()))
    for n in range(3):
        queued(much, f"other:{n}")

    move_publications(timezone.now())

    assert states(row) == {
        silent.pk: ("held", "do_not_contact"), closed.pk: ("held", "not_served"), much.pk: ("held", "too_often"),
    }  # fmt: skip
    assert not Outbound.objects.filter(purpose="publication").exists()


def test_two_publications_of_one_morning_do_not_slip_under_the_number_that_a_client_may_get(
    branch: Branch, boss: User, segment: PreferenceSegment
) -> None:
    client = somebody(branch)
    for n in range(2):
        queued(client, f"other:{n}")
    first, second = send(draw(segment, boss), boss), draw(segment, boss, title="第二份")

    assert states(first)[client.pk][0] == "chosen"
    assert states(second)[client.pk] == ("left_out", "too_often")


def test_a_message_withdrawn_or_unwanted_before_it_left_stays_here(
    branch: Branch, boss: User, segment: PreferenceSegment, staff: Staff
) -> None:
    client, other = somebody(branch), somebody(branch)
    caller = somebody(branch, forbidden_channels="email sms", advisor=staff("advisor"))
    row = send(draw(segment, boss), boss)
    move_publications(timezone.now())
    Client.objects.filter(pk=other.pk).update(do_not_contact=True, do_not_contact_reason="不愿联系")
    mine = Outbound.objects.get(client_ref=other.public_id)
    outbound.deliver(mine.pk, timezone.now())
    assert states(row)[other.pk] == ("held", "do_not_contact")

    withdraw_publication(publication=row, reason="数据有误", actor=boss, now=timezone.now())
    send_due(timezone.now())

    assert states(row) == {
        client.pk: ("held", "withdrawn"), other.pk: ("held", "do_not_contact"), caller.pk: ("held", "withdrawn"),
    }  # fmt: skip
    assert not Outbound.objects.filter(state="sent").exists()
    with pytest.raises(PublicationOver):
        send(row, boss)


def test_a_sweep_that_dies_in_between_leaves_the_row_to_be_written_and_the_next_writes_one_message(
    branch: Branch, boss: User, segment: PreferenceSegment, monkeypatch: pytest.MonkeyPatch
) -> None:
    somebody(branch)
    row = send(draw(segment, boss), boss)

    def dies(**_message: Any) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(outbound, "queue", dies)
        with pytest.raises(KeyboardInterrupt):
            move_publications(timezone.now())
    assert (row.recipients.get().state, Outbound.objects.count()) == ("chosen", 0)

    for _n in range(2):
        move_publications(timezone.now())
    assert (row.recipients.get().state, Outbound.objects.count()) == ("written", 1)


def test_quiet_hours_put_a_text_message_off_and_lose_none(
    branch: Branch, boss: User, segment: PreferenceSegment
) -> None:
    somebody(branch, email="")
    night = (timezone.now() + timedelta(days=1)).replace(
        hour=15, minute=30, second=0, microsecond=0
    )  # 23:30 in Shanghai
    row = send(draw(segment, boss), boss, night)
    move_publications(night)

    message = Outbound.objects.get()

    assert (message.channel, message.state) == ("sms", "queued")
    assert message.due_at > night + timedelta(hours=8)
    assert row.recipients.get().state == "written"


def test_the_sweep_waits_where_the_branch_leaves_menus_out(
    branch: Branch, boss: User, segment: PreferenceSegment
) -> None:
    somebody(branch)
    row = send(draw(segment, boss), boss)
    Policy.objects.filter(policy_key_id="module.preferences").update(value=False)

    move_publications(timezone.now())

    assert row.recipients.get().state == "chosen" and not Outbound.objects.exists()


def test_a_withdrawal_after_sending_holds_the_message_back(
    branch: Branch, boss: User, segment: PreferenceSegment
) -> None:
    client = somebody(branch)
    row = send(draw(segment, boss), boss)
    move_publications(timezone.now())

    ConsentRecordFactory(client=client)
    send_due(timezone.now())

    assert states(row) == {client.pk: ("held", "no_consent")}
