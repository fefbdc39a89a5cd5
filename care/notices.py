"""What clients are told about surveys: rows, sent after commit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import override

from care.models import SurveyInvitation
from clients.models import Client, ContactPoint
from clients.reach import hindrances, is_quiet, quiet_hours
from crm.core import outbound
from crm.core.clocks import SHANGHAI, at_local, database_now, local_date
from crm.core.models import Outbound
from crm.core.policies import Figures, figures

#: Clients of the branch read Chinese.
_LANGUAGE = "zh-hans"
HeldBack = SurveyInvitation.HeldBack


@outbound.last_look("survey.complaint")
@outbound.last_look("survey.round")
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
    known_figures = figures(local_date(database_now()), client.branch)
    reason = next(
        _against(client, message.channel, message.address, database_now(), _points(client), known_figures), ""
    )
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
    way, refused = open_way(client, _points(client), figures(local_date(now), client.branch), now)
    if way is not None:
        _queue(invitation, client, way, url, now)
    elif refused:
        SurveyInvitation.objects.filter(pk=invitation.pk).update(held_back=refused)


def open_way(
    client: Client, points: Iterable[ContactPoint], known: Figures, now: datetime
) -> tuple[tuple[str, str] | None, str]:
    """Channel and address by which the client may be written to, else None and what stands against the first way he has.

    The reason is "" where he has no address at all. Quiet hours only put a message off.
    """
    if client.restricted_on is not None:
        return None, HeldBack.RESTRICTED
    refused = ""
    for channel, address in ((Outbound.Channel.EMAIL, client.email), (Outbound.Channel.SMS, client.phone)):
        if not address:
            continue
        found = _against(client, channel, address, now, points, known)
        against = [code for code in found if code != HeldBack.QUIET_HOURS]
        if not against:
            return (channel, address), ""
        refused = refused or against[0]
    return None, refused


def _points(client: Client) -> list[ContactPoint]:
    return list(ContactPoint.objects.present().filter(client=client))


def _against(
    client: Client, channel: str, address: str, at: datetime, points: Iterable[ContactPoint], known: Figures
) -> Iterator[str]:
    """Codes of what stands against writing to this very address."""
    if client.restricted_on is not None:
        yield HeldBack.RESTRICTED
    same = [point for point in points if point.value == address]
    for hindrance in hindrances(client, channel, at, known, same):
        yield hindrance.code


def _after_quiet_hours(client: Client, channel: str, now: datetime) -> datetime:
    """``now``, or the end of the quiet hours in which it lies; letters disturb nobody."""
    begin, end = quiet_hours(client, figures(local_date(now), client.branch))
    local = now.astimezone(SHANGHAI)
    if channel == Outbound.Channel.EMAIL or not is_quiet(local.time(), begin, end):
        return now
    day = local.date() if local.time() < end else local.date() + timedelta(days=1)
    return at_local(day, end)


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


def _queue(invitation: SurveyInvitation, client: Client, way: tuple[str, str], url: str, now: datetime) -> None:
    channel, address = way
    with override(_LANGUAGE):
        subject, body = _letter(invitation, url)
    queued = outbound.queue(
        purpose=f"survey.{invitation.occasion}",
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
