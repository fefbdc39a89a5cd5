"""The night's computation of behaviour tags: one branch at a time, all or nothing, writing only what has changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Max

from clients.behaviour import FAMILIES, Bounds, Finding, judge
from clients.errors import LaterDayComputed
from clients.models import BranchDay, ClientTag, Tag, TagRun
from clients.querysets.behaviour import facts_of_branch, index_change
from crm.core import audit
from crm.core.importing import bulk
from crm.core.models import Branch, User
from crm.core.policies import figures
from crm.core.service import service

_INSERTED = ("client_id", "tag_id", "family", "value", "count", "since", "as_of", "definition")
_HELD = ("pk", "client_id", "family", "tag_id", "value", "count", "definition", "since")
_UPDATED = ("tag_id", "value", "count", "since", "as_of", "definition")


class Held(NamedTuple):
    """A computed tag as it lies in the database."""

    pk: int
    client_id: int
    family: str
    tag_id: int
    value: Decimal
    number: int | None
    definition: str
    since: date


@dataclass
class _Plan:
    """What the night has to write."""

    new: list[tuple[Any, ...]] = field(default_factory=list)
    changed: list[tuple[Any, ...]] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.new) + len(self.changed) + len(self.gone)

    def write(self) -> None:
        """A night on which nothing has changed asks the database for nothing."""
        if self.gone:
            bulk.delete(ClientTag, "id", self.gone)
        if self.changed:
            bulk.update(ClientTag, ("id",), _UPDATED, self.changed)
        if self.new:
            bulk.insert(ClientTag, _INSERTED, self.new)


@service("tags.compute")
def compute_behaviour(*, branch: Branch, day: date, actor: User, now: datetime) -> TagRun:
    """Give every client of the branch the behaviour tags that his figures earn as of ``day``.

    A second time for the same day writes nothing. Raises ``LaterDayComputed``.
    """
    # One writer a branch, the same lock as for assets: no file arrives between reading and writing.
    Branch.objects.select_for_update(of=("self",), no_key=True).get(pk=branch.pk)
    if TagRun.objects.filter(branch=branch, day__gt=day).exists():
        raise LaterDayComputed
    tags = computed_tags()
    known = figures(day, branch)
    bounds, change = Bounds.of(known), index_change(branch, day, known)
    versions = {family.key: family.version(known) for family in FAMILIES.values()}
    facts = facts_of_branch(branch, day, known)
    wanted = {
        (pk, family): finding for pk, said in facts.items() for family, finding in judge(said, bounds, change).items()
    }
    plan = _plan(wanted, _held(branch), tags, versions, day)
    plan.write()
    return _sum_up(branch, day, len(facts), plan, actor, now)


def computed_tags() -> dict[str, int]:
    """The computed tags by code; those that the catalogue lacks are added to it."""
    wanted = {code: family for family in FAMILIES.values() for code in family.tags}
    known = dict(Tag.objects.computed().values_list("code", "pk"))
    if missing := [code for code in wanted if code not in known]:
        rows = [Tag(code=code, palette=wanted[code].palette) for code in missing]
        Tag.objects.bulk_create(rows, ignore_conflicts=True)
        known = dict(Tag.objects.computed().values_list("code", "pk"))
    return known


def _held(branch: Branch) -> Iterator[Held]:
    rows = ClientTag.objects.computed().filter(client__branch=branch)
    return (Held(*row) for row in rows.values_list(*_HELD).iterator(chunk_size=5_000))


def _plan(
    wanted: dict[tuple[int, str], Finding],
    held: Iterator[Held],
    tags: dict[str, int],
    versions: dict[str, str],
    day: date,
) -> _Plan:
    """Compare what should be with what is; ``wanted`` is used up."""
    plan = _Plan()
    for old in held:
        found = wanted.pop((old.client_id, old.family), None)
        if found is None:
            plan.gone.append(old.pk)
            continue
        tag, version = tags[found.code], versions[old.family]
        if (tag, found.value, found.number, version) != (old.tag_id, old.value, old.number, old.definition):
            since = old.since if tag == old.tag_id else day
            plan.changed.append((old.pk, *_ready(_UPDATED, (tag, found.value, found.number, since, day, version))))
    for (client_id, family), found in wanted.items():
        row = (client_id, tags[found.code], family, found.value, found.number, day, day, versions[family])
        plan.new.append(_ready(_INSERTED, row))
    return plan


def _ready(names: tuple[str, ...], values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(bulk.ready(ClientTag, name, value) for name, value in zip(names, values, strict=True))


def _sum_up(branch: Branch, day: date, clients: int, plan: _Plan, actor: User, now: datetime) -> TagRun:
    run, made = TagRun.objects.get_or_create(
        branch=branch, day=day, defaults={"clients": clients, "written": plan.size, "at": now}
    )
    if not made and plan.size:
        run.clients, run.written, run.at = clients, run.written + plan.size, now
        run.save(update_fields=["clients", "written", "at"])
    if made or plan.size:
        after = {
            "day": day,
            "clients": clients,
            "new": len(plan.new),
            "changed": len(plan.changed),
            "gone": len(plan.gone),
        }
        audit.record(actor, "tags.compute", branch, after=after)
    return run


def branches_to_compute() -> list[tuple[Branch, date]]:
    """Open branches whose newest asset day has no tags yet, with that day."""
    newest = dict(BranchDay.objects.order_by().values_list("branch_id").annotate(day=Max("day")))
    done = dict(TagRun.objects.order_by().values_list("branch_id").annotate(day=Max("day")))
    late = [pk for pk, day in newest.items() if done.get(pk, day - timedelta(days=1)) < day]
    return [(branch, newest[branch.pk]) for branch in Branch.objects.filter(pk__in=late, is_open=True).order_by("pk")]
