"""What lists that leave the house bring into my day: those that wait for one's word, and one's own that lie ready."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _

from crm.core.clocks import local_date
from crm.core.exporting import KINDS
from crm.core.models import ExportRequest, User
from crm.workbench.item import Item

_MOST = 20


def exports(user: User, today: date) -> Iterator[Item]:
    """Asked for by others and not decided; asked for by oneself, made, and not fetched yet."""
    if not user.has_perm("core.view_exportrequest"):
        return
    rows = ExportRequest.objects.visible_to(user).to_act_on(user).select_related("actor").order_by("created_at", "pk")
    for row in rows[:_MOST]:
        own = row.actor_id == user.pk
        yield Item(
            "decision",
            _("Export") if own else _("Approval"),
            "file-export",
            today if own else local_date(row.created_at),
            _kind(row.kind) if own else row.actor.name,
            _("Ready to fetch")
            if own
            else _("%(kind)s, %(count)s rows") % {"kind": _kind(row.kind), "count": row.rows},
            reverse("core:export_detail", args=[row.public_id]),
            rank=7 if own else 2,
        )


def _kind(key: str) -> str:
    return str(KINDS[key].label) if key in KINDS else key
