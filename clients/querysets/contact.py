"""Contacts as sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Exists, OuterRef

from clients.querysets.scope import client_q

if TYPE_CHECKING:
    from crm.core.models import User


class ContactLogQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> ContactLogQuerySet:
        return self.filter(client_q(user, "client__"))

    def standing(self) -> ContactLogQuerySet:
        """Contacts as they stand today: without those that a later row has corrected."""
        return self.filter(corrected_by=None)

    def for_timeline(self) -> ContactLogQuerySet:
        """Newest first, with who wrote them and whether a later row has corrected them."""
        later = self.model._base_manager.filter(corrects=OuterRef("pk"))
        return self.select_related("staff").annotate(is_corrected=Exists(later)).order_by("-at", "-pk")
