"""What identity documents that run out bring into my day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _

from clients.models import DocumentReminder
from clients.querysets.scope import shown_name
from crm.core.models import User
from crm.roles import FRONT_DESK
from crm.workbench.item import PER_SOURCE, Item


def expiring_documents(user: User, today: date) -> Iterator[Item]:
    """Steps of documents that nobody has settled: of one's own clients, or of the branch's for the front desk."""
    if not user.has_perm("clients.change_identitydocument"):
        return
    rows = DocumentReminder.objects.visible_to(user).standing().open().select_related("client")
    if not user.has_role(FRONT_DESK):
        rows = rows.filter(client__advisor_id__in=user.scope.acting_ids)
    for row in rows.order_by("valid_until", "pk")[:PER_SOURCE]:
        yield Item(
            "document",
            _("Document"),
            "id",
            row.valid_until,
            shown_name(row.client, user),
            _reason(row, today) % {"document": row.get_kind_display()},
            reverse("clients:document_reminder", args=[row.public_id]),
            rank=6,
        )


def _reason(row: DocumentReminder, today: date) -> str:
    if row.is_limit:
        return _("%(document)s has expired; services are to be limited")
    left = row.days_left(today)
    if left < 0:
        return _("%(document)s has expired")
    return _("%(document)s runs out: tell the client") if left else _("%(document)s runs out today: tell the client")
