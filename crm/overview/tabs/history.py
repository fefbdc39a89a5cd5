"""Who has had the client, his risk grades, and who changed what is on file about him.

Old values are of the facts that the reader sees on the profile, as the trail keeps them: numbers and addresses are not in it.
Of a client who is restricted to storage none is shown.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from clients.models import AdvisorAssignment, Client, RiskAssessment
from clients.provenance import Source
from crm.core import audit
from crm.core.audit_changes import changes_in_words
from crm.core.audit_words import action_in_words
from crm.core.models import AuditEntry, User
from crm.core.views.places import actor_of
from crm.overview.tabs.tab import Tab

#: What was done to facts of a client: himself, his documents, his ways to be reached.
CHANGES = (
    "client.change",
    "client.set_do_not_contact",
    "contact_point.add",
    "contact_point.change",
    "document.add",
    "document.change",
)
NEWEST = 30
#: Leads to another client, whom the reader need not see.
_NOT_TOLD = frozenset({"introduced_by_client"})


def changes_of(client: Client, user: User) -> list[dict[str, Any]]:
    """The newest changes of facts that ``user`` may know of, in words."""
    if client.restricted_on is not None or not user.has_perm("clients.view_profile"):
        return []
    rows = AuditEntry.objects.filter(client_ref=client.public_id, action__in=CHANGES).exclude(audit.veiled_from(user))
    return [_told(entry) for entry in rows.select_related("actor").order_by("-id")[:NEWEST]]


def _told(entry: AuditEntry) -> dict[str, Any]:
    said = entry.after or {}
    refused = said.get("refused") if isinstance(said.get("refused"), dict) else {}
    return {
        "entry": entry,
        "words": action_in_words(entry.action),
        "facts": [change for change in changes_in_words(entry) if change["label"] and change["name"] not in _NOT_TOLD],
        "refused": [_label(name) for name, flag in (refused or {}).items() if flag],
        "source": dict(Source.choices).get(str(said.get("source", "")), ""),
    }


def _label(name: str) -> str:
    try:
        return str(Client._meta.get_field(name).verbose_name)  # type: ignore[union-attr]  # plain fields, or kinds of rows
    except FieldDoesNotExist:
        return name


def _context(request: HttpRequest, client: Client, _day: date) -> dict[str, Any]:
    user = actor_of(request)
    return {
        "assignments": AdvisorAssignment.objects.visible_to(user).filter(client=client).newest_first()[:50],
        "assessments": RiskAssessment.objects.visible_to(user)
        .filter(client=client)
        .select_related("entered_by")
        .order_by("-assessed_on", "-pk")[:50],
        "changes": changes_of(client, user),
        "looks_url": f"{reverse('core:audit_list')}?client={client.public_id}"
        if user.has_perm("core.view_auditentry")
        else "",
    }


TAB = Tab("history", _("History"), _context, right="clients.view_riskassessment")
