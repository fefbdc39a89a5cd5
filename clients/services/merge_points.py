"""Phones, e-mails and addresses that were not chosen in a merge: they stay on file as further contact points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from clients.identity import tail
from clients.models import Client, ContactPoint
from clients.services.primaries import POINT_OF
from crm.core.crypto import blind_index, blind_indexes


def keep_unchosen(staying: Client, columns: Iterable[Mapping[str, Any]]) -> list[int]:
    """Put on file what ``columns``, those of both before the merge, say beyond what the client who stays has.

    Returns the keys of the new contact points.
    """
    made = []
    for held in columns:
        for column, kind in POINT_OF.items():
            value = str(held[column] or "")
            if not value or value == getattr(staying, column):
                continue
            on_file = ContactPoint.objects.present().filter(client=staying, kind=kind)
            if on_file.filter(value_index__in=blind_indexes(value)).exists():
                continue
            shown = tail(value) if kind == ContactPoint.Kind.PHONE else ""
            point = ContactPoint(
                client=staying, kind=kind, value=value, value_index=blind_index(value), value_tail=shown
            )
            point.save()
            made.append(point.pk)
    return made


def take_back(staying: Client, keys: Iterable[int]) -> None:
    """Take them away again; one that somebody has worked on since stays with the client who stayed."""
    ContactPoint.objects.filter(pk__in=list(keys), client=staying, version=1).delete()
