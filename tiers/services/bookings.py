"""Booking what a client asks for: a place of a day, within what his tier may have."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from django.utils.translation import gettext as _

from clients.models import Client
from crm.core import audit
from crm.core.clocks import Calendar, local_date
from crm.core.errors import InvalidInput, MissingRight
from crm.core.models import Branch, User
from crm.core.modules import demand_at
from crm.core.service import service
from crm.core.taken import unless_taken
from crm.core.versions import hold, lock
from tiers.errors import BookingSettled, DayFull, DayKnown, NotEntitled, QuotaUsed
from tiers.gates import passing_q
from tiers.models import Booking, ServiceDay, ServiceItem, TierState
from tiers.querysets.received import allowances_of
from tiers.services.house import refuse_foreign

State = Booking.State


@service("booking.ask")
def ask_booking(
    *,
    client: Client,
    item: ServiceItem,
    day: date,
    at: time,
    actor: User,
    now: datetime,
    where: str = "",
    note: str = "",
    beyond: str = "",
) -> Booking:
    """Take a place for a client. Of two who reach for the last place one gets it.

    ``beyond``: why he may have it beyond his entitlement; a right of its own. Raises ``NotEntitled``, ``QuotaUsed``,
    ``DayFull``, ``MissingRight`` and ``InvalidInput``, and ``ModuleOff`` where his branch leaves bookings out.
    """
    today = local_date(now)
    row: Client = lock(Client.objects.select_related("branch"), pk=client.pk)
    demand_at("bookings", row.branch, today)
    _refuse_unbookable(row, item, day, today)
    why = beyond.strip()[:200]
    is_beyond = _refuse_unentitled(row, item, day, why, actor)
    slot = day_of(item, row.branch, day)
    if not ServiceDay.objects.take_place(slot.pk):
        raise DayFull
    state = TierState.objects.filter(client=row).select_related("tier").first()
    made: Booking = Booking.objects.create(
        client=row,
        slot=slot,
        at=at,
        where=where.strip()[:120],
        note=note.strip()[:200],
        tier_code=state.tier.code if state else "",
        confirm_by=min(day, Calendar.around(today).add_working_days(today, item.limit_days)),
        cost=item.cost,
        asked_by=actor,
        asked_at=now,
        beyond=why if is_beyond else "",
    )
    after = {"service": item.code, "day": day, "beyond": is_beyond}
    audit.record(actor, "booking.ask", made, after=after, reason=made.beyond, client=row)
    return made


@service("booking.confirm")
def confirm_booking(*, booking: Booking, actor: User, now: datetime, version: int | None = None) -> Booking:
    """Tell the house that it will be as asked. Raises ``BookingSettled`` and ``StaleEdit``."""
    row = _held(booking, version, State.ASKED)
    return _settle(row, State.CONFIRMED, actor, now, "booking.confirm")


@service("booking.cancel")
def cancel_booking(*, booking: Booking, reason: str, actor: User, now: datetime, version: int | None = None) -> Booking:
    """Give the place back, saying why. Raises ``BookingSettled``, ``InvalidInput`` and ``StaleEdit``."""
    if not reason.strip():
        raise InvalidInput(fields={"reason": _("Say why.")})
    row = _held(booking, version, State.ASKED, State.CONFIRMED)
    ServiceDay.objects.give_back(row.slot_id)
    row.reason = reason.strip()[:200]
    return _settle(row, State.CANCELLED, actor, now, "booking.cancel")


@service("booking.conclude")
def conclude_booking(
    *, booking: Booking, came: bool, actor: User, now: datetime, note: str = "", version: int | None = None
) -> Booking:
    """Say how it went: it took place, or the client did not come. Raises ``BookingSettled``, ``InvalidInput``, ``StaleEdit``."""
    row = _held(booking, version, State.CONFIRMED)
    if row.slot.day > local_date(now):
        raise InvalidInput(fields={"": _("This day is yet to come.")})
    row.note = (note.strip() or row.note)[:200]
    return _settle(row, State.DONE if came else State.NO_SHOW, actor, now, "booking.conclude")


@service("service_day.set")
def set_places(
    *, item: ServiceItem, branch: Branch, day: date, places: int, actor: User, version: int | None = None
) -> ServiceDay:
    """Say how many places a day has, none for a day on which the service is not given.

    Raises ``MissingRight``, ``InvalidInput`` (fewer than are taken, a service that the branch does not offer) and ``StaleEdit``.
    """
    refuse_foreign(branch.company, branch, actor)
    _offered(item, branch)
    slot = day_of(item, branch, day)
    row: ServiceDay = lock(ServiceDay.objects.all(), pk=slot.pk, version=version)
    if places < row.taken:
        said = _("%(count)s places of this day are taken already.") % {"count": row.taken}
        raise InvalidInput(fields={"places": said})
    before, row.places = row.places, places
    row.save_changed(["places"])
    audit.record(actor, "service_day.set", row, before={"places": before}, after={"places": places, "day": day})
    return row


@service("service_day.open")
def open_day(*, item: ServiceItem, branch: Branch, day: date, places: int, actor: User) -> ServiceDay:
    """Say how many places a day has of which nobody has said so and no place is taken.

    Raises ``DayKnown`` and what setting places raises.
    """
    if ServiceDay.objects.filter(item=item, branch=branch, day=day).exists():
        raise DayKnown
    with unless_taken(ServiceDay, "service_day_once", refusal=DayKnown()):
        made: ServiceDay = ServiceDay.objects.create(item=item, branch=branch, day=day, places=0)
    return set_places(item=item, branch=branch, day=day, places=places, actor=actor, version=made.version)


def day_of(item: ServiceItem, branch: Branch, day: date) -> ServiceDay:
    """The places of a day; made with those of the catalogue when it is asked for first."""
    # Somebody else may ask at the same moment.
    return ServiceDay.objects.get_or_create(item=item, branch=branch, day=day, defaults={"places": item.places})[0]


def _refuse_unbookable(client: Client, item: ServiceItem, day: date, today: date) -> None:
    wrong: dict[str, str] = {}
    offered = _offered(item, client.branch)
    if not offered.holds_on(day):
        wrong["day"] = _("The service is not offered on this day.")
    if day < today:
        wrong["day"] = _("This day is over. Name today or a later day.")
    if wrong:
        raise InvalidInput(fields=wrong)
    served = Client.objects.served().filter(passing_q(item, day), pk=client.pk, merged_into=None)
    if not served.exists():
        raise NotEntitled


def _offered(item: ServiceItem, branch: Branch) -> ServiceItem:
    """The service as the branch offers it on request, and goes on to until this is done. Raises ``InvalidInput``."""
    hold(item)
    offered: ServiceItem | None = ServiceItem.objects.booked().offered(branch, item)
    if offered is None:
        raise InvalidInput(fields={"item": _("The branch does not offer this service.")})
    return offered


def _refuse_unentitled(client: Client, item: ServiceItem, day: date, beyond: str, actor: User) -> bool:
    """Whether the booking goes beyond what the client may have, for which somebody gave a reason."""
    allowance = allowances_of(client, [item], day).get(item.pk)
    if allowance is not None and allowance.left:
        return False
    if not beyond:
        raise NotEntitled if allowance is None else QuotaUsed
    if not actor.is_system and not actor.has_perm("tiers.exceed_booking"):
        raise MissingRight
    return True


def _held(booking: Booking, version: int | None, *states: Any) -> Booking:
    row: Booking = lock(Booking.objects.select_related("client", "slot__item"), pk=booking.pk, version=version)
    if row.state not in states:
        raise BookingSettled
    return row


def _settle(row: Booking, state: Any, actor: User, now: datetime, action: str) -> Booking:
    before, row.state, row.settled_by, row.settled_at = row.state, state, actor, now
    row.save_changed(["state", "settled_by", "settled_at", "reason", "note"])
    after = {"state": state}
    audit.record(actor, action, row, before={"state": before}, after=after, reason=row.reason, client=row.client)
    return row
