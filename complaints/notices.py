"""What a complainant is told on the way: rows, sent after commit. Replies themselves are given by people."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import override

from clients.reach import leaves_at
from complaints.models import Complaint
from crm.core import outbound
from crm.core.models import Outbound

#: Clients of the branch read Chinese.
_LANGUAGE = "zh-hans"


def _text(complaint: Complaint, action: str) -> str:
    """The sentence for a step that the complainant must learn of; "" for all others."""
    facts = {
        "number": complaint.number,
        "days": complaint.extended_by_days,
        "place": complaint.transferred_to,
    }
    match action:
        case "accept":
            return _("We have accepted your complaint %(number)s and are looking into it.") % facts
        case "refuse":
            return _("We could not accept your complaint %(number)s. The branch will gladly explain why.") % facts
        case "transfer":
            return _("Your complaint %(number)s has been handed on to %(place)s.") % facts
        case "extend":
            return (
                _("Your complaint %(number)s needs more time: we ask for %(days)s more days and will tell you why.")
                % facts
            )
    return ""


def tell_complainant(complaint: Complaint, action: str, now: datetime) -> bool:
    """Queue the message of a step. It answers what the complainant himself began, so it goes out in spite of do-not-contact.

    It waits for the end of quiet hours: of the client's own here, of the house when it is sent.
    """
    with override(_LANGUAGE):
        body, subject = _text(complaint, action), _("Your complaint")
    channel, address = _way_to(complaint)
    if not body or not address:
        return False
    return outbound.queue(
        purpose=f"complaint.{action}",
        channel=channel,
        address=address,
        subject=subject,
        body=body,
        dedupe_key=f"complaint:{complaint.public_id}:{complaint.rounds}:{action}",
        due_at=now if complaint.client is None else leaves_at(complaint.client, channel, now, None),
        branch=complaint.branch,
        client_ref=complaint.client.public_id if complaint.client is not None else "",
    )


def _way_to(complaint: Complaint) -> tuple[str, str]:
    client = complaint.client
    if client is None:
        return Outbound.Channel.SMS, str(complaint.complainant_phone)
    if client.email:
        return Outbound.Channel.EMAIL, str(client.email)
    return Outbound.Channel.SMS, str(client.phone)
