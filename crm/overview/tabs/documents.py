"""The client's papers: identity documents with their reminders, what he was told and agreed to, and every file of a row of his.

A file is listed for whoever may open it: the guard of the row to which it belongs says so, here as at the download.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import pgettext_lazy

from clients.models import Client, DocumentReminder
from clients.views.consents import consents_of
from clients.views.profile_panels import documents_of, refusals_of
from crm.core.access import NOTHING
from crm.core.attachments import guarded_rows
from crm.core.clocks import end_of_day
from crm.core.keyset import Page, page_of
from crm.core.models import Attachment, User
from crm.core.views.places import actor_of
from crm.overview.tabs.tab import Tab

#: What has files → the page of the row that they lie with.
OWNER_PAGES = {
    "clients.contactlog": "clients:contact",
    "clients.investorclassification": "clients:classification",
    "tiers.clientrate": "tiers:rate_detail",
    "complaints.complaint": "complaints:detail",
    "clients.consentrecord": "clients:consent",
}
#: Rows of a panel.
_MOST = 30
_SIZE = 50


def files_of_client(user: User, client: Client, today: date, *, cursor: str, size: int = _SIZE) -> Page[Attachment]:
    """Files of all kinds up to today, the newest first."""
    mine = NOTHING
    for label, rows in guarded_rows(user).items():
        if label in OWNER_PAGES:
            mine |= Q(owner_type=label, owner_id__in=rows.filter(client=client).values("public_id"))
    files = Attachment.objects.filter(mine, uploaded_at__lt=end_of_day(today)).select_related("uploaded_by")
    return page_of(files, ("-uploaded_at", "-pk"), cursor=cursor, size=size)


def _context(request: HttpRequest, client: Client, day: date) -> dict[str, Any]:
    user = actor_of(request)
    page = files_of_client(user, client, day, cursor=request.GET.get("cursor", ""))
    return {
        "documents": documents_of(user, client, day),
        "refusals": refusals_of(client),
        "reminders": _reminders(user, client, day),
        **consents_of(user, client),
        "page": page,
        "files": [_shown(file) for file in page.rows],
    }


def _shown(file: Attachment) -> dict[str, Any]:
    return {
        "file": file,
        "kind": _KINDS[file.owner_type],
        "url": reverse("core:attachment", args=[file.public_id]),
        "owner_url": reverse(OWNER_PAGES[file.owner_type], args=[file.owner_id]),
    }


_KINDS = {
    "clients.contactlog": pgettext_lazy("where a file lies", "Contact"),
    "clients.investorclassification": pgettext_lazy("where a file lies", "Investor class"),
    "tiers.clientrate": pgettext_lazy("where a file lies", "Client's rate"),
    "complaints.complaint": pgettext_lazy("where a file lies", "Complaint"),
    "clients.consentrecord": pgettext_lazy("where a file lies", "Basis of personal data"),
}


def _reminders(user: User, client: Client, day: date) -> list[Any]:
    """Every step that a document of the client came to, the newest first."""
    rows = DocumentReminder.objects.visible_to(user).filter(client=client).select_related("settled_by")
    found: list[Any] = list(rows.order_by("-due_on", "-pk")[:_MOST])
    may_settle = user.has_perm("clients.change_identitydocument")
    for row in found:
        row.left = row.days_left(day)
        open_to = row.is_open and may_settle
        row.settle_url = reverse("clients:document_reminder", args=[row.public_id]) if open_to else ""
    return found


TAB = Tab("documents", pgettext_lazy("client tab", "Documents"), _context, right="clients.view_identitydocument")
