"""Requests of clients about their own data: received, identity checked, worked on, approved by a second person, answered."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from clients.days import too_late
from clients.errors import IdentityNotChecked, WrongStep
from clients.models import Client, DataRequest
from clients.retention import obstacles
from clients.services.clients import set_do_not_contact
from clients.services.consents import withdraw_all
from clients.services.erasure import propose_erasure
from clients.services.standing import restrict_client
from crm.core import audit
from crm.core.clocks import Calendar, local_date
from crm.core.errors import FourEyes, InvalidInput
from crm.core.models import User
from crm.core.policies import figures
from crm.core.service import service
from crm.core.versions import lock

State = DataRequest.State


@service("data_request.receive")
def receive_request(
    *,
    client: Client,
    kind: str,
    channel: str,
    received_on: date,
    actor: User,
    now: datetime,
    details: str = "",
) -> DataRequest:
    """Take a request down. It is due ``privacy.answer_days`` working days after its receipt."""
    today = local_date(now)
    if received_on > today:
        raise InvalidInput(fields={"received_on": _("A request cannot be received in the future.")})
    if why := too_late(received_on, today):
        raise InvalidInput(fields={"received_on": why})
    days = figures(today, client.branch).days("privacy.answer_days")
    row: DataRequest = DataRequest.objects.create(
        client=client,
        kind=kind,
        channel=channel,
        received_on=received_on,
        details=details.strip()[:1000],
        due_on=Calendar.around(received_on).add_working_days(received_on, days),
        registered_by=actor,
    )
    after = {"kind": kind, "channel": channel, "received_on": received_on, "due_on": row.due_on}
    audit.record(actor, "data_request.receive", row, after=after, client=client)
    return row


@service("data_request.ask_proof")
def ask_for_proof(*, request: DataRequest, actor: User, now: datetime, version: int | None = None) -> DataRequest:
    """The client has to prove who he is; the clock stands still until he has."""
    row = _taken(request, version, State.RECEIVED)
    if row.paused_on is None:
        row.paused_on = local_date(now)
        row.save_changed(["paused_on"])
        audit.record(actor, "data_request.ask_proof", row, client=row.client)
    return row


@service("data_request.check_identity")
def check_identity(
    *, request: DataRequest, identity: str, actor: User, now: datetime, version: int | None = None
) -> DataRequest:
    """Note how it was made sure that the client himself asks. A paused clock goes on, later by the working days it stood."""
    row = _taken(request, version, State.RECEIVED)
    if identity not in DataRequest.Identity.values:
        raise InvalidInput(fields={"identity": _("Say how the identity was checked.")})
    if row.paused_on is not None:
        calendar, today = Calendar.around(row.paused_on), local_date(now)
        stood = calendar.working_days_between(row.paused_on, today)
        row.due_on, row.paused_on = calendar.add_working_days(row.due_on, stood), None
    row.identity, row.identity_checked_by, row.state = identity, actor, State.CHECKED
    row.save_changed(["identity", "identity_checked_by", "state", "due_on", "paused_on"])
    audit.record(
        actor, "data_request.check_identity", row, after={"identity": identity, "due_on": row.due_on}, client=row.client
    )
    return row


@service("data_request.take")
def take_request(*, request: DataRequest, actor: User, version: int | None = None) -> DataRequest:
    """Take a request on; its owner answers for the clock."""
    row = _taken(request, version, State.CHECKED, State.IN_WORK)
    row.owner, row.state = actor, State.IN_WORK
    row.save_changed(["owner", "state"])
    audit.record(actor, "data_request.take", row, client=row.client)
    return row


@service("data_request.propose")
def propose_answer(
    *, request: DataRequest, grants: bool, answer: str, actor: User, version: int | None = None
) -> DataRequest:
    """Lay an answer before a second person. A refusal, too, has to say why (PIPL Art. 50).

    A request whose sender never proved who he is can only be refused. Raises ``IdentityNotChecked`` and ``WrongStep``.
    """
    row = _taken(request, version, State.RECEIVED, State.CHECKED, State.IN_WORK)
    if not row.identity and grants:
        raise IdentityNotChecked
    if len(answer.strip()) < 2:
        raise InvalidInput(fields={"answer": _("Write what the client is told, with the reasons.")})
    row.grants, row.answer, row.proposed_by, row.state = grants, answer.strip()[:2000], actor, State.PROPOSED
    row.owner = row.owner or actor
    row.save_changed(["grants", "answer", "proposed_by", "state", "owner"])
    audit.record(actor, "data_request.propose", row, after={"grants": grants}, client=row.client)
    return row


@service("data_request.approve")
def approve_answer(*, request: DataRequest, actor: User, now: datetime, version: int | None = None) -> DataRequest:
    """A second person lets the answer go out, and what was granted happens. Raises ``FourEyes`` and ``WrongStep``.

    Deletion: while anything stands against it the client's data are restricted to storage, else an erasure is proposed.
    Withdrawal: every consent on file is withdrawn, and nobody contacts the client any more.
    """
    row = _taken(request, version, State.PROPOSED)
    if row.proposed_by_id == actor.pk:
        raise FourEyes
    row.state, row.approved_by, row.ended_at = (State.ANSWERED if row.grants else State.REFUSED), actor, now
    row.outcome = _carry_out(row, actor, now)[:300] if row.grants else ""
    row.save_changed(["state", "approved_by", "ended_at", "outcome"])
    after = {"state": row.state, "outcome": row.outcome}
    audit.record(actor, "data_request.approve", row, after=after, client=row.client)
    return row


@service("data_request.send_back")
def send_back(*, request: DataRequest, reason: str, actor: User, version: int | None = None) -> DataRequest:
    """The second person wants another answer."""
    row = _taken(request, version, State.PROPOSED)
    if row.proposed_by_id == actor.pk:
        raise FourEyes
    if len(reason.strip()) < 4:
        raise InvalidInput(fields={"reason": _("Say why.")})
    row.state, row.grants, row.proposed_by = State.IN_WORK, None, None
    row.save_changed(["state", "grants", "proposed_by"])
    audit.record(actor, "data_request.send_back", row, reason=reason.strip(), client=row.client)
    return row


def _carry_out(row: DataRequest, actor: User, now: datetime) -> str:
    """What a granted request comes to, in words."""
    client, kinds = row.client, DataRequest.Kind
    if row.kind == kinds.DELETE:
        against = obstacles(client, local_date(now), None)
        restrict_client(client=client, reason=_("Request for deletion"), actor=actor, now=now)
        if against:
            return _("Restricted to storage. %(reasons)s") % {"reasons": " ".join(against)}
        propose_erasure(client=client, reason=_("Request for deletion"), actor=actor, now=now)
        return _("Erasure proposed.")
    if row.kind == kinds.WITHDRAW and client.restricted_on is None:
        reason = _("Consent withdrawn on %(day)s") % {"day": row.received_on}
        set_do_not_contact(client=client, do_not_contact=True, reason=reason, actor=actor)
        withdraw_all(client=client, answered_on=row.received_on, channel=row.channel, actor=actor, now=now, note=reason)
        return _("No contact any more.")
    return ""


def _taken(request: DataRequest, version: int | None, *states: Any) -> DataRequest:
    row: DataRequest = lock(DataRequest.objects.select_related("client__branch"), pk=request.pk, version=version)
    if row.state not in states:
        raise WrongStep
    return row
