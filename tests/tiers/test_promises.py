"""What is owed to clients: made from entitlements, kept by contacts, deliveries or by hand, waived, put off, missed, closed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from clients.models import Client, ContactLog, MergeRecord
from clients.services import approve_merge, ask_merge, correct_contact, log_contact, undo_merge
from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput
from crm.core.jobs import run_due
from crm.core.models import AuditEntry, Branch, User
from crm.workbench.service_items import promises as items_of
from tests.factories.clients import ClientFactory
from tests.factories.services import (
    EntitlementFactory,
    PromiseFactory,
    ServiceItemFactory,
    morning,
    plan_on,
    programme_of,
    put_in_tier,
    rows_of,
)
from tests.factories.tiers import TierFactory
from tiers.errors import PromiseSettled
from tiers.models import Delivery, Promise, PromiseRun, ServiceItem, TierState
from tiers.services.catalogue import end_item
from tiers.services.entitlements import set_entitlement
from tiers.services.promise_contacts import settle_contacts
from tiers.services.promises import deliver, keep_promise, put_off_promise, waive_promise

pytestmark = pytest.mark.django_db

Staff = Callable[..., User]
Web = Callable[[User], Browser]
Api = Callable[[User], APIClient]
#: The first day of a quarter, and days in it.
FIRST, LATER = date(2026, 4, 1), date(2026, 5, 4)
OLD = date(2025, 1, 1)


@pytest.fixture
def greeting(branch: Branch) -> ServiceItem:
    """Once a quarter for gold, three times for private clients."""
    item = ServiceItemFactory(company=branch.company, code="greeting")
    EntitlementFactory(item=item)
    EntitlementFactory(item=item, tier_code="private", times=3)
    return item


@pytest.fixture
def client(branch: Branch, staff: Staff, greeting: ServiceItem) -> Client:
    """A gold client with an advisor, owed a greeting in the second quarter."""
    found = ClientFactory(branch=branch, advisor=staff("advisor"))
    put_in_tier(found, "gold", OLD)
    plan_on(branch, FIRST)
    return found


def owed(client: Client) -> list[tuple[str, str, str]]:
    rows = Promise.objects.filter(client=client).order_by("due_on", "pk")
    return list(rows.values_list("occurrence_key", "state", "closed_as"))


def speak(client: Client, day: date, **details: Any) -> ContactLog:
    return log_contact(
        client=client,
        channel="phone",
        content="节日问候",
        actor=client.advisor or system_user(),
        now=morning(day),
        at=morning(day),
        details={"purpose": "care", **details},
    )


# -- making ------------------------------------------------------------------------------------------------------------


def test_each_entitled_client_is_owed_the_service_once_however_often_the_sweep_runs(
    branch: Branch, client: Client, greeting: ServiceItem
) -> None:
    ordinary = ClientFactory(branch=branch)
    put_in_tier(ordinary, "ordinary", OLD)

    first, again = rows_of(branch), plan_on(branch, FIRST)

    assert owed(client) == [("2026-Q2:1/1", "due", "")]
    assert owed(ordinary) == []
    row = Promise.objects.get()
    assert (row.opens_on, row.due_on, row.last_day) == (FIRST, date(2026, 6, 30), date(2026, 7, 2))
    assert (again, rows_of(branch)) == ({}, first)


def test_whoever_joins_in_the_second_half_is_owed_the_next_one(branch: Branch, client: Client) -> None:
    late = ClientFactory(branch=branch)
    put_in_tier(late, "gold", date(2026, 5, 20))

    plan_on(branch, date(2026, 6, 1))
    plan_on(branch, date(2026, 7, 1))

    assert owed(late) == [("2026-Q3:1/1", "due", "")]


@pytest.mark.parametrize(
    "facts",
    [
        {"status": "closed", "closed_on": LATER},
        {"restricted_on": FIRST, "restriction_reason": "客户要求"},
        {"do_not_contact": True, "do_not_contact_reason": "客户要求"},
    ],
    ids=["closed", "restricted", "silent"],
)
def test_who_is_not_served_or_wants_no_contact_is_owed_nothing_any_more(
    branch: Branch, client: Client, facts: dict[str, Any]
) -> None:
    Client.objects.filter(pk=client.pk).update(**facts)

    plan_on(branch, LATER)

    why = "silent" if "do_not_contact" in facts else "client"
    assert owed(client) == [("2026-Q2:1/1", "closed", why)]


def test_who_comes_back_is_owed_the_same_row_again(branch: Branch, client: Client) -> None:
    Client.objects.filter(pk=client.pk).update(do_not_contact=True, do_not_contact_reason="客户要求")
    plan_on(branch, LATER)
    Client.objects.filter(pk=client.pk).update(do_not_contact=False, do_not_contact_reason="")

    plan_on(branch, LATER + timedelta(days=1))

    assert owed(client) == [("2026-Q2:1/1", "due", "")]


def test_a_service_that_asks_for_a_grade_is_owed_to_who_has_it(branch: Branch, greeting: ServiceItem) -> None:
    ServiceItem.objects.filter(pk=greeting.pk).update(least_grade="C4")
    bold = ClientFactory(branch=branch, risk_grade="C4", risk_valid_until=date(2027, 1, 1))
    cautious = ClientFactory(branch=branch, risk_grade="C3", risk_valid_until=date(2027, 1, 1))
    for one in (bold, cautious):
        put_in_tier(one, "gold", OLD)

    plan_on(branch, FIRST)
    assert (len(owed(bold)), owed(cautious)) == (1, [])

    Client.objects.filter(pk=bold.pk).update(risk_grade="C2")
    plan_on(branch, LATER)
    assert owed(bold) == [("2026-Q2:1/1", "closed", "gate")]


def test_a_gate_that_nobody_knows_lets_nobody_through(branch: Branch, greeting: ServiceItem) -> None:
    ServiceItem.objects.filter(pk=greeting.pk).update(gate="of-another-house")
    put_in_tier(ClientFactory(branch=branch), "gold", OLD)

    assert plan_on(branch, FIRST) == {}


# -- tiers and terms ---------------------------------------------------------------------------------------------------


def test_a_higher_tier_with_tighter_terms_takes_the_place_of_the_row_and_doubles_nothing(
    branch: Branch, client: Client
) -> None:
    put_in_tier(client, "private", date(2026, 4, 30))

    plan_on(branch, LATER)

    assert owed(client) == [("2026-Q2:2/3", "due", ""), ("2026-Q2:1/1", "closed", "terms")]


def test_what_was_kept_in_a_part_speaks_for_it_whatever_the_tier(branch: Branch, client: Client) -> None:
    speak(client, LATER)
    put_in_tier(client, "private", date(2026, 5, 5))

    plan_on(branch, date(2026, 5, 6))
    assert owed(client) == [("2026-Q2:1/1", "done", "")]

    plan_on(branch, date(2026, 6, 2))
    assert owed(client) == [("2026-Q2:1/1", "done", ""), ("2026-Q2:3/3", "due", "")]


def test_a_lower_tier_without_the_service_closes_the_row_and_coming_back_opens_it(
    branch: Branch, client: Client
) -> None:
    put_in_tier(client, "silver", LATER)
    plan_on(branch, LATER)
    assert owed(client) == [("2026-Q2:1/1", "closed", "tier")]

    put_in_tier(client, "gold", date(2026, 5, 6))
    plan_on(branch, date(2026, 5, 6))
    assert owed(client) == [("2026-Q2:1/1", "due", "")]


def test_a_tier_of_the_same_name_in_another_programme_is_another_tier(branch: Branch, client: Client) -> None:
    own = TierFactory(programme__company=branch.company, code="gold")
    TierState.objects.filter(client=client).update(programme=own.programme, tier=own)

    plan_on(branch, LATER)

    assert owed(client) == [("2026-Q2:1/1", "closed", "tier")]


def test_what_was_overdue_when_the_tier_fell_counts_as_missed(branch: Branch, client: Client) -> None:
    put_in_tier(client, "silver", date(2026, 7, 1))

    plan_on(branch, date(2026, 7, 1))
    assert owed(client) == [("2026-Q2:1/1", "due", "")]

    plan_on(branch, date(2026, 7, 3))
    assert owed(client) == [("2026-Q2:1/1", "missed", "")]


def test_an_entitlement_or_service_that_ends_closes_what_is_owed(
    branch: Branch, client: Client, greeting: ServiceItem
) -> None:
    boss = system_user()
    gold = programme_of(branch).tiers.get(code="gold")
    set_entitlement(item=greeting, tier=gold, times=None, period="quarter", valid_from=LATER, today=LATER, actor=boss)

    plan_on(branch, LATER)
    assert owed(client) == [("2026-Q2:1/1", "closed", "ended")]


def test_a_service_that_ends_closes_what_is_owed(branch: Branch, client: Client, greeting: ServiceItem) -> None:
    end_item(item=greeting, last_day=LATER, today=LATER, reason="不再提供", actor=system_user())

    plan_on(branch, LATER + timedelta(days=1))

    assert owed(client) == [("2026-Q2:1/1", "closed", "ended")]


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


# -- the clock ---------------------------------------------------------------------------------------------------------


def test_the_sweep_brings_the_catalogue_in_plans_each_branch_and_rests_until_something_changes(
    branch: Branch, other_branch: Branch
) -> None:
    now = timezone.now()
    put_in_tier(ClientFactory(branch=branch, risk_grade="C4", risk_valid_until=date(2099, 1, 1)), "private", OLD)

    first, second = run_due(now)["tiers.promises"], run_due(now)["tiers.promises"]

    assert (first > 0, second) == (True, 0)
    assert ServiceItem.objects.filter(company=branch.company, code="pick_up").exists()
    assert PromiseRun.objects.filter(branch__in=[branch, other_branch]).count() == 2


# -- pages and REST ----------------------------------------------------------------------------------------------------


def test_my_day_names_a_promise_before_it_is_missed(branch: Branch, staff: Staff) -> None:
    today, advisor = local_date(timezone.now()), staff("advisor")
    client = ClientFactory(branch=branch, advisor=advisor)
    soon = PromiseFactory(client=client, due_on=today + timedelta(days=3))
    PromiseFactory(client=client, due_on=today + timedelta(days=20))
    PromiseFactory(client=client, item__owner_role="front_desk", due_on=today)

    found = list(items_of(advisor, today))
    desk = list(items_of(staff("front_desk"), today))

    assert [item.url for item in found] == [reverse("tiers:promise", args=[soon.public_id])]
    assert len(desk) == 1


def test_the_list_shows_ones_own_by_default_and_costs_the_same_for_one_row_and_for_ten(
    branch: Branch, staff: Staff, web: Web, cost_of: Any
) -> None:
    advisor = staff("advisor")
    mine = PromiseFactory(client=ClientFactory(branch=branch, advisor=advisor, name="张三丰"))
    browser = web(advisor)
    browser.get(reverse("tiers:promises"))
    one = cost_of(lambda: browser.get(reverse("tiers:promises")))

    for _n in range(9):
        PromiseFactory(client=ClientFactory(branch=branch, advisor=advisor), item=mine.item)

    assert cost_of(lambda: browser.get(reverse("tiers:promises"))) == one <= 9
    assert "张三丰" in browser.get(reverse("tiers:promises")).content.decode()


def test_a_promise_is_kept_and_waived_in_the_browser(branch: Branch, staff: Staff, web: Web) -> None:
    advisor, boss = staff("advisor"), staff("branch_manager")
    client = ClientFactory(branch=branch, advisor=advisor)
    kept, waived = PromiseFactory(client=client), PromiseFactory(client=client)
    today = local_date(timezone.now()).isoformat()

    done = web(advisor).post(
        reverse("tiers:promise_keep", args=[kept.public_id]), {"form_token": "a", "version": 1, "kept_on": today}
    )
    stale = web(boss).post(
        reverse("tiers:promise_waive", args=[waived.public_id]), {"form_token": "b", "version": 9, "reason": "婉拒"}
    )
    gone = web(boss).post(
        reverse("tiers:promise_waive", args=[waived.public_id]), {"form_token": "c", "version": 1, "reason": "婉拒"}
    )

    assert (done.status_code, stale.status_code, gone.status_code) == (302, 412, 302)
    kept.refresh_from_db()
    waived.refresh_from_db()
    assert (kept.state, waived.state) == ("done", "waived")
    assert web(advisor).get(reverse("tiers:promise_waive", args=[waived.public_id])).status_code == 403
    assert web(boss).get(reverse("tiers:promise", args=[waived.public_id])).status_code == 200


def test_a_promise_of_another_branch_is_as_good_as_none(other_branch: Branch, staff: Staff, web: Web, api: Api) -> None:
    row, boss = PromiseFactory(client=ClientFactory(branch=other_branch)), staff("branch_manager")

    assert web(boss).get(reverse("tiers:promise", args=[row.public_id])).status_code == 404
    assert api(boss).get(f"/api/v1/promises/{row.public_id}/").status_code == 404
    assert api(boss).get("/api/v1/promises/").data["results"] == []


def send(phone: APIClient, url: str, *, key: str = "k", version: int | None = None, **said: Any) -> Any:
    headers = {"Idempotency-Key": key, **({} if version is None else {"If-Match": f'"{version}"'})}
    return phone.post(url, said, format="json", headers=headers)


def test_promises_are_kept_put_off_and_delivered_over_rest(branch: Branch, staff: Staff, api: Api) -> None:
    advisor, boss, today = staff("advisor"), staff("branch_manager"), local_date(timezone.now())
    client = ClientFactory(branch=branch, advisor=advisor)
    one, two = PromiseFactory(client=client), PromiseFactory(client=client)
    three = PromiseFactory(client=client, item__proof="send", item__purposes=[])
    phone, url = api(advisor), f"/api/v1/promises/{one.public_id}/"

    unseen = send(phone, f"{url}keep/", kept_on=today.isoformat())
    kept = send(phone, f"{url}keep/", key="a", version=1, kept_on=today.isoformat())
    again = send(phone, f"{url}keep/", key="a", version=1, kept_on=today.isoformat())
    shut = send(phone, f"/api/v1/promises/{two.public_id}/waive/", key="b", version=1, reason="x")
    day = (two.due_on + timedelta(days=5)).isoformat()
    later = send(api(boss), f"/api/v1/promises/{two.public_id}/put-off/", version=1, due_on=day, reason="出差")
    gone = send(api(boss), f"/api/v1/promises/{two.public_id}/waive/", key="g", version=2, reason="婉拒")
    sent = send(
        phone, "/api/v1/promises/deliver/", key="c", service=three.item.public_id, title="周报", day=today.isoformat()
    )

    assert unseen.status_code == 428
    assert (kept.status_code, kept.data["state"], again.status_code) == (201, "done", 200)
    assert (shut.status_code, later.status_code, later.data["due_on"], gone.data["state"]) == (403, 201, day, "waived")
    assert gone.data["decided_at"] > later.data["decided_at"] and gone.data["decided_by"]["name"] == boss.name
    assert (sent.status_code, sent.data["kept"], Delivery.objects.count()) == (201, 1, 1)
    found = phone.get("/api/v1/promises/", {"state": "done"}).data["results"]
    assert {row["id"] for row in found} == {one.public_id, three.public_id}
