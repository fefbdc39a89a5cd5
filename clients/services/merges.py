"""Making two clients one, with a second person where the house says so, and undoing it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from clients.errors import (
    AlreadyAsked,
    ClientMerged,
    ErasureUnderWay,
    MergeAddsAssets,
    MergeMoved,
    NotMerged,
    NotOneClient,
)
from clients.models import (
    AdvisorAssignment,
    Client,
    ContactPoint,
    Erasure,
    IdentityDocument,
    MergeRecord,
    RiskAssessment,
)
from clients.registry import Moment
from clients.services import merge_facts, merge_points, merge_rows
from clients.services.contacts import refresh_contact_facts
from clients.services.merge_facts import FactChoice
from clients.services.primaries import say_as_rows
from crm.core import audit
from crm.core.access import system_user
from crm.core.checked import check
from crm.core.clocks import local_date
from crm.core.errors import AlreadyDecided, FourEyes, InvalidInput, StaleEdit
from crm.core.jobs import due
from crm.core.models import Branch, User
from crm.core.policies import figures
from crm.core.service import service
from crm.core.taken import unless_taken
from crm.core.versions import lock

#: Columns that follow from rows, and are made anew from them.
_FOLLOWING = frozenset({"last_contact_at", "next_contact_on"})
#: Columns that the writer of daily assets keeps, and those that every change moves.
_NOT_KEPT = frozenset({"id", "public_id", "version", "updated_at", "total_assets", "assets_on"})
_RISK = ("risk_grade", "is_lowest_risk", "risk_valid_until")


@dataclass(frozen=True)
class Preview:
    """What a merge would do, before anybody does it."""

    staying: Client
    leaving: Client
    facts: list[FactChoice]
    counts: list[tuple[str, int]]
    #: Rows of the same day under both numbers: their amounts would be added.
    overlap: int
    needs_approval: bool


def preview_merge(*, staying: Client, leaving: Client, reader: User, now: datetime) -> Preview:
    """What would stay, what would go over. Raises ``NotOneClient``."""
    _refuse_unlike(staying, leaving)
    return Preview(
        staying=staying,
        leaving=leaving,
        facts=merge_facts.differences(staying, leaving, reader),
        counts=merge_rows.counts(leaving, reader),
        overlap=merge_rows.overlap(leaving, staying),
        needs_approval=_needs_approval(staying, now),
    )


@service("client.ask_merge")
def ask_merge(
    *,
    staying: Client,
    leaving: Client,
    actor: User,
    now: datetime,
    reason: str,
    choices: Mapping[str, str] | None = None,
    adds_assets: bool = False,
    versions: tuple[int, int] | None = None,
) -> MergeRecord:
    """Ask that ``leaving`` become part of ``staying``; where no second person is needed, it is done at once.

    ``choices``: group of facts → "staying" or "leaving". ``versions`` are those seen of (staying, leaving). Raises
    ``NotOneClient``, ``ClientMerged``, ``AlreadyAsked``, ``MergeAddsAssets``, ``StaleEdit``, ``InvalidInput``.
    """
    if not reason.strip():
        raise InvalidInput(fields={"reason": _("Say why these two are one client.")})
    if unknown := sorted(set(choices or {}) - merge_facts.GROUPS.keys()):
        raise InvalidInput(fields=dict.fromkeys(unknown, _("This is no fact of a client.")))
    staying, leaving = _locked(staying, leaving, versions)
    _refuse_unlike(staying, leaving)
    if not adds_assets and merge_rows.overlap(leaving, staying):
        raise MergeAddsAssets
    record = MergeRecord(
        staying=staying,
        leaving=leaving,
        state=MergeRecord.State.PROPOSED,
        choices=dict(choices or {}),
        adds_assets=adds_assets,
        reason=reason.strip()[:200],
        requested_by=actor,
        requested_at=now,
        seen_versions=[staying.version, leaving.version],
    )
    check(record)
    with unless_taken(MergeRecord, "client_leaves_once", refusal=AlreadyAsked()):
        record.save()
    after = {"staying": staying.public_id, "leaving": leaving.public_id, "taken": sorted(choices or {})}
    audit.record(actor, "client.ask_merge", record, after=after, reason=reason, client=staying)
    if not _needs_approval(staying, now):
        _merge(record, staying, leaving, actor, now)
    return record


@service("client.merge")
def approve_merge(
    *, record: MergeRecord, actor: User, now: datetime, note: str = "", version: int | None = None
) -> MergeRecord:
    """Do what was asked. Raises ``FourEyes`` for who asked, ``AlreadyDecided``, ``MergeMoved`` when a fact changed since."""
    staying, leaving = _locked(record.staying, record.leaving, None)
    row = _waiting(record, version)
    if row.requested_by_id == actor.pk:
        raise FourEyes
    if [staying.version, leaving.version] != row.seen_versions:
        raise MergeMoved
    if not row.adds_assets and merge_rows.overlap(leaving, staying):
        raise MergeAddsAssets
    row.decision_note = note.strip()[:200]
    _merge(row, staying, leaving, actor, now)
    return row


@service("client.reject_merge")
def reject_merge(
    *, record: MergeRecord, actor: User, now: datetime, note: str, version: int | None = None
) -> MergeRecord:
    """Say that they stay two clients. Who asked may take it back himself. Raises ``AlreadyDecided``."""
    if not note.strip():
        raise InvalidInput(fields={"note": _("Say why they stay two clients.")})
    row = _waiting(record, version)
    row.state, row.decided_by, row.decided_at = MergeRecord.State.REJECTED, actor, now
    row.decision_note = note.strip()[:200]
    row.save_changed(["state", "decided_by", "decided_at", "decision_note"])
    audit.record(actor, "client.reject_merge", row, reason=note, client=row.staying)
    return row


@service("client.undo_merge")
def undo_merge(
    *, record: MergeRecord, actor: User, now: datetime, reason: str, version: int | None = None
) -> MergeRecord:
    """Make them two clients again, row for row as before; what came later stays with the one who stayed.

    Raises ``NotMerged`` (also while a later merge of the one who stayed stands), ``MergeContradicted``, ``StaleEdit``.
    """
    if not reason.strip():
        raise InvalidInput(fields={"reason": _("Say why they are two clients after all.")})
    Branch.objects.select_for_update(of=("self",), no_key=True).get(pk=record.staying.branch_id)
    locked = {row.pk: row for row in _rows_in_order(record.staying_id, record.leaving_id)}
    staying, leaving = locked[record.staying_id], locked[record.leaving_id]
    row: MergeRecord = lock(MergeRecord.objects.all(), pk=record.pk, version=version)
    if (
        row.state != MergeRecord.State.DONE
        or staying.merged_into_id is not None
        or leaving.merged_into_id != staying.pk
    ):
        raise NotMerged
    kept = json.loads(str(row.kept))
    merge_points.take_back(staying, kept["rows"].get("points", ()))
    merge_rows.put_back(leaving, staying, kept["rows"], _moment(actor, now, leaving))
    later = _facts_back(staying, kept["staying"])
    _facts_back(leaving, kept["leaving"])
    if later & _FOLLOWING:
        refresh_contact_facts([staying.pk], now)
    row.state, row.undone_by, row.undone_at, row.undo_reason = (
        MergeRecord.State.UNDONE,
        actor,
        now,
        reason.strip()[:200],
    )
    row.save_changed(["state", "undone_by", "undone_at", "undo_reason"])
    for client in (staying, leaving):
        audit.record(actor, "client.undo_merge", row, reason=reason, client=client)
    return row


@service("client.gather_strays")
def gather_strays(*, actor: User, now: datetime) -> int:
    """Bring rows that reached a merged client after the merge to the one who stayed. Returns how many."""
    found = merge_rows.gather_strays()
    if found:
        audit.record(actor, "client.gather_strays", "clients.client", after=found)
    return sum(found.values())


@due("clients.gather_strays")
def gather_due(now: datetime) -> int:
    if not Client.objects.exclude(merged_into=None).exists():
        return 0
    return gather_strays(actor=system_user(), now=now)


# -- the merge itself --------------------------------------------------------------------------------------------------


def _merge(record: MergeRecord, staying: Client, leaving: Client, actor: User, now: datetime) -> None:
    today = local_date(now)
    before = {row.pk: _snapshot(row) for row in (staying, leaving)}
    taken = merge_facts.chosen(staying, leaving, record.choices)
    totals, rows = merge_rows.bring_over(leaving, staying, _moment(actor, now, staying, taken))
    # The writer of daily assets and the movers write past these two objects.
    for row in (staying, leaving):
        row.refresh_from_db()
    columns = merge_facts.take_over(staying, leaving, taken)
    columns += _newest_risk(staying)
    say_as_rows(staying)
    check(staying)
    staying.save_changed(dict.fromkeys(columns))
    rows["changed"] += [*_book_as_chosen(staying, now), *_primaries_as_chosen(staying)]
    rows["points"] = merge_points.keep_unchosen(staying, (before[leaving.pk], before[staying.pk]), today)
    refresh_contact_facts([staying.pk], now)
    leaving.merged_into = staying
    leaving.status, leaving.closed_on = Client.Status.CLOSED, leaving.closed_on or today
    leaving.save_changed(["merged_into", "status", "closed_on"])
    for row in (staying, leaving):
        row.refresh_from_db()
    record.state, record.decided_by, record.decided_at = MergeRecord.State.DONE, actor, now
    record.counts = totals
    kept = {
        "rows": rows,
        "staying": _difference(before[staying.pk], _snapshot(staying)),
        "leaving": _difference(before[leaving.pk], _snapshot(leaving)),
    }
    record.kept = json.dumps(kept, ensure_ascii=False)
    record.save_changed(["state", "decided_by", "decided_at", "decision_note", "counts", "kept"])
    after = {"staying": staying.public_id, "leaving": leaving.public_id, "moved": totals}
    for client in (staying, leaving):
        audit.record(actor, "client.merge", record, after=after, reason=record.reason, client=client)


def _moment(actor: User, now: datetime, staying: Client, taken: Iterable[str] = ()) -> Moment:
    reason = _("Merged with client %(number)s") % {"number": staying.external_id}
    return Moment(now=now, today=local_date(now), actor=actor, taken=frozenset(taken), reason=reason)


def _book_as_chosen(staying: Client, now: datetime) -> list[list[Any]]:
    """The open row of the history of books names the advisor who was chosen; one that names another is ended."""
    present = AdvisorAssignment.objects.filter(client=staying, until=None).exclude(advisor=staying.advisor_id).first()
    if present is None:
        return []
    return [merge_rows.change(present, {"until": max(now, present.since)})]


def _primaries_as_chosen(staying: Client) -> Iterator[list[Any]]:
    """What is primary says the same as the client's own column; a row that says something else is one beside it."""
    columns = {"phone": staying.phone, "email": staying.email, "address": staying.address}
    for point in ContactPoint.objects.filter(client=staying, is_primary=True, removed_at=None, kind__in=columns):
        if point.value != columns[point.kind]:
            yield merge_rows.change(point, {"is_primary": False})
    for document in IdentityDocument.objects.filter(client=staying, is_primary=True, removed_at=None):
        if document.number != staying.id_number:
            yield merge_rows.change(document, {"is_primary": False})


def _newest_risk(staying: Client) -> list[str]:
    """Of the assessments of both the newest is the risk grade."""
    newest = RiskAssessment.objects.filter(client=staying).order_by("-assessed_on", "-pk").first()
    if newest is None:
        return []
    staying.risk_grade, staying.is_lowest_risk, staying.risk_valid_until = (
        newest.grade,
        newest.is_lowest,
        newest.valid_until,
    )
    return list(_RISK)


def _snapshot(client: Client) -> dict[str, Any]:
    return {
        field.attname: getattr(client, field.attname)
        for field in Client._meta.concrete_fields
        if field.attname not in _NOT_KEPT
    }


def _difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    changed = [name for name in before if before[name] != after[name]]
    old, new = merge_rows.plain({n: before[n] for n in changed}), merge_rows.plain({n: after[n] for n in changed})
    return {name: [old[name], new[name]] for name in changed}


def _facts_back(client: Client, changed: dict[str, list[Any]]) -> set[str]:
    """Set each fact back that still says what the merge made it say; returns those that say something else since."""
    client.refresh_from_db()
    present = merge_rows.plain({name: getattr(client, name) for name in changed})
    columns, later = [], set()
    for name, (before, after) in changed.items():
        if present[name] != after:
            later.add(name)
            continue
        field: Any = Client._meta.get_field(name)
        setattr(client, name, field.to_python(before))
        columns.append(field.name)
    client.save_changed(columns)
    return later


# -- who may be merged -------------------------------------------------------------------------------------------------


def _needs_approval(staying: Client, now: datetime) -> bool:
    return figures(local_date(now), staying.branch).flag("merge.four_eyes")


def _refuse_unlike(staying: Client, leaving: Client) -> None:
    if staying.pk == leaving.pk or staying.branch_id != leaving.branch_id or staying.kind != leaving.kind:
        raise NotOneClient
    if Erasure.objects.filter(
        client__in=[staying, leaving], state__in=[Erasure.State.PROPOSED, Erasure.State.APPROVED]
    ).exists():
        raise ErasureUnderWay
    if staying.merged_into_id is not None or leaving.merged_into_id is not None:
        raise ClientMerged


def _rows_in_order(*keys: int) -> list[Client]:
    """The clients, locked in the order of their keys, so that two merges never wait for each other."""
    rows = Client.objects.select_for_update(of=("self",)).select_related("branch", "advisor", "introducer")
    return list(rows.filter(pk__in=keys).order_by("pk"))


def _locked(staying: Client, leaving: Client, versions: tuple[int, int] | None) -> tuple[Client, Client]:
    """Both, locked and at the versions seen: first the branch, as every file of assets does, then the two in order.

    Raises ``ClientMerged`` and ``StaleEdit``.
    """
    Branch.objects.select_for_update(of=("self",), no_key=True).get(pk=staying.branch_id)
    found = {row.pk: row for row in _rows_in_order(staying.pk, leaving.pk)}
    pair = found[staying.pk], found[leaving.pk]
    for row in pair:
        row.refuse_change()
    if versions is not None and tuple(row.version for row in pair) != tuple(versions):
        raise StaleEdit
    return pair


def _waiting(record: MergeRecord, version: int | None) -> MergeRecord:
    row: MergeRecord = lock(MergeRecord.objects.all(), pk=record.pk, version=version)
    if row.state != MergeRecord.State.PROPOSED:
        raise AlreadyDecided
    return row
