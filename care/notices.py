"""What clients are told about surveys: rows, sent after commit."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import override

from care.models import SurveyInvitation
from crm.core import outbound
from crm.core.clocks import local_date
from crm.core.models import Outbound

#: Clients of the branch read Chinese.
_LANGUAGE = "zh-hans"


def survey_invitation(invitation: SurveyInvitation, url: str, now: datetime) -> None:
    """Send the link by e-mail, else by SMS; who has neither gets it at the counter. Nobody is bothered against his will."""
    client = invitation.client
    if client is None or client.do_not_contact:
        return
    channel, address = (Outbound.Channel.EMAIL, client.email) if client.email else (Outbound.Channel.SMS, client.phone)
    if not address:
        return
    with override(_LANGUAGE):
        subject = _("How did we handle your complaint?")
        body = _(
            "Thank you for telling us. Please let us know in half a minute how we did: %(url)s\n"
            "The link works once, until %(until)s."
        ) % {"url": url, "until": f"{local_date(invitation.expires_at):%Y-%m-%d}"}
    queued = outbound.queue(
        purpose="survey.complaint",
        channel=channel,
        address=address,
        subject=subject,
        body=body,
        dedupe_key=f"survey:{invitation.public_id}",
        due_at=now,
        branch=invitation.branch,
        client_ref=client.public_id,
    )
    if queued:
        SurveyInvitation.objects.filter(pk=invitation.pk).update(sent_by_channel=channel)
