"""Green channel and pick-up: places of a day, what the tier may have, one winner of the last place."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import date, time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from clients.models import Client
from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput, MissingRight, StaleEdit
from crm.core.models import Branch, User
from crm.workbench.service_items import bookings as items_of
from tests.doors import Api, Staff, Web
from tests.factories.clients import ClientFactory
from tests.factories.core import BranchFactory, CompanyFactory
from tests.factories.services import EntitlementFactory, ServiceItemFactory, morning, put_in_tier
from tiers.errors import BookingSettled, DayFull, NotEntitled, QuotaUsed
from tiers.models import Booking, ServiceDay, ServiceItem
from tiers.querysets.received import allowances_of
from tiers.services.bookings import ask_booking, cancel_booking, conclude_booking, confirm_booking, set_places

pytestmark = pytest.mark.django_db

TODAY, DAY = date(2026, 6, 1), date(2026, 6, 3)


@pytest.fixture
def pick_up(branch: Branch) -> ServiceItem:
    """Two places a day; gold clients may have it twice a year."""
    item = ServiceItemFactory(company=branch.company, code="pick-up", name_en="Pick-up", booked=True, limit_days=1)
    EntitlementFactory(item=item, times=2, period="year")
    return item


@pytest.fixture
def gold(branch: Branch) -> Callable[[], Client]:
    def make() -> Client:
        client = ClientFactory(branch=branch)
        put_in_tier(client, "gold", date(2025, 1, 1))
        return client

    return make


def book(client: Client, item: ServiceItem, day: date = DAY, **more: Any) -> Booking:
    said = {"client": client, "item": item, "day": day, "at": time(9, 30), "actor": system_user()}
    made: Booking = ask_booking(**{**said, "now": morning(TODAY), **more})
    return made


def test_a_booking_takes_a_place_and_is_to_be_confirmed_within_the_time_limit(
    pick_up: ServiceItem, gold: Callable[[], Client]
) -> None:
    row = book(gold(), pick_up, where="CA1831")

    slot = ServiceDay.objects.get()
    assert (slot.places, slot.taken, slot.free) == (2, 1, 1)
    assert (row.state, row.confirm_by, row.where, row.tier_code) == ("asked", date(2026, 6, 2), "CA1831", "gold")


def test_a_full_day_takes_nobody_and_a_cancelled_place_is_free_again(
    pick_up: ServiceItem, gold: Callable[[], Client]
) -> None:
    first = book(gold(), pick_up)
    book(gold(), pick_up)

    with pytest.raises(DayFull):
        book(gold(), pick_up)
    with pytest.raises(InvalidInput):
        cancel_booking(booking=first, reason=" ", actor=system_user(), now=morning(TODAY))
    gone = cancel_booking(booking=first, reason="航班取消", actor=system_user(), version=1, now=morning(TODAY))

    assert (gone.state, gone.reason, ServiceDay.objects.get().taken) == ("cancelled", "航班取消", 1)
    book(gold(), pick_up)


def test_who_is_not_entitled_or_has_used_it_up_is_refused_but_for_a_reason_of_the_manager(
    branch: Branch, staff: Staff, pick_up: ServiceItem, gold: Callable[[], Client]
) -> None:
    client, nobody, boss = gold(), ClientFactory(branch=branch), staff("branch_manager")
    for offset in range(2):
        book(client, pick_up, DAY + timedelta(days=offset))

    with pytest.raises(QuotaUsed):
        book(client, pick_up, date(2026, 9, 1))
    with pytest.raises(NotEntitled):
        book(nobody, pick_up)
    with pytest.raises(MissingRight):
        book(nobody, pick_up, beyond="贵宾", actor=staff("front_desk"))
    beyond = book(nobody, pick_up, date(2026, 6, 9), beyond="外地贵宾首次来访", actor=boss)

    assert (beyond.is_beyond, beyond.beyond, beyond.reason) == (True, "外地贵宾首次来访", "")
    assert not book(client, pick_up, date(2027, 1, 4)).is_beyond  # another year


def test_a_booking_beyond_the_entitlement_says_why_also_when_it_is_cancelled_for_another_reason(
    branch: Branch, staff: Staff, web: Web, api: Api, pick_up: ServiceItem
) -> None:
    boss, nobody = staff("branch_manager"), ClientFactory(branch=branch)
    row = book(nobody, pick_up, beyond="外地贵宾首次来访", actor=boss)

    kept = cancel_booking(booking=row, reason="航班取消", actor=boss, now=morning(TODAY))

    assert (kept.beyond, kept.reason) == ("外地贵宾首次来访", "航班取消")
    page = web(boss).get(row.get_absolute_url()).content.decode()
    assert "外地贵宾首次来访" in page and "航班取消" in page
    assert "beyond the entitlement" in web(boss).get(reverse("tiers:bookings"), {"all": ""}).content.decode()
    told = api(boss).get(f"/api/v1/bookings/{row.public_id}/").data
    assert (told["is_beyond"], told["beyond"], told["reason"]) == (True, "外地贵宾首次来访", "航班取消")


@pytest.mark.parametrize(("right", "may"), [("exceed_booking", True), ("waive_promise", False)])
def test_to_book_beyond_is_a_right_of_its_own(
    branch: Branch, staff: Staff, web: Web, pick_up: ServiceItem, right: str, may: bool
) -> None:
    desk, nobody = staff("front_desk"), ClientFactory(branch=branch)
    desk.groups.get().permissions.add(Permission.objects.get(codename=right))
    desk = User.objects.get(pk=desk.pk)

    form = web(desk).get(reverse("tiers:booking_new", args=[nobody.public_id])).content.decode()
    with nullcontext() if may else pytest.raises(MissingRight):
        book(nobody, pick_up, beyond="外地贵宾首次来访", actor=desk)

    assert (Booking.objects.count(), 'name="beyond"' in form) == (int(may), may)


def test_nobody_books_the_past_an_ended_service_or_for_a_client_who_left(
    branch: Branch, pick_up: ServiceItem, gold: Callable[[], Client]
) -> None:
    client = gold()
    with pytest.raises(InvalidInput) as refused:
        book(client, pick_up, TODAY - timedelta(days=1))
    assert list(refused.value.fields) == ["day"]

    ServiceItem.objects.filter(pk=pick_up.pk).update(ends_on=TODAY)
    with pytest.raises(InvalidInput):
        book(client, pick_up)
    with pytest.raises(InvalidInput):
        book(client, ServiceItemFactory(company=branch.company))

    ServiceItem.objects.filter(pk=pick_up.pk).update(ends_on=None)
    Client.objects.filter(pk=client.pk).update(status="closed", closed_on=TODAY)
    with pytest.raises(NotEntitled):
        book(client, pick_up)


def test_a_booking_is_confirmed_and_concluded_once(pick_up: ServiceItem, gold: Callable[[], Client]) -> None:
    row = book(gold(), pick_up)

    with pytest.raises(BookingSettled):
        conclude_booking(booking=row, came=True, now=morning(DAY), actor=system_user())
    with pytest.raises(StaleEdit):
        confirm_booking(booking=row, actor=system_user(), version=7, now=morning(TODAY))
    confirm_booking(booking=row, actor=system_user(), version=1, now=morning(TODAY))
    with pytest.raises(InvalidInput):
        conclude_booking(booking=row, came=True, now=morning(TODAY), actor=system_user())
    done = conclude_booking(booking=row, came=False, now=morning(DAY), actor=system_user(), note="未到")

    assert (done.state, done.note, done.settled_at) == ("no_show", "未到", morning(DAY))
    with pytest.raises(BookingSettled):
        cancel_booking(booking=row, reason="晚了", actor=system_user(), now=morning(TODAY))


def test_a_day_has_as_many_places_as_the_branch_says_but_no_fewer_than_are_taken(
    branch: Branch, other_branch: Branch, staff: Staff, pick_up: ServiceItem, gold: Callable[[], Client]
) -> None:
    desk = staff("front_desk")
    book(gold(), pick_up)

    with pytest.raises(InvalidInput):
        set_places(item=pick_up, branch=branch, day=DAY, places=0, actor=desk)
    with pytest.raises(MissingRight):
        set_places(item=pick_up, branch=other_branch, day=DAY, places=5, actor=desk)
    elsewhere = ServiceItemFactory(company=CompanyFactory(code="OTHER"), booked=True)
    place = BranchFactory(company=elsewhere.company)
    with pytest.raises(MissingRight):
        set_places(item=elsewhere, branch=place, day=DAY, places=5, actor=staff("head_office"))
    assert set_places(item=pick_up, branch=branch, day=DAY, places=1, actor=desk).free == 0
    with pytest.raises(DayFull):
        book(gold(), pick_up)


# -- pages and REST ----------------------------------------------------------------------------------------------------


def test_the_desk_books_confirms_and_cancels_in_the_browser(
    branch: Branch, staff: Staff, web: Web, pick_up: ServiceItem, gold: Callable[[], Client]
) -> None:
    desk, client, today = staff("front_desk"), gold(), local_date(timezone.now())
    browser = web(desk)
    said = {"item": pick_up.public_id, "day": today.isoformat(), "at": "09:30", "where": "CA1831"}

    found = browser.get(reverse("tiers:booking_choose"), {"q": client.external_id}).content.decode()
    form = browser.get(reverse("tiers:booking_new", args=[client.public_id])).content.decode()
    made = browser.post(reverse("tiers:booking_new", args=[client.public_id]), {**said, "form_token": "a"})
    row = Booking.objects.get()
    waiting = list(items_of(desk, today))
    page = browser.get(reverse("tiers:bookings")).content.decode()
    sure = browser.post(reverse("tiers:booking_confirm", args=[row.public_id]), {"form_token": "b", "version": 1})
    came = browser.post(reverse("tiers:booking_came", args=[row.public_id]), {"form_token": "c", "version": 2})
    asked = {"item": pick_up.public_id, "day": today.isoformat()}
    shown = browser.get(reverse("tiers:places_set"), asked).context["form"].initial
    more = browser.post(
        reverse("tiers:places_set"),
        {"form_token": "d", **asked, "shown": shown["shown"], "version": shown["version"], "places": 9},
    )

    assert client.external_id in found
    assert "2 of 2 left in this period" in form
    assert [answer.status_code for answer in (made, sure, came, more)] == [302] * 4
    assert [item.url for item in waiting] == [row.get_absolute_url()]
    assert "1 / 2" in page and "Pick-up" in page
    row.refresh_from_db()
    assert (row.state, ServiceDay.objects.get().places) == ("done", 9)
    assert browser.get(row.get_absolute_url()).status_code == 200


def _hidden(form: Any) -> dict[str, Any]:
    return {name: form[name].value() or "" for name in ("shown", "version")}


def test_places_of_a_day_are_changed_only_from_what_was_seen_of_it(
    branch: Branch, staff: Staff, web: Web, pick_up: ServiceItem, gold: Callable[[], Client]
) -> None:
    browser, url, today = web(staff("front_desk")), reverse("tiers:places_set"), local_date(timezone.now())
    asked = {"item": pick_up.public_id, "day": today.isoformat()}
    slot = ServiceDay.objects.create(item=pick_up, branch=branch, day=today, places=3)

    def send(token: str, places: int, **said: Any) -> Any:
        return browser.post(url, {"form_token": token, **asked, "places": places, **said})

    first = browser.get(url, asked)
    book(gold(), pick_up, today, now=timezone.now())  # a place is taken meanwhile
    stale = send("a", 1, **_hidden(first.context["form"]))
    slot.refresh_from_db()

    assert "0 of 3 taken" in first.content.decode()
    assert (stale.status_code, slot.places) == (412, 3)
    assert "1 of 3 taken" in stale.content.decode()

    again = send("a", 5, **_hidden(stale.context["form"]))  # having been told
    slot.refresh_from_db()
    assert (again.status_code, slot.places) == (302, 5)


def test_places_of_another_day_than_the_one_shown_are_set_only_where_nobody_has_set_them(
    branch: Branch, staff: Staff, web: Web, pick_up: ServiceItem
) -> None:
    browser, url, today = web(staff("front_desk")), reverse("tiers:places_set"), local_date(timezone.now())
    known, new = today + timedelta(days=20), today + timedelta(days=21)
    for day in (today, known):
        ServiceDay.objects.create(item=pick_up, branch=branch, day=day, places=3)
    hidden = _hidden(browser.get(url, {"item": pick_up.public_id, "day": today.isoformat()}).context["form"])

    def send(token: str, day: date, **said: Any) -> Any:
        words = {"form_token": token, "item": pick_up.public_id, "day": day.isoformat(), "places": 8}
        return browser.post(url, {**words, **hidden, **said})

    refused, opened = send("a", known), send("b", new)
    told = send("a", known, **_hidden(refused.context["form"]))

    assert (refused.status_code, opened.status_code, told.status_code) == (409, 302, 302)
    assert "0 of 3 taken" in refused.content.decode()
    assert dict(ServiceDay.objects.values_list("day", "places")) == {today: 3, known: 8, new: 8}
    assert browser.get(url, {"item": "x", "day": "2026-13-45"}).status_code == 200


def test_the_bookings_cost_the_same_for_one_row_and_for_ten(
    staff: Staff, web: Web, pick_up: ServiceItem, gold: Callable[[], Client], cost_of: Any
) -> None:
    browser, page = web(staff("front_desk")), reverse("tiers:bookings")
    today = local_date(timezone.now())
    book(gold(), pick_up, today, now=timezone.now())
    browser.get(page)
    one = cost_of(lambda: browser.get(page))

    for offset in range(9):
        book(gold(), pick_up, today + timedelta(days=offset + 1), now=timezone.now())

    assert cost_of(lambda: browser.get(page)) == one <= 10


def test_bookings_over_rest(
    branch: Branch, staff: Staff, api: Api, pick_up: ServiceItem, gold: Callable[[], Client]
) -> None:
    phone, client, today = api(staff("front_desk")), gold(), local_date(timezone.now())

    def send(url: str, key: str, version: int | None = None, **said: Any) -> Any:
        headers = {"Idempotency-Key": key, **({} if version is None else {"If-Match": f'"{version}"'})}
        return phone.post(f"/api/v1/bookings/{url}", said, format="json", headers=headers)

    said = {"client": client.public_id, "service": pick_up.public_id, "day": today.isoformat(), "at": "09:30"}
    made, again = send("", "a", **said), send("", "a", **said)
    other = send("", "b", **said)
    url = f"{made.data['id']}/"
    sure = send(f"{url}confirm/", "c", 1)
    done = send(f"{url}conclude/", "d", 2, came=True)
    late = send(f"{url}cancel/", "e", 3, reason="晚了")
    gone = send(f"{other.data['id']}/cancel/", "f", 1, reason="改期")

    assert (made.status_code, again.status_code, Booking.objects.count()) == (201, 200, 2)
    assert (sure.data["state"], done.data["state"], gone.data["state"]) == ("confirmed", "done", "cancelled")
    assert (made.data["settled_by"], made.data["settled_at"]) == (None, None)
    assert done.data["settled_by"]["name"] and done.data["settled_at"] > sure.data["settled_at"] > made.data["asked_at"]
    assert (late.status_code, late.json()["code"]) == (409, "booking_settled")
    seen = phone.get("/api/v1/bookings/", {"state": "done"}).data["results"]
    assert [row["id"] for row in seen] == [made.data["id"]]


def test_the_booking_form_costs_the_same_for_one_service_and_for_ten(
    branch: Branch, staff: Staff, web: Web, pick_up: ServiceItem, gold: Callable[[], Client], cost_of: Any
) -> None:
    browser, client = web(staff("front_desk")), gold()
    page = reverse("tiers:booking_new", args=[client.public_id])
    book(client, pick_up, local_date(timezone.now()), now=timezone.now())
    browser.get(page)
    one = cost_of(lambda: browser.get(page))
    for _n in range(9):
        EntitlementFactory(item=ServiceItemFactory(company=branch.company, booked=True), times=3, period="month")

    assert cost_of(lambda: browser.get(page)) == one <= 10
    shown = browser.get(page).content.decode()
    assert (shown.count("3 of 3 left in this period"), shown.count("1 of 2 left in this period")) == (9, 1)


def test_a_booking_counts_in_the_period_of_its_entitlement_and_against_the_branchs_own_edition(
    branch: Branch, pick_up: ServiceItem, gold: Callable[[], Client]
) -> None:
    client = gold()
    book(client, pick_up, DAY)
    own = ServiceItemFactory(company=branch.company, branch=branch, code=pick_up.code, booked=True)
    monthly = ServiceItemFactory(company=branch.company, booked=True)
    EntitlementFactory(item=own, times=2, period="year")
    EntitlementFactory(item=monthly, times=1, period="month")
    book(client, monthly, date(2026, 6, 30))

    june, july = (allowances_of(client, [own, monthly], day) for day in (DAY, date(2026, 7, 1)))

    assert (june[own.pk].left, june[monthly.pk].left) == (1, 0)
    assert (july[own.pk].left, july[monthly.pk].left) == (1, 1)
    assert allowances_of(ClientFactory(branch=branch), [own, monthly], DAY) == {}
