"""What compliance and the head of the branch find in their day: requests about data, and gradings for money laundering."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.db.models import Min
from django.urls import reverse
from django.utils.translation import gettext as _

from clients.models import DataRequest
from clients.querysets.aml import gradings_due, late_since, ungraded
from clients.querysets.scope import shown_name
from clients.services.aml import first_due
from crm.core.clocks import Calendar
from crm.core.keyset import capped_count, capped_text
from crm.core.models import User
from crm.core.policies import figures
from crm.workbench.item import PER_SOURCE, Item


def data_requests(user: User, today: date) -> Iterator[Item]:
    """Requests of clients about their data: one's own, those nobody has taken on, and answers that wait for approval."""
    if not user.has_perm("clients.change_datarequest"):
        return
    rows = DataRequest.objects.visible_to(user).open().filter(paused_on=None)
    mine = rows.filter(owner=user) | rows.filter(owner=None)
    if user.has_perm("clients.approve_datarequest"):
        mine = mine | rows.awaiting_approval().exclude(proposed_by=user)
    for row in mine.select_related("client").order_by("due_on", "pk")[:PER_SOURCE]:
        yield Item(
            "data_request",
            _("Data-subject request"),
            "shield-half",
            row.due_on,
            shown_name(row.client, user),
            f"{row.get_kind_display()} · {row.get_state_display()}",
            row.get_absolute_url(),
            rank=2,
        )


def gradings_to_do(user: User, today: date) -> Iterator[Item]:
    """First gradings and reviews that are late, and clients whose key identity data changed: one line each, nobody's name.

    A line is late since the client who waits longest; whose day of opening nobody knows makes none later.
    """
    if not user.has_perm("clients.add_amlgrade"):
        return
    known, calendar = figures(today, user.branch), Calendar.around(today)
    late = late_since(today, lambda day: first_due(day, known, calendar))
    found: list[tuple[str, Any, str, str]] = [
        ("ungraded", ungraded(user).filter(aml_since__lte=late), "opened_on", _("First grading is late")),
        ("overdue", gradings_due(user, "overdue", today, known), "review_on", _("Review overdue")),
        ("changed", gradings_due(user, "changed", today, known), "", _("Identity data changed")),
    ]
    for state, rows, since, words in found:
        count, more = capped_count(rows)
        if count:
            day = rows.aggregate(first=Min(since))["first"] if since else None
            if day and state == "ungraded":
                day = first_due(day, known, calendar)
            yield Item(
                "aml",
                _("Money laundering"),
                "scale",
                day or today,
                _("Clients to grade: %(count)s") % {"count": capped_text(count, more)},
                words,
                f"{reverse('clients:aml')}?state={state}",
                rank=3,
            )
