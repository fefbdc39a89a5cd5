"""Former tiers as sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

from clients.querysets import client_q

if TYPE_CHECKING:
    from crm.core.models import User


class FormerTierQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> FormerTierQuerySet:
        return self.filter(client_q(user, "client__"))

    def newest_first(self) -> FormerTierQuerySet:
        return self.order_by("-since", "-pk")
