"""Changes of many clients, as sets."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Count, Q

from clients.querysets.scope import client_q

if TYPE_CHECKING:
    from clients.models import BulkEdit, BulkEditRow
    from crm.core.models import User

#: So long a preview may be carried out; then the clients have to be looked at again.
DRAFT_FOR = timedelta(hours=1)


class BulkEditQuerySet(models.QuerySet["BulkEdit"]):
    def visible_to(self, user: User | AnonymousUser) -> BulkEditQuerySet:
        """One's own: what one has changed oneself one can take back."""
        return self.filter(actor=user) if user.is_authenticated else self.none()

    def stale_drafts(self, now: datetime) -> BulkEditQuerySet:
        """Previews that nobody has carried out and nobody can any more."""
        return self.filter(state="draft", made_at__lt=now - DRAFT_FOR)

    def beyond_preview(self) -> BulkEditQuerySet:
        """Those that somebody has carried out, whatever has become of them since."""
        return self.exclude(state="draft")

    def left_behind(self) -> BulkEditQuerySet:
        """Said to be under way, with nobody at it: the work has failed or was stopped."""
        return self.filter(Q(job=None) | ~Q(job__state__in=["queued", "running"]), state__in=["running", "undoing"])

    def newest_first(self) -> BulkEditQuerySet:
        return self.order_by("-made_at", "-pk")


class BulkEditRowQuerySet(models.QuerySet["BulkEditRow"]):
    def visible_to(self, user: User | AnonymousUser) -> BulkEditRowQuerySet:
        """Rows of one's own changes, of clients whom one may still see."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(client_q(user, "client__"), edit__actor=user)

    def meant(self) -> BulkEditRowQuerySet:
        """Clients who were to be changed when the change was planned."""
        return self.exclude(state="skipped")

    def to_do(self, state: str) -> BulkEditRowQuerySet:
        """What is left for a job in this ``state`` of the change: the rows alone say it."""
        return self.filter(state="done" if state == "undoing" else "planned").order_by("client_id")

    def counts(self) -> list[tuple[str, str, int]]:
        """(state, why, how many), the most first."""
        rows = self.order_by().values_list("state", "why").annotate(n=Count("pk"))
        return sorted(rows, key=lambda row: (-row[2], row[0], row[1]))
