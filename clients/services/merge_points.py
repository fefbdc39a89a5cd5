"""Phones, e-mails and addresses that were not chosen in a merge: they stay on file as further contact points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from clients.identity import tail
from clients.models import Client, ContactPoint
from clients.provenance import Source, origin
from clients.services.primaries import POINT_OF
from crm.core.crypto import blind_index, blind_indexes


def keep_unchosen(staying: Client, columns: Iterable[Mapping[str, Any]], today: date) -> list[int]:
    """Put on file what ``columns``, those of both before the merge, say beyond what the client who stays has.

    They are said by whom the columns were; where nobody is known, by the staff who merges. Returns the keys of the new contact
    points.
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
            known = origin(held["provenance"], column)
            point = ContactPoint(
                client=staying,
                kind=kind,
                value=value,
                value_index=blind_index(value),
                value_tail=tail(value) if kind == ContactPoint.Kind.PHONE else "",
                source=known.source or Source.STAFF,
                as_of=known.on or today,
            )
            point.save()
            made.append(point.pk)
    return made


def take_back(staying: Client, keys: Iterable[int]) -> None:
    """Take them away again; one that somebody has worked on since stays with the client who stayed."""
    ContactPoint.objects.filter(pk__in=list(keys), client=staying, version=1).delete()
