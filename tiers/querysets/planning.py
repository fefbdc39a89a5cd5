"""How far tiers and catalogue of a branch have come: what its promises are made from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import F, Max, Q, Sum

from tiers.models import Entitlement, EvaluationRun, ServiceEdition, TierChange

if TYPE_CHECKING:
    from crm.core.models import Branch


def marks_of(branches: Sequence[Branch]) -> dict[int, str]:
    """A mark for each branch by its key, in four statements: another one as soon as anything that it rests on is newer.

    It moves with steps of tiers of the branch's own clients (by runs or by hand), and with editions and entitlements of
    services of the branch or of its company.
    """
    keys = [branch.pk for branch in branches]
    # A run only ever adds to its figures, so that their sum says whether somebody has moved since.
    moved = Sum(F("up") + F("down") + F("first") + F("changed_programme"))
    evaluated = EvaluationRun.objects.filter(branch__in=keys).order_by().values_list("branch_id")
    runs: dict[int, int] = dict(evaluated.annotate(steps=moved))
    by_hand = TierChange.objects.filter(run=None, client__branch__in=keys).order_by()
    hands: dict[int, int] = dict(by_hand.values_list("client__branch_id").annotate(Max("pk")))
    editions = _newest(ServiceEdition.objects.all(), branches)
    entitlements = _newest(Entitlement.objects.all(), branches)
    return {key: f"{runs.get(key, 0)}:{hands.get(key, 0)}:{editions[key]}:{entitlements[key]}" for key in keys}


def _newest(rows: Any, branches: Sequence[Branch]) -> dict[int, int]:
    """The newest key among rows of services that each branch has of its own or of its company."""
    houses = {branch.company_id for branch in branches}
    rows = rows.filter(Q(item__branch__in=branches) | Q(item__branch=None), item__company__in=houses).order_by()
    newest = {
        (company, branch): pk
        for company, branch, pk in rows.values_list("item__company_id", "item__branch_id").annotate(Max("pk"))
    }
    return {
        branch.pk: max(newest.get((branch.company_id, None), 0), newest.get((branch.company_id, branch.pk), 0))
        for branch in branches
    }
