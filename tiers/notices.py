"""What clients are told of publications: rows, sent after commit, and a last look right before one leaves."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import override

from clients.models import Client
from clients.suitability import highest_risk
from clients.ways import QUIET_HOURS, Ways
from crm.core import outbound
from crm.core.clocks import local_date
from crm.core.models import Outbound
from crm.core.policies import figures
from tiers.models import Publication, Recipient

#: Clients of the branch read Chinese.
_LANGUAGE = "zh-hans"
PURPOSE = "publication"
#: A message bears the name of its recipient's row.
KEY = f"{PURPOSE}:"
Reason = Recipient.Reason


@outbound.last_look(PURPOSE)
def not_wanted(message: Outbound, now: datetime) -> str:
    """Why a message stays here: withdrawn, no longer valid, or the client may not be reached so any more; noted on his row.

    Raises ``outbound.NotYet`` in quiet hours, of the client's own or of the house.
    """
    rows = Recipient.objects.filter(public_id=message.dedupe_key.removeprefix(KEY), state=Recipient.State.WRITTEN)
    row = rows.select_related("client__branch", "publication__item").first()
    if row is None:
        return "replaced"
    reason = against_all(row.publication, now)
    if not reason and row.publication.risk:
        # A message waits for the end of quiet hours; his grade may have run out in that night.
        today = local_date(now)
        highest = highest_risk(row.client, today, figures(today, row.client.branch).json("suitability.match"))
        reason = "" if highest >= row.publication.risk else Reason.RISK
    if not reason:
        ways = Ways([row.client], now, asked_by_us=not row.publication.is_basic)
        found = ways.against(row.client, message.channel, message.address)
        if found == [QUIET_HOURS]:
            raise outbound.NotYet(ways.leaves_at(row.client, message.channel))
        reason = next((code for code in found if code != QUIET_HOURS), "")
    if reason:
        rows.filter(pk=row.pk).update(state=Recipient.State.HELD, reason=reason, settled_at=now)
    return str(reason)


def against_all(publication: Publication, now: datetime) -> str:
    """Why nothing of a publication leaves now, or ""."""
    if publication.state != Publication.State.SENT:
        return Reason.WITHDRAWN
    return "" if publication.holds_on(local_date(now)) else Reason.OVER


def tell(recipient: Recipient, client: Client, way: tuple[str, str], ways: Ways) -> bool:
    """Queue the message to one recipient; in quiet hours it waits for their end."""
    channel, address = way
    row = recipient.publication
    with override(_LANGUAGE):
        end = _("If you want no more such messages, please tell us. %(branch)s") % {"branch": client.branch.name}
    return outbound.queue(
        purpose=PURPOSE,
        channel=channel,
        address=address,
        subject=row.title,
        body="\n".join(part for part in (row.text, row.link, end) if part),
        dedupe_key=f"{KEY}{recipient.public_id}",
        due_at=ways.leaves_at(client, channel),
        branch=row.branch,
        client_ref=client.public_id,
    )
