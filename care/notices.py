"""What clients are told about surveys: rows, sent after commit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import override

from care.models import SurveyInvitation
from clients.models import Client, ContactPoint
from clients.reach import hindrances, is_quiet, quiet_hours
from crm.core import outbound
from crm.core.clocks import SHANGHAI, at_local, database_now, local_date
from crm.core.models import Outbound
from crm.core.policies import figures

#: Clients of the branch read Chinese.
_LANGUAGE = "zh-hans"
HeldBack = SurveyInvitation.HeldBack


@outbound.last_look("survey.complaint")
def not_wanted(message: Outbound) -> str:
    """Why a link stays here: it was answered, ran out or was handed out anew, or the client may not be reached so."""
    known = SurveyInvitation.objects.select_related("client__branch")
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
    if client is None:
        return "do_not_contact"
    reason = next(_against(client, message.channel, message.address, database_now()), "")
    if reason:
        known.filter(pk=invitation.pk).update(held_back=reason)
    return reason


def survey_invitation(invitation: SurveyInvitation, url: str, now: datetime) -> None:
    """Send the link by e-mail, else by SMS, by the rule of ``clients.reach``; who has neither gets it at the counter.

    What stands against every way is noted on the invitation. In quiet hours the message waits for their end.
    """
    client = invitation.client
    if client is None:
        return
    ways = [(Outbound.Channel.EMAIL, client.email), (Outbound.Channel.SMS, client.phone)]
    refused = ""
    for channel, address in ways:
        if not address:
            continue
        against = [code for code in _against(client, channel, address, now) if code != HeldBack.QUIET_HOURS]
        if not against:
            _queue(invitation, client, (channel, address), url, now)
            return
        refused = refused or against[0]
    if refused:
        SurveyInvitation.objects.filter(pk=invitation.pk).update(held_back=refused)


def _against(client: Client, channel: str, address: str, at: datetime) -> Iterator[str]:
    """Codes of what stands against writing to this very address."""
    points = [point for point in ContactPoint.objects.present().filter(client=client) if point.value == address]
    for hindrance in hindrances(client, channel, at, figures(local_date(at), client.branch), points):
        yield hindrance.code


def _after_quiet_hours(client: Client, channel: str, now: datetime) -> datetime:
    """``now``, or the end of the quiet hours in which it lies; letters disturb nobody."""
    begin, end = quiet_hours(client, figures(local_date(now), client.branch))
    local = now.astimezone(SHANGHAI)
    if channel == Outbound.Channel.EMAIL or not is_quiet(local.time(), begin, end):
        return now
    day = local.date() if local.time() < end else local.date() + timedelta(days=1)
    return at_local(day, end)


def _queue(invitation: SurveyInvitation, client: Client, way: tuple[str, str], url: str, now: datetime) -> None:
    channel, address = way
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
        due_at=_after_quiet_hours(client, channel, now),
        branch=invitation.branch,
        client_ref=client.public_id,
    )
    if queued:
        SurveyInvitation.objects.filter(pk=invitation.pk).update(sent_by_channel=channel)
