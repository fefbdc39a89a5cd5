"""What complaints add to segments and to the list of clients. Who is recused from a complaint does not find its client by it
either, nor see it marked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clients.columns import Column, add_flag
from clients.segments import Context, Kind, SegmentField, register
from clients.segments.compare import counted, rows
from clients.segments.kinds import COUNTED
from complaints.models import Complaint
from crm.core.clocks import YEAR, day_bounds
from crm.core.templatetags.ui import icon

if TYPE_CHECKING:
    from crm.core.models import User

_RIGHTS = ("complaints.view_complaint",)


def offer() -> None:
    """Called once from ``ready()``."""
    group = _("Complaints")
    register(
        SegmentField(
            "open_complaint",
            _("Open complaint"),
            group,
            Kind.FLAG,
            rows(Kind.FLAG, _open, "pk"),
            rights=_RIGHTS,
            in_list=True,
        ),
        SegmentField(
            "complained_at",
            _("Complaint received"),
            group,
            Kind.DAY,
            rows(Kind.DAY, _all, "received_at", instant=True),
            rights=_RIGHTS,
        ),
        SegmentField(
            "complaint_subject", _("Complaint about"), group, Kind.CODES, rows(Kind.CODES, _all, "subject", each=True),
            lambda _user: list(Complaint.Subject.choices), rights=_RIGHTS,
        ),
        SegmentField(
            "complaint_level", _("Level of a complaint"), group, Kind.CODES,
            rows(Kind.CODES, _all, "level", each=True), lambda _user: list(Complaint.Level.choices), rights=_RIGHTS,
        ),
        SegmentField(
            "complaints_365", _("Complaints in 365 days"), group, Kind.NUMBER, counted(_of_a_year), rights=_RIGHTS,
            only=COUNTED,
        ),
    )  # fmt: skip
    add_flag(Column("complaint", _("Open complaint"), _mark, along=_along, rights=_RIGHTS))


def _along(user: User) -> Mapping[str, Any]:
    return {"complains": Exists(Complaint.objects.visible_to(user).open().filter(client=OuterRef("pk")))}


def _mark(client: Any, _loaded: Any, _today: Any) -> Any:
    return icon("message-report", label=gettext("Open complaint"), cls="warns") if client.complains else ""


def _all(context: Context) -> Any:
    return Complaint.objects.visible_to(context.user)


def _of_a_year(context: Context) -> Any:
    return _all(context).filter(received_at__gte=day_bounds(context.today - timedelta(days=YEAR))[0])


def _open(context: Context) -> Any:
    return Complaint.objects.visible_to(context.user).open()
