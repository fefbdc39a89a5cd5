"""Preference segments as sets, and who belongs to them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Case, IntegerField, Q, Value, When

from clients.segments import Context, compiled
from clients.segments.catalogue import all_rights, has
from tiers.querysets.house import house_q

if TYPE_CHECKING:
    from crm.core.models import User
    from tiers.models import PreferenceSegment


class PreferenceSegmentQuerySet(models.QuerySet["PreferenceSegment"]):
    def visible_to(self, user: User) -> PreferenceSegmentQuerySet:
        """The company's and the own branches'; none whose rule asks for what the reader may not see."""
        found = self.filter(house_q(user))
        for right in sorted(all_rights()):
            if not has(user, right):
                found = found.exclude(rights__has=right)
        return found

    def active(self) -> PreferenceSegmentQuerySet:
        return self.filter(is_active=True)

    def of_branch(self, branch: Any) -> PreferenceSegmentQuerySet:
        """The branch's own, and those of its company."""
        return self.filter(Q(branch=branch) | Q(branch=None), company=branch.company_id)

    def for_list(self) -> PreferenceSegmentQuerySet:
        return self.select_related("branch", "made_by").prefetch_related("entries").order_by("-is_active", "pk")


def belongs_q(segment: Any, user: User, now: datetime) -> Q:
    """The condition on clients: tier, branch, and the rule as it stands for ``user`` at ``now``."""
    found = compiled(segment.group, Context(user, now)) & Q(branch__company_id=segment.company_id)
    if segment.branch_id is not None:
        found &= Q(branch_id=segment.branch_id)
    if segment.tier_codes:
        found &= Q(tier_state__tier__code__in=segment.tier_codes)
    return found


def menu_of(client: Any, user: User, now: datetime) -> list[dict[str, Any]]:
    """The segments to which a client belongs with their lines: {segment, entries}; asked in one statement for all of them."""
    from clients.models import Client
    from tiers.models import PreferenceSegment

    segments = list(PreferenceSegment.objects.visible_to(user).active().for_list())
    if not segments:
        return []
    marks = {
        f"in_{row.pk}": Case(
            When(belongs_q(row, user, now), then=Value(1)), default=Value(0), output_field=IntegerField()
        )
        for row in segments
    }
    found = Client.objects.filter(pk=client.pk).annotate(**marks).values(*marks).first() or {}
    return [{"segment": row, "entries": list(row.entries.all())} for row in segments if found.get(f"in_{row.pk}")]
