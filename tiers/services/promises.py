"""What people do with what is owed: note that it was kept, waive it, agree on another day, record what many had at once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from django.db.models import F, OuterRef, Subquery
from django.utils.translation import gettext as _

from clients.models import Client, Segment
from clients.segments import refuse_secret
from crm.core import audit
from crm.core.clocks import Calendar, local_date
from crm.core.errors import InvalidInput
from crm.core.models import Branch, User
from crm.core.service import service
from crm.core.versions import hold, lock
from tiers.errors import PromiseSettled
from tiers.models import Delivery, PreferenceSegment, Promise, ServiceItem
from tiers.querysets.menus import belongs_q

State, Proof = Promise.State, ServiceItem.Proof
#: So many unknown clients are named in a refusal.
_NAMED = 20


@service("promise.keep")
def keep_promise(
    *, promise: Promise, kept_on: date, actor: User, now: datetime, note: str = "", version: int | None = None
) -> Promise:
    """Note by hand that a promise was kept on a day. Raises ``PromiseSettled``, ``InvalidInput`` and ``StaleEdit``."""
    row = _open(promise, version)
    if kept_on > local_date(now):
        raise InvalidInput(fields={"kept_on": _("This day is yet to come.")})
    if kept_on < row.opens_on:
        said = _("This promise begins on %(day)s.") % {"day": row.opens_on.isoformat()}
        raise InvalidInput(fields={"kept_on": said})
    before = row.state
    row.state, row.kept_on, row.kept_by, row.proof = State.DONE, kept_on, actor, Proof.HAND
    row.note = note.strip()[:200]
    row.save_changed(["state", "kept_on", "kept_by", "proof", "note"])
    audit.record(
        actor, "promise.keep", row, before={"state": before}, after={"kept_on": kept_on}, reason=note, client=row.client
    )
    return row


@service("promise.waive")
def waive_promise(*, promise: Promise, reason: str, actor: User, now: datetime, version: int | None = None) -> Promise:
    """Let a promise go, saying why; it counts neither as kept nor as missed. Raises ``PromiseSettled`` and ``StaleEdit``."""
    said = _said(reason)
    row = _open(promise, version)
    before = row.state
    row.state, row.decided_by, row.decided_at, row.reason = State.WAIVED, actor, now, said
    row.save_changed(["state", "decided_by", "decided_at", "reason"])
    audit.record(
        actor,
        "promise.waive",
        row,
        before={"state": before},
        after={"state": row.state},
        reason=said,
        client=row.client,
    )
    return row


@service("promise.put_off")
def put_off_promise(
    *, promise: Promise, due_on: date, reason: str, actor: User, now: datetime, version: int | None = None
) -> Promise:
    """Agree on a later day for a promise that is due. Raises ``PromiseSettled``, ``InvalidInput`` and ``StaleEdit``."""
    said = _said(reason)
    row = _open(promise, version)
    if row.state != State.DUE:
        raise PromiseSettled
    if due_on <= max(row.due_on, local_date(now)):
        raise InvalidInput(fields={"due_on": _("Name a day after the one promised, and after today.")})
    before, row.first_due_on = row.due_on, row.first_due_on or row.due_on
    row.due_on = due_on
    row.last_day = Calendar.around(due_on).add_working_days(due_on, row.item.limit_days)
    row.decided_by, row.decided_at, row.reason = actor, now, said
    row.save_changed(["due_on", "first_due_on", "last_day", "decided_by", "decided_at", "reason"])
    audit.record(
        actor,
        "promise.put_off",
        row,
        before={"due_on": before},
        after={"due_on": due_on},
        reason=said,
        client=row.client,
    )
    return row


@service("promise.deliver")
def deliver(
    *,
    item: ServiceItem,
    branch: Branch,
    title: str,
    day: date,
    actor: User,
    now: datetime,
    segment: Segment | None = None,
    preference: PreferenceSegment | None = None,
    clients: Collection[str] | None = None,
) -> Delivery:
    """Record an event or a sending, and keep the oldest promise of this service that each of its clients is owed on its day.

    It is for the clients of the branch whom the actor sees and the branch serves, narrowed by a segment and a preference
    segment as they stand at ``now``, and to those whose public ids ``clients`` names. Raises ``InvalidInput``, also for ids
    that are none of these.
    """
    hold(item)  # the branch makes no copy of its own meanwhile
    _refuse_undeliverable(item, branch, title, day, local_date(now))
    people = _reached(branch, actor, now, segment, preference, clients)
    made = Delivery.objects.create(
        item=item,
        branch=branch,
        kind=item.proof,
        day=day,
        title=title.strip()[:120],
        clients=people.count(),
        made_by=actor,
    )
    made.kept = keep_oldest(made, people.values("pk"), day, actor)
    made.save(update_fields=["kept"])
    after = {"service": item.code, "clients": made.clients, "kept": made.kept, "day": day}
    audit.record(actor, "promise.deliver", made, after=after)
    return made


def keep_oldest(made: Delivery, clients: Any, day: date, by: User) -> int:
    """Keep by a delivery the promise of its service that each of ``clients`` (their keys) is owed first on ``day``.

    One of each client, the one that is due first. Returns how many were kept.
    """
    owed = Promise.objects.filter(item=made.item_id, state__in=Promise.OPEN, opens_on__lte=day, last_day__gte=day)
    first = owed.filter(client=OuterRef("client")).order_by("due_on", "pk").values("pk")[:1]
    chosen = owed.filter(client__in=clients, pk=Subquery(first)).values_list("pk", flat=True)
    # Of two deliveries of one moment the second finds the promise kept, and keeps none in its place.
    return int(
        Promise.objects.filter(pk__in=list(chosen), state__in=Promise.OPEN).update(
            state=State.DONE, kept_on=day, kept_by=by, proof=made.kind, delivery=made, version=F("version") + 1
        )
    )


def _reached(
    branch: Branch,
    actor: User,
    now: datetime,
    segment: Segment | None,
    preference: PreferenceSegment | None,
    named: Collection[str] | None,
) -> Any:
    """The clients whom a delivery is for. Raises ``InvalidInput`` for ids of none whom the actor sees and the branch serves."""
    people = Client.objects.visible_to(actor).served().filter(branch=branch, merged_into=None)
    if named is not None:
        people = people.filter(public_id__in=named)
        if strangers := sorted(set(named) - set(people.values_list("public_id", flat=True))):
            shown = ", ".join(strangers[:_NAMED]) + (" …" if len(strangers) > _NAMED else "")
            said = _("No clients of this branch whom you see and who are served: %(ids)s") % {"ids": shown}
            raise InvalidInput(fields={"clients": said})
    if segment is not None:
        refuse_secret(segment.group)
        people = people.filter(segment.q(actor, now))
    if preference is not None:
        people = people.filter(belongs_q(preference, actor, now))
    return people


def _refuse_undeliverable(item: ServiceItem, branch: Branch, title: str, day: date, today: date) -> None:
    wrong: dict[str, str] = {}
    if item.proof not in Delivery.Kind.values:
        wrong["item"] = _("This service is not proved this way.")
    elif not ServiceItem.objects.offers(branch, item, day):
        wrong["item"] = _("The branch does not offer this service on this day.")
    if day > today:
        wrong["day"] = _("This day is yet to come.")
    if not title.strip():
        wrong["title"] = _("Say what it was.")
    if wrong:
        raise InvalidInput(fields=wrong)


def _open(promise: Promise, version: int | None) -> Promise:
    row: Promise = lock(Promise.objects.select_related("client", "item"), pk=promise.pk, version=version)
    if not row.is_open:
        raise PromiseSettled
    return row


def _said(reason: str) -> str:
    if not reason.strip():
        raise InvalidInput(fields={"reason": _("Say why.")})
    return reason.strip()[:200]
