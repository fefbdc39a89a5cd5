"""Finding where commission leaks: what the trading system charges against what was agreed, a branch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Max, Q

from clients.models import Client
from crm.core import audit
from crm.core.clocks import YEAR, local_date
from crm.core.errors import BranchClosed
from crm.core.fields import money
from crm.core.jobs import Tick, start_job
from crm.core.models import Branch, ImportBatch, JobRun, User
from crm.core.policies import Figures, figures
from crm.core.service import service
from tiers.models import AppliedRate, ClientRate, LeakReview, Product, RateCard, RateLeak, TierState
from tiers.querysets.commission import rates_held
from tiers.querysets.leaks import turnover_of_year, turnover_up_to
from tiers.services.commission import Price, all_in, price_of

#: The long work that reviews one branch.
JOB = "tiers.leaks"
#: Clients of one step; memory and the length of a statement stay the same for any branch.
_CLIENTS = 1_000
Kind = RateLeak.Kind
Key = tuple[int, str]


@dataclass(frozen=True)
class Found:
    """A leak as the review finds it, before it is compared with what is on file; amounts in yuan."""

    kind: str
    applied: Decimal
    due: Decimal
    effect: Decimal
    turnover: Decimal | None = None
    client_rate_id: int | None = None
    promised: Decimal | None = None


@dataclass
class Book:
    """What is known of some clients on the day: five questions, however many they are."""

    day: date
    known: Figures
    #: What holds, the card of the present tier, the paper that ended last, and the turnover of twelve months.
    held: dict[Key, ClientRate | RateCard] = field(default_factory=dict)
    cards: dict[Key, RateCard] = field(default_factory=dict)
    ended: dict[Key, ClientRate] = field(default_factory=dict)
    year: dict[int, Decimal] = field(default_factory=dict)


@service("leaks.review")
def review_leaks(*, branch: Branch, actor: User, now: datetime, tick: Tick | None = None) -> LeakReview:
    """Compare the newest applied rates of a branch with what was agreed, and promises with turnover; all or nothing.

    A leak that is found again keeps the day since when; one that is not found any more goes. Asked twice at once, one waits.
    """
    LeakReview.objects.get_or_create(branch=branch)
    review = LeakReview.objects.select_for_update().get(branch=branch)
    day, known = local_date(now), figures(local_date(now), branch)
    fresh = known.days("commission.applied_fresh_days")
    counts: dict[str, int] = dict.fromkeys(Kind.values, 0)
    ids = list(_clients_to_review(branch, day, fresh))
    for at in range(0, len(ids), _CLIENTS):
        some = ids[at : at + _CLIENTS]
        for kind, count in _replace(some, _find(some, branch, day, known), day).items():
            counts[kind] += count
        if tick is not None:
            tick(min(at + _CLIENTS, len(ids)), len(ids))
    RateLeak.objects.filter(client__branch=branch).exclude(client__in=_as_set(branch, day, fresh)).delete()
    newest = AppliedRate.objects.filter(client__branch=branch, day__lte=day).aggregate(day=Max("day"))["day"]
    review.day, review.applied_on, review.counts, review.reviewed_at = day, newest, counts, now
    review.save()
    audit.record(actor, "leaks.review", branch, after={"day": day, "applied_on": newest, **counts})
    return review


def awaits_review(branch: Branch, now: datetime) -> bool:
    """Whether nobody has looked today, or a file of applied rates was applied or taken back since."""
    review = LeakReview.objects.filter(branch=branch).first()
    if review is None or review.reviewed_at is None or local_date(review.reviewed_at) < local_date(now):
        return True
    since = Q(applied_at__gt=review.reviewed_at) | Q(undone_at__gt=review.reviewed_at)
    return ImportBatch.objects.filter(since, branch=branch, kind="rates").exists()


def ask_review(*, actor: User, branch: Branch) -> JobRun:
    """Put a review in the queue; one at a time for each branch. Raises ``BranchClosed`` and ``AlreadyRunning``."""
    if not branch.is_open:
        raise BranchClosed
    return start_job(JOB, actor=actor, params={}, branch=branch, key=f"{branch.pk}")


def _as_set(branch: Branch, day: date, fresh_days: int) -> Any:
    """Clients still with the branch for whom a rate was applied lately, or who promised a turnover that counts today."""
    applied = AppliedRate.objects.filter(day__lte=day, day__gt=day - timedelta(days=fresh_days))
    promised = ClientRate.objects.in_force(day).filter(promised_turnover__isnull=False)
    still = Client.objects.filter(branch=branch).exclude(status="closed")
    return still.filter(pk__in=applied.values("client")) | still.filter(pk__in=promised.values("client"))


def _clients_to_review(branch: Branch, day: date, fresh_days: int) -> Iterator[int]:
    rows: Iterator[int] = _as_set(branch, day, fresh_days).order_by("pk").values_list("pk", flat=True).iterator()
    return rows


def _find(clients: list[int], branch: Branch, day: date, known: Figures) -> dict[tuple[int, str, str], Found]:
    """Leaks of some clients by client, product and kind."""
    book = _open(clients, branch, day, known)
    found: dict[tuple[int, str, str], Found] = {}
    rows = AppliedRate.objects.filter(client__in=clients).newest(day, known.days("commission.applied_fresh_days"))
    for row in rows:
        for leak in _of_rate(row, book):
            found[row.client_id, row.product, leak.kind] = leak
    for rate, leak in _of_promises(clients, branch, book):
        found[rate.client_id, rate.product, leak.kind] = leak
    return found


def _open(clients: list[int], branch: Branch, day: date, known: Figures) -> Book:
    book = Book(day, known, held=rates_held(clients, day))
    tiers = dict(TierState.objects.filter(client__in=clients).values_list("client_id", "tier_id"))
    rows = RateCard.objects.filter(tier__in=set(tiers.values())).in_force(day)
    by_tier: dict[int, list[RateCard]] = {}
    for row in rows:
        by_tier.setdefault(row.tier_id, []).append(row)
    book.cards = {(client, row.product): row for client, tier in tiers.items() for row in by_tier.get(tier, ())}
    over = ClientRate.objects.agreed().filter(client__in=clients, valid_to__lt=day).order_by("valid_to", "pk")
    book.ended = {(rate.client_id, rate.product): rate for rate in over}
    book.year = turnover_of_year(clients, branch, day)
    return book


def _of_rate(row: AppliedRate, book: Book) -> Iterator[Found]:
    """What is wrong with one applied rate: below what holds, and whether a paper that has ended says it; above the card."""
    key = (row.client_id, row.product)
    applied = all_in(Price(row.product, row.rate, row.basis, Decimal()), book.known)
    turnover = _turnover(row, book)
    holds = book.held.get(key)
    if holds is not None:
        due = all_in(price_of(holds), book.known)
        if applied < due:
            ended = book.ended.get(key)
            is_ended = ended is not None and all_in(price_of(ended), book.known) == applied
            kind = Kind.EXPIRED if is_ended else Kind.BELOW
            effect = money((due - applied) * (turnover or 0))
            yield Found(kind, applied, due, effect, turnover, ended.pk if ended is not None and is_ended else None)
    card = book.cards.get(key)
    if card is not None:
        asked = all_in(price_of(card), book.known)
        if applied > asked:
            yield Found(Kind.ABOVE, applied, asked, money((applied - asked) * (turnover or 0)), turnover)


def _turnover(row: AppliedRate, book: Book) -> Decimal | None:
    """Of the product, as the file says; without its word all of the client's turnover counts for shares, and for nothing else."""
    if row.turnover is not None:
        return Decimal(row.turnover)
    return book.year.get(row.client_id) if row.product == Product.A_SHARE else None


def _of_promises(clients: list[int], branch: Branch, book: Book) -> Iterator[tuple[ClientRate, Found]]:
    """Concessions for a turnover that does not come, once they have run long enough to tell."""
    rates = ClientRate.objects.in_force(book.day).filter(client__in=clients, promised_turnover__isnull=False)
    least = book.known.days("commission.promise_after_days")
    due = [rate for rate in rates if (book.day - rate.valid_from).days + 1 >= least]
    if not due:
        return
    at_end = turnover_up_to([rate.client_id for rate in due], branch, book.day)
    # Rates that began on one day are asked for together.
    begun: dict[date, list[ClientRate]] = {}
    for rate in due:
        begun.setdefault(rate.valid_from, []).append(rate)
    for first, rates_then in begun.items():
        before = turnover_up_to([rate.client_id for rate in rates_then], branch, first - timedelta(days=1))
        for rate in rates_then:
            total = at_end.get(rate.client_id, Decimal()) - before.get(rate.client_id, Decimal())
            found = _of_promise(rate, total, book)
            if found is not None:
                yield rate, found


def _of_promise(rate: ClientRate, total: Decimal, book: Book) -> Found | None:
    """``total`` is the turnover since the concession began; both it and the promise are taken for a year."""
    days = (book.day - rate.valid_from).days + 1
    yearly = money(total * YEAR / days)
    promised: Any = rate.promised_turnover
    if yearly >= promised * book.known.rate("commission.promise_kept_share"):
        return None
    applied, card = all_in(price_of(rate), book.known), book.cards.get((rate.client_id, rate.product))
    due = max(applied, all_in(price_of(card), book.known)) if card is not None else applied
    return Found(Kind.PROMISE, applied, due, money((due - applied) * yearly), yearly, rate.pk, promised)


def _replace(clients: list[int], found: dict[tuple[int, str, str], Found], day: date) -> dict[str, int]:
    """Make the leaks of these clients those that were found; returns how many there are of each kind."""
    stored = {(row.client_id, row.product, row.kind): row for row in RateLeak.objects.filter(client__in=clients)}
    RateLeak.objects.filter(pk__in=[row.pk for key, row in stored.items() if key not in found]).delete()
    new: list[RateLeak] = []
    counts: dict[str, int] = {}
    for key, leak in found.items():
        client, product, kind = key
        counts[kind] = counts.get(kind, 0) + 1
        row = stored.get(key)
        if row is None:
            row = RateLeak(client_id=client, product=product, kind=kind, since=day)
            new.append(row)
        for name in _TOLD:
            setattr(row, name, getattr(leak, name))
        row.day = day
    RateLeak.objects.bulk_create(new, batch_size=_ROWS)
    kept = [row for key, row in stored.items() if key in found]
    RateLeak.objects.bulk_update(kept, [*(name.removesuffix("_id") for name in _TOLD), "day"], batch_size=_ROWS)
    return counts


_TOLD = ("applied", "due", "effect", "turnover", "client_rate_id", "promised")
#: Rows of one statement; SQLite takes no more parameters than that.
_ROWS = 100
