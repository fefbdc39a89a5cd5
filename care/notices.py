"""What clients are told about surveys: rows, sent after commit."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import override

from care.models import SurveyInvitation
from crm.core import outbound
from crm.core.clocks import database_now, local_date
from crm.core.models import Outbound

#: Clients of the branch read Chinese.
_LANGUAGE = "zh-hans"


@outbound.last_look("survey.complaint")
def not_wanted(message: Outbound) -> str:
    """Why a link stays here: it was answered, ran out or was handed out anew, or the client wants no contact any more."""
    known = SurveyInvitation.objects.select_related("client")
    invitation = known.filter(public_id=message.dedupe_key.removeprefix("survey:")).first()
    if (
        invitation is None
        or invitation.state != SurveyInvitation.State.INVITED
        or invitation.expires_at <= database_now()
    ):
        return "expired"
    if invitation.sent_by_channel == "counter":
        return "replaced"
    client = invitation.client
    return "do_not_contact" if client is None or client.do_not_contact else ""


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
