"""Segments and saved views as sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Exists, OuterRef, Q

if TYPE_CHECKING:
    from crm.core.models import User


class SharedQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User | AnonymousUser) -> SharedQuerySet:
        """One's own, and what colleagues share with the branch or the company; no rule with fields that one may not see."""
        if not user.is_authenticated or not user.scope.reaches:
            return self.none()
        scope = user.scope
        shared = Q(share="company", company_id=scope.company_id or 0)
        shared |= Q(share="branch", branch_id__in=scope.branch_ids)
        found = self.filter(Q(owner=user) | shared)
        return found.filter(_allowed(user)) if self._has_rights() else found

    def for_work(self, user: User) -> SharedQuerySet:
        """Of which something may be made that others see: none that asks for what hardly anybody may know."""
        from clients.segments.catalogue import secret_rights

        found = self.visible_to(user)
        for right in sorted(secret_rights()):
            found = found.filter(~Q(rights__has=right))
        return found

    def _has_rights(self) -> bool:
        return any(field.name == "rights" for field in self.model._meta.fields)

    def for_list(self, user: User) -> SharedQuerySet:
        """With who made them and whether ``user`` has pinned them; pinned ones first."""
        pins = self.model.pinned_by.through.objects.filter(
            user_id=user.pk, **{f"{self.model._meta.model_name}_id": OuterRef("pk")}
        )
        rows: SharedQuerySet = self.select_related("owner", "branch").annotate(is_pinned=Exists(pins))
        return rows.order_by("-is_pinned", "name", "pk")


def _allowed(user: User) -> Q:
    from clients.segments.catalogue import all_rights, has

    allowed = Q()
    for right in sorted(all_rights()):
        if not has(user, right):
            allowed &= ~Q(rights__has=right)
    return allowed
