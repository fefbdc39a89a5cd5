"""The commission desk: cards, and rates of single clients that one person proposes and another approves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from string import Template
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from clients.models import Client
from crm.core import audit
from crm.core.clocks import local_date
from crm.core.errors import FourEyes, MissingRight
from crm.core.models import User
from crm.core.policies import Figures, figures
from crm.core.service import service
from crm.core.versions import lock
from tiers.errors import (
    LaterRateStands,
    NeedsHouse,
    ProposalExpired,
    RateDecided,
    RateNotAllowed,
    RateNotInForce,
    RateWaiting,
)
from tiers.models import ClientRate, Product, RateBasis, RateCard, Tier, TierState
from tiers.querysets import may_see_commission
from tiers.querysets.house import not_over_q

#: Which market's pass-through fees a product carries; the others have fees of their own that the figures do not hold.
_MARKET = {Product.A_SHARE: "SSE", Product.MARGIN: "SSE", Product.BSE: "BSE"}
_DAY = timedelta(days=1)
#: One of the two who approve a deep concession.
_HOUSE = ("compliance", "head_office")


@dataclass(frozen=True)
class Price:
    """What a product costs: the rate as a fraction, what it includes, and the lowest fee per trade in yuan."""

    product: str
    rate: Decimal
    basis: str
    min_fee: Decimal


def check_price(price: Price, known: Figures) -> None:
    """Raise ``RateNotAllowed`` for what the rules on commission forbid (notice of 2002, cl. 1; figures ``commission.*``).

    All-in, the rate lies between the fees passed through and the cap; a net rate keeps to the cap with those fees on top.
    """
    market = _MARKET.get(Product(price.product))
    passed, cap = _passed(price.product, known), known.rate("commission.max_rate_all_in")
    full = all_in(price, known)
    wrong: dict[str, str] = {}
    if price.rate <= 0:
        wrong["rate"] = _("A rate is above zero.")
    elif full > cap:
        wrong["rate"] = _("With all fees the rate may be at most %(cap)s.") % {"cap": _in_ten_thousandths(cap)}
    elif passed is not None and full < passed:
        wrong["rate"] = _("All-in, the rate must cover the fees passed through, %(fees)s.") % {
            "fees": _in_ten_thousandths(passed)
        }
    lowest = known.money("commission.min_fee") if market else Decimal()
    if price.min_fee < lowest:
        wrong["min_fee"] = _("The lowest fee per trade is at least %(fee)s yuan.") % {"fee": lowest}
    if wrong:
        raise RateNotAllowed(fields=wrong)


def _passed(product: str, known: Figures) -> Decimal | None:
    """The fees passed through with a product, or none for a product whose fees the figures do not hold."""
    market = _MARKET.get(Product(product))
    if market is None:
        return None
    return sum((Decimal(part) for part in known.json("commission.passthrough")[market]), Decimal())


def _in_ten_thousandths(rate: Decimal) -> str:
    return _("%(number)s in ten thousand") % {"number": f"{(rate * 10_000).normalize():f}"}


@service("rate_card.set")
def set_rate_card(*, tier: Tier, price: Price, valid_from: date, actor: User, reason: str = "") -> RateCard:
    """Add the rate of a tier for a product from a day on; the open row before it ends the day before.

    Rates agreed with clients stay as they are. Raises ``RateNotAllowed``, ``LaterRateStands`` and ``MissingRight``.
    """
    if not actor.is_system and actor.company_id != tier.programme.company_id:
        raise MissingRight
    check_price(price, figures(valid_from, tier.programme.branch))
    Tier.objects.select_for_update(of=("self",), no_key=True).get(pk=tier.pk)
    rows = RateCard.objects.filter(tier=tier, product=price.product)
    if rows.filter(valid_from__gte=valid_from).exists():
        raise LaterRateStands
    before = rows.filter(valid_to=None).first()
    if before is not None:
        before.valid_to = valid_from - _DAY
        before.save(update_fields=["valid_to"])
    made = RateCard.objects.create(
        tier=tier,
        product=price.product,
        rate=price.rate,
        basis=price.basis,
        min_fee=price.min_fee,
        valid_from=valid_from,
        reason=reason,
        created_by=actor,
    )
    audit.record(actor, "rate_card.set", made, before=_terms(before), after=_terms(made), reason=reason)
    return made


@service("client_rate.propose")
def propose_client_rate(
    *,
    client: Client,
    price: Price,
    valid_from: date,
    reason: str,
    actor: User,
    now: datetime,
    valid_to: date | None = None,
    promised_turnover: Decimal | None = None,
) -> ClientRate:
    """Propose a rate for one client; it holds once somebody else has approved it.

    What held on a day that is over stays as it was. Raises ``MissingRight`` for a client whose commission the actor may not
    see, ``RateNotAllowed`` and ``RateWaiting``.
    """
    if not may_see_commission(actor, client):
        raise MissingRight
    _not_over("valid_from", valid_from, now)
    if valid_to is not None and valid_to < valid_from:
        raise RateNotAllowed(fields={"valid_to": _("The last day lies before the first.")})
    if promised_turnover is not None and promised_turnover <= 0:
        raise RateNotAllowed(fields={"promised_turnover": _("The amount is above zero.")})
    known = figures(valid_from, client.branch)
    check_price(price, known)
    _hold(client)
    if ClientRate.objects.open().filter(client=client, product=price.product).exists():
        raise RateWaiting
    made = ClientRate.objects.create(
        client=client,
        product=price.product,
        rate=price.rate,
        basis=price.basis,
        min_fee=price.min_fee,
        valid_from=valid_from,
        valid_to=valid_to,
        reason=reason,
        proposed_by=actor,
        proposed_at=now,
        promised_turnover=promised_turnover,
        decide_by=local_date(now) + timedelta(days=known.days("commission.decide_days")),
    )
    audit.record(actor, "client_rate.propose", made, after=_terms(made), reason=reason)
    return made


@service("client_rate.approve")
def approve_client_rate(
    *, rate: ClientRate, actor: User, now: datetime, version: int | None = None, note: str = ""
) -> ClientRate:
    """Approve a proposed rate.

    A concession far below the card or below the cost line takes two people, one of them of compliance or the head office; the
    first one's word leaves it waiting. A rate from a change of tier is then told to the client and waits for his word; a
    concession holds at once, and an open rate for the same product ends the day before it begins, today at the earliest.

    Raises ``FourEyes``, ``NeedsHouse``, ``ProposalExpired``, ``RateDecided``, ``StaleEdit``, ``LaterRateStands``, and
    ``RateNotAllowed`` when the figures have changed since the proposal.
    """
    row, today = _waiting(rate, actor, version), local_date(now)
    if any(last is not None and last < today for last in (row.decide_by, row.valid_to)):
        raise ProposalExpired
    check_price(price_of(row), figures(max(row.valid_from, today), row.client.branch))
    if needs_two(row, today):
        by_house = actor.has_role(*_HOUSE)
        if row.endorsed_by_id is None:
            return _endorse(row, actor, now, note, by_house=by_house)
        if row.endorsed_by_id == actor.pk:
            raise FourEyes
        if not (by_house or row.endorsed_by_house):
            raise NeedsHouse
    if row.origin == ClientRate.Origin.TIER_CHANGE:
        offer(row, today)
        return _decide(row, ClientRate.State.OFFERED, actor, now, note)
    put_in_force(row, today)
    return _decide(row, ClientRate.State.APPROVED, actor, now, note)


def put_in_force(row: ClientRate, today: date) -> None:
    """End what holds for the product the day before ``row`` begins, which is today at the earliest; saves not ``row``.

    Raises ``LaterRateStands``.
    """
    row.valid_from = max(row.valid_from, today)
    agreed = ClientRate.objects.agreed().filter(client=row.client, product=row.product).exclude(pk=row.pk)
    if agreed.filter(valid_from__gte=row.valid_from).exists():
        raise LaterRateStands
    # One that was told to end on a later day ends now, too; or it would come back once the new one is over.
    for before in agreed.filter(not_over_q(row.valid_from)):
        before.valid_to = row.valid_from - _DAY
        before.save_changed(["valid_to"])


def needs_two(row: ClientRate, day: date) -> bool:
    """Whether a concession lies below the cost line or deeper below the card than the manager may go alone."""
    if row.origin != ClientRate.Origin.CONCESSION:
        return False
    known = figures(day, row.client.branch)
    wanted = all_in(price_of(row), known)
    if below_line(row, known):
        return True
    tiers = TierState.objects.filter(client=row.client).values("tier_id")
    card = RateCard.objects.filter(tier_id__in=tiers, product=row.product).in_force(day).first()
    return card is not None and all_in(price_of(card), known) - wanted > known.rate("commission.manager_depth")


def below_line(row: ClientRate, known: Figures) -> bool:
    """Whether a rate for shares lies below the cost line; other products have none."""
    market = _MARKET.get(Product(row.product))
    return market is not None and all_in(price_of(row), known) < known.rate("commission.approval_below")


def price_of(row: ClientRate | RateCard) -> Price:
    """The terms of a row as one value."""
    fee: Any = row.min_fee
    return Price(row.product, row.rate, row.basis, fee)


def all_in(price: Price, known: Figures) -> Decimal:
    """The rate with the fees passed through, so that net and all-in rates compare."""
    return price.rate if price.basis == RateBasis.ALL_IN else price.rate + (_passed(price.product, known) or 0)


def _endorse(row: ClientRate, actor: User, now: datetime, note: str, *, by_house: bool) -> ClientRate:
    row.endorsed_by, row.endorsed_at, row.endorsed_by_house = actor, now, by_house
    row.save_changed(["endorsed_by", "endorsed_at", "endorsed_by_house"])
    audit.record(actor, "client_rate.endorse", row, after=_terms(row), reason=note)
    return row


@service("client_rate.reject")
def reject_client_rate(
    *, rate: ClientRate, actor: User, now: datetime, note: str, version: int | None = None
) -> ClientRate:
    """Turn a proposed rate down, saying why. Raises ``FourEyes``, ``RateDecided`` and ``StaleEdit``."""
    return _decide(_waiting(rate, actor, version), ClientRate.State.REJECTED, actor, now, note)


@service("client_rate.end")
def end_client_rate(
    *, rate: ClientRate, last_day: date, reason: str, actor: User, now: datetime, version: int | None = None
) -> ClientRate:
    """Let an approved rate end after ``last_day``, today at the earliest; from then on the card of the client's tier holds.

    Raises ``RateNotInForce``, ``RateNotAllowed`` and ``StaleEdit``.
    """
    _hold(rate.client)
    row = lock(ClientRate.objects.select_related("client"), pk=rate.pk, version=version)
    if row.state != ClientRate.State.APPROVED or (row.valid_to is not None and row.valid_to < last_day):
        raise RateNotInForce
    if last_day < row.valid_from:
        raise RateNotAllowed(fields={"last_day": _("The last day lies before the first.")})
    _not_over("last_day", last_day, now)
    before = _terms(row)
    row.state, row.valid_to = ClientRate.State.ENDED, last_day
    row.save_changed(["state", "valid_to"])
    audit.record(actor, "client_rate.end", row, before=before, after=_terms(row), reason=reason)
    return row


def _not_over(field: str, day: date, now: datetime) -> None:
    """Raise ``RateNotAllowed`` for a day that is over: a client has traded on it at the rate that held."""
    if day < local_date(now):
        raise RateNotAllowed(fields={field: _("This day is over. Name today or a later day.")})


def _hold(client: Client) -> None:
    """One writer of a client's rates at a time; foreign keys to the client stay free."""
    Client.objects.select_for_update(of=("self",), no_key=True).get(pk=client.pk)


def _waiting(rate: ClientRate, actor: User, version: int | None) -> ClientRate:
    _hold(rate.client)
    row = lock(ClientRate.objects.select_related("client__branch", "tier_change__new"), pk=rate.pk, version=version)
    if row.state != ClientRate.State.PROPOSED:
        raise RateDecided
    if row.proposed_by_id == actor.pk:
        raise FourEyes
    return row


def _decide(row: ClientRate, state: ClientRate.State, actor: User, now: datetime, note: str) -> ClientRate:
    row.state, row.decided_by, row.decided_at, row.decision_note = state, actor, now, note
    names = ["notice_text", "notice_version", "accept_by"] if state == ClientRate.State.OFFERED else ["valid_from"]
    row.save_changed(["state", "decided_by", "decided_at", "decision_note", *names])
    verb = "reject" if state == ClientRate.State.REJECTED else "approve"
    audit.record(actor, f"client_rate.{verb}", row, before={"state": "proposed"}, after=_terms(row), reason=note)
    return row


def _terms(row: ClientRate | RateCard | None) -> dict[str, Any] | None:
    if row is None:
        return None
    names = ["product", "rate", "basis", "min_fee", "valid_from", "valid_to"]
    terms: dict[str, Any] = {name: getattr(row, name) for name in names}
    return {**terms, "state": row.state} if isinstance(row, ClientRate) else terms


def offer(row: ClientRate, today: date) -> None:
    """Write the notice to the client (告知书) and the last day for his answer on the row; saves not."""
    known = figures(today, row.client.branch)
    notice = known.figure("commission.notice")
    with override("zh-hans"):
        words = {
            "tier": row.tier_change.new.name if row.tier_change else "",
            "day": max(row.valid_from, today).isoformat(),
            "product": row.get_product_display(),
            "rate": _in_ten_thousandths(row.rate),
            "basis": row.get_basis_display(),
            "fee": f"{row.min_fee:f}",
        }
        # A template that a branch has written may lack a word or have one too many; it is never a reason to fail.
        row.notice_text = Template(str(notice.value)).safe_substitute({name: str(word) for name, word in words.items()})
    row.notice_version = notice.version
    row.accept_by = today + timedelta(days=known.days("commission.accept_days"))
