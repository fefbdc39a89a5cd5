"""What complaints add to segments. Who is recused from a complaint does not find its client by it either."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from clients.segments import Context, Kind, SegmentField, register
from clients.segments.compare import rows
from complaints.models import Complaint

_RIGHTS = ("complaints.view_complaint",)


def offer() -> None:
    """Called once from ``ready()``."""
    group = _("Complaints")
    register(
        SegmentField(
            "open_complaint", _("Open complaint"), group, Kind.FLAG, rows(Kind.FLAG, _open, "pk"), rights=_RIGHTS
        ),
        SegmentField(
            "complained_at",
            _("Complaint received"),
            group,
            Kind.DAY,
            rows(Kind.DAY, _all, "received_at", instant=True),
            rights=_RIGHTS,
        ),
    )


def _all(context: Context) -> Any:
    return Complaint.objects.visible_to(context.user)


def _open(context: Context) -> Any:
    return Complaint.objects.visible_to(context.user).open()
