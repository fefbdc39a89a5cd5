"""Calling out a round for a market event: everybody of the audience is owed one contact, once however often it is asked."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from clients.models import Segment
from clients.segments import refuse_secret
from crm.core import audit
from crm.core.batches import batches
from crm.core.clocks import Calendar, local_date
from crm.core.errors import InvalidInput
from crm.core.models import Branch, User
from crm.core.service import service
from crm.core.taken import unless_taken
from crm.core.versions import hold, lock
from tiers.errors import RoundCalled, RoundOver
from tiers.models import MarketEvent, Promise, ServiceItem
from tiers.querysets.market_events import audience
from tiers.services.promise_contacts import settle_contacts
from tiers.services.promise_rows import insert_promises, reopen_promises

State = Promise.State


@service("market_event.call")
def call_round(
    *,
    branch: Branch,
    item: ServiceItem,
    name: str,
    day: date,
    ask: str,
    due_on: date,
    actor: User,
    now: datetime,
    segment: Segment | None = None,
    tier_codes: Collection[str] = (),
) -> MarketEvent:
    """Note a market event and ask that each client of the audience is spoken with by ``due_on``.

    The segment's rule is taken as it stands. Raises ``InvalidInput``, and ``RoundCalled`` for an event that the branch has
    called out for this service before.
    """
    hold(item)  # the branch makes no copy of its own meanwhile
    refuse_secret(segment.group if segment else None)
    _refuse(item, branch, name, ask, due_on, segment, tier_codes, local_date(now))
    row = MarketEvent(
        branch=branch,
        item=item,
        name=name.strip()[:60],
        day=day,
        ask=ask.strip()[:400],
        tier_codes=sorted(set(tier_codes)),
        rule=segment.rule if segment else None,
        segment_name=segment.name if segment else "",
        due_on=due_on,
        called_by=actor,
        called_at=now,
        asked_at=now,
    )
    with unless_taken(MarketEvent, "market_event_called_once", refusal=RoundCalled()):
        row.save()
    new = _owe(row, actor, now)
    if not new:
        raise InvalidInput(fields={"segment": _("This reaches nobody whom you see and who may be contacted.")})
    after = {"event": row.name, "day": day, "service": item.code, "due_on": due_on, "segment": row.segment_name}
    audit.record(actor, "market_event.call", row, after={**after, "tiers": row.tier_codes, "asked": new})
    return row


@service("market_event.ask_again")
def ask_again(*, event: MarketEvent, actor: User, now: datetime, version: int | None = None) -> MarketEvent:
    """Ask for whoever has come into the audience since; nobody is owed it twice. Raises ``RoundOver`` and ``StaleEdit``."""
    row: MarketEvent = lock(MarketEvent.objects.all(), pk=event.pk, version=version)
    today = local_date(now)
    if not may_be_asked(row, today):
        raise RoundOver
    new = _owe(row, actor, now)
    row.asked_at = now
    row.save_changed(["asked_at"])
    audit.record(actor, "market_event.ask_again", row, after={"asked": new})
    return row


def may_be_asked(event: MarketEvent, today: date) -> bool:
    """Whether there is time left for a round, and the branch still offers what it asks for."""
    return event.due_on >= today and ServiceItem.objects.offers(event.branch, event.item, today)


def _owe(event: MarketEvent, actor: User, now: datetime) -> int:
    """Rows for whoever has none yet, on the terms of each one's tier. Returns how many are owed that were not before."""
    item, today, calendar = event.item, local_date(now), Calendar.around(event.due_on)
    people = audience(item=item, branch=event.branch, rule=event.rule, tier_codes=event.tier_codes, user=actor, now=now)

    def last_day(due_on: date) -> date:
        return calendar.add_working_days(due_on, item.limit_days)

    new = 0
    values: dict[str, Any] = {
        "item_id": item.pk,
        "event_id": event.pk,
        "occurrence_key": f"event:{event.pk}",
        "opens_on": today,
        "due_on": event.due_on,
        "last_day": last_day(event.due_on),
    }
    tiers = people.values_list("tier_state__programme__code", "tier_state__tier__code").distinct()
    for programme, tier in sorted(tiers, key=str):
        own = people.filter(tier_state__programme__code=programme, tier_state__tier__code=tier)
        if tier is None:
            own = people.filter(tier_state=None)
        terms = {"edition": item.version, "cost": item.cost, "programme_code": programme or "", "tier_code": tier or ""}
        new += len(reopen_promises(event.promises.filter(client__in=own.values("pk")), last_day, **terms))
        new += insert_promises(own, {**values, **terms})
    # Whoever was spoken with today already need not be called a second time.
    owed = event.promises.filter(state=State.DUE).order_by("client_id").values_list("client_id", flat=True)
    for page in batches(list(owed)):
        settle_contacts(page, today)
    return new


def _refuse(
    item: ServiceItem,
    branch: Branch,
    name: str,
    ask: str,
    due_on: date,
    segment: Segment | None,
    tier_codes: Collection[str],
    today: date,
) -> None:
    wrong: dict[str, str] = {}
    if item.proof != ServiceItem.Proof.CONTACT:
        wrong["item"] = _("Choose a service that a contact keeps.")
    elif not ServiceItem.objects.offers(branch, item, today):
        wrong["item"] = _("The branch does not offer this service on this day.")
    if not name.strip():
        wrong["name"] = _("Say what it was.")
    if not ask.strip():
        wrong["ask"] = _("Say what the clients are to be told or asked.")
    if due_on < today:
        wrong["due_on"] = _("This day is over.")
    if segment is None and not tier_codes:
        wrong["segment"] = _("Say for whom: a segment, tiers, or both.")
    if wrong:
        raise InvalidInput(fields=wrong)
