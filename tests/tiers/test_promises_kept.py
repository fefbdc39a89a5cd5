"""What became of what was owed: kept by contacts, deliveries or by hand, waived, put off, missed, merged."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from clients.models import Client, ContactLog, MergeRecord
from clients.services import approve_merge, ask_merge, correct_contact, undo_merge
from crm.core.access import system_user
from crm.core.errors import InvalidInput
from crm.core.models import AuditEntry, Branch
from tests.doors import Staff
from tests.factories.clients import ClientFactory
from tests.factories.services import (
    EntitlementFactory,
    PromiseFactory,
    ServiceItemFactory,
    morning,
    plan_on,
    put_in_tier,
    rows_of,
)
from tests.tiers.owing import FIRST, LATER, OLD, owed, speak
from tiers.errors import PromiseSettled
from tiers.models import Promise
from tiers.services.promise_contacts import settle_contacts
from tiers.services.promises import deliver, keep_promise, put_off_promise, waive_promise

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(greeted: Client) -> Client:
    return greeted


# -- keeping -----------------------------------------------------------------------------------------------------------


def test_a_contact_keeps_the_promise_at_once_and_another_purpose_does_not(client: Client) -> None:
    speak(client, LATER, purpose="market")
    assert owed(client) == [("2026-Q2:1/1", "due", "")]

    contact = speak(client, LATER)

    row = Promise.objects.get(client=client)
    assert (row.state, row.kept_on, row.proof, row.contact_ref) == ("done", LATER, "contact", contact.public_id)
    assert row.kept_by == client.advisor
    assert AuditEntry.objects.filter(action="promise.keep_by_contacts").count() == 1


def test_a_contact_that_is_corrected_away_keeps_nothing(client: Client) -> None:
    contact = speak(client, LATER)

    correct_contact(
        contact=contact,
        values={"outcome": "no_answer"},
        reason="其实没有接通",
        actor=client.advisor or system_user(),
        now=morning(LATER),
    )

    row = Promise.objects.get(client=client)
    assert (row.state, row.kept_on, row.proof) in [("due", None, ""), ("missed", None, "")]


def test_one_contact_keeps_one_promise_of_a_service_the_older_one(branch: Branch, client: Client) -> None:
    plan_on(branch, date(2026, 7, 1))

    speak(client, date(2026, 7, 2))

    assert [state for _key, state, _why in owed(client)] == ["done", "due"]
    assert Promise.objects.filter(client=client).order_by("due_on").first().is_late


def test_so_long_after_the_last_time_begins_anew_with_each_contact(branch: Branch, staff: Staff) -> None:
    item = ServiceItemFactory(company=branch.company, rhythm="rolling")
    EntitlementFactory(item=item, times=3)
    client = ClientFactory(branch=branch, advisor=staff("advisor"))
    put_in_tier(client, "gold", OLD)
    plan_on(branch, FIRST)

    speak(client, date(2026, 4, 10))
    plan_on(branch, date(2026, 4, 11))

    rows = Promise.objects.filter(client=client).order_by("due_on")
    assert [(row.state, row.due_on) for row in rows] == [
        ("done", date(2026, 5, 1)),
        ("due", date(2026, 5, 10)),
    ]


@pytest.fixture
def every_month(branch: Branch, staff: Staff) -> Client:
    """A gold client who is spoken with a month after the last time at the latest; kept on 10 April."""
    EntitlementFactory(item=ServiceItemFactory(company=branch.company, rhythm="rolling"), times=3)
    client = ClientFactory(branch=branch, advisor=staff("advisor"))
    put_in_tier(client, "gold", OLD)
    plan_on(branch, FIRST)
    return client


def correct(contact: ContactLog, day: date, **values: Any) -> None:
    correct_contact(contact=contact, values=values, reason="登记有误", actor=contact.client.advisor, now=morning(day))


def test_a_corrected_contact_gives_the_promise_back_and_takes_the_next_one_away(
    branch: Branch, every_month: Client
) -> None:
    contact = speak(every_month, date(2026, 4, 10))
    plan_on(branch, date(2026, 4, 11))

    correct(contact, date(2026, 4, 11), outcome="no_answer")

    assert owed(every_month) == [("from:2026-04-01", "due", ""), ("after:2026-04-10", "closed", "before")]
    speak(every_month, date(2026, 4, 10))
    plan_on(branch, date(2026, 4, 12))
    assert owed(every_month) == [("from:2026-04-01", "done", ""), ("after:2026-04-10", "due", "")]


def test_of_several_that_contacts_no_longer_keep_the_oldest_alone_is_given_back(
    branch: Branch, every_month: Client
) -> None:
    for day in (10, 15):
        speak(every_month, date(2026, 4, day))
        plan_on(branch, date(2026, 4, day + 1))
    ContactLog.objects.filter(client=every_month).update(outcome="no_answer")

    settle_contacts([every_month.pk], date(2026, 4, 16))

    assert owed(every_month) == [
        ("from:2026-04-01", "due", ""),
        ("after:2026-04-10", "closed", "before"),
        ("after:2026-04-15", "closed", "before"),
    ]


def test_a_contact_moved_to_another_day_moves_what_begins_with_it(branch: Branch, every_month: Client) -> None:
    contact = speak(every_month, date(2026, 4, 10))
    plan_on(branch, date(2026, 4, 11))

    correct(contact, date(2026, 4, 11), at=morning(date(2026, 4, 8)))
    plan_on(branch, date(2026, 4, 12))

    assert owed(every_month) == [
        ("from:2026-04-01", "done", ""),
        ("after:2026-04-08", "due", ""),
        ("after:2026-04-10", "closed", "before"),
    ]


def test_a_birthday_is_owed_some_days_before(branch: Branch) -> None:
    item = ServiceItemFactory(company=branch.company, rhythm="birthday")
    EntitlementFactory(item=item, period="year")
    born = ClientFactory(branch=branch, birth_date=date(1980, 5, 8))
    leapling = ClientFactory(branch=branch, birth_date=date(1984, 2, 29))
    for one in (born, leapling):
        put_in_tier(one, "gold", OLD)

    plan_on(branch, date(2026, 2, 22))
    plan_on(branch, date(2026, 5, 1))
    plan_on(branch, date(2026, 5, 2))

    assert [row.due_on for row in Promise.objects.order_by("due_on")] == [date(2026, 2, 28), date(2026, 5, 8)]


def test_a_promise_is_kept_by_hand_even_late_and_only_once(client: Client, staff: Staff) -> None:
    row, desk = Promise.objects.get(client=client), staff("front_desk")

    with pytest.raises(InvalidInput):
        keep_promise(promise=row, kept_on=LATER, now=morning(FIRST), actor=desk)
    with pytest.raises(InvalidInput):
        keep_promise(promise=row, kept_on=FIRST - timedelta(days=1), now=morning(FIRST), actor=desk)
    done = keep_promise(promise=row, kept_on=LATER, now=morning(LATER), actor=desk, note="面谈")

    assert (done.state, done.proof, done.kept_by, done.is_late) == ("done", "hand", desk, False)
    with pytest.raises(PromiseSettled):
        keep_promise(promise=row, kept_on=LATER, now=morning(LATER), actor=desk)


def test_a_waiver_and_another_day_need_a_reason(client: Client, staff: Staff) -> None:
    row, boss = Promise.objects.get(client=client), staff("branch_manager")

    with pytest.raises(InvalidInput):
        waive_promise(promise=row, reason=" ", actor=boss, now=morning(FIRST))
    with pytest.raises(InvalidInput):
        put_off_promise(promise=row, due_on=row.due_on, now=morning(FIRST), reason="出差", actor=boss)
    put_off = put_off_promise(promise=row, due_on=date(2026, 7, 10), now=morning(FIRST), reason="客户出差", actor=boss)
    assert put_off.decided_at == morning(FIRST)
    assert (put_off.first_due_on, put_off.last_day) == (date(2026, 6, 30), date(2026, 7, 14))

    gone = waive_promise(promise=row, reason="客户婉拒", actor=boss, now=morning(LATER))
    assert (gone.state, gone.decided_by, gone.reason) == ("waived", boss, "客户婉拒")
    assert gone.decided_at == morning(LATER)
    with pytest.raises(PromiseSettled):
        put_off_promise(promise=row, due_on=date(2026, 8, 1), now=morning(FIRST), reason="再改", actor=boss)


def test_a_promise_put_off_into_the_next_part_does_not_take_its_place(branch: Branch, client: Client) -> None:
    put_off_promise(
        promise=Promise.objects.get(client=client),
        due_on=date(2026, 7, 10),
        now=morning(FIRST),
        reason="客户出差",
        actor=system_user(),
    )

    plan_on(branch, date(2026, 7, 1))

    assert [key for key, _state, _why in owed(client)] == ["2026-Q2:1/1", "2026-Q3:1/1"]


def test_an_event_keeps_what_each_client_was_owed_of_it(branch: Branch, staff: Staff) -> None:
    item = ServiceItemFactory(company=branch.company, proof="event", purposes=[])
    EntitlementFactory(item=item)
    here, away = ClientFactory(branch=branch), ClientFactory(branch=branch)
    for one in (here, away):
        put_in_tier(one, "gold", OLD)
    plan_on(branch, FIRST)

    made = deliver(
        item=item,
        branch=branch,
        clients=[here.public_id],
        title="季度策略会",
        day=LATER,
        now=morning(LATER),
        actor=staff("branch_manager"),
    )

    assert (made.clients, made.kept) == (1, 1)
    assert Promise.objects.get(client=here).delivery == made
    assert Promise.objects.get(client=away).state == "due"
    with pytest.raises(InvalidInput):
        deliver(
            item=ServiceItemFactory(company=branch.company), branch=branch, title="x", day=LATER, now=morning(LATER),
            actor=staff("branch_manager"),
        )  # fmt: skip


def test_what_nobody_kept_is_missed_after_the_time_limit_and_may_still_be_made_good(
    branch: Branch, client: Client
) -> None:
    plan_on(branch, date(2026, 7, 2))
    assert owed(client)[0] == ("2026-Q2:1/1", "due", "")

    plan_on(branch, date(2026, 7, 3))
    assert owed(client)[0] == ("2026-Q2:1/1", "missed", "")

    row = Promise.objects.get(client=client, state="missed")
    keep_promise(promise=row, kept_on=date(2026, 7, 3), now=morning(date(2026, 7, 3)), actor=system_user())
    assert Promise.objects.get(pk=row.pk).is_late


# -- merging -----------------------------------------------------------------------------------------------------------


def merge(staying: Client, leaving: Client, staff: Staff) -> MergeRecord:
    """Asked for at the counter, approved by the manager."""
    asked = ask_merge(staying=staying, leaving=leaving, actor=staff("front_desk"), now=timezone.now(), reason="同一人")
    done: MergeRecord = approve_merge(record=asked, actor=staff("branch_manager"), now=timezone.now())
    return done


def test_of_two_clients_made_one_each_occurrence_is_owed_once_and_the_undo_puts_both_back(
    branch: Branch, client: Client, staff: Staff
) -> None:
    other = ClientFactory(branch=branch)
    put_in_tier(other, "gold", OLD)
    plan_on(branch, LATER)
    speak(other, LATER)
    boss, before = staff("branch_manager"), rows_of(branch)

    record = merge(client, other, staff)
    assert owed(client) == [("2026-Q2:1/1", "done", "")]
    plan_on(branch, LATER + timedelta(days=1))
    assert owed(client) == [("2026-Q2:1/1", "done", "")]

    undo_merge(record=record, actor=boss, now=timezone.now(), reason="不是同一人")
    assert rows_of(branch) == before


def test_of_two_open_ones_so_long_after_the_last_time_one_is_closed(branch: Branch, staff: Staff) -> None:
    item = ServiceItemFactory(company=branch.company, rhythm="rolling")
    staying, leaving = ClientFactory(branch=branch), ClientFactory(branch=branch)
    for one, key in ((staying, "after:2026-04-01"), (leaving, "after:2026-04-09")):
        PromiseFactory(client=one, item=item, is_rolling=True, occurrence_key=key)

    merge(staying, leaving, staff)

    assert sorted(owed(staying)) == [("after:2026-04-01", "due", ""), ("after:2026-04-09", "closed", "merged")]
