"""Fee quotes as a set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from tiers.querysets.commission import commission_q

if TYPE_CHECKING:
    from crm.core.models import User
    from tiers.models import FeeQuote


class FeeQuoteQuerySet(models.QuerySet["FeeQuote"]):
    def visible_to(self, user: User) -> FeeQuoteQuerySet:
        """Quotes for clients whose commission one may see, and one's own quotes that name no client."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(Q(client=None, created_by_id=user.pk) | (Q(client__isnull=False) & commission_q(user)))

    def for_list(self) -> FeeQuoteQuerySet:
        return self.select_related("client__branch", "created_by")
