"""The rate card from one edition of a programme to the next: rows belong to tiers, and a new edition has tiers of its own."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from crm.core import audit
from crm.core.models import User
from tiers.models import Programme, RateCard, Tier
from tiers.querysets.house import not_over_q


def carry_cards(programme: Programme, first: date, actor: User) -> list[RateCard]:
    """Give the tiers of an edition that comes into force the rates of the tiers of the same code before it.

    Rows that hold on the first day, and those that begin later; a product for which a tier has a row already keeps that one.
    Nobody's rate changes: what held for a client holds on (docs/adr/0016), and where old and new say the same nothing is asked.
    """
    before = _before(programme)
    if before is None:
        return []
    own = {tier.code: tier for tier in Tier.objects.filter(programme=programme)}
    known = set(RateCard.objects.filter(tier__programme=programme).values_list("tier__code", "product"))
    rows = RateCard.objects.filter(not_over_q(first), tier__programme=before, tier__code__in=own)
    made = [
        RateCard(
            tier=own[row.tier.code],
            product=row.product,
            rate=row.rate,
            basis=row.basis,
            min_fee=row.min_fee,
            valid_from=max(first, row.valid_from),
            valid_to=row.valid_to,
            reason=_("Carried over from edition %(edition)d") % {"edition": before.edition},
            created_by=actor,
        )
        for row in rows.select_related("tier").order_by("valid_from", "pk")
        if (row.tier.code, row.product) not in known
    ]
    RateCard.objects.bulk_create(made)
    if made:
        after: dict[str, Any] = {"rows": len(made), "from": before.public_id}
        audit.record(actor, "rate_card.carry", programme, after=after)
    return made


def _before(programme: Programme) -> Programme | None:
    """The edition it was made from; else the newest one in force of the same code, of the branch before the company's."""
    if programme.based_on_id is not None:
        return programme.based_on
    place = Q(branch=None)
    if programme.branch_id is not None:
        place |= Q(branch=programme.branch_id)
    rows = Programme.objects.filter(place, company=programme.company_id, code=programme.code, state="active")
    return rows.exclude(pk=programme.pk).order_by("-branch", "-edition").first()
