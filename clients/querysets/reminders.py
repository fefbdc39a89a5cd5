"""Reminders of documents as sets."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q

from clients.querysets.scope import client_q

if TYPE_CHECKING:
    from clients.models import DocumentReminder
    from crm.core.models import User

#: What the reminder says is still so: the document is on file and runs out on that day.
_PRIMARY = Q(document=None, client__id_valid_until=F("valid_until"))
_OTHER = Q(document__removed_at=None, document__is_primary=False, document__valid_until=F("valid_until"))
_SERVED = Q(client__status__in=["active", "dormant"], client__restricted_on=None, client__merged_into=None)


class DocumentReminderQuerySet(models.QuerySet["DocumentReminder"]):
    def visible_to(self, user: User) -> DocumentReminderQuerySet:
        return self.filter(client_q(user, "client__"))

    def open(self) -> DocumentReminderQuerySet:
        return self.filter(outcome="")

    def standing(self) -> DocumentReminderQuerySet:
        """The present step of documents that run out as it says, of clients the branch serves, settled or not."""
        return self.filter(_PRIMARY | _OTHER, _SERVED).exclude(outcome__in=["lapsed", "renewed"])

    def overtaken(self) -> DocumentReminderQuerySet:
        """Open ones whose document has been renewed or taken off, or whose client is served no longer."""
        return self.open().exclude((_PRIMARY | _OTHER) & _SERVED)

    def again(self) -> DocumentReminderQuerySet:
        """Overtaken ones that are right again: a date that was set back, a restriction that ended."""
        return self.filter(_PRIMARY | _OTHER, _SERVED, outcome="renewed")

    def in_state(self, state: str, today: date) -> DocumentReminderQuerySet:
        """``limit``: services are to be limited; ``expired``; ``soon``: still valid; anything else: all of them."""
        if state == "limit":
            return self.filter(days_before__lt=0)
        if state == "expired":
            return self.filter(valid_until__lt=today)
        return self.filter(valid_until__gte=today) if state == "soon" else self
