"""Times in which a client may not be served: nothing is owed for them.

Neither a client's row nor his promises tell when he asked for silence and when he was open to us again. The planner notes both
days as it finds them, beside his tier.
"""

from __future__ import annotations

from datetime import date

from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce, Greatest

from clients.models import Client
from crm.core.models import Branch
from tiers.models import Promise, TierState

#: Promises of clients whom the branch serves at all.
SERVED = Q(client__status__in=["active", "dormant"], client__restricted_on=None, client__merged_into=None)
#: From when on the right of a client runs by his tier: since it is his, or since a pause ended.
BEGUN = Greatest("tier_state__since", Coalesce("tier_state__served_since", "tier_state__since"))


def served_by(day: date, prefix: str = "") -> Q:
    """Clients whose last pause, if any, was over by ``day``."""
    path = f"{prefix}tier_state__served_since"
    return Q(**{path: None}) | Q(**{f"{path}__lte": day})


def note_pauses(branch: Branch, today: date) -> int:
    """Write whose promises rest from today on, and whose run again. Returns how many count as missed by that.

    What was overdue before the pause is missed: nobody may be reminded of it while the client wants to be left alone.
    """
    able = Client.objects.served().contactable().filter(branch=branch, merged_into=None)
    states = TierState.objects.filter(client__branch=branch)
    states.filter(rests_since=None).exclude(client__in=able.values("pk")).update(rests_since=today)
    back = states.filter(rests_since__isnull=False, client__in=able.values("pk"))
    back.update(rests_since=None, served_since=today)
    overdue = Promise.objects.due().filter(~SERVED | Q(client__do_not_contact=True), client__branch=branch)
    overdue = overdue.annotate(
        gone_on=Case(
            When(client__status="closed", then=F("client__closed_on")),
            When(client__restricted_on__isnull=False, then=F("client__restricted_on")),
            default=Value(today),
        )
    )
    same = Promise.objects.filter(pk__in=overdue.filter(due_on__lt=F("gone_on")).values("pk"))
    return int(same.update(state=Promise.State.MISSED, version=F("version") + 1))
