"""Needs interviews as sets."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import OuterRef

from clients.querysets.scope import client_q
from crm.core.clocks import end_of_day
from crm.core.policies import figures

if TYPE_CHECKING:
    from clients.models import Client, NeedsInterview
    from crm.core.models import Branch, User


def stale_before(today: date, branch: Branch | None) -> date:
    """Needs asked before this day are no longer fresh (``kyc.needs_fresh_days``)."""
    return today - timedelta(days=figures(today, branch).days("kyc.needs_fresh_days"))


class NeedsInterviewQuerySet(models.QuerySet["NeedsInterview"]):
    def visible_to(self, user: User) -> NeedsInterviewQuerySet:
        return self.filter(client_q(user, "client__"))

    def present(self) -> NeedsInterviewQuerySet:
        """What each client wants now: his newest interview, at most one a client."""
        return self.filter(is_present=True)

    def standing(self) -> NeedsInterviewQuerySet:
        """Without interviews that a later row has corrected."""
        return self.filter(corrected_by=None)

    def known_on(self, client: Client, day: date) -> NeedsInterview | None:
        """What a client wanted as it was on file at the end of ``day``, whatever has been corrected or said since."""
        rows = self.filter(client=client, taken_on__lte=day, created_at__lt=end_of_day(day))
        return rows.order_by("-taken_on", "-pk").first()

    def asked_since(self, day: date) -> NeedsInterviewQuerySet:
        """Present needs that were asked on ``day`` or later."""
        return self.present().filter(taken_on__gte=day)

    def asked_after(self, moment: datetime | OuterRef, day: date | OuterRef) -> NeedsInterviewQuerySet:
        """Interviews put on file after ``moment`` that were taken on its ``day`` or later: an older sheet that is put on file
        late is no answer. Both may be columns of an outer row."""
        return self.standing().filter(created_at__gt=moment, taken_on__gte=day)

    def history(self, client: Client) -> NeedsInterviewQuerySet:
        """Every interview of one client, corrected ones too, the newest first."""
        rows = self.filter(client=client).select_related("taken_by", "contact", "corrects", "corrected_by")
        return rows.order_by("-taken_on", "-pk")
