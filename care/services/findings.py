"""What becomes of a bad answer: compliance concludes, and the client's needs may be asked again because of it."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from care.errors import FindingClosed, NeedsWanted, NoContactWanted, OwnRequest
from care.models import Finding
from clients.asked_again import Reason
from clients.services import ask_needs_again
from crm.core import audit
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput
from crm.core.models import User
from crm.core.service import service
from crm.core.versions import lock

#: What the words of a finding are about, when the needs are asked again because of it.
CALLED = "follow_up_call"


@service("finding.close")
def close_finding(
    *, actor: User, finding: Finding, now: datetime, conclusion: str, version: int | None = None
) -> Finding:
    """Compliance says what came of it. Raises ``FindingClosed`` when that was said before, ``OwnRequest`` for the caller."""
    row = lock(Finding.objects.all(), pk=finding.pk, version=version)
    if row.state == Finding.State.CLOSED:
        raise FindingClosed
    if row.call.caller_id == actor.pk:
        raise OwnRequest
    row.state, row.closed_at, row.closed_by, row.conclusion = Finding.State.CLOSED, now, actor, conclusion
    row.save_changed(["state", "closed_at", "closed_by", "conclusion"])
    audit.record(actor, "finding.close", row, client=row.call.client, reason=conclusion[:300])
    return row


@service("finding.ask_needs")
def ask_needs(*, actor: User, finding: Finding, now: datetime, reason: str, version: int | None = None) -> Finding:
    """Have the client's needs asked again because of a finding; whoever serves him reads ``reason`` and the day of the call.

    What the client answered stays with those who review calls: the reason is written for the advisor. Raises ``NeedsWanted``
    when this was done before, ``NoContactWanted``, ``ClientClosed`` and ``StaleEdit``.
    """
    row = lock(Finding.objects.select_related("call__client"), pk=finding.pk, version=version)
    if row.needs_asked_at is not None:
        raise NeedsWanted
    client = row.call.client
    if client.do_not_contact:
        raise NoContactWanted
    if not reason.strip():
        raise InvalidInput(fields={"reason": _("Say why.")})
    why = Reason(reason.strip(), CALLED, local_date(row.call.done_at or row.opened_at))
    ask_needs_again(client=client, reason=why, actor=actor, now=now)
    row.needs_asked_at, row.needs_asked_by = now, actor
    row.save_changed(["needs_asked_at", "needs_asked_by"])
    audit.record(actor, "finding.ask_needs", row, client=client, reason=reason.strip()[:300])
    return row
