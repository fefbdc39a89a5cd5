"""Losing touch (久未联系): how long ago each client was spoken with, held against how often his tier is to be."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from django.db.models import Case, CharField, DateTimeField, F, IntegerField, Q, Value, When
from django.db.models.functions import Coalesce

from clients.models import Client
from crm.core.clocks import at_local, local_date
from tiers.models import ContactCadence

if TYPE_CHECKING:
    from crm.core.models import User
    from crm.core.policies import Figures

#: The colours, the most pressing first.
STATES = ("red", "amber", "green")
#: The longest silence first; of those nobody has ever spoken with, the tiers with the shortest time.
SILENT_FIRST = ("spoken", "every", "pk")


def in_touch(user: User, today: date, known: Figures) -> Any:
    """Clients with a cadence, each with ``every`` (days), ``spoken`` (since when it counts) and ``touch`` (the colour).

    Red: longer ago than the cadence. Amber: more than the share ``service.amber_share`` of it. It begins anew with every
    contact; who was never spoken with counts from the day of his tier. Asked, never stored.
    """
    rows = list(ContactCadence.objects.visible_to(user).in_force(today))
    clients = Client.objects.visible_to(user).served().contactable()
    if not rows:
        nothing = {"every": Value(None, output_field=IntegerField()), "touch": Value("green"), "spoken": Value(_EPOCH)}
        return clients.annotate(**nothing).none()
    cases, red, amber = [], Q(pk__in=[]), Q(pk__in=[])
    share = known.rate("service.amber_share")
    for row in rows:
        tier = Q(tier_state__tier__code=row.tier_code, tier_state__programme__code=row.programme_code)
        cases.append(When(tier, then=Value(row.days)))
        days = cast(int, row.days)  # a cadence in force has them
        red |= tier & _before(today - timedelta(days=days))
        amber |= tier & _before(today - timedelta(days=int(days * share)))
    return (
        clients.annotate(every=Case(*cases, default=None, output_field=IntegerField()))
        .filter(every__isnull=False)
        .annotate(
            touch=Case(
                When(red, then=Value("red")),
                When(amber, then=Value("amber")),
                default=Value("green"),
                output_field=CharField(),
            ),
            spoken=Coalesce(F("last_contact_at"), Value(_EPOCH), output_field=DateTimeField()),
        )
    )


def touch_of(user: User, client: Client, today: date, known: Figures) -> dict[str, Any] | None:
    """The colour of one client with his cadence and the days of silence; None without a cadence."""
    found = in_touch(user, today, known).filter(pk=client.pk).values("touch", "every").first()
    if found is None:
        return None
    spoken = client.last_contact_at
    return {**found, "days": (today - local_date(spoken)).days if spoken else None}


def _before(day: date) -> Q:
    """Spoken with before ``day``; who never was stands in his tier since before it."""
    return Q(last_contact_at__lt=at_local(day, datetime.min.time())) | Q(
        last_contact_at=None, tier_state__since__lt=day
    )


#: Where a client stands whom nobody has ever spoken with.
_EPOCH = at_local(date(1970, 1, 1), datetime.min.time())
