"""By which way several clients may be written to or called at one moment: the rule of ``clients.reach`` for many at once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from clients.models import Channel, Client, ContactPoint
from clients.querysets.consents import refusing_marketing
from clients.reach import hindrances, leaves_at
from crm.core.clocks import local_date
from crm.core.models import Outbound
from crm.core.policies import Figures, figures

#: What only puts a message off, and what is said of who has neither address nor number.
QUIET_HOURS, NO_ADDRESS = "quiet_hours", "no_address"


class Ways:
    """By which way each of several clients may be reached at one moment; their contact points and the figures of their
    branches are read once for all of them."""

    def __init__(
        self,
        clients: Iterable[Client | None],
        now: datetime,
        known: Figures | None = None,
        *,
        asked_by_us: bool = False,
    ) -> None:
        """``known``: the figures of the branch of them all, where they are at hand. ``asked_by_us``: what is written answers
        nothing and is no duty, so that who has refused marketing does not get it."""
        self.now, self._known = now, known
        clients = list(clients)
        self._refusing = refusing_marketing(clients) if asked_by_us else frozenset()
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
            against = [code for code in self.against(client, channel, address) if code != QUIET_HOURS]
            if not against:
                return (channel, address), ""
            refused = refused or against[0]
        return None, refused or NO_ADDRESS

    def may_call(self, client: Client) -> bool:
        """Whether his phone may be rung, now or once quiet hours are over."""
        if not client.phone:
            return False
        return all(code == QUIET_HOURS for code in self.against(client, Channel.PHONE, client.phone))

    def against(self, client: Client, channel: str, address: str) -> list[str]:
        """Codes of what stands against reaching him at this very address."""
        same = [point for point in self._points.get(client.pk, ()) if point.value == address]
        refuses = client.pk in self._refusing
        found = hindrances(client, channel, self.now, self._of_branch(client), same, refuses=refuses)
        return [one.code for one in found]

    def leaves_at(self, client: Client, channel: str) -> datetime:
        return leaves_at(client, channel, self.now, self._of_branch(client))

    def _of_branch(self, client: Client) -> Figures:
        if self._known is not None:
            return self._known
        if client.branch_id not in self._figures:
            self._figures[client.branch_id] = figures(local_date(self.now), client.branch)
        return self._figures[client.branch_id]
