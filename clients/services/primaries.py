"""The primary phone, e-mail, address and document are the client's own columns; the rows beside them follow."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from django.db.models import F, OuterRef, Q, Subquery

from clients.models import Client, ContactPoint, IdentityDocument
from clients.provenance import origin, stamped

#: Column of the client → kind of the contact point that repeats it.
POINT_OF = {"phone": "phone", "email": "email", "address": "address"}
#: Column of the client → what the primary document says of it, beside its number.
DOCUMENT_OF = {"id_kind": "kind", "id_valid_until": "valid_until", "id_is_long_term": "is_long_term"}
_AS_THE_CLIENT = Q(kind=F("client__id_kind"), is_long_term=F("client__id_is_long_term")) & (
    Q(valid_until=F("client__id_valid_until")) | Q(valid_until=None, client__id_valid_until=None)
)


def step_down(client_ids: Iterable[int], changed: Iterable[str]) -> None:
    """Rows that were primary for a column that has just changed stay on file as further ones; a few statements a set."""
    ids, names = list(client_ids), set(changed)
    kinds = [kind for column, kind in POINT_OF.items() if column in names]
    if kinds:
        points = ContactPoint.objects.present().filter(client_id__in=ids, is_primary=True, kind__in=kinds)
        points.update(is_primary=False)
    if "id_number" in names:
        IdentityDocument.objects.present().filter(client_id__in=ids, is_primary=True).update(is_primary=False)


def renew(client_ids: Iterable[int], changed: Iterable[str], **said: Any) -> None:
    """The primary document is of the kind, and valid as long, as the client's own columns say, where those have ``changed``.

    ``said``: ``source`` and ``as_of`` of the news, where known. One statement a set; a row that says the same is left alone.
    """
    if not DOCUMENT_OF.keys() & set(changed):
        return
    own = Client.objects.filter(pk=OuterRef("client_id"))
    new = {name: Subquery(own.values(column)[:1]) for column, name in DOCUMENT_OF.items()}
    rows = IdentityDocument.objects.present().filter(client_id__in=list(client_ids), is_primary=True)
    rows = rows.exclude(client__id_kind="").exclude(_AS_THE_CLIENT)
    rows.update(**new, **said, version=F("version") + 1)


def say_as_column(client: Client, names: Collection[str]) -> None:
    """Where facts were said again with the same value, the primary rows that repeat them are said by the same since then."""
    for column, rows in _beside(client, names):
        known = origin(client.provenance, column)
        if known.source and known.on:
            rows.update(source=known.source, as_of=known.on)


def say_as_rows(client: Client) -> None:
    """The other way round, of rows that have come to the client: his columns are said by whom they are. Saves nothing."""
    for column, rows in _beside(client, (*POINT_OF, "id_number")):
        row = rows.first()
        if row is None or (row.number if column == "id_number" else row.value) != getattr(client, column):
            continue
        if not origin(client.provenance, column).is_of(row.source, row.as_of):
            said = {"source": row.source, "on": row.as_of}
            client.provenance = stamped(client.provenance, [column], **said, unchanged=True)


def _beside(client: Client, names: Collection[str]) -> Iterator[tuple[str, Any]]:
    """Those of the columns ``names`` that a primary row may repeat, each with its row as a set."""
    points = ContactPoint.objects.present().filter(client=client, is_primary=True)
    yield from ((column, points.filter(kind=kind)) for column, kind in POINT_OF.items() if column in names)
    if "id_number" in names:
        yield "id_number", IdentityDocument.objects.present().filter(client=client, is_primary=True)
