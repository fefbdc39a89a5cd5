"""The complaints of a place as a list and as a board."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from complaints.filters import ComplaintFilter
from complaints.models import Complaint
from complaints.views.rows import TONES, dress, today
from crm.core.policies import figures
from crm.core.views.lists import listed, part
from crm.core.views.places import actor_of

_ORDERS = {"": ("-received_at", "-pk"), "-received": ("-received_at", "-pk"), "received": ("received_at", "pk")}
#: Cards of one column; who has more narrows the board.
_CARDS = 40
State = Complaint.State
#: Columns of the board, in the order of the work.
_COLUMNS = (State.REGISTERED, State.INVESTIGATING, State.APPROVING, State.REPLYING, State.REPLIED)


@require_safe
@permission_required("complaints.view_complaint", raise_exception=True)
def complaint_list(request: HttpRequest) -> HttpResponse:
    """Complaints that the reader may see: the newest first as a list, the most pressing first as a board (?view=board)."""
    rows = Complaint.objects.visible_to(actor_of(request))
    found = ComplaintFilter(request.GET, rows, request=request)
    on_board = request.GET.get("view") == "board"
    context: dict[str, Any] = {
        "filter": found,
        "on_board": on_board,
        "now": timezone.now(),
        "alarms": _alarms(request, rows),
        "views": [
            {"label": _("List"), "url": _address(request, None), "active": not on_board},
            {"label": _("Board"), "url": _address(request, "board"), "active": on_board},
        ],
    }
    if on_board:
        context["columns"] = _board(request, found.qs)
        return render(request, part(request, "complaints/list.html", "complaints/_board.html"), context)
    order = _ORDERS.get(request.GET.get("sort", ""), _ORDERS[""])
    page = listed(request, found.qs.for_list(), order)
    for complaint in page:
        dress(complaint, request.user)
    context["page"] = page
    return render(request, part(request, "complaints/list.html", "complaints/_table.html"), context)


def _address(request: HttpRequest, view: str | None) -> str:
    query = request.GET.copy()
    for name in ("view", "cursor", "sort"):
        query.pop(name, None)
    if view:
        query["view"] = view
    return f"?{query.urlencode()}"


def _board(request: HttpRequest, rows: Any) -> list[dict[str, Any]]:
    """A column for each state of the work, each with its most pressing cards."""
    counts = rows.by_state()
    cards: dict[str, list[Any]] = {state: [] for state in _COLUMNS}
    for card in rows.for_list().board(_COLUMNS, _CARDS):
        dress(card, request.user)
        cards[card.state].append(card)
    return [
        {
            "state": state,
            "cards": cards[state],
            "count": counts.get(state, 0),
            "more": counts.get(state, 0) - len(cards[state]),
            "tone": TONES[state][0],
            "icon": TONES[state][1],
        }
        for state in _COLUMNS
    ]


def _alarms(request: HttpRequest, rows: Any) -> list[dict[str, Any]]:
    """Subjects that came up so often lately that they belong before association and regulator (regulation.md §4)."""
    rule = figures(today(), actor_of(request).branch).json("complaint.cluster")
    found = rows.clusters(timezone.now() - timedelta(days=int(rule["days"])), int(rule["count"]))[:5]
    return [
        {
            "subject": Complaint.Subject(alarm["subject"]).label,
            "branch": alarm["branch__name"],
            "count": alarm["found"],
            "days": rule["days"],
            "url": f"?subject={alarm['subject']}",
        }
        for alarm in found
    ]
