"""The end of a client's data: proposed, approved by two others, carried out by a job, and repeated after a restore.

What is bound to the client (``clients.registry``) goes, with everything that hangs on it; of the client himself only a row
without a word about him is left, so that figures of the past still add up. The certificate says what went and who let it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clients.errors import NotErasable, WrongStep
from clients.models import Client, Erasure
from clients.querysets.absorbed import absorbed
from clients.registry import bound
from clients.retention import obstacles
from clients.tombstones import bury
from crm.core import attachments, audit
from crm.core.batches import batches
from crm.core.clocks import database_now, local_date
from crm.core.errors import FourEyes, InvalidInput
from crm.core.importing import TARGETS
from crm.core.jobs import Tick, job, start_job
from crm.core.models import Attachment, Branch, ImportRow, JobRun, Outbound, User
from crm.core.service import service
from crm.core.versions import lock

JOB = "clients.erase"
State = Erasure.State
#: Staged rows are looked for by so many names at once.
_STAGED = 500
#: Proof of what was asked and done outlives the data.
PROOF = frozenset({"clients.datarequest", "clients.legalhold", "clients.erasure"})
#: What is left of the client himself.
_LEFT = frozenset(
    {
        "id", "public_id", "branch_id", "kind", "status", "opened_on", "closed_on", "version", "updated_at",
        "restricted_on", "restriction_reason", "erased_on", "merged_into_id",
    }
)  # fmt: skip


@service("erasure.propose")
def propose_erasure(*, client: Client, reason: str, actor: User, now: datetime) -> Erasure:
    """Propose it. Raises ``NotErasable`` with every reason that stands against it."""
    if len(reason.strip()) < 4:
        raise InvalidInput(fields={"reason": _("Say why.")})
    row: Client = lock(Client.objects.select_related("branch"), pk=client.pk, closed_too=True)
    _refuse(row, now, actor)
    if Erasure.objects.filter(client=row, state__in=(State.PROPOSED, State.APPROVED)).exists():
        raise NotErasable(_("An erasure is under way already."))
    made: Erasure = Erasure.objects.create(client=row, reason=reason.strip()[:300], proposed_by=actor, proposed_at=now)
    audit.record(actor, "erasure.propose", made, reason=reason.strip(), client=row)
    return made


@service("erasure.approve")
def approve_erasure(*, erasure: Erasure, actor: User, now: datetime, version: int | None = None) -> Erasure:
    """One of the two approvals; the second starts the job.

    Raises ``FourEyes``, ``WrongStep``, ``NotErasable``, and ``StaleEdit`` where somebody else has decided meanwhile.
    """
    row: Erasure = lock(Erasure.objects.select_related("client__branch"), pk=erasure.pk, version=version)
    if row.state != State.PROPOSED:
        raise WrongStep(_("This has already been decided."))
    if actor.pk in (row.proposed_by_id, row.first_approver_id):
        raise FourEyes
    _refuse(row.client, now, actor)
    if row.first_approver_id is None:
        row.first_approver = actor
    else:
        row.second_approver, row.state = actor, State.APPROVED
    row.save(update_fields=["first_approver", "second_approver", "state"])
    audit.record(actor, "erasure.approve", row, after={"state": row.state}, client=row.client)
    if row.state == State.APPROVED:
        start_job(
            JOB, actor=actor, params={"erasure": row.public_id}, branch=row.client.branch, key=f"{JOB}:{row.public_id}"
        )
    return row


@service("erasure.reject")
def reject_erasure(*, erasure: Erasure, reason: str, actor: User, version: int | None = None) -> Erasure:
    """Nothing is erased. Raises ``WrongStep``, and ``StaleEdit`` where somebody else has decided meanwhile."""
    if len(reason.strip()) < 4:
        raise InvalidInput(fields={"reason": _("Say why.")})
    row: Erasure = lock(Erasure.objects.select_related("client"), pk=erasure.pk, version=version)
    if row.state != State.PROPOSED:
        raise WrongStep(_("This has already been decided."))
    row.state = State.REJECTED
    row.save(update_fields=["state"])
    audit.record(actor, "erasure.reject", row, reason=reason.strip(), client=row.client)
    return row


@service("erasure.carry_out")
def carry_out(*, erasure: Erasure, actor: User, now: datetime) -> Erasure:
    """Erase; run again it finds the work done. Whatever has come up since the approvals stops it (``NotErasable``)."""
    row: Erasure = lock(Erasure.objects.select_related("client__branch"), pk=erasure.pk)
    if row.state == State.DONE:
        return row
    if row.state != State.APPROVED:
        raise WrongStep
    # First the branch, as merges and imports do: a file that is being written is waited for, and waits for us.
    Branch.objects.select_for_update(of=("self",), no_key=True).get(pk=row.client.branch_id)
    client: Client = lock(Client.objects.select_related("branch"), pk=row.client_id, closed_too=True)
    _refuse(client, now, None)  # the run says it to whoever looks at it
    numbers = [one.public_id for one in absorbed(client)]
    counts = erase(client, now)
    row.state, row.done_at = State.DONE, now
    row.certificate = {
        "client": client.public_id,
        "absorbed": numbers,
        "erased_at": now.isoformat(),
        "rows": counts,
        "proposed_by": row.proposed_by.staff_number,
        "approved_by": [person.staff_number for person in (row.first_approver, row.second_approver) if person],
    }
    row.save(update_fields=["state", "done_at", "certificate"])
    audit.record(actor, "erasure.carry_out", row, after={"rows": sum(counts.values())}, client=client)
    transaction.on_commit(lambda: bury(row.certificate))
    return row


@job(JOB, label=gettext_lazy("Erasure of a client's data"), right="clients.view_erasure")
def run_erasure(run: JobRun, tick: Tick) -> dict[str, Any]:
    """Params: the public id of the erasure."""
    tick(0, 1)
    done = carry_out(erasure=Erasure.objects.get(public_id=run.params["erasure"]), actor=run.actor, now=database_now())
    tick(1, 1)
    return dict(done.certificate)


def erase(client: Client, now: datetime) -> dict[str, int]:
    """Take away every row that is bound to the client and every word about him; counts by kind. Twice finds nothing.

    Rows under numbers that were merged into him are his as well, and go first: what is left of them keeps its way to him.
    """
    counts: Counter[str] = Counter()
    for row in absorbed(client, locked=True):
        _erase_one(row, now, counts)
    _erase_one(client, now, counts)
    return {name: count for name, count in sorted(counts.items()) if count}


def _erase_one(client: Client, now: datetime, counts: Counter[str]) -> None:
    for kind in reversed(bound()):
        model = apps.get_model(kind.model)
        if kind.model.lower() in PROOF:
            continue
        rows: Any = kind.rows(client.pk)
        if kind.is_secret:  # the certificate does not tell that there were any
            _take_away(model, rows, Counter())
            continue
        if model is Client and kind.path == "merged_into":
            continue
        if model is Client:
            counts[kind.model] += rows.update(**{kind.path: None})
        else:
            counts["core.ImportRow"] += _staged(model, rows, client)
            _take_away(model, rows, counts)
    sent = Outbound.objects.filter(client_ref=client.public_id)
    counts["core.Outbound"] += sent._raw_delete(sent.db) or 0
    # What a file once changed in him stands in its staged rows, by his public id, name and all.
    counts["core.ImportRow"] += ImportRow.objects.filter(ref=client.public_id).delete()[0]
    # And in those of his accounts, holdings, assets: under his number, in files that name clients by theirs.
    of_clients = [kind for kind, one in TARGETS.items() if one.row_key_field == getattr(one, "client_field", "")]
    named = ImportRow.objects.filter(key=client.external_id, batch__branch=client.branch_id, batch__kind__in=of_clients)
    counts["core.ImportRow"] += named.delete()[0]
    _silence_proof(client)
    _empty(client, now)


def _staged(model: type[models.Model], rows: Any, client: Client) -> int:
    """Take away what files that bring such rows in have staged about these; returns how many staged rows that was."""
    kinds = [kind for kind, target in TARGETS.items() if getattr(target, "model", None) is model]
    if not kinds or not hasattr(model, "public_id"):
        return 0
    staged = ImportRow.objects.filter(batch__kind__in=kinds, batch__branch=client.branch_id)
    refs = list(rows.values_list("public_id", flat=True))
    return sum(staged.filter(ref__in=page).delete()[0] for page in batches(refs, _STAGED))


def _take_away(model: type[models.Model], rows: Any, counts: Counter[str]) -> None:
    """Delete rows with what hangs on them. Foreign keys are checked at commit, so the order does not matter."""
    hanging = [one for one in model._meta.get_fields(include_hidden=True) if one.auto_created and not one.concrete]
    if hanging:
        ids = list(rows.values_list("pk", flat=True))
        for link in hanging:
            child: Any = link.related_model
            below = child._base_manager.filter(**{f"{link.field.name}__in": ids})  # type: ignore[union-attr]  # a relation
            if child is model:
                below.update(**{link.field.name: None})  # type: ignore[union-attr]  # as above
            else:
                _take_away(child, below, counts)
        _take_files(model, ids, counts)
        rows = model._base_manager.filter(pk__in=ids)
    counts[model._meta.label] += rows._raw_delete(rows.db) or 0


def _take_files(model: type[models.Model], ids: list[Any], counts: Counter[str]) -> None:
    if not hasattr(model, "public_id"):
        return
    owners = model._base_manager.filter(pk__in=ids).values("public_id")
    files = list(Attachment.objects.filter(owner_type=model._meta.label_lower, owner_id__in=owners))
    if files:
        counts["core.Attachment"] += len(files)
        Attachment.objects.filter(pk__in=[file.pk for file in files]).delete()
        paths = [attachments.path_of(file) for file in files]
        transaction.on_commit(lambda: _unlink(paths))


def _unlink(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _silence_proof(client: Client) -> None:
    """Of requests and holds the words go as well; that they were there, and when, stays."""
    client.data_requests.update(details="", answer="")


def _empty(client: Client, now: datetime) -> None:
    values: dict[str, Any] = {
        field.attname: field.get_default()
        for field in Client._meta.concrete_fields
        if field.attname not in _LEFT and not field.primary_key
    }
    values |= {
        "external_id": f"erased-{client.public_id[-12:]}",
        "restricted_on": client.restricted_on or local_date(now),
        "restriction_reason": client.restriction_reason or _("Erased after the end of retention"),
        "erased_on": client.erased_on or local_date(now),
    }
    for name, value in values.items():
        setattr(client, name, value)
    client.save_changed([name for name in values if name in {f.attname for f in Client._meta.concrete_fields}])


def _refuse(client: Client, now: datetime, reader: User | None) -> None:
    if against := obstacles(client, local_date(now), reader):
        raise NotErasable(" ".join(against))
