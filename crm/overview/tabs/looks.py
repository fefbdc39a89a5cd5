"""Who looked at this client: views, private values seen with the reason, files, prints, and programs over REST.

Need to know: whoever may read the audit trail sees every look; the advisor who answers to the client for his data sees what
left the screen (private values, files, prints) and not which colleague opened the page. docs/adr/0010 says why.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models import Client
from crm.core.audit import veiled_from
from crm.core.audit_words import action_in_words
from crm.core.clocks import day_bounds
from crm.core.forms.days import DayField
from crm.core.models import AuditEntry, User
from crm.core.services.reveal import ACTION
from crm.core.views.lists import listed
from crm.core.views.places import actor_of
from crm.overview.tabs.tab import Tab

_TAKEN = Q(action=ACTION) | Q(action__endswith=".export") | Q(action__endswith=".print") | Q(action__endswith=".file")
_KINDS = {
    "view": ~_TAKEN,
    "reveal": Q(action=ACTION),
    "file": Q(action__endswith=".export") | Q(action__endswith=".file"),
    "print": Q(action__endswith=".print"),
    "api": Q(after__via="api"),
}


class LooksForm(forms.Form):
    """Narrows the looks; everything may be left out."""

    kind = forms.ChoiceField(
        label=_("What"),
        required=False,
        choices=[
            ("", _("All looks")),
            ("view", _("Page opened")),
            ("reveal", _("Private value seen")),
            ("file", _("Taken out in a file")),
            ("print", pgettext_lazy("look", "Printed")),
            ("api", _("By a program (REST)")),
        ],
    )
    person = forms.CharField(label=_("Person (number or name)"), required=False, max_length=60)
    since = DayField(label=_("Since"), required=False, widget=forms.DateInput(attrs={"type": "date"}))


def looks_at(client: Client, user: User) -> Any:
    """The looks that ``user`` may know of."""
    files = AuditEntry.objects.files_naming(client.public_id).values("pk")
    rows = AuditEntry.objects.reads().filter(Q(client_ref=client.public_id) | Q(pk__in=files))
    rows = rows.exclude(veiled_from(user))
    if user.has_perm("core.view_auditentry"):
        return rows
    if client.advisor_id not in user.scope.acting_ids:
        return rows.none()
    return rows.filter(_TAKEN)


def narrowed(rows: Any, said: dict[str, Any]) -> Any:
    """The looks of one kind, by one person, since a day; what was left out narrows nothing."""
    if said["kind"]:
        rows = rows.filter(_KINDS[said["kind"]])
    if said["person"]:
        rows = rows.filter(Q(actor__staff_number=said["person"]) | Q(actor__name=said["person"]))
    if said["since"]:
        rows = rows.filter(at__gte=day_bounds(said["since"])[0])
    return rows


def _context(request: HttpRequest, client: Client, _day: date) -> dict[str, Any]:
    user, form = actor_of(request), LooksForm(request.GET)
    rows = looks_at(client, user)
    if form.is_valid():
        rows = narrowed(rows, form.cleaned_data)
    page = listed(request, rows.select_related("actor"), ("-id",))
    for entry in page:
        entry.words = action_in_words(entry.action)
        entry.field = _field(entry)
        entry.by_program = bool(entry.after and entry.after.get("via") == "api")
    return {"form": form, "page": page, "sees_all": user.has_perm("core.view_auditentry")}


def _field(entry: AuditEntry) -> str:
    """Which private value was seen."""
    name = str((entry.after or {}).get("field", ""))
    if not name or entry.object_type != "clients.client":
        return name
    return str(Client._meta.get_field(name).verbose_name)  # type: ignore[union-attr]  # a plain field


TAB = Tab("looks", _("Looks"), _context, right="clients.view_looks")
