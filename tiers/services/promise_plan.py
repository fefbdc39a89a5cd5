"""Making what is owed: the whole book of a branch at once, the same rows whoever makes them, however often and however late.

What falls due in periods is written by one statement for each service, tier and part of a period. What falls due so long after
the last time, and on birthdays, is few rows a day. Rows that are no longer owed are closed with the reason, never deleted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Case, Exists, F, Max, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce

from clients.days import comes_round, next_return
from clients.models import Client, ContactLog
from crm.core import audit
from crm.core.access import system_user
from crm.core.batches import BATCH, batches
from crm.core.clocks import Calendar, day_bounds, local_date
from crm.core.jobs import due
from crm.core.models import Branch, User
from crm.core.policies import figures
from crm.core.service import service
from crm.core.services.calendar import recomputes
from tiers.gates import is_for_some, offering_q
from tiers.models import Entitlement, Promise, PromiseRun, ServiceItem
from tiers.querysets.house import not_over_q
from tiers.querysets.planning import marks_of
from tiers.services.catalogue import seed_missing_catalogues
from tiers.services.promise_contacts import settle_contacts
from tiers.services.promise_pauses import BEGUN, SERVED, note_pauses, served_by
from tiers.services.promise_rolling import Next, Row
from tiers.services.promise_rows import PAUSES, close_promises, insert_promises, reopen_promises
from tiers.slices import Slice, length_of, slices

State, Closed, Rhythm = Promise.State, Promise.Closed, ServiceItem.Rhythm
#: What a row says of the next one of a service that is owed so long after the last time.
_NEXT = ("occurrence_key", "opens_on", "due_on")


@dataclass(frozen=True)
class Terms:
    """One service of a branch with what one tier may have of it."""

    item: ServiceItem
    entitlement: Entitlement

    @property
    def since(self) -> date:
        return max(self.item.starts_on, self.entitlement.valid_from)

    def holds_on(self, day: date) -> bool:
        row = self.entitlement
        return self.item.holds_on(day) and row.valid_from <= day and (row.valid_to is None or day <= row.valid_to)

    def clients(self, branch: Branch, day: date) -> Any:
        """The clients of the branch who are entitled by their present tier, and may be served and contacted."""
        return (
            Client.objects.served()
            .contactable()
            .filter(
                offering_q(self.item, day),
                branch=branch,
                merged_into=None,
                tier_state__tier__code=self.entitlement.tier_code,
                tier_state__programme__code=self.entitlement.programme_code,
            )
        )


@dataclass(frozen=True)
class Planning:
    """One run for one branch: from the day of the last one to today."""

    branch: Branch
    first_day: date
    last: date
    today: date
    calendar: Calendar
    terms: list[Terms]
    #: Clients to whom something is owed again: a contact that fell in between may have kept it.
    owed_again: set[int] = field(default_factory=set)

    def last_day(self, item: ServiceItem, due_on: date) -> date:
        return self.calendar.add_working_days(due_on, item.limit_days)

    def newest_promise(self) -> int:
        found: int = Promise.objects.aggregate(newest=Max("pk"))["newest"] or 0
        return found

    def newest_terms(self) -> list[Terms]:
        return [one for one in self.terms if one.holds_on(self.today)]


@due("tiers.promises")
def plan_due_promises(now: datetime) -> int:
    """Each open branch whose promises are not those of today, of the present catalogue and of the newest tiers."""
    moved = seed_missing_catalogues()
    branches = list(Branch.objects.filter(is_open=True).select_related("company").order_by("pk"))
    marks = marks_of(branches)
    known = dict(PromiseRun.objects.filter(day=local_date(now)).values_list("branch_id", "mark"))
    for branch in branches:
        if known.get(branch.pk) != marks[branch.pk]:
            moved += sum(plan_promises(branch=branch, now=now, actor=system_user()).values())
    return moved


@service("promise.plan")
def plan_promises(*, branch: Branch, now: datetime, actor: User) -> dict[str, int]:
    """Make, reopen, keep, miss and close the promises of a branch as they stand today; a second time without effect.

    A late run makes what the runs before it would have made. Returns how many rows of each kind.
    """
    today, mark = local_date(now), marks_of([branch])[branch.pk]
    PromiseRun.objects.get_or_create(branch=branch, defaults={"first_day": today, "day": today, "mark": "", "at": now})
    # One planner a branch: the second finds what the first has made.
    run = PromiseRun.objects.select_for_update().get(branch=branch)
    if run.day > today:
        return {}
    turn = Planning(branch, run.first_day, run.day, today, Calendar.around(run.day), _terms(branch, run.day, today))
    before, counts = turn.newest_promise(), Counter[str]()
    counts["missed"] += note_pauses(branch, today)
    counts["closed"] += close_unowed(turn)
    counts["made"] += sum(_periodic(turn, one) for one in turn.terms if one.item.rhythm == Rhythm.PERIODIC)
    counts["made"] += sum(_birthdays(turn, one) for one in turn.terms if one.item.rhythm == Rhythm.BIRTHDAY)
    counts["closed"] += close_replaced(turn)
    while True:
        made = sum(_rolling(turn, one) for one in turn.newest_terms() if one.item.rhythm == Rhythm.ROLLING)
        newest = turn.newest_promise()
        kept, missed = _keep_new(turn, before), _miss(turn)
        counts.update(made=made, kept=kept, missed=missed)
        before = newest
        # What is kept or missed in this round may begin the next one.
        if not made + kept + missed:
            break
    run.day, run.mark, run.at = today, mark, now
    run.save()
    found = {name: count for name, count in counts.items() if count}
    if found:
        audit.record(actor, "promise.plan", branch, after={"day": today, **found})
    return found


def _terms(branch: Branch, first: date, last: date) -> list[Terms]:
    """What the branch's tiers are entitled to on some day between the two."""
    items = ServiceItem.objects.of_branch(branch).owed().filter(not_over_q(first, "ends_on"), starts_on__lte=last)
    by_pk = {item.pk: item for item in items}
    rows = Entitlement.objects.filter(not_over_q(first), item__in=by_pk, times__isnull=False, valid_from__lte=last)
    rows = rows.order_by("item_id", "tier_code", "valid_from")
    return [Terms(by_pk[row.item_id], row) for row in rows]


# -- in every period ---------------------------------------------------------------------------------------------------


def _owed_slices(turn: Planning, terms: Terms) -> Iterator[Slice]:
    """The parts of periods for which these terms hold and that this run looks at."""
    return (part for part in _slices(turn, terms) if terms.holds_on(part.middle) and turn.first_day <= part.middle)


def _slices(turn: Planning, terms: Terms) -> Iterator[Slice]:
    times: Any = terms.entitlement.times
    return slices(terms.entitlement.period, times, turn.last, turn.today)


def _periodic(turn: Planning, terms: Terms) -> int:
    again = [part for part in _slices(turn, terms) if part.due_on >= turn.today and terms.holds_on(turn.today)]
    reopened = sum(_owe_part_again(turn, terms, part) for part in again)
    return reopened + sum(_make_part(turn, terms, part) for part in _owed_slices(turn, terms))


def _owed_part(turn: Planning, terms: Terms, part: Slice) -> Any:
    """Whoever is entitled by the middle of a part, and for whom nothing else speaks for it."""
    owed = terms.clients(turn.branch, turn.today).filter(tier_state__since__lte=part.middle)
    return owed.exclude(_has_another(terms.item, part)).order_by()


def _owe_part_again(turn: Planning, terms: Terms, part: Slice) -> int:
    """What was closed of a part that is not over, for everybody who may have it again."""
    same = Promise.objects.filter(item=terms.item, occurrence_key=part.key, due_on__gte=turn.today)
    return _owe_again(turn, same.filter(client__in=_owed_part(turn, terms, part)), terms)


def _make_part(turn: Planning, terms: Terms, part: Slice) -> int:
    """One part of a period for everybody who is owed it, in one statement."""
    if part.due_on >= turn.today and not terms.holds_on(turn.today):
        return 0
    return insert_promises(
        _owed_part(turn, terms, part).filter(served_by(part.middle)),
        {
            "item_id": terms.item.pk,
            "occurrence_key": part.key,
            "opens_on": part.opens_on,
            "due_on": part.due_on,
            "last_day": turn.last_day(terms.item, part.due_on),
            **_as_promised(terms),
        },
    )


def _has_another(item: ServiceItem, part: Slice) -> Exists:
    """A promise of the same service, by whatever terms, that speaks for this part: owed, kept in it, or waived."""
    speaks = Q(state=State.DUE) | Q(state=State.DONE, kept_on__gte=part.opens_on) | Q(state=State.WAIVED)
    rows = Promise.objects.by_entitlement().filter(speaks, item=item, client=OuterRef("pk"))
    return Exists(rows.filter(Q(first_due_on=None, due_on__gte=part.opens_on) | Q(first_due_on__gte=part.opens_on)))


def _as_promised(terms: Terms) -> dict[str, Any]:
    """What every new row says of the terms on which it was made."""
    return {
        "edition": terms.item.version,
        "programme_code": terms.entitlement.programme_code,
        "tier_code": terms.entitlement.tier_code,
        "cost": terms.item.cost,
        "is_rolling": terms.item.rhythm == Rhythm.ROLLING,
    }


def _owe_again(turn: Planning, rows: Any, terms: Terms) -> int:
    """Rows that were closed because the client left the tier or could not be served, and who is back in this or another."""
    clients = reopen_promises(rows, lambda due_on: turn.last_day(terms.item, due_on), **_as_promised(terms))
    turn.owed_again.update(clients)
    return len(clients)


# -- on birthdays and so long after the last time ----------------------------------------------------------------------


def _birthdays(turn: Planning, terms: Terms) -> int:
    """Birthdays from the last run on, as many days ahead as figure ``milestone.ahead_days`` says."""
    ahead = figures(turn.today, turn.branch).days("milestone.ahead_days")
    first = max(turn.last, turn.first_day)
    born = comes_round("birth_date", first, (turn.today - first).days + ahead)
    owed = terms.clients(turn.branch, turn.today).filter(born, kind="person", birth_date__isnull=False)
    rows = []
    begun = owed.annotate(begun=BEGUN).values_list("pk", "birth_date", "begun")
    for pk, birth, since in begun.iterator(chunk_size=BATCH):
        on = next_return(birth, first)
        if terms.holds_on(on) and since <= on and on - timedelta(days=ahead) <= turn.today:
            rows.append(_row(turn, terms, pk, str(on.year), (on - timedelta(days=ahead), on)))
    return _add(turn, terms, rows)


def _rolling(turn: Planning, terms: Terms) -> int:
    """The next one for everybody entitled to whom none is owed."""
    entitlement = terms.entitlement
    step = timedelta(days=max(2, length_of(entitlement.period) // int(entitlement.times or 1)))
    own = Promise.objects.by_entitlement().filter(item=terms.item, client=OuterRef("pk"))
    past = own.exclude(state__in=[State.DUE, State.CLOSED]).annotate(
        day=Coalesce("kept_on", "due_on"), ran_out=Case(When(state=State.MISSED, then="last_day"))
    )
    newest = past.order_by("-day", "-pk")
    ended = own.filter(state=State.CLOSED, closed_as__in=PAUSES, is_rolling=True).order_by("-opens_on", "-pk")
    owed = terms.clients(turn.branch, turn.today).filter(~Exists(own.filter(state=State.DUE)))
    owed = owed.annotate(
        begun=BEGUN,
        last=Subquery(newest.values("day")[:1]),
        ran_out=Subquery(newest.values("ran_out")[:1]),
        **{name: Subquery(ended.values(name)[:1]) for name in _NEXT},
    )
    rows, begin = [], max(terms.since, turn.first_day)
    found = owed.values_list("pk", "begun", "last", "ran_out", *_NEXT)
    for pk, begun, last, ran_out, *closed in found.iterator(chunk_size=BATCH):
        row = Row(max(begin, begun), last, Next(*closed) if closed[0] else None, ran_out)
        coming = row.next(step, turn.last, turn.today)
        if (last or coming.opens_on) <= turn.today:
            rows.append(_row(turn, terms, pk, coming.key, (coming.opens_on, coming.due_on)))
    return _add(turn, terms, rows)


def _row(turn: Planning, terms: Terms, client_id: int, key: str, days: tuple[date, date]) -> Promise:
    opens_on, due_on = days
    return Promise(
        client_id=client_id,
        item=terms.item,
        occurrence_key=key,
        opens_on=opens_on,
        due_on=due_on,
        last_day=turn.last_day(terms.item, due_on),
        **_as_promised(terms),
    )


def _add(turn: Planning, terms: Terms, rows: Iterable[Promise]) -> int:
    """Write what is not there yet, and owe again what was closed under the same name and may still be given by its day."""
    made = 0
    for batch in batches(rows):
        wanted = {(row.client_id, row.occurrence_key): row for row in batch}
        known = Promise.objects.filter(item=terms.item, client_id__in=[row.client_id for row in batch])
        known = known.filter(occurrence_key__in={row.occurrence_key for row in batch})
        closed = []
        for row in known.only("client_id", "occurrence_key", "is_rolling", "due_on"):
            is_wanted = wanted.pop((row.client_id, row.occurrence_key), None) is not None
            if is_wanted and (row.is_rolling or row.due_on >= turn.today):
                closed.append(row.pk)
        made += _owe_again(turn, Promise.objects.filter(pk__in=closed), terms)
        Promise.objects.bulk_create(wanted.values(), ignore_conflicts=True)
        made += len(wanted)
    return made


# -- what became of them -----------------------------------------------------------------------------------------------


def _keep_new(turn: Planning, before: int) -> int:
    """New rows, and rows that are owed again, which a contact on file has kept already: of their clients alone."""
    new = Promise.objects.filter(pk__gt=before, item__proof=ServiceItem.Proof.CONTACT, client__branch=turn.branch)
    opens_on = new.order_by("opens_on").values_list("opens_on", flat=True).first()
    clients = set(turn.owed_again)
    turn.owed_again.clear()
    if opens_on is not None:
        spoken = ContactLog.objects.filter(client=OuterRef("client"), at__gte=day_bounds(opens_on)[0])
        clients.update(new.filter(Exists(spoken)).order_by().values_list("client_id", flat=True).distinct())
    return sum(settle_contacts(page, turn.today) for page in batches(sorted(clients)))


def _miss(turn: Planning) -> int:
    rows = Promise.objects.run_out(turn.today).filter(client__branch=turn.branch)
    return int(rows.update(state=State.MISSED, version=F("version") + 1))


def close_unowed(turn: Planning) -> int:
    """Close what is no longer owed: the client is not served, wants no contact, left the tier, or the service ended.

    What was overdue before stays, and counts as missed.
    """
    rows = Promise.objects.due().filter(client__branch=turn.branch)
    count = close_promises(rows.exclude(SERVED), Closed.CLIENT)
    count += close_promises(rows.filter(client__do_not_contact=True), Closed.SILENT)
    all_due, rows = rows.by_entitlement(), rows.filter(due_on__gte=turn.today)
    count += _close_unfit(rows.exclude(event=None), turn)
    rows = rows.by_entitlement()
    offered = {one.item.pk: one.item for one in turn.newest_terms()}
    count += close_promises(rows.exclude(item_id__in=offered), Closed.ENDED)
    for pk, item in offered.items():
        own, entitled = all_due.filter(item_id=pk), Q(pk__in=[])
        for one in turn.newest_terms():
            if one.item.pk == pk:
                row = one.entitlement
                entitled |= Q(
                    client__tier_state__tier__code=row.tier_code,
                    client__tier_state__programme__code=row.programme_code,
                )
        out = own.exclude(pk__in=own.filter(entitled).values("pk"))
        still = Q(
            client__tier_state__tier__code=F("tier_code"), client__tier_state__programme__code=F("programme_code")
        )
        count += close_promises(out.filter(still, due_on__gte=turn.today), Closed.ENDED)
        # Since when he is in another tier is known, also to a late run.
        left = Q(due_on__gte=turn.today) | Q(due_on__gte=F("client__tier_state__since"))
        count += close_promises(out.exclude(still).filter(left), Closed.TIER)
        if is_for_some(item):
            passing = Client.objects.filter(offering_q(item, turn.today), branch=turn.branch)
            count += close_promises(own.filter(due_on__gte=turn.today).exclude(client__in=passing), Closed.GATE)
    return count


def _close_unfit(rows: Any, turn: Planning) -> int:
    """What a market event asks does not end with a tier or an entitlement, but with the condition that the service puts."""
    items = [item for item in ServiceItem.objects.filter(pk__in=rows.values("item")) if is_for_some(item)]
    passing = {item.pk: Client.objects.filter(offering_q(item, turn.today), branch=turn.branch) for item in items}
    return sum(close_promises(rows.filter(item=pk).exclude(client__in=fit), Closed.GATE) for pk, fit in passing.items())


def close_replaced(turn: Planning) -> int:
    """Of two rows that speak for the same time, the one on the present terms stays; a tighter term takes the wider's place."""
    count = 0
    for terms in turn.newest_terms():
        if terms.item.rhythm != Rhythm.PERIODIC:
            continue
        for part in _owed_slices(turn, terms):
            if not part.opens_on <= turn.today <= part.due_on:
                continue
            clients = terms.clients(turn.branch, turn.today)
            others = Promise.objects.due().by_entitlement()
            others = others.filter(item=terms.item, client__in=clients.values("pk"))
            others = others.exclude(occurrence_key=part.key).exclude(first_due_on__lt=part.opens_on)
            wider = others.filter(due_on__gt=part.due_on, client__tier_state__since__lte=part.middle)
            wider = wider.filter(served_by(part.middle, "client__"))
            replaced = close_promises(wider, Closed.TERMS)
            same = Promise.objects.due().filter(item=terms.item, occurrence_key=part.key, client=OuterRef("client"))
            count += replaced + close_promises(others.filter(Exists(same), due_on__gte=part.opens_on), Closed.TERMS)
            if replaced:
                _make_part(turn, terms, part)
    return count


@recomputes("tiers.promises")
def recompute_promises(first: date, last: date, now: datetime) -> int:
    """After a change of the calendar: the last day of what is owed runs in working days."""
    rows = Promise.objects.due().filter(due_on__lte=last, last_day__gte=first)
    pairs = list(rows.order_by().values_list("due_on", "item__limit_days", "item_id").distinct())
    calendar, moved = Calendar.around(min((day for day, _limit, _item in pairs), default=last)), 0
    for due_on, limit, item_id in pairs:
        end = calendar.add_working_days(due_on, limit)
        open_ones = Promise.objects.due().filter(due_on=due_on, item_id=item_id).exclude(last_day=end)
        moved += open_ones.update(last_day=end, version=F("version") + 1)
    return moved
