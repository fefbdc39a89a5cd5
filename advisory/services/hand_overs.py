"""Hand-over of a colleague's clients (客户交接): to one advisor, or spread over those who fit best and have places."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from advisory.errors import MayNotServe, NotEnoughPlaces, NothingToHandOver
from advisory.models import AdvisorProfile, HandOver
from advisory.services.places import Advisor, licensed_advisors
from clients.models import Client
from clients.services.books import assign_many
from crm.core import audit
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput
from crm.core.models import Branch, User
from crm.core.policies import Figures, figures
from crm.core.service import service


@dataclass(frozen=True)
class Share:
    """What one advisor would take over, and how full he would then be."""

    advisor: Advisor
    clients: int

    @property
    def load_after(self) -> int:
        return self.advisor.load + self.clients

    @property
    def fits(self) -> bool:
        return self.load_after <= self.advisor.capacity


@dataclass(frozen=True)
class Preview:
    """A hand-over before it is done."""

    clients: int
    shares: list[Share]
    without_place: int

    @property
    def fits(self) -> bool:
        return self.clients > 0 and not self.without_place and all(share.fits for share in self.shares)


@service("handover.apply")
def hand_over(
    *,
    giver: User,
    taker: User | None,
    branch: Branch,
    actor: User,
    now: datetime,
    reason: str,
    clients: Iterable[int] | None = None,
) -> list[HandOver]:
    """Give the served clients of ``giver`` (or those of ``clients``, by primary key) to ``taker``, all or none.

    Without a taker they are matched to the advisors of the branch who have places; nobody else moves. Returns one row for
    each taker. Raises ``NothingToHandOver``, ``MayNotServe``, ``NotEnoughPlaces``, and ``InvalidInput`` without a reason.
    """
    if not reason.strip():
        raise InvalidInput(fields={"reason": _("Say why the clients change hands.")})
    # Locked before places are counted: two hand-overs at once would both find the last place free.
    list(AdvisorProfile.objects.select_for_update().of_branch(branch).order_by("pk").values("pk"))
    chosen = None if clients is None else list(clients)
    book = _book(giver, branch, chosen)
    takers = _takers(book, giver, taker, branch, local_date(now))
    if not takers or (chosen is not None and len(takers) != len(set(chosen))):
        raise NothingToHandOver
    assign_many(takers=takers, actor=actor, now=now, reason=reason)
    return [_note(giver, pk, branch, sorted(got), actor, now, reason) for pk, got in sorted(_by_taker(takers).items())]


def preview_hand_over(
    *, giver: User, taker: User | None, branch: Branch, now: datetime, clients: Iterable[int] | None = None
) -> Preview:
    """What ``hand_over`` would do; writes nothing. Raises ``MayNotServe``."""
    today = local_date(now)
    found = figures(today, branch)
    advisors = _candidates(giver, branch, today, found)
    book = _book(giver, branch, None if clients is None else list(clients))
    total = book.count()
    if taker is not None:
        return Preview(total, [Share(_named(advisors, taker), total)], 0)
    coming = Counter(_matched(book, advisors, today, found).values())
    shares = [Share(one, coming[one.user_id]) for one in advisors if coming[one.user_id]]
    return Preview(total, shares, total - sum(coming.values()))


def book_of(giver: User, branch: Branch) -> Any:
    """The served clients of a colleague at a branch: what he could hand over."""
    return Client.objects.filter(branch=branch, advisor=giver).served()


def chosen_of(giver: User, branch: Branch, public_ids: Collection[str], *, actor: User) -> list[int]:
    """Primary keys of the clients meant by ``public_ids``. Raises ``NothingToHandOver`` when one is no longer in the book."""
    wanted = set(public_ids)
    rows = book_of(giver, branch).visible_to(actor).filter(public_id__in=wanted)
    found = list(rows.order_by("pk").values_list("pk", flat=True))
    if len(found) < len(wanted):
        raise NothingToHandOver(_("Some of these clients have changed hands. Look at the preview again."))
    return found


def _book(giver: User, branch: Branch, clients: list[int] | None) -> Any:
    rows = book_of(giver, branch)
    return rows if clients is None else rows.filter(pk__in=clients)


def _candidates(giver: User, branch: Branch, today: date, found: Figures) -> list[Advisor]:
    return [one for one in licensed_advisors(branch, today, found) if one.takes_new and one.user_id != giver.pk]


def _named(advisors: list[Advisor], taker: User) -> Advisor:
    for one in advisors:
        if one.user_id == taker.pk:
            return one
    raise MayNotServe(fields={"taker": MayNotServe.message})


def _takers(book: Any, giver: User, taker: User | None, branch: Branch, today: date) -> dict[int, int]:
    """Who takes which client. Raises ``MayNotServe`` and ``NotEnoughPlaces``."""
    found = figures(today, branch)
    advisors = _candidates(giver, branch, today, found)
    if taker is None:
        takers = _matched(book, advisors, today, found)
        if len(takers) < book.count():
            raise NotEnoughPlaces
        return takers
    one = _named(advisors, taker)
    keys = list(book.order_by("pk").values_list("pk", flat=True))
    if not Share(one, len(keys)).fits:
        raise NotEnoughPlaces
    return dict.fromkeys(keys, one.user_id)


def _matched(book: Any, advisors: list[Advisor], today: date, found: Figures) -> dict[int, int]:
    from advisory.matching import solve_problem  # here, so that pages without a matching do without NumPy
    from advisory.services.features import orphans_input

    given = orphans_input(book, advisors, today, found)
    chosen = solve_problem(given.problem).assignment.tolist()
    return {pk: given.advisors[place].user_id for pk, place in zip(given.client_ids, chosen, strict=True) if place >= 0}


def _by_taker(takers: dict[int, int]) -> dict[int, list[int]]:
    result: dict[int, list[int]] = defaultdict(list)
    for client, taker in takers.items():
        result[taker].append(client)
    return result


def _note(
    giver: User, taker_id: int, branch: Branch, got: list[int], actor: User, now: datetime, reason: str
) -> HandOver:
    row: HandOver = HandOver.objects.create(
        branch=branch,
        giver=giver,
        taker_id=taker_id,
        clients=len(got),
        reason=reason.strip()[:200],
        done_by=actor,
        done_at=now,
    )
    ids = Client.objects.filter(pk__in=got[:900]).order_by("pk").values_list("public_id", flat=True)
    after = {"from": giver.staff_number, "to": row.taker.staff_number, "clients": len(got)}
    audit.record(actor, "handover.apply", row, after=after, reason=reason, ids=ids)
    return row
