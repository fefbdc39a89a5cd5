"""Promises that a logged contact keeps: asked whenever contacts of clients have changed, whoever wrote them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import Exists, F, OuterRef, Q

from clients.models import ContactLog
from crm.core import audit
from crm.core.access import system_user
from crm.core.clocks import day_bounds, local_date
from crm.core.models import User
from crm.core.service import service
from tiers.models import Promise, ServiceItem
from tiers.services.promise_rows import close_promises

_NOT_SPOKEN = (ContactLog.Outcome.NO_ANSWER, ContactLog.Outcome.REFUSED)
State, Closed, Proof = Promise.State, Promise.Closed, ServiceItem.Proof
#: What a contact may keep, and what it has kept.
_FOLLOWED = (*Promise.OPEN, State.DONE)
#: New values of a promise by attribute name.
Change = tuple[Promise, dict[str, Any]]


def follow_contacts(client_ids: Sequence[int], today: date) -> None:
    """Called by the contacts' own service inside its transaction; most clients are owed nothing that a contact keeps."""
    spoken = Promise.objects.filter(client_id__in=client_ids, state__in=_FOLLOWED, item__proof=Proof.CONTACT)
    if spoken.exists():
        settle_contacts(client_ids, today)


def settle_contacts(client_ids: Sequence[int], today: date) -> int:
    """Bring the promises of these clients to what their standing contacts say. Returns how many are kept now."""
    found = _changes(client_ids, today)
    if not found:
        return 0
    return note_contacts(changes=found, actor=system_user())


@service("promise.keep_by_contacts")
def note_contacts(*, changes: Sequence[Change], actor: User) -> int:
    """Write that contacts kept these promises, or no longer do. Returns how many were kept."""
    kept, back = 0, []
    # What is kept first: only then is it seen what is still owed beside that which is given back.
    for row, values in changes:
        if values["state"] != State.DONE:
            back.append((row, values))
            continue
        kept += _write(row, values)
        if _begins_another(row) and row.kept_on != values["kept_on"]:
            close_promises(_others_due(row).filter(occurrence_key=row.next_key), Closed.BEFORE)
    _give_back(back)
    ids = [row.public_id for row, _values in changes]
    audit.record(actor, "promise.keep_by_contacts", "tiers.promise", after={"kept": kept}, ids=ids)
    return kept


def _write(row: Promise, values: dict[str, Any]) -> int:
    """Unless somebody else has changed the row meanwhile."""
    same = Promise.objects.filter(pk=row.pk, version=row.version)
    return int(same.update(**values, version=F("version") + 1))


def _begins_another(row: Promise) -> bool:
    """The next one of its row was counted from the day on which a contact kept this one."""
    return row.is_rolling and row.state == State.DONE


def _others_due(row: Promise) -> Any:
    rows = Promise.objects.due().filter(client=row.client_id, item=row.item_id, is_rolling=True)
    return rows.exclude(pk=row.pk)


def _give_back(changes: Sequence[Change]) -> None:
    """What no contact keeps any more is owed again, the older first; so long after the last time, one at a time.

    What began with the contact ends with it: the sweep makes the next one from the day on which the last was truly kept.
    """
    owed: set[tuple[int, int]] = set()
    began: set[tuple[int, int, str]] = set()
    for row, values in changes:
        if not _begins_another(row):
            _write(row, values)
            continue
        one = (row.client_id, row.item_id)
        if one in owed or (*one, row.occurrence_key) in began:
            values = {**values, "state": State.CLOSED, "closed_as": Closed.BEFORE}
        began.add((*one, row.next_key))
        others = _others_due(row)
        if values["state"] == State.DUE:
            owed.add(one)
        else:
            others = others.filter(occurrence_key=row.next_key)
        close_promises(others, Closed.BEFORE)
        _write(row, values)


def _changes(client_ids: Sequence[int], today: date) -> list[Change]:
    standing = ContactLog.objects.standing().exclude(outcome__in=_NOT_SPOKEN)
    lost = Q(state=State.DONE, proof=Proof.CONTACT) & ~Exists(standing.filter(public_id=OuterRef("contact_ref")))
    open_ones = Q(state__in=Promise.OPEN)
    rows = Promise.objects.filter(open_ones | lost, client_id__in=client_ids, item__proof=Proof.CONTACT)
    promises = list(rows.select_related("item").order_by("due_on", "pk"))
    if not promises:
        return []
    since = day_bounds(min(row.opens_on for row in promises))[0]
    spoken: dict[int, list[ContactLog]] = defaultdict(list)
    for contact in standing.filter(client_id__in=client_ids, at__gte=since).order_by("at", "pk"):
        spoken[contact.client_id].append(contact)
    used = _used(client_ids)
    found = ((row, _wanted(row, spoken[row.client_id], used, today)) for row in promises)
    return [(row, values) for row, values in found if values is not None]


def _used(client_ids: Sequence[int]) -> set[tuple[int, str]]:
    """Service and contact of what was kept before: one contact keeps one promise of a service."""
    kept = Promise.objects.filter(client_id__in=client_ids, state=State.DONE, proof=Proof.CONTACT)
    return set(kept.values_list("item_id", "contact_ref"))


def _wanted(row: Promise, contacts: list[ContactLog], used: set[tuple[int, str]], today: date) -> dict[str, Any] | None:
    """The new values of a promise; None where it stays as it is."""
    for contact in contacts:
        day = local_date(contact.at)
        is_fit = row.opens_on <= day <= row.last_day and row.item.counts(contact.purpose, contact.channel)
        if is_fit and (row.item_id, contact.public_id) not in used:
            used.add((row.item_id, contact.public_id))
            return {
                "state": State.DONE,
                "kept_on": day,
                "kept_by_id": contact.staff_id,
                "proof": Proof.CONTACT,
                "contact_ref": contact.public_id,
            }
    if row.state != State.DONE:
        return None
    state = State.MISSED if row.last_day < today else State.DUE
    return {"state": state, "kept_on": None, "kept_by": None, "proof": "", "contact_ref": ""}
