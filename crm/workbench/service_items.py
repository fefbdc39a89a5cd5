"""What promises, bookings and publications bring into my day: before they are missed, not afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from clients.querysets.scope import shown_name
from crm.core.models import User
from crm.core.policies import figures
from crm.workbench.item import PER_SOURCE, Item
from tiers.models import Booking, PlanStep, Promise, Recipient, ServicePlan
from tiers.querysets.plan_steps import StepState, standings


def promises(user: User, today: date) -> Iterator[Item]:
    """Promises that one sees to oneself and that fall due in the next days (figure ``service.ahead_days``), or are overdue."""
    if not user.has_perm("tiers.keep_promise"):
        return
    until = today + timedelta(days=figures(today, user.branch).days("service.ahead_days"))
    rows = Promise.objects.visible_to(user).of_served().open_on(today).mine(user).filter(due_on__lte=until)
    for row in rows.select_related("client", "item", "event").order_by("due_on", "pk")[:PER_SOURCE]:
        yield Item(
            "promise",
            _("Promise"),
            "list-check",
            row.due_on,
            shown_name(row.client, user),
            row.title,
            reverse("tiers:promise", args=[row.public_id]),
            brief_url=reverse("overview:brief", args=[row.client.public_id]),
            rank=4,
        )


def plan_steps(user: User, today: date) -> Iterator[Item]:
    """Steps of service plans that one sees to oneself and that fall due in the next days (``service.ahead_days``) or are overdue,
    and overdue ones of one's own clients, whoever sees to them. A step whose promise stands in one's day is not named twice."""
    if not user.has_perms(("tiers.view_serviceplan", "tiers.keep_promise")):
        return
    until = today + timedelta(days=figures(today, user.branch).days("service.ahead_days"))
    rows = PlanStep.objects.visible_to(user).of_served().to_do(user, today, until)
    known = list(rows.for_list().order_by("plan_id", "position")[: PER_SOURCE * 4])
    found = standings(known, today)
    # What others see to is theirs until its day is over.
    acting = user.scope.acting_ids
    named = [row for row in known if row.owner_id in acting or found[row.pk].state == StepState.OVERDUE]
    for row in sorted(named, key=lambda row: (found[row.pk].due_on or today, row.pk))[:PER_SOURCE]:
        client = row.plan.client
        who = "" if row.owner_id in acting else f" · {row.owner.name}"
        yield Item(
            "plan_step",
            _("Plan step"),
            "clipboard-list",
            found[row.pk].due_on or today,
            shown_name(client, user),
            f"{row.name}{who}",
            f"{reverse('tiers:step_done', args=[row.public_id])}?from=day",
            rank=4,
        )


def bookings(user: User, today: date) -> Iterator[Item]:
    """Bookings that wait for a word: to be confirmed, or over and nobody has said how it went."""
    if not user.has_perm("tiers.change_serviceday"):
        return
    rows = Booking.objects.visible_to(user).to_settle(today).select_related("client", "slot__item")
    for row in rows.order_by("confirm_by", "pk")[:PER_SOURCE]:
        waits = row.state == Booking.State.ASKED
        said = {"service": row.slot.item.name, "day": f"{row.slot.day:%Y-%m-%d}"}
        yield Item(
            "booking",
            _("Booking"),
            "calendar-event",
            row.confirm_by if waits else row.slot.day,
            shown_name(row.client, user),
            _("To be confirmed: %(service)s on %(day)s") % said
            if waits
            else _("How was %(service)s on %(day)s?") % said,
            row.get_absolute_url(),
            rank=3,
        )


def publications_to_tell(user: User, today: date) -> Iterator[Item]:
    """Publications for clients of one's own who take only calls, while they are worth telling."""
    if not user.has_perm("tiers.tell_publication"):
        return
    rows = Recipient.objects.visible_to(user).to_call(user, today).select_related("client", "publication")
    for row in rows.order_by("publication__valid_until", "pk")[:PER_SOURCE]:
        yield Item(
            "publication",
            _("Publication"),
            "send",
            row.publication.valid_until,
            shown_name(row.client, user),
            _("Tell by phone: %(title)s") % {"title": row.publication.title},
            reverse("tiers:publication_told", args=[row.publication.public_id, row.public_id]),
            brief_url=reverse("overview:brief", args=[row.client.public_id]),
            rank=4,
        )


def plans_to_look_at(user: User, today: date) -> Iterator[Item]:
    """Service plans of one's own clients who have said since that they want something else."""
    if not user.has_perms(("tiers.change_serviceplan", "clients.view_needsinterview")):
        return
    rows = ServicePlan.objects.visible_to(user).mine(user).to_look_at().select_related("client")
    for row in rows.order_by("pk")[:PER_SOURCE]:
        yield Item(
            "plan",
            _("Service plan"),
            "clipboard-list",
            today,
            shown_name(row.client, user),
            _("Needs have changed: confirm or revise the plan"),
            row.get_absolute_url(),
            rank=6,
        )
