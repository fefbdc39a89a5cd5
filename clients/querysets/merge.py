"""Suspected duplicates and merges as sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

from clients.querysets.scope import client_q

if TYPE_CHECKING:
    from clients.models import DuplicatePair, MergeRecord
    from crm.core.models import User


class DuplicatePairQuerySet(models.QuerySet["DuplicatePair"]):
    def visible_to(self, user: User) -> DuplicatePairQuerySet:
        """Pairs of which the user may see both clients: one alone would tell of the other."""
        return self.filter(client_q(user, "first__"), client_q(user, "second__"))

    def standing(self) -> DuplicatePairQuerySet:
        """Pairs of two clients who are both still there."""
        return self.filter(first__merged_into=None, second__merged_into=None)

    def with_clients(self) -> DuplicatePairQuerySet:
        return self.select_related("first__advisor", "second__advisor", "dismissed_by")

    def open(self) -> DuplicatePairQuerySet:
        return self.standing().filter(state="open")


class MergeRecordQuerySet(models.QuerySet["MergeRecord"]):
    def visible_to(self, user: User) -> MergeRecordQuerySet:
        """Merges of clients whom the user may see, or could before the one went into the other."""
        return self.filter(client_q(user, "staying__"), client_q(user, "leaving__"))

    def for_list(self) -> MergeRecordQuerySet:
        return self.select_related("staying", "leaving", "requested_by", "decided_by").defer("kept")
