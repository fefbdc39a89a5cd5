"""What each tier may have, and how often its clients are spoken with: a new row from a day on, never an edit."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from crm.core import audit
from crm.core.checked import check
from crm.core.errors import InvalidInput
from crm.core.models import Company, User
from crm.core.service import service
from crm.core.versions import lock
from tiers.errors import LaterEntitlementStands, ServiceEnded
from tiers.models import ContactCadence, Entitlement, ServiceItem, Tier
from tiers.services.house import refuse_foreign

_DAY = timedelta(days=1)


@service("entitlement.set")
def set_entitlement(
    *,
    item: ServiceItem,
    tier: Tier,
    times: int | None,
    period: str,
    valid_from: date,
    today: date,
    actor: User,
    reason: str = "",
) -> Entitlement:
    """Say how often a tier may have a service from a day on, today at the earliest; None: not at all.

    Raises ``MissingRight``, ``ServiceEnded``, ``LaterEntitlementStands`` and ``InvalidInput``.
    """
    row: ServiceItem = lock(ServiceItem.objects.select_related("company", "branch"), pk=item.pk)
    refuse_foreign(row.company, row.branch, actor)
    if row.ends_on is not None and row.ends_on < valid_from:
        raise ServiceEnded
    place = {"item": row, "programme_code": tier.programme.code, "tier_code": tier.code}
    made = Entitlement(
        **place, times=times, period=period, valid_from=valid_from, reason=reason.strip()[:200], created_by=actor
    )
    before = _succeed(Entitlement.objects.filter(**place), made, today)
    audit.record(
        actor,
        "entitlement.set",
        made,
        before={"times": before.times, "period": before.period} if before else None,
        after={"service": row.code, "tier": tier.code, "times": times, "period": period, "valid_from": valid_from},
        reason=reason,
    )
    return made


@service("cadence.set")
def set_cadence(
    *, company: Company, tier: Tier, days: int | None, valid_from: date, today: date, actor: User, reason: str = ""
) -> ContactCadence:
    """Say after how many days clients of a tier are to be spoken with again, from a day on; None: no cadence.

    Raises ``MissingRight``, ``LaterEntitlementStands`` and ``InvalidInput``.
    """
    refuse_foreign(company, None, actor)
    Company.objects.select_for_update(of=("self",), no_key=True).get(pk=company.pk)
    place = {"company": company, "programme_code": tier.programme.code, "tier_code": tier.code}
    made = ContactCadence(**place, days=days, valid_from=valid_from, reason=reason.strip()[:200], created_by=actor)
    before = _succeed(ContactCadence.objects.filter(**place), made, today)
    after = {"tier": tier.code, "days": days, "valid_from": valid_from}
    audit.record(
        actor, "cadence.set", made, before={"days": before.days} if before else None, after=after, reason=reason
    )
    return made


def _succeed(rows: Any, made: Any, today: date) -> Any:
    """Save ``made`` as the row that follows the open one among ``rows``; returns that one, or None."""
    if made.valid_from < today:
        raise InvalidInput(fields={"valid_from": _("This day is over. Name today or a later day.")})
    if rows.filter(valid_from__gte=made.valid_from).exists():
        raise LaterEntitlementStands
    before = rows.filter(valid_to=None).first()
    if before is not None:
        before.valid_to = made.valid_from - _DAY
        before.save(update_fields=["valid_to"])
    check(made, exclude=["item", "company", "created_by"])
    made.save()
    return before
