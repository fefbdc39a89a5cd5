"""Changing one field of many clients: shown first, carried out once, taken back while nobody has touched it since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from clients.errors import (
    AlreadyUndone,
    ClientClosed,
    ClientMerged,
    ClientRestricted,
    NobodyChosen,
    NotCarriedOutYet,
    PreviewTooOld,
    TooManyClients,
)
from clients.models import BulkEdit, BulkEditRow, Client
from clients.querysets.bulk import DRAFT_FOR
from clients.services.bulk_fields import field_of
from clients.services.bulk_kinds import BulkField, Moment, Said
from clients.services.segments import refuse_secret_query
from crm.core import audit
from crm.core.batches import batches
from crm.core.clocks import local_date
from crm.core.errors import DomainError, InvalidInput, MissingRight, StaleEdit
from crm.core.exporting.narrowing import without_words
from crm.core.jobs import start_job
from crm.core.models import User
from crm.core.policies import figures
from crm.core.service import service
from crm.core.versions import lock

#: The long work that changes, or puts back, more clients than a request carries.
JOB = "clients.bulk_edit"
State, Why = BulkEditRow.State, BulkEditRow.Why
#: So many of those that would change are tried before the preview, to find out what is wrong with what was said.
_TRIED = 3
_CODES: tuple[tuple[type[DomainError], str], ...] = (
    (StaleEdit, Why.CHANGED),
    (ClientMerged, Why.CHANGED),
    (ClientRestricted, Why.RESTRICTED),
    (ClientClosed, Why.CLOSED),
)


@service("client.plan_bulk_edit")
def plan_bulk_edit(
    *,
    field: str,
    said: Said,
    clients: QuerySet[Client],
    actor: User,
    now: datetime,
    narrowed_by: str = "",
    unseen: int = 0,
) -> BulkEdit:
    """What changing ``field`` would do to each of ``clients`` (those whom the actor sees); nothing of them changes yet.

    ``said`` as the form of the field says it; ``unseen``: how many were named that he does not see. Raises ``MissingRight``,
    ``NobodyChosen``, ``TooManyClients`` (``bulk.most_clients``) and ``InvalidInput`` with the words of the field's own service.
    """
    kind = _allowed(field, actor)
    refuse_secret_query(narrowed_by)
    most = figures(local_date(now), actor.branch).integer("bulk.most_clients")
    keys = sorted(clients.order_by().values_list("pk", flat=True)[: most + 1])
    if len(keys) > most:
        text = _("At most %(count)d clients at once: narrow the list.") % {"count": most}
        raise TooManyClients(text)
    if not keys:
        raise NobodyChosen
    BulkEdit.objects.filter(actor=actor).stale_drafts(now).delete()
    edit = BulkEdit(
        field=field,
        said=dict(said),
        narrowed_by=without_words(narrowed_by)[:2000],
        unseen=unseen,
        actor=actor,
        made_at=now,
    )
    known = kind.read(said)
    rows = [row for part in batches(keys) for row in _planned(kind, part, known, edit)]
    _try(kind, [row for row in rows if row.state == State.PLANNED], said, moment_of(actor, now))
    edit.save()
    BulkEditRow.objects.bulk_create(rows, batch_size=500)
    planned = sum(row.state == State.PLANNED for row in rows)
    after = {"field": field, "clients": len(rows), "would_change": planned, "unseen": unseen}
    audit.record(actor, "client.plan_bulk_edit", edit, after=after)
    return edit


@service("client.bulk_edit")
def apply_bulk_edit(*, edit: BulkEdit, actor: User, now: datetime) -> BulkEdit:
    """Do what was shown, each client by the service of one client, with its own line in the trail. A second time changes nothing.

    More than ``bulk.in_request`` clients are changed by a job; until it has ended the state is ``running``.
    A client who was changed after the preview stays as he is, and so does one whom a service refuses; the row says why.
    Raises ``MissingRight``, ``AlreadyUndone`` and ``PreviewTooOld``.
    """
    row: BulkEdit = lock(BulkEdit.objects.filter(actor=actor), pk=edit.pk)
    kind = _allowed(row.field, actor)
    if row.state in (BulkEdit.State.RUNNING, BulkEdit.State.DONE):
        return row
    if row.state in (BulkEdit.State.UNDOING, BulkEdit.State.UNDONE):
        raise AlreadyUndone
    if row.made_at < now - DRAFT_FOR:
        raise PreviewTooOld
    if _asks_for_a_job(row, BulkEdit.State.RUNNING, actor, now):
        return row
    rows = list(row.rows.to_do(BulkEdit.State.RUNNING))
    change_rows(kind, row, rows, moment_of(actor, now))
    settle(row, now, left=sum(one.state != State.DONE for one in rows))
    return row


@service("client.undo_bulk_edit")
def undo_bulk_edit(*, edit: BulkEdit, actor: User, now: datetime) -> BulkEdit:
    """Put back what a change of many did, where it still stands; what somebody has changed since is kept.

    Works once, and for ``bulk.undo_hours`` from the end; by a job where it is more than ``bulk.in_request`` clients. Raises
    ``AlreadyUndone``, ``NotCarriedOutYet`` and ``MissingRight``.
    """
    row: BulkEdit = lock(BulkEdit.objects.filter(actor=actor), pk=edit.pk)
    kind = _allowed(row.field, actor)
    if row.state == BulkEdit.State.UNDOING:
        return row
    if row.state == BulkEdit.State.RUNNING:
        raise NotCarriedOutYet
    if not may_undo(row, now):
        raise AlreadyUndone
    if _asks_for_a_job(row, BulkEdit.State.UNDOING, actor, now):
        return row
    rows = list(row.rows.to_do(BulkEdit.State.UNDOING))
    put_back_rows(kind, row, rows, moment_of(actor, now))
    row.state = BulkEdit.State.UNDOING
    settle(row, now, left=sum(one.state != State.UNDONE for one in rows))
    return row


def may_undo(edit: BulkEdit, now: datetime) -> bool:
    """Whether a change of many can still be taken back."""
    if edit.state != BulkEdit.State.DONE or edit.done_at is None:
        return False
    return edit.done_at >= now - timedelta(hours=figures(local_date(now), edit.actor.branch).integer("bulk.undo_hours"))


def _allowed(field: str, actor: User) -> BulkField:
    kind = field_of(field)
    if not actor.has_perm(kind.right):
        raise MissingRight
    return kind


def _asks_for_a_job(edit: BulkEdit, state: str, actor: User, now: datetime) -> bool:
    """Start a job for what is to do in ``state``, if that is more than a request carries."""
    most = figures(local_date(now), actor.branch).integer("bulk.in_request")
    count = edit.rows.to_do(state).count()
    if count <= most:
        return False
    edit.state = state
    start_work(edit, actor, {"clients": count, "language": get_language() or ""})
    return True


def start_work(edit: BulkEdit, actor: User, params: Mapping[str, Any]) -> None:
    """Ask a worker to go through the rows; ``clients``: how many there were to do, ``language``: of the words that rows keep."""
    named = {**params, "edit": edit.public_id}
    edit.job = start_job(JOB, actor=actor, branch=actor.branch, params=named, key=f"{edit.public_id}:{edit.state}")
    edit.save(update_fields=["state", "job"])


def change_rows(kind: BulkField, edit: BulkEdit, rows: list[BulkEditRow], moment: Moment) -> None:
    """Each client by the service of one client; who is out of reach stays, and his row says so."""
    reach = in_reach(moment.actor, rows)
    for one in rows:
        one.state, one.why, one.note = State.SKIPPED, Why.UNSEEN, ""
        if one.client_id in reach:
            _change(kind, one, edit.said, moment)
    BulkEditRow.objects.bulk_update(rows, ["state", "why", "note", "trace"], batch_size=200)


def put_back_rows(kind: BulkField, edit: BulkEdit, rows: list[BulkEditRow], moment: Moment) -> None:
    """Each client whose value still stands gets back what he had."""
    reach = in_reach(moment.actor, rows)
    for one in rows:
        one.state, one.edit = State.KEPT, edit
        if one.client_id in reach:
            _put_back(kind, one, moment)
    BulkEditRow.objects.bulk_update(rows, ["state", "note"], batch_size=200)


def settle(edit: BulkEdit, now: datetime, *, left: int) -> None:
    """Nothing is left to do: it is done, or taken back, from ``now`` on. ``left``: so many of those meant stayed as they are."""
    is_undo = edit.state == BulkEdit.State.UNDOING
    if is_undo:
        edit.state, edit.undone_at = BulkEdit.State.UNDONE, now
    else:
        edit.state, edit.done_at = BulkEdit.State.DONE, now
    edit.save(update_fields=["state", "done_at", "undone_at"])
    state, action = (State.UNDONE, "client.undo_bulk_edit") if is_undo else (State.DONE, "client.bulk_edit")
    ids = sorted(edit.rows.filter(state=state).values_list("client__public_id", flat=True))
    audit.record(edit.actor, action, edit, after={"field": edit.field, "changed": len(ids), "left": left}, ids=ids)


def moment_of(actor: User, now: datetime) -> Moment:
    return Moment(actor=actor, now=now, today=local_date(now), reason=_("A change of many clients was taken back"))


def _planned(kind: BulkField, keys: list[int], said: Said, edit: BulkEdit) -> Iterable[BulkEditRow]:
    held = kind.held(keys, said)
    names = ("pk", "public_id", "branch_id", "version", "status", "restricted_on")
    for client in Client.objects.filter(pk__in=keys).only(*names).order_by("pk"):
        before = held.get(client.pk)
        after = kind.target(before, said)
        why = _why_not(kind, client, before, after, said)
        yield BulkEditRow(
            edit=edit,
            client=client,
            seen_version=client.version,
            state=State.SKIPPED if why else State.PLANNED,
            why=why,
            before=before,
            after=after,
        )


def _why_not(kind: BulkField, client: Client, before: Any, after: Any, said: Said) -> str:
    if client.restricted_on is not None:
        return Why.RESTRICTED
    return kind.why_not(client, before, said) or (Why.SAME if kind.same(before, after) else "")


def _try(kind: BulkField, rows: list[BulkEditRow], said: Said, moment: Moment) -> None:
    """Let the service itself say what is wrong with ``said``, on one client, and roll that back.

    What it refuses of each of the first few is wrong with what was said and not with a client.
    """
    refusals: list[InvalidInput] = []
    for row in rows[:_TRIED]:
        try:
            with transaction.atomic():
                kind.apply(Client.objects.select_related("branch").get(pk=row.client_id), said, row.before, moment)
                transaction.set_rollback(True)
        except InvalidInput as refusal:
            refusals.append(refusal)
        except DomainError:
            return
        else:
            return
    if refusals:
        raise refusals[0]


def _change(kind: BulkField, row: BulkEditRow, said: Said, moment: Moment) -> None:
    """One client, by himself: a refusal takes nothing along."""
    try:
        with transaction.atomic():
            client = lock(Client.objects.select_related("branch"), pk=row.client_id, version=row.seen_version)
            # Marks, tags and dates stand beside the client and do not move his version.
            if kind.held([client.pk], said).get(client.pk) != row.before:
                raise StaleEdit
            row.trace = kind.apply(client, said, row.before, moment)
    except DomainError as refusal:
        row.state, row.trace = State.SKIPPED, ""
        row.why = next((code for error, code in _CODES if isinstance(refusal, error)), Why.REFUSED)
        row.note = _words(refusal) if row.why == Why.REFUSED else ""
    else:
        row.state, row.why, row.note = State.DONE, "", ""


def _put_back(kind: BulkField, row: BulkEditRow, moment: Moment) -> None:
    try:
        with transaction.atomic():
            client = lock(Client.objects.select_related("branch"), pk=row.client_id)
            if not kind.stands(row):
                raise StaleEdit
            kind.put_back(client, row, moment)
    except DomainError as refusal:
        row.state, row.note = State.KEPT, _words(refusal)
    else:
        row.state, row.note = State.UNDONE, ""


def _words(refusal: DomainError) -> str:
    return str(next(iter(refusal.fields.values()), refusal.message))[:200]


def in_reach(actor: User, rows: list[BulkEditRow]) -> set[int]:
    found: set[int] = set()
    for part in batches(row.client_id for row in rows):
        found |= set(Client.objects.visible_to(actor).filter(pk__in=part).values_list("pk", flat=True))
    return found
