"""What clients are told about surveys: rows, sent after commit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import override

from care.models import SurveyInvitation
from clients.models import Client, ContactPoint
from clients.reach import hindrances, leaves_at
from crm.core import outbound
from crm.core.clocks import local_date
from crm.core.models import Outbound
from crm.core.policies import Figures, figures

#: Clients of the branch read Chinese.
_LANGUAGE = "zh-hans"
HeldBack = SurveyInvitation.HeldBack


@outbound.last_look("survey.complaint")
@outbound.last_look("survey.round")
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
    ways = Ways([client], now)
    against = ways.against(client, message.channel, message.address)
    if against == [HeldBack.QUIET_HOURS]:
        raise outbound.NotYet(ways.leaves_at(client, message.channel))
    reason = next(iter(against), "")
    if reason:
        sent.filter(pk=invitation.pk).update(held_back=reason)
    return reason


class Ways:
    """By which way each of several clients may be written to at one moment, by the rule of ``clients.reach``; their contact
    points and the figures of their branches are read once for all of them."""

    def __init__(self, clients: Iterable[Client | None], now: datetime, known: Figures | None = None) -> None:
        """``known``: the figures of the branch of them all, where they are at hand."""
        self.now, self._known = now, known
        self._points: dict[int, list[ContactPoint]] = {}
        self._figures: dict[int, Figures] = {}
        keys = [client.pk for client in clients if client is not None]
        for point in ContactPoint.objects.present().filter(client__in=keys):
            self._points.setdefault(point.client_id, []).append(point)

    def open_to(self, client: Client) -> tuple[tuple[str, str] | None, str]:
        """Channel and address by which he may be written to, else None and the code of what stands against the first way he
        has. Quiet hours only put a message off."""
        refused = ""
        for channel, address in ((Outbound.Channel.EMAIL, client.email), (Outbound.Channel.SMS, client.phone)):
            if not address:
                continue
            against = [code for code in self.against(client, channel, address) if code != HeldBack.QUIET_HOURS]
            if not against:
                return (channel, address), ""
            refused = refused or against[0]
        return None, refused or HeldBack.NO_ADDRESS

    def against(self, client: Client, channel: str, address: str) -> list[str]:
        """Codes of what stands against writing to this very address."""
        same = [point for point in self._points.get(client.pk, ()) if point.value == address]
        return [one.code for one in hindrances(client, channel, self.now, self._of_branch(client), same)]

    def leaves_at(self, client: Client, channel: str) -> datetime:
        return leaves_at(client, channel, self.now, self._of_branch(client))

    def _of_branch(self, client: Client) -> Figures:
        if self._known is not None:
            return self._known
        if client.branch_id not in self._figures:
            self._figures[client.branch_id] = figures(local_date(self.now), client.branch)
        return self._figures[client.branch_id]


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
