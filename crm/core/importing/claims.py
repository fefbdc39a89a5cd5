"""One import of a kind at a time for a branch, also when a process dies in the middle.

The claim is a column with a partial unique index. Whoever finds it held looks whether the holder lives: the same machine
answers at once, another one by letting its lease run out.
"""

from __future__ import annotations

import os
import socket
import time
from datetime import datetime, timedelta
from pathlib import Path

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from crm.core.clocks import database_now
from crm.core.importing.problems import ImportBusy
from crm.core.models import ImportBatch

LEASE = timedelta(minutes=3)
_POLL = 0.3


def process_name() -> str:
    """This process: machine, number and when it began, since numbers come round again."""
    return f"{socket.gethostname()[:60]}/{os.getpid()}/{_began(os.getpid())}"


def _began(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):
        return ""


def lives(name: str) -> bool | None:
    """Whether a process of this machine is still there; None for one of another machine."""
    host, _slash, rest = name.partition("/")
    if host != socket.gethostname()[:60]:
        return None
    number, _slash, began = rest.partition("/")
    if not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return not began or _began(int(number)) == began


def claim(batch: ImportBatch, *, wait: float = 0.0) -> None:
    """Take the right to change data of this kind in this branch. Raises ``ImportBusy`` if it is not free within ``wait``."""
    until = time.monotonic() + wait
    while True:
        now = database_now()
        _bury_dead(batch, now)
        try:
            with transaction.atomic():
                taken = ImportBatch.objects.filter(pk=batch.pk, claimed_by="").update(
                    claimed_by=process_name(), lease_until=now + LEASE
                )
        except IntegrityError:
            taken = 0
        if taken:
            batch.refresh_from_db()
            return
        if time.monotonic() >= until:
            raise ImportBusy
        time.sleep(_POLL)


def renew(batch: ImportBatch) -> None:
    """Still at work."""
    ImportBatch.objects.filter(pk=batch.pk, claimed_by=process_name()).update(lease_until=database_now() + LEASE)


def release(batch: ImportBatch) -> None:
    ImportBatch.objects.filter(pk=batch.pk, claimed_by=process_name()).update(claimed_by="", lease_until=None)


def _bury_dead(batch: ImportBatch, now: datetime) -> None:
    """Free claims whose holder is gone; a foreign batch that was in work failed, its own one may be taken up again."""
    for held in ImportBatch.objects.claimed().filter(kind=batch.kind, branch_id=batch.branch_id):
        bury(held, now, failed=held.pk != batch.pk)


def bury(held: ImportBatch, now: datetime, *, failed: bool = True) -> bool:
    """Take the claim from a dead holder. A transaction of his that is still ending is waited for, and then believed."""
    alive = lives(held.claimed_by)
    if alive or (alive is None and (held.lease_until is None or held.lease_until > now)):
        return False
    mine = ImportBatch.objects.filter(pk=held.pk, claimed_by=held.claimed_by)
    with transaction.atomic():
        if failed:
            mine.filter(state__in=["staged", "applying"]).update(
                state="failed", failure_code="interrupted", failure=_("The work was interrupted. Nothing was written.")
            )
        return bool(mine.update(claimed_by="", lease_until=None))
