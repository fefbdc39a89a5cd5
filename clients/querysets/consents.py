"""Purposes, notices and what clients said to them, as sets."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import pgettext_lazy

from clients.querysets.scope import client_q

if TYPE_CHECKING:
    from clients.models import Client, ConsentRecord, DataPurpose, PrivacyNotice
    from crm.core.models import Branch, User

_AGAINST = ("refused", "withdrawn")
#: What a list can be narrowed to about marketing; nothing on file is "never".
MARKETING_LABELS = {
    "given": pgettext_lazy("consent", "Given"),
    "refused": pgettext_lazy("consent", "Refused"),
    "withdrawn": pgettext_lazy("consent", "Withdrawn"),
    "never": pgettext_lazy("consent", "Never asked"),
}


class DataPurposeQuerySet(models.QuerySet["DataPurpose"]):
    def visible_to(self, user: User | AnonymousUser) -> DataPurposeQuerySet:
        """Purposes are the house's; nothing without a reach."""
        return self.all() if user.is_authenticated and user.scope.reaches else self.none()

    def in_use(self) -> DataPurposeQuerySet:
        return self.filter(is_active=True)

    def in_order(self) -> DataPurposeQuerySet:
        return self.order_by("order", "pk")


class PrivacyNoticeQuerySet(models.QuerySet["PrivacyNotice"]):
    def visible_to(self, user: User | AnonymousUser) -> PrivacyNoticeQuerySet:
        """The company's, and those of the branches whose clients one may see; nothing without a reach."""
        if not user.is_authenticated or not user.scope.reaches:
            return self.none()
        scope = user.scope
        own = Q(branch__company_id=scope.company_id) if scope.sees_company else Q(branch_id__in=scope.branch_ids)
        return self.filter(Q(branch=None) | own)

    def in_force(self, day: date, branch: Branch) -> dict[int, PrivacyNotice]:
        """By purpose the notice that a client of ``branch`` is shown on ``day``; the branch's own beats the company's."""
        rows = self.filter(Q(branch=None) | Q(branch=branch), effective_from__lte=day)
        company_first = sorted(rows, key=lambda row: (row.branch_id is not None, row.effective_from, row.edition))
        return {row.purpose_id: row for row in company_first}


class ConsentRecordQuerySet(models.QuerySet["ConsentRecord"]):
    def visible_to(self, user: User | AnonymousUser) -> ConsentRecordQuerySet:
        return self.filter(client_q(user, "client__"))

    def present(self) -> ConsentRecordQuerySet:
        return self.filter(is_present=True)

    def about_marketing(self) -> ConsentRecordQuerySet:
        return self.filter(purpose__code="marketing")

    def against(self) -> ConsentRecordQuerySet:
        """Present refusals and withdrawals."""
        return self.present().filter(answer__in=_AGAINST)

    def for_list(self) -> ConsentRecordQuerySet:
        return self.select_related("client", "purpose", "notice", "contact", "recorded_by")

    def standing_on(self, client: Client, purpose: DataPurpose, day: date) -> ConsentRecord | None:
        """What stood on ``day``: the newest by day, then by entry."""
        rows = self.filter(client=client, purpose=purpose, answered_on__lte=day)
        return rows.order_by("-answered_on", "-pk").first()


def refusing_marketing(clients: Iterable[Client | None]) -> frozenset[int]:
    """Keys of those among ``clients`` who have refused marketing or withdrawn their consent; one statement for all."""
    from clients.models import ConsentRecord

    keys = [client.pk for client in clients if client is not None]
    rows = ConsentRecord.objects.about_marketing().against().filter(client__in=keys)
    return frozenset(rows.values_list("client_id", flat=True))


def refuses_marketing() -> Exists:
    """Of a client, whether he has refused marketing or withdrawn his consent."""
    from clients.models import ConsentRecord

    return Exists(ConsentRecord.objects.about_marketing().against().filter(client=OuterRef("pk")))


def open_to_marketing() -> Q:
    """The clients whom marketing and holiday care may reach."""
    return ~Q(refuses_marketing())


def with_marketing(state: str) -> Q:
    """Clients by what they said to marketing: one of ``MARKETING_LABELS``."""
    from clients.models import ConsentRecord

    rows = ConsentRecord.objects.about_marketing().present().filter(client=OuterRef("pk"))
    return ~Q(Exists(rows)) if state == "never" else Q(Exists(rows.filter(answer=state)))
