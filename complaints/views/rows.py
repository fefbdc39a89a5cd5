"""What the pages of complaints ask of a request, and how clocks and steps look to people."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.querysets.scope import sees_names
from complaints.models import Complaint, ComplaintClock, ComplaintEvent
from complaints.steps import BY_ACTION
from crm.core.clocks import local_date
from crm.core.masking import mask_name
from crm.core.views.places import actor_of

State = Complaint.State
Kind = ComplaintClock.Kind

TONES = {
    State.REGISTERED: ("info", "inbox"),
    State.INVESTIGATING: ("accent", "search"),
    State.APPROVING: ("warning", "hourglass"),
    State.REPLYING: ("accent", "message-dots"),
    State.REPLIED: ("info", "message-circle"),
    State.CLOSED: ("success", "circle-check"),
    State.NOT_ACCEPTED: ("neutral", "ban"),
    State.TRANSFERRED: ("neutral", "transfer-out"),
    State.WITHDRAWN: ("neutral", "arrow-back-up"),
}
LEVEL_TONES = {"ordinary": "neutral", "major": "warning", "difficult": "danger"}

#: What happens when a clock runs out.
CONSEQUENCES = {
    Kind.FIRST_CONTACT: _("then the manager is told that nobody has called"),
    Kind.ACCEPT: _("then the decision is late by the rules"),
    Kind.INTERNAL: _("then it is put before the manager"),
    Kind.CLOSE: _("then the legal limit is broken"),
}
#: What is so by itself once a clock has run out.
LATE = {
    Kind.FIRST_CONTACT: _("nobody has called in time"),
    Kind.ACCEPT: _("the decision has been late by the rules since then"),
    Kind.INTERNAL: _("our own limit is over"),
    Kind.CLOSE: _("the legal limit has been broken since then"),
}
#: What was done about it, once it is on file that it was.
TOLD = {
    Kind.FIRST_CONTACT: _("on %(day)s the manager was told that nobody had called"),
    Kind.INTERNAL: _("on %(day)s it was put before the manager"),
}
#: The step that leads on from a state, and the clock that it has to keep.
_AHEAD = {
    State.REGISTERED: ("accept", Kind.ACCEPT),
    State.INVESTIGATING: ("propose", Kind.INTERNAL),
    State.APPROVING: ("approve", Kind.INTERNAL),
    State.REPLYING: ("reply", Kind.INTERNAL),
    State.REPLIED: ("close", Kind.CLOSE),
}

#: How events that are no step of the table are called.
_OTHER_EVENTS = {
    "register": (_("Registered"), "inbox"),
    "import": (_("Came in with a file"), "file-import"),
    "overdue": (_("A clock ran out"), "alarm"),
    "evidence": (_("Evidence added"), "paperclip"),
}
_ICONS = {
    "assign": "user-share",
    "name_person": "user-question",
    "classify": "flag",
    "contact": "phone-call",
    "note": "note",
    "accept": "check",
    "refuse": "ban",
    "transfer": "transfer-out",
    "propose": "writing",
    "approve": "checks",
    "send_back": "arrow-back-up",
    "reply": "message-dots",
    "object": "mood-sad",
    "close": "circle-check",
    "withdraw": "arrow-back-up",
    "confirm_withdrawal": "arrow-back-up",
    "reopen": "refresh",
    "impose_limit": "calendar-event",
    "ask_extension": "calendar-time",
    "extend": "calendar-event",
    "refuse_extension": "circle-x",
}


def today() -> date:
    return local_date(timezone.now())


def visible_complaint(request: HttpRequest, public_id: str) -> Complaint:
    """The complaint, if the caller may see it; 404 for a foreign one as for none."""
    rows = Complaint.objects.visible_to(actor_of(request)).select_related(
        "branch", "client", "handler", "complained_of", "registered_by", "proposed_by", "approved_by"
    )
    return get_object_or_404(rows.prefetch_related("clocks"), public_id=public_id)


def icon_of(action: str) -> str:
    return _ICONS.get(action) or _OTHER_EVENTS.get(action, ("", "circle-dot"))[1]


def event_words(event: ComplaintEvent) -> Any:
    step = BY_ACTION.get(event.action)
    return step.label if step else _OTHER_EVENTS.get(event.action, (event.action, ""))[0]


def shown_who(complaint: Complaint, user: Any, *, point: bool = False) -> str:
    """Whose complaint it is: masked, unless he is a client, the page is about him and the reader sees names."""
    client = complaint.client
    if client is None:
        return mask_name(complaint.complainant_name)
    if not client.name or (point and sees_names(user)):
        return client.display_name
    return mask_name(client.name)


def clock_face(clock: ComplaintClock | None) -> dict[str, Any] | None:
    """A clock as ``components/_clock.html`` wants it."""
    if clock is None:
        return None
    return {
        "label": clock.get_kind_display(),
        "due": clock.due_on,
        "done": clock.stopped_at,
        "consequence": _consequence(clock),
        "provisional": clock.provisional,
        "imposed": clock.is_imposed,
        "warn_minutes": _WARN[clock.is_legal],
    }


def _consequence(clock: ComplaintClock) -> Any:
    kind = Kind(clock.kind)
    if clock.escalated_at is not None and kind in TOLD:
        return TOLD[kind] % {"day": f"{local_date(clock.escalated_at):%Y-%m-%d}"}
    return (LATE if clock.due_on < today() else CONSEQUENCES)[kind]


def steps_ahead(complaint: Complaint) -> list[dict[str, Any]]:
    """What comes next and by when: the first contact while it is owed, and the step that leads on from the present state."""
    running = {
        clock.kind: clock.due_on
        for clock in complaint.clocks.all()
        if clock.round == complaint.rounds and clock.stopped_at is None
    }
    found: list[dict[str, Any]] = []
    if Kind.FIRST_CONTACT in running and not complaint.ended:
        found.append({"label": BY_ACTION["contact"].label, "due": running[Kind.FIRST_CONTACT]})
    if complaint.state in _AHEAD:
        action, kind = _AHEAD[State(complaint.state)]
        found.append({"label": BY_ACTION[action].label, "due": running.get(kind) or running.get(Kind.CLOSE)})
    return found


#: From when on a clock is amber, in minutes: the legal one a week before, ours a day before.
_WARN = {True: 7 * 1440, False: 1440 + 480}


def faces(complaint: Complaint) -> dict[str, Any]:
    """The two clocks that matter now: our own promise and the limit of the law."""
    return {
        "internal": clock_face(complaint.clock_to_watch(legal=False)),
        "legal": clock_face(complaint.clock_to_watch(legal=True)),
    }


def dress(complaint: Complaint, user: Any) -> Complaint:
    """A complaint for a list or a card: name as it may be shown, tones, clocks."""
    row: Any = complaint
    row.shown_who = shown_who(complaint, user)
    row.tone, row.icon = TONES[State(complaint.state)]
    row.level_tone = LEVEL_TONES[complaint.level]
    row.faces = faces(complaint)
    return complaint
