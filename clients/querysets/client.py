"""Clients as sets."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q

from clients.querysets.scope import client_q

if TYPE_CHECKING:
    from crm.core.models import User


class ClientQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> ClientQuerySet:
        return self.filter(client_q(user))

    def search(self, typed: str) -> ClientQuerySet:
        """What the search box finds: part of a name, pinyin, initials, numbers and their last four characters."""
        from clients.querysets.search import search_q

        return self.filter(search_q(typed))

    def served(self) -> ClientQuerySet:
        """Clients that the branch still serves: neither closed nor suspended."""
        return self.filter(status__in=["active", "dormant"])

    def without_advisor(self) -> ClientQuerySet:
        return self.served().filter(advisor=None)

    def contact_due(self, today: date) -> ClientQuerySet:
        """Clients whom somebody promised to contact by today."""
        return self.served().filter(next_contact_on__lte=today, do_not_contact=False)

    def silent_since(self, moment: datetime) -> ClientQuerySet:
        """Clients nobody has spoken with since ``moment``."""
        return self.served().filter(Q(last_contact_at__lt=moment) | Q(last_contact_at=None))

    def risk_expiring(self, today: date, until: date) -> ClientQuerySet:
        return self.served().filter(risk_valid_until__gte=today, risk_valid_until__lte=until)


class RiskAssessmentQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> RiskAssessmentQuerySet:
        return self.filter(client_q(user, "client__"))
