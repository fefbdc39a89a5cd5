"""Suspected duplicates: asking before a client is taken in, the nightly work list, and dismissing a pair."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from clients.models import Client, DuplicatePair
from clients.querysets.likeness import Facts, alike, suspicions
from crm.core import audit
from crm.core.access import system_user
from crm.core.clocks import day_bounds, local_date
from crm.core.errors import AlreadyDecided, BudgetSpent, InvalidInput
from crm.core.jobs import beat, due
from crm.core.models import AuditEntry, Branch, Heartbeat, User
from crm.core.policies import figures
from crm.core.service import service
from crm.core.versions import lock

ASKED = "client.ask_duplicates"


@dataclass(frozen=True)
class Answer:
    """What somebody who takes a client in is told: those he may see himself, and whether there is one beyond his reach.

    Of the latter nothing is said, neither name nor branch nor advisor, and not how many they are.
    """

    seen: list[tuple[Client, list[str]]] = field(default_factory=list)
    elsewhere: bool = False

    @property
    def any(self) -> bool:
        return bool(self.seen) or self.elsewhere


@service(ASKED)
def ask_duplicates(*, facts: Facts, actor: User, now: datetime, but: Client | None = None) -> Answer:
    """Whether a client with these facts is on file in the company; each question is on the trail and counts for the day.

    Raises ``BudgetSpent`` past ``duplicates.daily_budget``: otherwise the question would tell who has an account here. The
    row of the actor is locked, so that two questions at once count as two.
    """
    lock(User.objects.all(), pk=actor.pk)
    since, until = day_bounds(local_date(now))
    asked = AuditEntry.objects.filter(actor=actor, action=ASKED, at__gte=since, at__lt=until).count()
    if asked >= figures(local_date(now), actor.branch).integer("duplicates.daily_budget"):
        raise BudgetSpent
    found = dict(alike(facts, actor.company, but=but.pk if but else None))
    # No client has key 0: without it the question would be skipped when nobody is found, and take less time.
    rows = Client.objects.visible_to(actor).filter(pk__in=[0, *found]).select_related("advisor").order_by("pk")
    seen = [(row, found[row.pk]) for row in rows]
    answer = Answer(seen, elsewhere=len(seen) < len(found))
    kinds = [name for name in ("id_number", "phone", "name", "birth_date") if getattr(facts, name)]
    after = {"asked_by": kinds, "seen": len(seen), "elsewhere": answer.elsewhere}
    ids = [row.public_id for row, _reasons in seen]
    audit.record(actor, ASKED, "clients.client", after=after, client=but, ids=ids, is_read=True)
    return answer


@service("client.dismiss_duplicate")
def dismiss_pair(
    *, pair: DuplicatePair, actor: User, now: datetime, reason: str, version: int | None = None
) -> DuplicatePair:
    """Say that the two are different clients; the pair does not come back. Raises ``AlreadyDecided`` and ``StaleEdit``."""
    if not reason.strip():
        raise InvalidInput(fields={"reason": _("Say why these are two clients.")})
    row: DuplicatePair = lock(DuplicatePair.objects.all(), pk=pair.pk, version=version)
    if row.state != DuplicatePair.State.OPEN:
        raise AlreadyDecided
    row.state, row.dismissed_by, row.dismissed_at = DuplicatePair.State.DISMISSED, actor, now
    row.dismiss_reason = reason.strip()[:200]
    row.save_changed(["state", "dismissed_by", "dismissed_at", "dismiss_reason"])
    ids = [row.first.public_id, row.second.public_id]
    audit.record(actor, "client.dismiss_duplicate", row, reason=reason, ids=ids)
    return row


@service("client.find_duplicates")
def find_duplicates(*, branch: Branch, actor: User, now: datetime) -> int:
    """Make the open pairs of the branch those that look alike today, the surest up to ``duplicates.most_pairs``.

    Dismissed pairs stay dismissed; running twice changes nothing. Returns how many pairs are new or gone.
    """
    today = local_date(now)
    # One sweep a branch: two at once would both fill the list.
    Branch.objects.select_for_update(of=("self",), no_key=True).get(pk=branch.pk)
    most = figures(today, branch).integer("duplicates.most_pairs")
    known = DuplicatePair.objects.filter(branch=branch)
    dismissed = set(known.filter(state=DuplicatePair.State.DISMISSED).values_list("first_id", "second_id"))
    wanted = {(s.first, s.second): s for s in suspicions(branch) if (s.first, s.second) not in dismissed}
    wanted = dict(list(wanted.items())[:most])
    held: dict[tuple[int, int], DuplicatePair] = {}
    for pair in known.filter(state=DuplicatePair.State.OPEN):
        held[pair.first_id, pair.second_id] = pair
    # A pair that a merge waits for has clients who are still there; one that was merged is found no more and goes.
    gone = [pair.pk for key, pair in held.items() if key not in wanted]
    DuplicatePair.objects.filter(pk__in=gone).delete()
    new = [s for key, s in wanted.items() if key not in held]
    DuplicatePair.objects.bulk_create(
        [
            DuplicatePair(
                branch=branch,
                first_id=s.first,
                second_id=s.second,
                reasons=list(s.reasons),
                score=s.score,
                found_on=today,
            )
            for s in new
        ],
        ignore_conflicts=True,
        batch_size=200,
    )
    for key, pair in held.items():
        if (found := wanted.get(key)) and (list(found.reasons), found.score) != (sorted(pair.reasons), pair.score):
            DuplicatePair.objects.filter(pk=pair.pk).update(reasons=list(found.reasons), score=found.score)
    if new or gone:
        audit.record(actor, "client.find_duplicates", branch, after={"found": len(new), "gone": len(gone)})
    return len(new) + len(gone)


@due("clients.find_duplicates")
def find_nightly(now: datetime) -> int:
    """Each open branch once a day, in the first round after local midnight."""
    today, moved = local_date(now), 0
    done = dict(Heartbeat.objects.filter(name__startswith=_BEAT).values_list("name", "at"))
    for branch in Branch.objects.filter(is_open=True).order_by("pk"):
        name = f"{_BEAT}{branch.pk}"
        if name in done and local_date(done[name]) >= today:
            continue
        moved += find_duplicates(branch=branch, actor=system_user(), now=now)
        beat(name, now)
    return moved


_BEAT = "clients.duplicates:"


def whom_to_ask(user: User) -> Any:
    """The managers of the user's own branch: they see further, and know whom to speak with."""
    if user.branch_id is None:
        return User.objects.none()
    return User.objects.active().of_branch(user.branch_id).with_role("branch_manager").order_by("pk")
