"""Former tiers as sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

from clients.querysets import client_q

if TYPE_CHECKING:
    from crm.core.models import User
    from tiers.models import FormerTier


class FormerTierQuerySet(models.QuerySet["FormerTier"]):
    def visible_to(self, user: User) -> FormerTierQuerySet:
        return self.filter(client_q(user, "client__"))

    def newest_first(self) -> FormerTierQuerySet:
        return self.order_by("-since", "-pk")
