"""May this client be contacted by this channel now? One rule for the contact form, calls and messages.

Asked before somebody from the branch reaches out; a client who comes by himself is always heard.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from crm.core.clocks import SHANGHAI, after_quiet, is_quiet

if TYPE_CHECKING:
    from clients.models import Client, ContactPoint
    from crm.core.policies import Figures

#: Channel → kind of contact point that it needs.
NEEDS = {"phone": "phone", "sms": "phone", "video": "wechat", "wechat": "wechat", "email": "email"}


@dataclass(frozen=True)
class Hindrance:
    """One reason against it. ``code`` is for programs, ``text`` for people."""

    code: str
    text: str


def hindrances(
    client: Client,
    channel: str,
    at: datetime,
    figures: Figures | None,
    points: Iterable[ContactPoint] = (),
    *,
    refuses: bool = False,
) -> list[Hindrance]:
    """Every reason against contacting the client by ``channel`` at ``at``; an empty list means: go ahead.

    ``points`` are his contact points on file; without any the client's own columns count as usable. Without ``figures`` only
    quiet hours of his own count. ``refuses``: what is meant for him is marketing, and he has refused it or withdrawn his consent
    (``clients.querysets.consents.refusing_marketing``); calls that the law asks for never ask this.
    """
    found = []
    if client.restricted_on is not None:
        found.append(Hindrance("restricted", _("The client's data are restricted to storage.")))
    if client.do_not_contact:
        found.append(Hindrance("do_not_contact", _("This client must not be contacted by us.")))
    if refuses:
        found.append(Hindrance("no_consent", _("The client has refused marketing or withdrawn his consent.")))
    if channel in client.forbidden:
        found.append(Hindrance("forbidden_channel", _("The client does not want to be reached by this channel.")))
    kind = NEEDS.get(channel)
    fitting = [point for point in points if point.kind == kind]
    if fitting and all(point.is_forbidden for point in fitting):
        found.append(Hindrance("forbidden_points", _("Every number or address for this channel must not be used.")))
    begin, end = quiet_hours(client, figures)
    if channel != "email" and is_quiet(at.astimezone(SHANGHAI).time(), begin, end):
        hours = {"begin": f"{begin:%H:%M}", "end": f"{end:%H:%M}"}
        found.append(Hindrance("quiet_hours", _("Quiet hours from %(begin)s to %(end)s.") % hours))
    return found


def quiet_hours(client: Client, figures: Figures | None) -> tuple[time, time]:
    """The client's own quiet hours, else those of figure ``contact.quiet_hours``; midnight twice means none."""
    if client.quiet_from is not None and client.quiet_until is not None:
        return client.quiet_from, client.quiet_until
    if figures is None:
        return time.min, time.min
    begin, end = figures.json("contact.quiet_hours")
    return time.fromisoformat(begin), time.fromisoformat(end)


def leaves_at(client: Client, channel: str, now: datetime, figures: Figures | None) -> datetime:
    """When a message to the client may leave: now, or at the end of the quiet hours in which it lies; letters disturb nobody."""
    return now if channel == "email" else after_quiet(now, *quiet_hours(client, figures))


def warnings(client: Client, at: datetime) -> list[str]:
    """What whoever wants to reach the client should read first: channels that he forbids, and his quiet hours now."""
    found = []
    if client.forbidden:
        from clients.models import Channel

        names = _(", ").join(str(Channel(code).label) for code in sorted(client.forbidden))
        found.append(_("The client does not want to be reached by: %(names)s.") % {"names": names})
    found += [one.text for one in hindrances(client, "", at, None) if one.code == "quiet_hours"]
    return found
