"""What is owed to a client, what he has booked, and what is agreed with him."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from clients.segments import Context, Kind, SegmentField
from clients.segments.compare import rows
from clients.segments.kinds import HAPPENED
from tiers.models import Booking, PlanStep, Promise, ServiceItem, ServicePlan

if TYPE_CHECKING:
    from crm.core.models import User

_PROMISES, _BOOKINGS, _PLANS = ("tiers.view_promise",), ("tiers.view_booking",), ("tiers.view_serviceplan",)
_GROUP = _("Services and promises")


def fields() -> list[SegmentField]:
    return [*_owed(), *_agreed()]


def _owed() -> list[SegmentField]:
    def field(key: str, label: Any, kind: Kind, asked: Any, **more: Any) -> SegmentField:
        return SegmentField(key, label, _GROUP, kind, asked, rights=more.pop("rights", _PROMISES), **more)

    booked = rows(Kind.DAY, lambda _context: Booking.objects.open(), "slot__day")
    return [
        field("promise_due", _("Promise due"), Kind.DAY, rows(Kind.DAY, _due, "due_on")),
        field("promise_overdue", _("Promise overdue"), Kind.FLAG, rows(Kind.FLAG, _overdue, "pk")),
        field(
            "promised", _("Service promised"), Kind.CODES, rows(Kind.CODES, _due, "item__code", each=True),
            choices=_services,
        ),
        field("promise_kept", _("Promise kept"), Kind.DAY, rows(Kind.DAY, _kept, "kept_on"), only=HAPPENED),
        field("promise_missed", _("Promise missed"), Kind.DAY, rows(Kind.DAY, _missed, "last_day"), only=HAPPENED),
        field("booking", _("Service booked for"), Kind.DAY, booked, rights=_BOOKINGS),
    ]  # fmt: skip


def _due(_context: Context) -> Any:
    return Promise.objects.due()


def _overdue(context: Context) -> Any:
    return Promise.objects.overdue(context.today)


def _kept(_context: Context) -> Any:
    return Promise.objects.kept()


def _missed(_context: Context) -> Any:
    return Promise.objects.filter(state="missed")


def _services(user: User) -> Iterable[tuple[str, Any]]:
    """Each code once: a branch's own service takes the name of the company's."""
    rows_ = ServiceItem.objects.visible_to(user).order_by("branch_id", "code")
    return list({row.code: row.name for row in rows_}.items())


def _agreed() -> list[SegmentField]:
    states = [(state.value, state.label) for state in (ServicePlan.State.DRAFT, ServicePlan.State.AGREED)]

    def field(key: str, label: Any, kind: Kind, asked: Any, **more: Any) -> SegmentField:
        return SegmentField(key, label, _GROUP, kind, asked, rights=_PLANS, **more)

    return [
        field(
            "plan", _("Service plan"), Kind.CODES, rows(Kind.CODES, _open, "state", each=True),
            choices=lambda _user: states,
        ),
        field("plan_agreed", _("Service plan agreed"), Kind.DAY, rows(Kind.DAY, _in_force, "agreed_on")),
        field(
            "plan_to_look_at", _("Service plan to be looked at again"), Kind.FLAG, rows(Kind.FLAG, _to_look_at, "pk")
        ),
        field(
            "plan_step", _("Step of the service plan due"), Kind.DAY, rows(Kind.DAY, _steps, "due_on", by="plan__client")
        ),
    ]  # fmt: skip


def _open(_context: Context) -> Any:
    return ServicePlan.objects.open()


def _in_force(_context: Context) -> Any:
    return ServicePlan.objects.agreed()


def _to_look_at(_context: Context) -> Any:
    return ServicePlan.objects.to_look_at()


def _steps(_context: Context) -> Any:
    return PlanStep.objects.filter(plan__state=ServicePlan.State.AGREED)
