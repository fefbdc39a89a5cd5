"""The fee calculator: what a trade costs, line by line, by the figures in force on its day.

Sources of the figures: regulation §3.2 (stamp duty since 2023-08-28, transfer fee since 2022-04-29, handling and regulation
fees). All-in (全佣) the handling and regulation fees are inside what is charged; net (净佣) they come on top.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from clients.models import Client
from crm.core import audit
from crm.core.clocks import local_date
from crm.core.errors import MissingRight
from crm.core.fields import money
from crm.core.models import Branch, Policy, User
from crm.core.policies import Figures, PolicyMissing, figures
from crm.core.service import service
from tiers.errors import FeesUnknown
from tiers.models import Exchange, FeeQuote, Product, RateBasis, Side
from tiers.querysets import may_see_commission
from tiers.services.commission import Price, check_price

#: Where each product is traded; products that are not here have fees of their own that the figures do not hold.
_TRADED_AT = {
    Product.A_SHARE: (Exchange.SSE, Exchange.SZSE),
    Product.MARGIN: (Exchange.SSE, Exchange.SZSE),
    Product.BSE: (Exchange.BSE,),
}
CALCULABLE = tuple(_TRADED_AT)
_FIGURES = ("commission.passthrough", "fee.transfer", "fee.stamp_sell")


@dataclass(frozen=True)
class Trade:
    """One trade: ``amount`` in yuan on ``day``."""

    product: str
    exchange: str
    side: str
    amount: Decimal
    day: date


@dataclass(frozen=True)
class Split:
    """The lines of a trade's cost in yuan, each rounded half up to the fen, and their sum."""

    commission: Decimal
    handling: Decimal
    regulation: Decimal
    transfer: Decimal
    stamp: Decimal

    @property
    def total(self) -> Decimal:
        return self.commission + self.handling + self.regulation + self.transfer + self.stamp

    @property
    def charged(self) -> Decimal:
        """Commission as the client reads it all-in: with the fees that the house collects for others."""
        return self.commission + self.handling + self.regulation

    def lines(self) -> dict[str, Decimal]:
        names = ("commission", "handling", "regulation", "transfer", "stamp")
        return {name: getattr(self, name) for name in names}


def known_on(day: date, branch: Branch | None = None) -> Figures:
    """The figures of ``day``. Raises ``FeesUnknown`` for a day before the first version on file."""
    known = figures(day, branch)
    try:
        for key in _FIGURES:
            known.figure(key)
    except PolicyMissing:
        raise FeesUnknown(fields={"day": _("The fees of this day are not on file.")}) from None
    return known


def last_known(today: date) -> date:
    """The last day for which the fees are known: today, or the day on which a version on file takes effect."""
    newest = Policy.objects.filter(policy_key_id__in=_FIGURES).aggregate(newest=Max("effective_from"))["newest"]
    return max(today, newest) if newest else today


def split_trade(trade: Trade, price: Price, known: Figures) -> Split:
    """Split the cost of ``trade`` at ``price`` by the figures ``known`` on its day. Raises ``FeesUnknown``."""
    _check_trade(trade)
    handling_rate, regulation_rate = (Decimal(part) for part in known.json("commission.passthrough")[trade.exchange])
    amount = trade.amount
    handling, regulation = money(amount * handling_rate), money(amount * regulation_rate)
    charged = max(money(amount * price.rate), money(price.min_fee))
    commission = charged - handling - regulation if price.basis == RateBasis.ALL_IN else charged
    stamp = money(amount * known.rate("fee.stamp_sell")) if trade.side == Side.SELL else money(0)
    return Split(commission, handling, regulation, money(amount * known.rate("fee.transfer")), stamp)


def _check_trade(trade: Trade) -> None:
    exchanges = _TRADED_AT.get(Product(trade.product))
    wrong: dict[str, str] = {}
    if exchanges is None:
        wrong["product"] = _("The fees of this product are not on file.")
    elif trade.exchange not in exchanges:
        wrong["exchange"] = _("This product is not traded at this exchange.")
    if trade.amount <= 0:
        wrong["amount"] = _("The amount is above zero.")
    if wrong:
        raise FeesUnknown(fields=wrong)


def work_out(trade: Trade, price: Price, branch: Branch | None = None) -> Split:
    """Split a trade at a price that the rules of its day allow. Raises ``FeesUnknown`` and ``RateNotAllowed``."""
    known = known_on(trade.day, branch)
    _check_trade(trade)
    check_price(price, known)
    return split_trade(trade, price, known)


def split_turnover(days: Iterable[tuple[date, Decimal, Decimal]], basis: str, branch: Branch | None = None) -> Split:
    """What a time of trading has cost: (day, turnover, commission charged) of each day, split by the figures of that day.

    Each line is rounded on each day and then summed. Which shares were sold is not on file: half of the turnover counts as
    sales, and all of it as shares of Shanghai and Shenzhen, whose fees are the same. All-in, the fees passed through are
    taken out of the commission, which never goes below nothing.
    """
    told = list(days)
    if not told:
        return Split(*[money(0)] * 5)
    ends = [known_on(day, branch) for day in (told[0][0], told[-1][0])]
    # Figures change once in years: asked for each day only where they have between the ends.
    steady = all(ends[0].figure(key).version == ends[1].figure(key).version for key in _FIGURES)
    sums = [money(0)] * 5
    for day, turnover, charged in told:
        known = ends[0] if steady else known_on(day, branch)
        handling, regulation = (
            money(turnover * Decimal(part)) for part in known.json("commission.passthrough")[Exchange.SSE]
        )
        passed = handling + regulation if basis == RateBasis.ALL_IN else money(0)
        lines = (
            max(money(charged) - passed, money(0)),
            handling,
            regulation,
            money(turnover * known.rate("fee.transfer")),
            money(turnover / 2 * known.rate("fee.stamp_sell")),
        )
        sums = [so_far + line for so_far, line in zip(sums, lines, strict=True)]
    return Split(*sums)


@service("fee_quote.save")
def save_quote(*, trade: Trade, price: Price, actor: User, now: datetime, client: Client | None = None) -> FeeQuote:
    """Keep what a trade costs, with the versions of the figures used.

    Raises ``MissingRight`` for a client whose commission the actor may not see, ``FeesUnknown`` and ``RateNotAllowed``.
    """
    if client is not None and not may_see_commission(actor, client):
        raise MissingRight
    if trade.day > (last := last_known(local_date(now))):
        raise FeesUnknown(fields={"day": _("The fees are on file up to %(day)s.") % {"day": last}})
    branch = client.branch if client else actor.branch
    split = work_out(trade, price, branch)
    made: FeeQuote = FeeQuote.objects.create(
        client=client,
        product=trade.product,
        exchange=trade.exchange,
        side=trade.side,
        amount=trade.amount,
        day=trade.day,
        rate=price.rate,
        basis=price.basis,
        min_fee=price.min_fee,
        **split.lines(),
        total=split.total,
        figures=_used(known_on(trade.day, branch)),
        created_by=actor,
    )
    audit.record(actor, "fee_quote.save", made, after={**split.lines(), "total": split.total})
    return made


def _used(known: Figures) -> dict[str, Any]:
    found = {key: known.figure(key) for key in _FIGURES}
    return {
        key: {"version": one.version, "from": one.effective_from.isoformat(), "source": one.source}
        for key, one in found.items()
    }
