"""One counter for wrong passwords, whatever door they come through (web, token, second factor).

Counted by atomic updates in the database: twenty guesses in parallel are twenty guesses. Blocks grow and end by themselves;
nobody is locked out for good (reliability.md S1).
"""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.core.errors import DomainError
from crm.core.models import SignInCounter

WINDOW = timedelta(minutes=15)
PER_ACCOUNT = 8
PER_NETWORK = 60
_LONGEST = timedelta(minutes=30)


class TooManyAttempts(DomainError):
    code = "too_many_attempts"
    status = 429
    message = _("Too many failed attempts. Try again in a few minutes.")


def subjects(number: str, address: str, device: str = "") -> list[tuple[str, int]]:
    """What is counted: the account as typed, and the network the attempt came from; with the limit of each.

    ``device`` names a browser in which this account has signed in before: its guesses are counted by themselves.
    """
    counted = [(f"number:{number.strip().lower()[:60]}", PER_ACCOUNT)] if number.strip() else []
    if device:
        counted = [(f"device:{device}", PER_ACCOUNT)]
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return counted
    prefix = 24 if ip.version == 4 else 56
    return [*counted, (f"net:{ipaddress.ip_network(f'{ip}/{prefix}', strict=False)}", PER_NETWORK)]


def begin(number: str, address: str, now: datetime | None = None, *, device: str = "") -> None:
    """Count an attempt before the password is looked at. Raises ``TooManyAttempts`` when the allowance is spent."""
    moment = now or timezone.now()
    for subject, limit in subjects(number, address, device):
        if _count(subject, moment) > limit:
            raise TooManyAttempts


def succeeded(number: str, address: str, *, device: str = "") -> None:
    """A right password clears the account's count and gives the network its attempt back."""
    for subject, limit in subjects(number, address, device):
        if limit == PER_ACCOUNT:
            SignInCounter.objects.filter(subject=subject).delete()
        else:
            SignInCounter.objects.filter(subject=subject, failures__gt=0).update(failures=F("failures") - 1)


def _count(subject: str, now: datetime) -> int:
    with transaction.atomic():
        SignInCounter.objects.bulk_create([SignInCounter(subject=subject, window_start=now)], ignore_conflicts=True)
        row = SignInCounter.objects.select_for_update().get(pk=subject)
        if row.blocked_until and row.blocked_until > now:
            return 1_000_000
        if row.window_start < now - WINDOW:
            row.window_start, row.failures = now, 0
        row.failures += 1
        limit = PER_NETWORK if subject.startswith("net:") else PER_ACCOUNT
        over = row.failures - limit
        row.blocked_until = now + min(_LONGEST, timedelta(minutes=over)) if over > 0 else None
        row.save(update_fields=["window_start", "failures", "blocked_until"])
        return int(row.failures)
