"""What clients are told about surveys: rows, sent after commit."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import override

from care.models import SurveyInvitation
from clients.models import Client
from clients.ways import Ways
from crm.core import outbound
from crm.core.clocks import local_date
from crm.core.models import Outbound

#: Clients of the branch read Chinese.
_LANGUAGE = "zh-hans"
HeldBack = SurveyInvitation.HeldBack
#: A round goes to whomever a segment names, which nobody has asked for; the survey after a complaint belongs to the complaint.
_ROUND = "survey.round"


@outbound.last_look("survey.complaint")
@outbound.last_look(_ROUND)
def not_wanted(message: Outbound, now: datetime) -> str:
    """Why a link stays here: it was answered, ran out or was handed out anew, or the client may not be reached so.

    Raises ``outbound.NotYet`` in quiet hours, of the client's own or of the house.
    """
    sent = SurveyInvitation.objects.select_related("client__branch")
    invitation = sent.unanswered(now).filter(public_id=message.dedupe_key.removeprefix("survey:")).first()
    if invitation is None:
        return "expired"
    if invitation.sent_by_channel == "counter":
        return "replaced"
    client = invitation.client
    if client is None:
        return "do_not_contact"
    ways = Ways([client], now, asked_by_us=message.purpose == _ROUND)
    against = ways.against(client, message.channel, message.address)
    if against == [HeldBack.QUIET_HOURS]:
        raise outbound.NotYet(ways.leaves_at(client, message.channel))
    reason = next(iter(against), "")
    if reason:
        sent.filter(pk=invitation.pk).update(held_back=reason)
    return reason


def survey_invitation(invitation: SurveyInvitation, url: str, ways: Ways) -> None:
    """Send the link by e-mail, else by SMS; who has neither, or may not be written to, gets it at the counter.

    Why he was not written to is noted on the invitation. In quiet hours the message waits for their end.
    """
    client = invitation.client
    way, refused = (None, HeldBack.NO_ADDRESS) if client is None else ways.open_to(client)
    if client is not None and way is not None:
        _queue(invitation, client, way, url, ways)
    else:
        SurveyInvitation.objects.filter(pk=invitation.pk).update(held_back=refused)


def _letter(invitation: SurveyInvitation, url: str) -> tuple[str, str]:
    """Subject and text in the language that is active."""
    said = {"url": url, "until": f"{local_date(invitation.expires_at):%Y-%m-%d}"}
    if invitation.round is not None:
        body = _(
            "We would like to know how satisfied you are with: %(title)s. Please tell us in half a minute: %(url)s\n"
            "The link works once, until %(until)s."
        ) % {**said, "title": invitation.round.title}
        return _("How satisfied are you with our service?"), body
    body = _(
        "Thank you for telling us. Please let us know in half a minute how we did: %(url)s\n"
        "The link works once, until %(until)s."
    )
    return _("How did we handle your complaint?"), body % said


def _queue(invitation: SurveyInvitation, client: Client, way: tuple[str, str], url: str, ways: Ways) -> None:
    channel, address = way
    with override(_LANGUAGE):
        subject, body = _letter(invitation, url)
    is_new = outbound.queue(
        purpose=f"survey.{invitation.occasion}",
        channel=channel,
        address=address,
        subject=subject,
        body=body,
        dedupe_key=f"survey:{invitation.public_id}",
        due_at=ways.leaves_at(client, channel),
        branch=invitation.branch,
        client_ref=client.public_id,
    )
    if is_new:
        SurveyInvitation.objects.filter(pk=invitation.pk).update(sent_by_channel=channel)
