"""Clients as the audit trail speaks of them: found by number, name or public id, and called as the reader may see them."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from clients.models import Client
from clients.querysets.scope import sees_names, shown_name
from clients.querysets.search import name_contains
from crm.core.models import User
from crm.core.public_ids import is_public_id
from crm.core.subjects import Subject

#: Whoever meets more of one name has to say the number anyway.
_MOST = 10


def find(user: User, text: str) -> list[Subject]:
    """Clients whom ``user`` sees with exactly this number, name or public id; the number goes before the name."""
    if not user.has_perm("clients.view_client"):
        return []
    ways = [Q(public_id=text)] if is_public_id(text) else [Q(external_id=text)]
    if sees_names(user):
        ways.append(name_contains(text) & Q(name__iexact=text))
    for way in ways:
        rows = Client.objects.visible_to(user).filter(way).select_related("branch").order_by("branch_id", "external_id")
        if found := [_subject(client, user) for client in rows[:_MOST]]:
            return found
    return []


def called(user: User, refs: Iterable[str]) -> dict[str, Subject]:
    """By public id, as ``user`` may see them."""
    if not user.has_perm("clients.view_client"):
        return {}
    rows = Client.objects.visible_to(user).filter(public_id__in=list(refs)).select_related("branch")
    return {client.public_id: _subject(client, user) for client in rows}


def _subject(client: Client, user: User) -> Subject:
    return Subject(
        client.public_id, client.external_id, shown_name(client, user), str(client.branch), client.get_absolute_url()
    )
