"""Whom a publication reaches: each client of its preference segments, by which way, or why he is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _

from clients.models import Client
from clients.suitability import suits_q
from clients.ways import NO_ADDRESS, Ways
from crm.core.batches import batches
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput
from crm.core.models import Outbound, User
from crm.core.policies import Figures, figures
from tiers.gates import passing_q
from tiers.models import PreferenceSegment, Publication, Recipient
from tiers.querysets.publications import entitled_q, members

State, Reason = Recipient.State, Recipient.Reason
_AT_ONCE = 500
#: Reached by a call; messages bear the channel of ``Outbound``.
CALL = "phone"


def draw_recipients(row: Publication, segments: Sequence[PreferenceSegment], reader: User, now: datetime) -> int:
    """Write whom it reaches now as ``reader`` sees the clients; whoever has, or is about to have, his message stays as he is.

    Returns how many it reaches that it did not reach before. Raises ``InvalidInput`` for an audience larger than figure
    ``outbound.publication_limit``.
    """
    known = figures(local_date(now), row.branch)
    limit = known.integer("outbound.publication_limit")
    keys = list(members(row, segments, reader, now).order_by("pk").values_list("pk", flat=True)[: limit + 1])
    if len(keys) > limit:
        said = _("These segments have more than %(limit)s clients in the branch: choose fewer, or narrow them.")
        raise InvalidInput(fields={"segments": said % {"limit": limit}})
    undone = row.recipients.all() if row.is_open else row.recipients.filter(state=State.LEFT_OUT)
    undone.delete()
    there = set(row.recipients.values_list("client_id", flat=True))
    new = 0
    for page in batches((key for key in keys if key not in there), _AT_ONCE):
        made = list(_judged(row, page, known, now))
        new += sum(1 for one in made if one.state != State.LEFT_OUT)
        Recipient.objects.bulk_create(made)
    return new


def _judged(row: Publication, keys: list[int], known: Figures, now: datetime) -> Iterator[Recipient]:
    today = local_date(now)
    clients: Any = Client.objects.filter(pk__in=keys)
    fit: dict[str, set[int]] = {Reason.NOT_SERVED: _keys(clients.served())}
    if row.item is not None:
        fit[Reason.NOT_ENTITLED] = _keys(clients.filter(entitled_q(row.item, today)))
        fit[Reason.CONDITION] = _keys(clients.filter(passing_q(row.item, today)))
    if row.risk:
        fit[Reason.RISK] = _keys(clients.filter(suits_q(row.risk, today, known.json("suitability.match"))))
    people = list(clients.select_related("branch").order_by("pk"))
    judge = Judge(people, known, now, asked_by_us=not row.is_basic)
    for client in people:
        reason = _refused(client, fit)
        way = ""
        if not reason:
            way, reason = judge.way_of(client)
        state = State.LEFT_OUT if reason else State.CALL if way == CALL else State.CHOSEN
        yield Recipient(publication=row, client=client, state=state, reason=reason, way=way)


def _keys(clients: Any) -> set[int]:
    return set(clients.values_list("pk", flat=True))


def _refused(client: Client, fit: dict[str, set[int]]) -> str:
    """What stands against it before it is asked how he may be reached; what concerns him before what concerns the service."""
    if client.restricted_on is not None:
        return Reason.RESTRICTED
    if client.pk not in fit[Reason.NOT_SERVED]:
        return Reason.NOT_SERVED
    if client.do_not_contact:
        return Reason.DO_NOT_CONTACT
    return next((reason for reason, keys in fit.items() if client.pk not in keys), "")


class Judge:
    """By which way each of several clients of a branch is reached, within what one client may get in some days."""

    def __init__(self, clients: Sequence[Client], known: Figures, now: datetime, *, asked_by_us: bool) -> None:
        most = known.json("outbound.max_per_client")
        self._most = int(most["count"])
        self._ways = Ways(clients, now, known, asked_by_us=asked_by_us)
        self._had = Counter(
            Outbound.objects.counts_of([one.public_id for one in clients], now - timedelta(days=most["days"]))
        )
        # What is about to be written counts as well, or two sendings of one morning would both slip through.
        about = Recipient.objects.to_write().filter(client__in=[one.pk for one in clients]).order_by()
        for ref, count in about.values_list("client__public_id").annotate(n=Count("pk")):
            self._had[ref] += count

    @property
    def ways(self) -> Ways:
        return self._ways

    def way_of(self, client: Client, *, own: int = 0) -> tuple[str, str]:
        """(way, "") or ("", reason). ``own``: how many of the messages that count are this very one."""
        way, refused = self._ways.open_to(client)
        if way is not None:
            if self._had[client.public_id] - own >= self._most:
                return "", Reason.TOO_OFTEN
            return str(way[0]), ""
        if refused != NO_ADDRESS and self._ways.may_call(client):
            return (CALL, "") if client.advisor_id is not None else ("", Reason.NO_ADVISOR)
        return "", Reason(refused)
