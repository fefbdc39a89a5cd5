"""Policy figures as sets."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Count, Q, Subquery

if TYPE_CHECKING:
    from crm.core.models import Branch, Policy, PolicyKey, User


class PolicyQuerySet(models.QuerySet["Policy"]):
    def visible_to(self, user: User) -> PolicyQuerySet:
        """Rules are public inside the house: company figures to all staff, branch figures to whoever sees the branch."""
        from crm.core.models import Branch

        if not user.is_authenticated:
            return self.none()
        return self.filter(Q(branch=None) | Q(branch__in=Branch.objects.nameable_by(user)))

    def for_place(self, branch: Any) -> PolicyQuerySet:
        """Versions that can govern ``branch``: its own and the company's."""
        return self.filter(Q(branch=None) | Q(branch=branch) if branch else Q(branch=None))

    def in_force(self, day: date, branch: Any = None) -> PolicyQuerySet:
        """Versions that may govern ``branch`` on ``day``, the governing one of each figure last."""
        return (
            self.for_place(branch)
            .filter(effective_from__lte=day)
            # By the column: the key's own order would cost a join, and nobody reads by it.
            .order_by("policy_key_id", models.F("branch").asc(nulls_first=True), "effective_from", "version")
        )

    def value_along(self, key: str, day: date, branch: Any) -> Subquery:
        """What governs ``branch`` (its key, or an ``OuterRef`` to it; None: the company) on ``day``, within another statement."""
        rows = self.in_force(day, branch).filter(policy_key_id=key)
        return Subquery(rows.reverse().values("value")[:1])

    def set_at(self, key: str, day: date) -> dict[int | None, Any]:
        """What a figure is set to on ``day``: by the company (None), and by each branch that has one of its own."""
        rows = self.filter(policy_key_id=key, effective_from__lte=day).order_by("effective_from", "version")
        return dict(rows.values_list("branch_id", "value"))

    def governing(self, day: date, branch: Branch | None = None) -> PolicyQuerySet:
        """The one version of each figure that governs ``branch`` on ``day``."""
        last: dict[str, int] = dict(self.in_force(day, branch).values_list("policy_key_id", "pk"))
        return self.filter(pk__in=last.values())

    def of_key(self, key: PolicyKey) -> PolicyQuerySet:
        """All versions of one figure, the newest first, the company's before those of branches."""
        return self.filter(policy_key=key).order_by(
            models.F("branch").asc(nulls_first=True), "-effective_from", "-version"
        )

    def own_versions(self) -> dict[str, int]:
        """For each figure how many branches have one of their own."""
        counted = (
            self.exclude(branch=None).order_by().values("policy_key_id").annotate(n=Count("branch", distinct=True))
        )
        return {row["policy_key_id"]: row["n"] for row in counted}
