"""Ending what somebody has open: browser sessions, tokens of devices, and whatever was signed in before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crm.core.models import User


@dataclass(frozen=True)
class Ended:
    """How many browser sessions and device tokens were ended."""

    sessions: int
    tokens: int


def end_access(person: User, now: datetime) -> Ended:
    """End all sessions and tokens of ``person`` in the caller's transaction.

    Sessions that no list knows are ended as well: they began before ``credentials_changed_at``, which each request asks.
    """
    from allauth.usersessions.models import UserSession
    from django.contrib.sessions.models import Session
    from knox.models import AuthToken

    keys = list(UserSession.objects.filter(user_id=person.pk).values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    UserSession.objects.filter(user_id=person.pk).delete()
    tokens, _kinds = AuthToken.objects.filter(user_id=person.pk).delete()
    type(person)._base_manager.filter(pk=person.pk).update(credentials_changed_at=now)
    person.credentials_changed_at = now
    return Ended(len(keys), tokens)
