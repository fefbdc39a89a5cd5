"""The one state table of complaints.

Each line says from which states a step is possible, where it leads, which right it asks, what it must put on record and which
clocks it stops. Services obey it, pages draw their buttons from it, the API lists its actions from it, and the docs print it.
Source of the order: regulation.md §4 (登记 → 受理判定 → 调查 → 拟定 → 审批 → 答复 → 结案).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from complaints.models import Complaint, ComplaintClock

State = Complaint.State
Clock = ComplaintClock.Kind

OPEN = (State.REGISTERED, State.INVESTIGATING, State.APPROVING, State.REPLYING, State.REPLIED)
HANDLE, ACCEPT, APPROVE = "complaints.handle_complaint", "complaints.accept_complaint", "complaints.approve_complaint"


@dataclass(frozen=True)
class Step:
    """One line of the table. ``to`` None leaves the state as it is."""

    action: str
    label: str | Promise
    origin: tuple[State, ...]
    to: State | None
    right: str
    #: Facts that must be given; the names are fields of the complaint, "note" or "imposed_due_on" (of its clock).
    needs: tuple[str, ...] = ()
    #: Facts that may be given.
    takes: tuple[str, ...] = ()
    stops: tuple[Clock, ...] = ()
    #: Whether another person than the proposer has to do it.
    four_eyes: bool = False
    danger: bool = False

    @property
    def facts(self) -> tuple[str, ...]:
        return (*self.needs, *self.takes)


STEPS: tuple[Step, ...] = (
    Step("assign", _("Give to a handler"), OPEN, None, ACCEPT, ("handler",), ("note",)),
    Step("name_person", _("Name the person complained of"), OPEN, None, ACCEPT, ("complained_of",), ("note",)),
    Step("classify", _("Set level and urgency"), OPEN, None, HANDLE, ("level",), ("is_urgent", "is_group", "note")),
    Step("contact", _("Note first contact"), OPEN, None, HANDLE, ("note",), stops=(Clock.FIRST_CONTACT,)),
    Step("note", _("Add a note"), OPEN, None, HANDLE, ("note",)),
    Step(
        "accept",
        _("Accept"),
        (State.REGISTERED,),
        State.INVESTIGATING,
        ACCEPT,
        ("handler",),
        ("note",),
        (Clock.ACCEPT,),
    ),
    Step(
        "refuse",
        _("Do not accept"),
        (State.REGISTERED,),
        State.NOT_ACCEPTED,
        ACCEPT,
        ("note",),
        stops=tuple(Clock),
        danger=True,
    ),
    Step(
        "transfer",
        _("Transfer"),
        (State.REGISTERED, State.INVESTIGATING),
        State.TRANSFERRED,
        ACCEPT,
        ("transferred_to", "note"),
        stops=tuple(Clock),
        danger=True,
    ),
    Step(
        "propose",
        _("Propose an opinion"),
        (State.INVESTIGATING,),
        State.APPROVING,
        HANDLE,
        ("opinion", "outcome"),
        ("compensation", "is_reasonable"),
    ),
    Step(
        "approve",
        _("Approve the opinion"),
        (State.APPROVING,),
        State.REPLYING,
        APPROVE,
        takes=("note",),
        four_eyes=True,
    ),
    Step("send_back", _("Send back"), (State.APPROVING,), State.INVESTIGATING, APPROVE, ("note",), four_eyes=True),
    Step(
        "reply",
        _("Reply and explain"),
        (State.REPLYING,),
        State.REPLIED,
        HANDLE,
        ("reply",),
        stops=(Clock.FIRST_CONTACT, Clock.INTERNAL),
    ),
    Step(
        "object",
        _("Complainant objects"),
        (State.REPLIED,),
        State.INVESTIGATING,
        HANDLE,
        ("note",),
    ),
    Step(
        "close",
        _("Close"),
        (State.REPLIED,),
        State.CLOSED,
        HANDLE,
        ("is_satisfied",),
        ("note",),
        stops=tuple(Clock),
    ),
    Step(
        "withdraw",
        _("Withdrawn by the complainant"),
        (State.REGISTERED, State.INVESTIGATING),
        State.WITHDRAWN,
        HANDLE,
        ("note",),
        stops=tuple(Clock),
    ),
    # Once there is an opinion, a withdrawal would go round its approval: somebody else has to confirm it.
    Step(
        "confirm_withdrawal",
        _("Confirm the withdrawal"),
        (State.APPROVING, State.REPLYING, State.REPLIED),
        State.WITHDRAWN,
        APPROVE,
        ("note",),
        stops=tuple(Clock),
        four_eyes=True,
    ),
    Step(
        "reopen",
        _("Reopen"),
        (State.CLOSED, State.NOT_ACCEPTED, State.WITHDRAWN),
        State.INVESTIGATING,
        ACCEPT,
        ("note",),
        ("handler",),
    ),
    Step("impose_limit", _("Note a date set from outside"), OPEN, None, ACCEPT, ("imposed_due_on", "note")),
    Step(
        "ask_extension",
        _("Ask for an extension"),
        (State.INVESTIGATING, State.APPROVING),
        None,
        HANDLE,
        ("extension_days", "note"),
    ),
    Step(
        "extend",
        _("Approve the extension"),
        (State.INVESTIGATING, State.APPROVING),
        None,
        APPROVE,
        takes=("note",),
        four_eyes=True,
    ),
    Step(
        "refuse_extension",
        _("Refuse the extension"),
        (State.INVESTIGATING, State.APPROVING),
        None,
        APPROVE,
        ("note",),
        four_eyes=True,
    ),
)

#: Steps that answer a question for more time.
EXTENSION_ANSWERS = ("extend", "refuse_extension")
BY_ACTION: dict[str, Step] = {step.action: step for step in STEPS}


def possible(complaint: Complaint, actor: Any) -> list[Step]:
    """The steps that the table and the actor's rights allow now; what pages show as buttons."""
    return [
        step
        for step in STEPS
        if complaint.state in step.origin
        and actor.has_perm(step.right)
        and not (step.action in EXTENSION_ANSWERS and not complaint.extension_days)
        and not (step.action == "ask_extension" and (complaint.extended_by_days or complaint.limit_is_imposed))
        and not (step.action == "impose_limit" and complaint.channel not in complaint.TRANSFERRING)
        and not (step.four_eyes and actor.pk in proposers(step, complaint))
    ]


def proposers(step: Step, complaint: Complaint) -> tuple[int | None, ...]:
    """Those who may not take a step that another has to take."""
    return (complaint.extension_asked_by_id,) if step.action in EXTENSION_ANSWERS else (complaint.proposed_by_id,)
