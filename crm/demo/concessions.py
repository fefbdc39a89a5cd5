"""Rates of single clients in the demo: in force, ending soon, over but still charged, waiting, one for the client to answer."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import cast

from clients.models import Client
from crm.core.access import system_user
from crm.core.clocks import at_local
from crm.core.fields import money
from crm.core.models import Branch, User
from crm.demo.account_books import bring_file
from crm.demo.staffing import Crew
from crm.roles import ADVISOR, MANAGER
from tiers.models import ClientRate, RateCard, RateLeak, TierChange, TierState
from tiers.querysets.commission import rates_held
from tiers.querysets.leaks import turnover_of_year
from tiers.services.commission import Price, approve_client_rate, propose_client_rate, reject_client_rate
from tiers.services.leaks import review_leaks
from tiers.services.rate_offers import expire_client_rate, review_change

_REASONS = (
    "成交活跃，承诺年成交额",
    "同业报价挽留，承诺做大成交",
    "新增资产转入",
    "转户挽留，申请低于成本线",
    "老客户申请优惠",
    "新客户首年优惠",
)
#: Days ago, millionths below the card, days until it ends (0: open), yearly turnover promised, and how it went.
_STORIES = (
    (40, 20, 49, 5_000_000, "approve"),
    (150, 15, 0, 80_000_000, "approve"),
    (1, 20, 90, None, "wait"),
    (2, 110, 180, 20_000_000, "endorse"),
    (12, 30, 0, None, "reject"),
    (120, 20, 90, None, "over"),
)


def agree_rates(*, crew: Crew, today: date) -> int:
    """Rates of clients of the middle tiers, through the services; returns how many rows there are."""
    for branch in crew.branches:
        manager = crew.of(branch, MANAGER)[0]
        for number, (client, story) in enumerate(zip(_middle(crew, branch), _STORIES, strict=False)):
            days_ago, below, lasts, turnover, ending = story
            now, first = _morning(today - timedelta(days=days_ago)), today - timedelta(days=days_ago)
            card = RateCard.objects.filter(tier__states__client=client, product="A_SHARE").in_force(today).get()
            row = propose_client_rate(
                client=client,
                price=Price("A_SHARE", card.rate - Decimal(below) / 1_000_000, card.basis, card.min_fee),
                valid_from=first,
                valid_to=first + timedelta(days=lasts) if lasts else None,
                reason=_REASONS[number],
                promised_turnover=Decimal(turnover) if turnover else None,
                actor=cast(User, client.advisor),  # asked for above
                now=now,
            )
            if ending == "reject":
                reject_client_rate(rate=row, actor=manager, now=now, note="成交额不足，暂不优惠")
            elif ending != "wait":
                row = approve_client_rate(rate=row, actor=manager, now=now)
            if ending == "over" and row.state == ClientRate.State.APPROVED:
                expire_client_rate(rate=row, actor=system_user(), now=_morning(first + timedelta(days=lasts + 1)))
        _offer(branch, manager, today)
    return ClientRate.objects.count()


def _middle(crew: Crew, branch: Branch) -> list[Client]:
    """Clients with an advisor whose card leaves room for a concession, the largest first."""
    states = TierState.objects.filter(client__branch=branch, tier__code__in=["silver", "gold"])
    own = Client.objects.served().filter(pk__in=states.values("client"), advisor__in=crew.of(branch, ADVISOR))
    return list(own.select_related("advisor", "branch").order_by("-total_assets", "pk")[: len(_STORIES)])


def _offer(branch: Branch, manager: User, today: date) -> None:
    """One client rose lately: his new rates are proposed, the one for shares is approved and waits for his word."""
    busy = ClientRate.objects.filter(client__branch=branch).values("client")
    moves = TierChange.objects.moves().filter(client__branch=branch, client__advisor__isnull=False, reason="up")
    change = (
        moves.exclude(client__in=busy).select_related("client__branch", "old", "new").order_by("-day", "pk").first()
    )
    if change is None:
        return
    now = _morning(today)
    for row in review_change(change=change, actor=system_user(), now=now):
        if row.product == "A_SHARE":
            approve_client_rate(rate=row, actor=manager, now=now)


def _morning(day: date) -> datetime:
    return at_local(day, time(8, 40))


_RATE_COLUMNS = {
    "external_id": "客户号",
    "day": "日期",
    "product": "品种",
    "ten_thousandths": "费率（万分之）",
    "turnover": "近12个月成交额",
}
#: Of fifty clients the one at this place is charged so many hundredths of ten-thousandths beside what holds.
_SLIPS = {3: -50, 11: 60, 17: 120, 29: -30}
#: Every so many clients trade funds as well, with this share of their turnover.
_IN_FUNDS, _FUND_SHARE = 4, Decimal("0.15")


def charge_rates(*, crew: Crew, today: date) -> int:
    """The trading system's file of applied rates: nearly everybody is charged what holds, a few are not; then the review."""
    for branch in crew.branches:
        clients = list(Client.objects.served().filter(branch=branch).order_by("external_id"))
        held = rates_held([client.pk for client in clients], today)
        year = turnover_of_year([client.pk for client in clients], branch, today)
        over = dict(ClientRate.objects.filter(client__in=clients, state="ended").values_list("client", "rate"))
        rows = []
        for place, client in enumerate(clients):
            holds = held.get((client.pk, "A_SHARE"))
            if holds is not None and year.get(client.pk):
                slip = Decimal(_SLIPS.get(place % 50, 0)) / 1_000_000
                # Nobody has told the trading system that a concession is over.
                applied = over.get(client.pk) or max(holds.rate + slip, Decimal("0.00006"))
                funds, in_funds = held.get((client.pk, "FUND")), Decimal(0)
                if funds is not None and place % _IN_FUNDS == 0:
                    in_funds = money(year[client.pk] * _FUND_SHARE)
                    rows.append([client.external_id, today, "FUND", f"{funds.rate * 10_000:.2f}", in_funds])
                rows.append(
                    [client.external_id, today, "A_SHARE", f"{applied * 10_000:.2f}", year[client.pk] - in_funds]
                )
        manager = crew.of(branch, MANAGER)[0]
        bring_file(manager, branch, "rates", f"实收费率-{branch.code}.csv", _RATE_COLUMNS, rows)
        review_leaks(branch=branch, actor=system_user(), now=_morning(today))
    return RateLeak.objects.count()
