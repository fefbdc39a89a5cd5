"""The stage of every client by rule, night by night; a stage set by hand; amounts that clients reach."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from clients.errors import StageNotSet
from clients.models import AssetMilestone, BranchDay, Client, DailyAsset, StageOverride
from clients.stages import Standing, Terms, stage_of
from crm.core import audit
from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput
from crm.core.importing import bulk
from crm.core.jobs import beat, due
from crm.core.models import Branch, Heartbeat, User
from crm.core.policies import figures
from crm.core.service import service
from crm.core.versions import lock

_CHUNK = 2_000
#: Under this name stands which branch was graded for which day.
_ROUND = "clients.stages"


@service("client.grade_stages")
def grade_stages(*, branch: Branch, actor: User, now: datetime) -> int:
    """The stage of each client of a branch as of today, and amounts reached. Returns how many stages changed.

    Harmless when run again: only what differs is written. Stages set by hand stand until their last day.
    """
    today = local_date(now)
    terms = figures(today, branch)
    ended = StageOverride.objects.open().filter(client__branch=branch, until__lt=today).update(ended_at=now)
    by_hand = dict(
        StageOverride.objects.in_force(today).filter(client__branch=branch).values_list("client_id", "stage")
    )
    changed = 0
    for page in _pages(branch, Terms.of(terms), today):
        moved = [(pk, stage, today) for pk, held, rule in page if (stage := by_hand.get(pk, rule)) != held]
        if moved:
            bulk.update(Client, ["id"], ["stage", "stage_since"], ((k, s, d.isoformat()) for k, s, d in moved))
        changed += len(moved)
    reached = _note_amounts(branch, terms.integers("milestone.assets"), today)
    audit.record(
        actor,
        "client.grade_stages",
        branch,
        after={"day": today, "changed": changed, "by_hand_ended": ended, "amounts_reached": reached},
    )
    return changed


def _pages(branch: Branch, terms: Terms, today: date) -> Iterator[list[tuple[int, str, str]]]:
    """(key, stage on file, stage by rule) of the branch's clients, a page at a time."""
    names = ("pk", "stage", "status", "opened_on", "total_assets", "assets_on")
    before = assets_before(branch.pk, today, terms.window_days)
    rows = Client.objects.filter(branch=branch).order_by("pk").values_list(*names).iterator(chunk_size=_CHUNK)
    while page := list(islice(rows, _CHUNK)):
        yield [
            (
                pk,
                stage,
                stage_of(Standing(status, opened, assets, assets_on is not None, before.get(pk)), terms, today),
            )
            for pk, stage, status, opened, assets, assets_on in page
        ]


def assets_before(branch_id: int, today: date, window_days: int, client_id: int | None = None) -> dict[int, Decimal]:
    """Net assets on the branch's last day on file ``window_days`` ago, by client."""
    last = today - timedelta(days=window_days)
    days: Any = BranchDay.objects.filter(branch_id=branch_id, day__lte=last).order_by("-day")
    day = days.values_list("day", flat=True).first()
    if day is None:
        return {}
    rows: Any = DailyAsset.objects.filter(day=day, client__branch_id=branch_id)
    if client_id is not None:
        rows = rows.filter(client_id=client_id)
    return dict(rows.values_list("client_id", "net_assets"))


def _note_amounts(branch: Branch, amounts: list[int], today: date) -> int:
    """Amounts that clients have reached for the first time; once noted they stay."""
    made = 0
    for yuan in amounts:
        amount: Any = Decimal(yuan)
        known = AssetMilestone.objects.filter(client__branch=branch, amount=amount).values("client_id")
        rows = Client.objects.filter(branch=branch, total_assets__gte=amount).exclude(pk__in=known)
        new = [
            AssetMilestone(client_id=pk, amount=amount, reached_on=on or today)
            for pk, on in rows.values_list("pk", "assets_on")
        ]
        AssetMilestone.objects.bulk_create(new, batch_size=_CHUNK, ignore_conflicts=True)
        made += len(new)
    return made


@due("clients.stages")
def grade_all(now: datetime) -> int:
    """Each open branch once a day; a branch whose round was cut short has its turn again."""
    today = local_date(now).isoformat()
    held = Heartbeat.objects.filter(name=_ROUND).values_list("detail", flat=True).first() or {}
    done = {key: day for key, day in held.items() if day == today}
    changed = 0
    for branch in Branch.objects.filter(is_open=True).order_by("pk"):
        if done.get(str(branch.pk)) == today:
            continue
        changed += grade_stages(branch=branch, actor=system_user(), now=now)
        done[str(branch.pk)] = today
        beat(_ROUND, now, done)
    return changed


@service("client.set_stage")
def set_stage(
    *, client: Client, stage: str, reason: str, until: date, actor: User, now: datetime, version: int | None = None
) -> StageOverride:
    """Set a client's stage by hand up to ``until``; a stage set before ends. Raises ``InvalidInput`` and ``StaleEdit``."""
    today = local_date(now)
    longest = figures(today, client.branch).days("stage.override_days")
    if not today <= until <= today + timedelta(days=longest):
        text = _("The last day lies between today and %(days)s days on.") % {"days": longest}
        raise InvalidInput(fields={"until": text})
    if len(reason.strip()) < 2:
        raise InvalidInput(fields={"reason": _("Say why.")})
    row: Client = lock(Client.objects.all(), pk=client.pk, version=version)
    StageOverride.objects.open().filter(client=row).update(ended_at=now)
    try:
        with transaction.atomic():
            made: StageOverride = StageOverride.objects.create(
                client=row, stage=stage, reason=reason.strip()[:200], until=until, set_by=actor, set_at=now
            )
    except IntegrityError:
        raise InvalidInput from None
    before = {"stage": row.stage}
    _stand(row, stage, today)
    audit.record(
        actor,
        "client.set_stage",
        row,
        before=before,
        after={"stage": stage, "until": until},
        reason=made.reason,
        client=row,
    )
    return made


@service("client.end_stage")
def end_stage(*, client: Client, actor: User, now: datetime, version: int | None = None) -> Client:
    """Let the rule say the stage again. Raises ``StageNotSet`` and ``StaleEdit``."""
    today = local_date(now)
    row = lock(Client.objects.select_related("branch"), pk=client.pk, version=version)
    if not StageOverride.objects.open().filter(client=row).update(ended_at=now):
        raise StageNotSet
    before, terms = {"stage": row.stage}, Terms.of(figures(today, row.branch))
    past = assets_before(row.branch_id, today, terms.window_days, row.pk).get(row.pk)
    standing = Standing(row.status, row.opened_on, row.total_assets, row.assets_on is not None, past)
    _stand(row, stage_of(standing, terms, today), today)
    audit.record(actor, "client.end_stage", row, before=before, after={"stage": row.stage}, client=row)
    return row


def _stand(row: Any, stage: str, today: date) -> None:
    if row.stage != stage:
        row.stage, row.stage_since = str(stage), today
        row.save_changed(["stage", "stage_since"])
