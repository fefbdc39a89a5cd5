"""Reminding of identity documents that run out, step by step, and settling a step."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import cast

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from clients.errors import ReminderSettled
from clients.models import Client, DocumentKind, DocumentReminder, IdentityDocument
from crm.core import audit
from crm.core.access import system_user
from crm.core.batches import batches
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput
from crm.core.jobs import beat, due
from crm.core.models import Branch, Heartbeat, User
from crm.core.policies import Figures, figures
from crm.core.service import service
from crm.core.versions import lock

_ROUND = "clients.documents"
_CHUNK = 2_000
Outcome = DocumentReminder.Outcome


@service("document.remind")
def remind_documents(*, branch: Branch, actor: User, now: datetime) -> int:
    """Bring every document of the branch's clients to the step at which it stands today; returns how many steps are new.

    Run twice it finds nothing. A day that nobody ran it is made up for: the step reached is set, those passed are not.
    """
    today = local_date(now)
    own = DocumentReminder.objects.filter(client__branch=branch)
    gone = own.overtaken().update(outcome=Outcome.RENEWED, settled_at=now)
    made = 0
    for days, low, high in _windows(figures(today, branch), today):
        at_step = own.filter(days_before=days, valid_until__gte=low, valid_until__lte=high)
        made += at_step.again().update(outcome=Outcome.OPEN, settled_at=None)
        for page in batches(_without(branch, days, low, high), _CHUNK):
            rows = [
                DocumentReminder(
                    client_id=client_id,
                    document_id=document_id,
                    kind=kind,
                    valid_until=until,
                    days_before=days,
                    due_on=until - timedelta(days=days),
                )
                for client_id, document_id, kind, until in page
            ]
            DocumentReminder.objects.bulk_create(rows, ignore_conflicts=True)
            made += len(rows)
        passed = own.open().filter(days_before__gt=days, valid_until__lte=high)
        passed.update(outcome=Outcome.LAPSED, settled_at=now)
    if made or gone:
        audit.record(actor, "document.remind", branch, after={"reminders": made, "renewed": gone})
    return made


@service("document.settle_reminder")
def settle_reminder(
    *,
    reminder: DocumentReminder,
    outcome: str,
    actor: User,
    now: datetime,
    note: str = "",
    version: int | None = None,
) -> DocumentReminder:
    """Say what was done: the client was told, his services were limited, or his reason was accepted (with a note).

    Raises ``ReminderSettled``, ``InvalidInput`` and ``StaleEdit``.
    """
    client: Client = lock(Client.objects.all(), pk=reminder.client_id)
    row: DocumentReminder = lock(DocumentReminder.objects.all(), pk=reminder.pk, version=version)
    if not row.is_open:
        raise ReminderSettled
    if outcome not in dict(row.choices):
        raise InvalidInput(fields={"outcome": _("This cannot be said at this step.")})
    if outcome == Outcome.EXCUSED and len(note.strip()) < 2:
        raise InvalidInput(fields={"note": _("Say which reason was accepted.")})
    row.outcome, row.note, row.settled_by, row.settled_at = outcome, note.strip()[:300], actor, now
    row.save_changed(["outcome", "note", "settled_by", "settled_at"])
    after = {"outcome": outcome, "valid_until": row.valid_until, "days_before": row.days_before}
    audit.record(actor, "document.settle_reminder", row, after=after, reason=row.note, client=client)
    return row


@due(_ROUND)
def remind_all(now: datetime) -> int:
    """Each open branch once an hour: documents come in all day."""
    hour = now.strftime("%Y-%m-%dT%H")
    held = Heartbeat.objects.filter(name=_ROUND).values_list("detail", flat=True).first() or {}
    done = {key: seen for key, seen in held.items() if seen == hour}
    made = 0
    for branch in Branch.objects.filter(is_open=True).order_by("pk"):
        if done.get(str(branch.pk)) == hour:
            continue
        made += remind_documents(branch=branch, actor=system_user(), now=now)
        done[str(branch.pk)] = hour
        beat(_ROUND, now, done)
    return made


def _windows(known: Figures, today: date) -> Iterator[tuple[int, date, date]]:
    """Of each step: its days before, and the first and the last day of validity with which a document stands at it."""
    steps = sorted({*known.integers("id.expiry_reminders"), -known.days("id.limit_after_days")}, reverse=True)
    for at, days in enumerate(steps):
        last = at + 1 == len(steps)
        low = date.min if last else today + timedelta(days=steps[at + 1] + 1)
        yield days, low, today + timedelta(days=days)


Found = tuple[int, int | None, str, date]


def _without(branch: Branch, days: int, low: date, high: date) -> Iterator[Found]:
    """Documents of the branch that stand at a step and have no reminder of it: the primary ones, then the others."""
    known = DocumentReminder.objects.filter(days_before=days)
    clients = Client.objects.served().filter(branch=branch, merged_into=None)
    primary = clients.filter(id_valid_until__gte=low, id_valid_until__lte=high).filter(
        ~Exists(known.filter(document=None, client=OuterRef("pk"), valid_until=OuterRef("id_valid_until")))
    )
    for pk, sort, kind, until in primary.order_by("pk").values_list("pk", "kind", "id_kind", "id_valid_until"):
        usual = DocumentKind.LICENCE if sort == Client.Kind.INSTITUTION else DocumentKind.ID_CARD
        yield pk, None, kind or usual, cast(date, until)  # between two days
    others = IdentityDocument.objects.present().filter(
        is_primary=False, client__in=clients, valid_until__gte=low, valid_until__lte=high
    )
    others = others.filter(~Exists(known.filter(document=OuterRef("pk"), valid_until=OuterRef("valid_until"))))
    for pk, client_id, kind, until in others.order_by("pk").values_list("pk", "client_id", "kind", "valid_until"):
        yield client_id, pk, kind, until
