"""Policy figures as sets."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from crm.core.models import Branch, User


class PolicyQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> PolicyQuerySet:
        """Rules are public inside the house: company figures to all staff, branch figures to whoever sees the branch."""
        from crm.core.models import Branch

        if not user.is_authenticated:
            return self.none()
        return self.filter(Q(branch=None) | Q(branch__in=Branch.objects.visible_to(user)))

    def in_force(self, day: date, branch: Branch | None = None) -> PolicyQuerySet:
        """Versions that may govern ``branch`` on ``day``, the governing one of each figure last."""
        place = Q(branch=None) | Q(branch=branch) if branch else Q(branch=None)
        return self.filter(place, effective_from__lte=day).order_by(
            "policy_key", models.F("branch").asc(nulls_first=True), "effective_from", "version"
        )
