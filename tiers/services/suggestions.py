"""Services of the catalogue that fit what a client wants now, each with the wish that it answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from clients.models import Client, NeedsInterview
from clients.querysets.consents import refusing_marketing
from clients.questions import Service
from tiers.gates import is_for_some, offering_q
from tiers.models import Period, ServiceItem
from tiers.querysets.received import entitled_services

if TYPE_CHECKING:
    from crm.core.models import User

#: Wish of the needs interview → what a service is proved by, and the purposes of its contacts, that answer it. By what a
#: service is and not by its code, so that a branch's own services count as well.
_ANSWERS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    Service.MARKET_NEWS: (frozenset({"send"}), frozenset({"market"})),
    Service.RESEARCH: (frozenset({"send"}), frozenset()),
    Service.HOLDINGS_CHECK: (frozenset(), frozenset({"product"})),
    Service.PORTFOLIO: (frozenset(), frozenset({"product"})),
    Service.RISK_ALERT: (frozenset({"send"}), frozenset()),
    Service.EVENTS: (frozenset({"event"}), frozenset()),
    Service.EDUCATION: (frozenset({"event"}), frozenset()),
}


#: A plan begins with no more steps; more are added by hand.
_MOST_STEPS = 8


@dataclass(frozen=True)
class Suggestion:
    """A service that a client may be offered: the wishes that it answers, and whether his tier has it already."""

    item: ServiceItem
    wishes: tuple[str, ...]
    asked_on: date
    is_entitled: bool


def suggested_services(user: User, client: Client, day: date, entitled: set[int]) -> list[Suggestion]:
    """What the branch offers on ``day`` beside the basic services and answers a wish in the client's present needs.

    ``entitled``: ids of the services that his tier has; they come first. Nothing for a client who wants to be left in peace,
    must not be contacted or has refused marketing, and nothing whose risk grade or condition he does not meet.
    """
    needs = NeedsInterview.objects.visible_to(user).present().filter(client=client).first()
    if needs is None or client.do_not_contact or Service.QUIET in needs.services:
        return []
    if refusing_marketing([client]):
        return []
    found = []
    for item in ServiceItem.objects.of_branch(client.branch).in_force(day).order_by("code"):
        wishes = tuple(str(Service(wish).label) for wish in needs.services if _answers(item, wish))
        if item.kind != ServiceItem.Kind.BASIC and wishes and _passes(item, client, day):
            found.append(Suggestion(item, wishes, needs.day_of("services") or needs.taken_on, item.pk in entitled))
    return sorted(found, key=lambda one: (not one.is_entitled, -len(one.wishes), one.item.code))


def _answers(item: ServiceItem, wish: str) -> bool:
    proofs, purposes = _ANSWERS.get(wish, (frozenset(), frozenset()))
    return item.proof in proofs or (item.proof == ServiceItem.Proof.CONTACT and not purposes.isdisjoint(item.purposes))


def _passes(item: ServiceItem, client: Client, day: date) -> bool:
    if not is_for_some(item):
        return True
    return Client.objects.filter(offering_q(item, day), pk=client.pk).exists()


def plan_to_begin_with(user: User, client: Client, day: date) -> list[dict[str, str]]:
    """The steps that a service plan may begin with: what answers his wishes, then what else his tier gives him regularly.

    Each {item, purpose, period, owner} by public ids; what he has by his tier with the period of his entitlement.
    """
    lines = entitled_services(client, day)
    periods = {line["item"].pk: line["entitlement"].period for line in lines}
    owner = client.advisor.public_id if client.advisor else ""
    wished = suggested_services(user, client, day, set(periods))
    said = {one.item.pk: _("Client's wish: %(wishes)s") % {"wishes": " · ".join(one.wishes)} for one in wished}
    regular = [
        line["item"]
        for line in lines
        if line["item"].kind == ServiceItem.Kind.VALUE_ADDED
        and line["item"].rhythm in (ServiceItem.Rhythm.PERIODIC, ServiceItem.Rhythm.ROLLING)
        and line["item"].pk not in said
    ]
    return [
        {
            "item": item.public_id,
            "purpose": said.get(item.pk, "") or _("Included in the client's tier"),
            "period": periods.get(item.pk, Period.QUARTER),
            "owner": owner,
        }
        for item in [*(one.item for one in wished), *regular][:_MOST_STEPS]
        if _passes(item, client, day)
    ]
