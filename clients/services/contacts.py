"""Logging what was said, correcting it without losing the first wording, and what follows for the client."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, cast

from django.db import transaction
from django.db.models import F, Max, OuterRef, Subquery
from django.utils.translation import gettext as _

from clients.days import AHEAD, refuse_before_trading
from clients.errors import AlreadyCorrected, ContactInFuture, ContactOfAnother, NotBooked
from clients.models import Appointment, Client, ContactLog, NextDateMove
from crm.core import audit
from crm.core.checked import check
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput
from crm.core.importing import bulk
from crm.core.models import User
from crm.core.service import service
from crm.core.versions import lock

#: A clock of ours and one of a phone may differ by this much before "in the future" is said.
_CLOCK_SLACK = timedelta(minutes=5)
#: What a correction may change.
CORRECTABLE = (
    "at",
    "channel",
    "direction",
    "purpose",
    "spoke_with",
    "contact_person",
    "relation",
    "other_name",
    "outcome",
    "mood",
    "duration_seconds",
    "content",
    "next_on",
    "next_content",
)


#: Rows that a service has looked up itself; the form of the row is checked, not again that they exist.
SETTLED = ("client", "staff", "corrects", "contact_person", "relation")


#: What a new contact needs to know of its client.
_NEEDED = ("public_id", "branch", "restricted_on", "merged_into", "last_contact_at", "next_contact_on")


@service("contact.log")
def log_contact(
    *,
    client: Client,
    channel: str,
    content: str,
    actor: User,
    now: datetime,
    at: datetime | None = None,
    device_at: datetime | None = None,
    next_on: date | None = None,
    details: Mapping[str, Any] | None = None,
    appointment: Appointment | None = None,
) -> ContactLog:
    """Log one contact; ``at`` is when it took place (now if not said), ``device_at`` what the phone's clock claimed.

    A call that nobody answered needs no words; every other contact has some. ``details`` may name direction, purpose,
    spoke_with with its person, outcome, mood, duration_seconds, next_content. The client's last contact and next date follow;
    ``appointment`` has been held with it. Raises ``ContactInFuture``, ``NotBooked`` and ``InvalidInput``.
    """
    row: Client = lock(Client.objects.only(*_NEEDED), pk=client.pk)
    said = {**(details or {}), "at": at, "channel": channel, "content": content, "next_on": next_on}
    entry = prepared(row, said, actor=actor, now=now, device_at=device_at)
    check(entry, exclude=SETTLED)
    entry.save()
    _follow_new(row, entry, now)
    if appointment is not None:
        _hold(appointment, entry)
    audit.record(actor, "contact.log", entry, after=told(entry), client=row)
    return entry


def prepared(
    client: Client,
    said: Mapping[str, Any],
    *,
    actor: User,
    now: datetime,
    device_at: datetime | None = None,
    promised_from: date | None = None,
) -> ContactLog:
    """The contact as it would be saved. Raises ``ContactInFuture`` and ``InvalidInput``; asks no statement.

    ``promised_from``: the earliest next date; today if not said.
    """
    more = dict(said)
    _refuse_unknown(more)
    at, content = more.pop("at", None) or now, more.pop("content", "").strip()
    entry = ContactLog(client=client, at=at, content=content, device_at=device_at, staff=actor, **more)
    if not content and entry.outcome != ContactLog.Outcome.NO_ANSWER:
        raise InvalidInput(fields={"content": _("Say what was said. Only where nobody answered it may stay empty.")})
    _settle_person(entry)
    _refuse_days(entry, now)
    if entry.next_on is not None and entry.next_on < (promised_from or local_date(now)):
        raise InvalidInput(fields={"next_on": _("The next date cannot lie in the past.")})
    return entry


def told(entry: ContactLog) -> dict[str, Any]:
    """What the trail keeps of a new contact; never what was said."""
    return {"channel": entry.channel, "outcome": entry.outcome, "next_on": entry.next_on}


def _settle_person(entry: ContactLog) -> None:
    """Whom it was with follows from the person that is named; a person of another client is refused."""
    named = [
        (ContactLog.SpokeWith.PERSON, entry.contact_person),
        (ContactLog.SpokeWith.RELATION, entry.relation),
        (ContactLog.SpokeWith.OTHER, entry.other_name),
    ]
    who = [kind for kind, value in named if value]
    if len(who) > 1:
        raise InvalidInput(fields={"spoke_with": _("Name one person only.")})
    if who and entry.spoke_with in (ContactLog.SpokeWith.CLIENT, who[0]):
        entry.spoke_with = who[0]
    elif who or entry.spoke_with != ContactLog.SpokeWith.CLIENT:
        raise InvalidInput(fields={"spoke_with": _("Say with whom it was spoken.")})
    if entry.contact_person is not None and entry.contact_person.client_id != entry.client_id:
        raise ContactOfAnother
    if entry.relation is not None and entry.client_id not in (entry.relation.client_id, entry.relation.other_id):
        raise ContactOfAnother


def _hold(appointment: Appointment, entry: ContactLog) -> None:
    """The appointment has been held: one statement decides who was first."""
    booked = Appointment.objects.booked().filter(pk=appointment.pk, client=entry.client)
    if not booked.update(state=Appointment.State.HELD, contact=entry, version=F("version") + 1):
        raise NotBooked


@service("contact.correct")
def correct_contact(
    *, contact: ContactLog, values: Mapping[str, Any], reason: str, actor: User, now: datetime
) -> ContactLog:
    """Write the corrected contact as a new row that names the old one; the old wording stays on file (留痕).

    Raises ``AlreadyCorrected`` (a row is corrected once), ``ContactInFuture`` and ``InvalidInput``.
    """
    _refuse_unknown(values)
    row: Client = lock(Client.objects.all(), pk=contact.client_id)
    old = ContactLog.objects.get(pk=contact.pk)
    if ContactLog.objects.filter(corrects=old).exists():
        raise AlreadyCorrected
    entry = ContactLog(
        client=row,
        staff=actor,
        device_at=old.device_at,
        corrects=old,
        clock=old.clock,
        clock_ahead_seconds=old.clock_ahead_seconds,
        first_ref=old.files_ref,
        correction_reason=reason.strip()[:200],
        **_corrected(old, values),
    )
    _settle_person(entry)
    if not entry.correction_reason:
        raise InvalidInput(fields={"reason": _("Say why the contact is corrected.")})
    _refuse_days(entry, now)
    check(entry, exclude=SETTLED)
    entry.save()
    refresh_contact_facts([row.pk], now)
    changed = sorted(name for name in CORRECTABLE if getattr(old, name) != getattr(entry, name))
    after = {"corrects": old.public_id, "changed": changed}
    audit.record(actor, "contact.correct", entry, after=after, reason=reason, client=row)
    return entry


def _corrected(old: ContactLog, values: Mapping[str, Any]) -> dict[str, Any]:
    """The old values with the new ones over them; whoever names one person no longer means the other."""
    wanted = {name: values.get(name, getattr(old, name)) for name in CORRECTABLE}
    people: dict[str, Any] = {"contact_person": None, "relation": None, "other_name": ""}
    if values.keys() & {"spoke_with", *people}:
        wanted |= {**people, "spoke_with": ContactLog.SpokeWith.CLIENT}
        wanted |= {name: values[name] for name in ("spoke_with", *people) if name in values}
    return wanted


def _refuse_unknown(values: Mapping[str, Any]) -> None:
    if unknown := sorted(set(values) - set(CORRECTABLE)):
        raise TypeError(f"not for contacts: {', '.join(unknown)}")


def _refuse_days(entry: ContactLog, now: datetime) -> None:
    if entry.at > now + _CLOCK_SLACK:
        raise ContactInFuture(fields={"at": ContactInFuture.message})
    refuse_before_trading("at", local_date(entry.at))
    if entry.next_on is not None and entry.next_on > local_date(now) + AHEAD:
        raise InvalidInput(fields={"next_on": _("The next date lies at most a year ahead.")})


# -- what follows for the client ---------------------------------------------------------------------------------------

_PAGE = 2_000
#: What apps to the right do when contacts of clients (by primary key) have changed, as of a day, in the same transaction.
FOLLOWERS: list[Callable[[Sequence[int], date], None]] = []


def follows_contacts(follow: Callable[[Sequence[int], date], None]) -> None:
    """Register a follower; called from ``AppConfig.ready()``."""
    if follow not in FOLLOWERS:
        FOLLOWERS.append(follow)


def refresh_contact_facts(client_ids: Iterable[int], now: datetime) -> None:
    """Bring last contact and next date of these clients up to what their standing contacts say.

    A call that nobody answered is no contact. The next date is that of the newest contact which names one, or the day to which
    it was put off, until a contact takes place on or after it. The caller holds the transaction.
    """
    source = iter(sorted(set(client_ids)))
    with transaction.atomic(savepoint=False):
        while page := list(islice(source, _PAGE)):
            _refresh(page, local_date(now))


def _refresh(page: list[int], today: date) -> None:
    standing = ContactLog.objects.standing().filter(client_id__in=page)
    last: dict[int, datetime] = dict(
        standing.exclude(outcome=ContactLog.Outcome.NO_ANSWER)
        .order_by()
        .values("client_id")
        .annotate(last=Max("at"))
        .values_list("client_id", "last")
    )
    promise: dict[int, tuple[datetime, date]] = {}
    newest = NextDateMove.objects.standing().filter(contact=OuterRef("pk")).order_by("-pk").values("moved_to")[:1]
    named = standing.exclude(next_on=None).annotate(moved_to=Subquery(newest)).order_by("at", "pk")
    for client_id, at, next_on, moved_to in named.values_list("client_id", "at", "next_on", "moved_to"):
        promise[client_id] = (at, cast(date, moved_to or next_on))
    rows = []
    known = Client.objects.filter(pk__in=page).values_list("pk", "last_contact_at", "next_contact_on")
    for pk, last_at, next_on in known:
        wanted = (last.get(pk), _still_promised(promise.get(pk), last.get(pk)))
        if wanted != (last_at, next_on):
            rows.append((pk, *(bulk.ready(Client, name, value) for name, value in zip(_FACTS, wanted, strict=True))))
    bulk.update(Client, ("id",), _FACTS, rows)
    for follow in FOLLOWERS:
        follow(page, today)


_FACTS = ("last_contact_at", "next_contact_on")


def _follow_new(client: Client, entry: ContactLog, now: datetime) -> None:
    """What follows from one contact more, where the client's row alone tells it; ``client`` is locked.

    A contact that names no date and lies before the day that was promised leaves that day as it is.
    """
    is_plain = client.next_contact_on is None or local_date(entry.at) < client.next_contact_on
    if entry.next_on is not None or not is_plain:
        refresh_contact_facts([client.pk], now)
        return
    last = client.last_contact_at
    if entry.outcome != ContactLog.Outcome.NO_ANSWER and (last is None or entry.at > last):
        Client.objects.filter(pk=client.pk).update(last_contact_at=entry.at)
    for follow in FOLLOWERS:
        follow([client.pk], local_date(now))


def _still_promised(promise: tuple[datetime, date] | None, last: datetime | None) -> date | None:
    if promise is None:
        return None
    said_at, next_on = promise
    kept = last is not None and last > said_at and local_date(last) >= next_on
    return None if kept else next_on
