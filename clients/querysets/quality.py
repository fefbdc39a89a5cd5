"""Scores of client data as sets."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Avg, Count, Exists, F, OuterRef, Q
from django.db.models.functions import Round, TruncDate

from clients.querysets.scope import client_q
from crm.core.clocks import SHANGHAI

if TYPE_CHECKING:
    from clients.models import ClientQuality, QuestionToAsk
    from crm.core.models import User

#: Below this a client is shown as badly known, above the other as well known; for colours only.
POOR, GOOD = 60, 80
_LISTED = (
    *("score", "completeness", "verification", "freshness", "missing", "unverified", "stale", "refused", "pressing"),
    "scored_on",
    *("client__public_id", "client__version", "client__name", "client__external_id", "client__total_assets"),
    "client__advisor__name",
)


class ClientQualityQuerySet(models.QuerySet["ClientQuality"]):
    def visible_to(self, user: User) -> ClientQualityQuerySet:
        return self.filter(client_q(user, "client__"))

    def served(self) -> ClientQualityQuerySet:
        """Of clients whom the branch still serves. Who was merged into another is closed; said so that an index may serve it."""
        return self.filter(
            client__status__in=["active", "dormant"], client__restricted_on=None, client__merged_into=None
        )

    def wanting(self, item: str) -> ClientQualityQuerySet:
        """Where ``item`` is missing, not verified or out of date."""
        return self.filter(Q(missing__has=item) | Q(unverified__has=item) | Q(stale__has=item))

    def for_list(self) -> ClientQualityQuerySet:
        """With what is shown of client and advisor, and no more: fifty whole clients cost twice as much to make."""
        return self.select_related("client__advisor").only(*_LISTED)

    def with_work(self) -> ClientQualityQuerySet:
        """Where something is missing, not verified or out of date."""
        return self.exclude(missing="", unverified="", stale="")

    def averages(self, *by: str) -> Any:
        """Means of the scores in whole per cent, of all or for each value of ``by``; one statement."""
        means = {
            "clients": Count("pk"),
            **{name: Round(Avg(name)) for name in ("score", "completeness", "verification", "freshness")},
            "poor": Count("pk", filter=Q(score__lt=POOR)),
        }
        # Each mean would otherwise be of the mean before it.
        named = {f"mean_{name}" if name not in ("clients", "poor") else name: mean for name, mean in means.items()}
        return self.order_by().values(*by).annotate(**named) if by else self.aggregate(**named)

    def gaps(self, items: list[str]) -> dict[str, int]:
        """For each item how many clients lack it, have it unverified or out of date: one statement."""
        counts = {}
        for item in items:
            for what in ("missing", "unverified", "stale"):
                counts[f"{what}_{item}"] = Count("pk", filter=Q(**{f"{what}__has": item}))
        return self.aggregate(**counts)

    def outdated(self, today: date) -> ClientQualityQuerySet:
        """Scores of an earlier day or of another version of the client."""
        return self.filter(Q(scored_on__lt=today) | ~Q(client_version=F("client__version")))


class QuestionToAskQuerySet(models.QuerySet["QuestionToAsk"]):
    def visible_to(self, user: User) -> QuestionToAskQuerySet:
        return self.filter(client_q(user, "client__"))

    def open(self) -> QuestionToAskQuerySet:
        return self.filter(closed_at=None)

    def with_asked_since(self) -> QuestionToAskQuerySet:
        """With ``asked_since``: whether the needs were asked after they were wanted again."""
        from clients.models import NeedsInterview

        taken = NeedsInterview.objects.asked_after(OuterRef("asked_for_at"), OuterRef("asked_for_on"))
        rows = self.annotate(asked_for_on=TruncDate("asked_for_at", tzinfo=SHANGHAI))
        return rows.annotate(asked_since=Exists(taken.filter(client=OuterRef("client"))))
