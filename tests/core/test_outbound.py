"""A message leaves once. Where nobody can know whether it left, a person decides; nothing is lost in silence."""

from __future__ import annotations

import json
import smtplib
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail
from django.utils import timezone

from crm.core import outbound
from crm.core.access import system_user
from crm.core.models import Outbound, PolicyKey
from crm.core.services.policies import set_policy
from tests.racing import Meeting, on_postgresql, race

pytestmark = pytest.mark.django_db
States = Outbound.State


class Recorder:
    """A gateway that remembers what it carried."""

    carried: list[str] = []
    fault: Exception | None = None
    dedupes = False

    def send(self, message):
        if self.fault:
            raise self.fault
        self.carried.append(message.dedupe_key)
        return f"ref-{len(self.carried)}"


class DedupingRecorder(Recorder):
    dedupes = True


@pytest.fixture(autouse=True)
def gateway(settings):
    Recorder.carried, Recorder.fault = [], None
    settings.CRM_GATEWAYS = {"email": f"{__name__}.Recorder", "sms": f"{__name__}.DedupingRecorder"}
    return Recorder


@pytest.fixture
def now():
    return timezone.now()


def queue(key="k", now=None, **fields):
    defaults = {"purpose": "test", "channel": "email", "address": "a@example.com", "subject": "s", "body": "b"}
    return outbound.queue(**{**defaults, "dedupe_key": key, "due_at": now or timezone.now(), **fields})


def test_a_due_message_is_sent_and_noted(gateway, now):
    queue(now=now)

    assert outbound.send_due(now) == 1

    row = Outbound.objects.get()
    assert (row.state, row.provider_ref, row.attempts, row.lease_until) == ("sent", "ref-1", 1, None)
    assert row.sent_at is not None


def test_the_same_message_is_queued_once(now):
    assert queue(now=now) is True
    assert queue(now=now) is False
    assert Outbound.objects.count() == 1


def test_nothing_leaves_before_its_time(gateway, now):
    queue(now=now + timedelta(hours=1))

    assert outbound.send_due(now) == 0
    assert gateway.carried == []


def test_a_backlog_of_a_week_does_not_leave_all_at_once(gateway, now):
    queue("old", now=now - timedelta(days=3))
    queue("new", now=now - timedelta(days=1))

    outbound.send_due(now)

    assert gateway.carried == ["new"]
    old = Outbound.objects.get(dedupe_key="old")
    assert (old.state, old.last_error, old.lease_until) == (States.MISSED, "late", None)


def test_whoever_queued_a_message_has_a_last_look_before_it_leaves(gateway, now, monkeypatch):
    monkeypatch.setitem(outbound._looks, "test", lambda message, _now: "unwanted" if message.dedupe_key == "a" else "")
    for key in "ab":
        queue(key, now=now)

    outbound.send_due(now)

    assert gateway.carried == ["b"]
    assert Outbound.objects.get(dedupe_key="a").last_error == "unwanted"


NIGHT = datetime(2026, 6, 1, 14, 0, tzinfo=UTC)  # 22:00 in Shanghai
MORNING = datetime(2026, 6, 2, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(("channel", "leaves"), [("sms", False), ("email", True)])
def test_what_would_ring_at_night_waits_for_the_morning_and_letters_do_not(gateway, branch, channel, leaves):
    queue(now=NIGHT, channel=channel, branch=branch)

    outbound.send_due(NIGHT)
    outbound.send_due(NIGHT + timedelta(hours=3))
    assert bool(gateway.carried) is leaves

    outbound.send_due(MORNING)
    assert gateway.carried == ["k"]
    assert Outbound.objects.get().attempts == 1


def test_a_branch_has_quiet_hours_of_its_own(gateway, branch, other_branch):
    set_policy(
        key=PolicyKey.objects.get(pk="outbound.quiet_hours"), reason="because",
        value=["23:00", "07:00"], effective_from=date(2026, 6, 1), branch=branch,
        source="分支机构约定", actor=system_user(), today=date(2026, 6, 1),
    )  # fmt: skip
    queue("own", now=NIGHT, channel="sms", branch=branch)
    queue("house", now=NIGHT, channel="sms", branch=other_branch)

    outbound.send_due(NIGHT)

    assert gateway.carried == ["own"]


def test_a_night_makes_no_message_younger_that_is_too_late(gateway, branch):
    queue(now=NIGHT - timedelta(days=3), channel="sms", branch=branch)

    outbound.send_due(NIGHT)

    assert (gateway.carried, Outbound.objects.get().state) == ([], States.MISSED)


def test_a_last_look_may_say_later_and_that_is_no_attempt(gateway, now, monkeypatch):
    def later(_message, at):
        raise outbound.NotYet(at + timedelta(hours=1))

    monkeypatch.setitem(outbound._looks, "test", later)
    queue(now=now)

    outbound.send_due(now)

    message = Outbound.objects.get()
    assert (message.state, message.attempts, message.lease_until) == (States.QUEUED, 0, None)
    assert message.due_at >= now + timedelta(hours=1)


def test_sending_twice_carries_once(gateway, now):
    queue(now=now)
    outbound.send_due(now)
    outbound.send_due(now)

    assert gateway.carried == ["k"]


def test_a_fault_is_tried_again_later_and_given_up_after_five(gateway, now):
    queue(now=now, channel="sms")
    gateway.fault = TimeoutError("13812348000 did not answer")
    for turn in range(8):
        outbound.send_due(now + timedelta(hours=turn))

    row = Outbound.objects.get()
    assert (row.state, row.attempts) == (States.DEAD, outbound.MAX_ATTEMPTS)
    assert row.last_error == "TimeoutError"


def test_after_a_fault_nobody_tries_again_at_once(gateway, now):
    queue(now=now)
    gateway.fault = outbound.NotHandedOver()
    outbound.send_due(now)
    gateway.fault = None

    assert outbound.send_due(now + timedelta(minutes=1)) == 0
    assert outbound.send_due(now + timedelta(minutes=6)) == 1


def test_a_message_that_may_have_left_waits_for_a_person_where_doubles_are_not_dropped(gateway, now):
    queue(now=now)
    gateway.fault = TimeoutError()
    outbound.send_due(now)
    gateway.fault = None

    assert outbound.send_due(now + timedelta(hours=1)) == 0
    assert Outbound.objects.get().state == States.UNKNOWN


def test_in_a_long_round_each_lease_begins_when_its_message_is_taken(gateway, now, monkeypatch):
    for key in "abc":
        queue(key, now=now)
    passed, held = [timedelta(0)], []
    monkeypatch.setattr(outbound, "database_now", lambda: now + passed[0])

    def slow(self, message):
        held.append(message.lease_until - outbound.database_now())
        passed[0] += timedelta(minutes=3)
        return "ref"

    monkeypatch.setattr(Recorder, "send", slow)
    outbound.send_due(now)

    assert held == [outbound.LEASE] * 3


def test_a_sender_who_was_given_up_writes_nothing_over_his_successor(gateway, now, monkeypatch):
    queue(now=now, channel="sms")

    def overtaken(self, message):
        Outbound.objects.filter(pk=message.pk).update(attempts=2)
        return "late"

    monkeypatch.setattr(Recorder, "send", overtaken)
    outbound.send_due(now)

    row = Outbound.objects.get()
    assert (row.state, row.provider_ref) == (States.SENDING, "")


def test_a_refusal_is_final(gateway, now):
    queue(now=now)
    gateway.fault = outbound.GatewayRefused("no such address")

    outbound.send_due(now)

    row = Outbound.objects.get()
    assert (row.state, row.last_error) == (States.FAILED, "no such address")


@pytest.mark.parametrize(("channel", "state"), [("email", States.UNKNOWN), ("sms", States.QUEUED)])
def test_the_message_of_a_dead_sender_goes_again_only_where_doubles_are_dropped(now, channel, state):
    queue(now=now, channel=channel)
    row = Outbound.objects.get()
    assert Outbound.objects.claim(pk=row.pk, now=now, until=now + outbound.LEASE)

    outbound._settle_abandoned(now + timedelta(minutes=1))
    row.refresh_from_db()
    assert row.state == States.SENDING
    outbound._settle_abandoned(now + timedelta(minutes=3))

    row.refresh_from_db()
    assert row.state == state


def test_one_bad_message_does_not_stop_the_others(gateway, now, monkeypatch):
    for key in ("a", "bad", "c"):
        queue(key, now=now)
    carry = Recorder.send
    monkeypatch.setattr(Recorder, "send", lambda self, m: 1 // 0 if m.dedupe_key == "bad" else carry(self, m))

    outbound.send_due(now)

    assert gateway.carried == ["a", "c"]


def test_queueing_belongs_to_the_transaction_of_the_change(now):
    from django.db import transaction

    with pytest.raises(RuntimeError), transaction.atomic():
        queue(now=now)
        raise RuntimeError

    assert not Outbound.objects.exists()


def test_only_those_who_see_the_branch_see_its_messages(staff, branch, other_branch, now):
    queue(now=now, branch=branch)

    assert Outbound.objects.visible_to(staff("branch_manager")).count() == 1
    assert Outbound.objects.visible_to(staff("compliance")).count() == 1
    for stranger in (staff("branch_manager", branch=other_branch), staff("advisor"), staff("administrator")):
        assert not Outbound.objects.visible_to(stranger).exists()


# -- real gateways -----------------------------------------------------------------------------------------------------


def test_mail_carries_the_key_as_its_message_id(settings, now):
    settings.CRM_GATEWAYS = {"email": "crm.core.outbound.MailGateway", "sms": "crm.core.outbound.FileGateway"}
    queue("complaint:1:closed", now=now)

    outbound.send_due(now)

    (letter,) = mail.outbox
    assert letter.to == ["a@example.com"]
    assert letter.extra_headers["Message-ID"] == f"<complaint:1:closed@{settings.CRM_MAIL_DOMAIN}>"


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (smtplib.SMTPRecipientsRefused({"a@example.com": (550, b"no such user")}), States.FAILED),
        (smtplib.SMTPRecipientsRefused({"a@example.com": (451, b"try later")}), States.QUEUED),
        (smtplib.SMTPDataError(452, b"no room"), States.QUEUED),
        (smtplib.SMTPServerDisconnected("gone"), States.UNKNOWN),
        (TimeoutError(), States.UNKNOWN),
    ],
)
def test_what_the_mail_server_says_decides_whether_a_letter_goes_again(settings, monkeypatch, now, fault, state):
    settings.CRM_GATEWAYS = {"email": "crm.core.outbound.MailGateway", "sms": "crm.core.outbound.FileGateway"}

    def refuse(_self, _letters):
        raise fault

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)
    queue(now=now)

    outbound.send_due(now)

    assert Outbound.objects.get().state == state


def test_a_mail_server_that_is_away_has_nothing_and_is_asked_again(settings, monkeypatch, now):
    settings.CRM_GATEWAYS = {"email": "crm.core.outbound.MailGateway", "sms": "crm.core.outbound.FileGateway"}

    def away(_self):
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.open", away)
    queue(now=now)

    outbound.send_due(now)

    row = Outbound.objects.get()
    assert (row.state, row.last_error) == (States.QUEUED, "ConnectionRefusedError")


def test_the_file_gateway_writes_one_file_however_often_it_is_asked(settings, tmp_path, now):
    settings.CRM_VAR = tmp_path
    queue("x", now=now, channel="sms", address="13812348000", body="您好")
    row = Outbound.objects.get()

    references = {outbound.FileGateway().send(row) for _turn in range(2)}

    files = list((tmp_path / "outbox").iterdir())
    assert len(references) == len(files) == 1
    assert json.loads(files[0].read_text())["body"] == "您好"


# -- races -------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_ten_senders_exactly_one_gets_a_message(gateway):
    now = timezone.now()
    queue(now=now)
    pk = Outbound.objects.get().pk

    assert sum(race(10, lambda _n: outbound.deliver(pk, now))) == 1
    assert gateway.carried == ["k"]


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_senders_who_look_before_they_take_carry_it_several_times():
    """The twin: the state is read and then written."""
    now, meeting = timezone.now(), Meeting(4)
    queue(now=now)
    pk = Outbound.objects.get().pk

    def look_then_take(_number: int) -> bool:
        free = Outbound.objects.filter(pk=pk, state=States.QUEUED).exists()
        meeting.wait()
        Outbound.objects.filter(pk=pk).update(state=States.SENDING)
        return free

    assert sum(race(4, look_then_take)) > 1


@pytest.mark.django_db(transaction=True)
def test_ten_writers_of_the_same_message_make_one_and_one_knows_it():
    now = timezone.now()

    assert sum(race(10, lambda _n: queue(now=now))) == 1
    assert Outbound.objects.count() == 1
