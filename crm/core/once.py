"""Doing a thing once although it is asked twice: the same key brings the same row back.

The key is claimed in the transaction of the change itself, so a kill leaves either both or neither. No answer is stored:
a replay is rendered again from the row with today's rights (reliability.md I7).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.core.errors import DomainError
from crm.core.faults import fault
from crm.core.jobs import due
from crm.core.models import IdempotencyKey, User

KEEP = timedelta(days=7)
#: The status of a key whose change has been made, whether or not it made a row with a public id.
DONE = 1


class KeyReused(DomainError):
    """The same key came with another payload."""

    code = "idempotency_key_reused"
    status = 422
    message = _("This Idempotency-Key was used for another request.")


def print_of_file(file: Any) -> str:
    """What makes an uploaded file the same file: its content. Another one may bear the same name and be as long."""
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return digest


@dataclass(frozen=True)
class Outcome:
    """The public id of what the request made, and whether it was made just now."""

    object_id: str
    is_new: bool


def fingerprint(*parts: bytes | str) -> str:
    """What makes a request the same request: method, path and body."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part if isinstance(part, bytes) else part.encode())
        digest.update(b"\x00")
    return digest.hexdigest()


def once(*, user: User, key: str, print_: str, make: Callable[[], Any]) -> Outcome:
    """Run ``make`` (which returns a row with a public id) unless the user's ``key`` has been answered before.

    Raises ``KeyReused`` for another payload under the same key. Two requests at once: the second waits for the first on the
    unique key and then gets its row.
    """
    with transaction.atomic():
        claimed = _claim(user, key, print_)
        if claimed is None:
            row = IdempotencyKey.objects.select_for_update().get(user=user, key=key)
            if row.fingerprint != print_:
                raise KeyReused
            if row.status:
                return Outcome(row.object_id, is_new=False)
            claimed = row.pk
        fault("once.claimed")
        object_id = getattr(make(), "public_id", "") or ""
        IdempotencyKey.objects.filter(pk=claimed).update(object_id=object_id, status=DONE)
    return Outcome(object_id, is_new=True)


_CLAIM = (
    "INSERT INTO core_idempotencykey (user_id, key, fingerprint, object_id, status, created_at) "
    "VALUES (%s, %s, %s, '', 0, %s) ON CONFLICT (user_id, key) DO NOTHING RETURNING id"
)


def _claim(user: User, key: str, print_: str) -> int | None:
    """The key of a row made just now; None if there is one already. Who comes second waits here until the first is done."""
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [user.pk, key, print_, now])
        found = cursor.fetchone()
    return int(found[0]) if found else None


@due("core.forget_keys")
def forget_keys(now: datetime) -> int:
    """Keys are kept for a week: longer than any phone retries."""
    gone, _kinds = IdempotencyKey.objects.filter(created_at__lt=now - KEEP).delete()
    return gone
