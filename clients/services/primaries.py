"""The primary phone, e-mail, address and document are the client's own columns; the rows beside them follow."""

from __future__ import annotations

from collections.abc import Iterable

from clients.models import ContactPoint, IdentityDocument

#: Column of the client → kind of the contact point that repeats it.
POINT_OF = {"phone": "phone", "email": "email", "address": "address"}


def step_down(client_ids: Iterable[int], changed: Iterable[str]) -> None:
    """Rows that were primary for a column that has just changed stay on file as further ones; a few statements a set."""
    ids, names = list(client_ids), set(changed)
    kinds = [kind for column, kind in POINT_OF.items() if column in names]
    if kinds:
        points = ContactPoint.objects.present().filter(client_id__in=ids, is_primary=True, kind__in=kinds)
        points.update(is_primary=False)
    if "id_number" in names:
        IdentityDocument.objects.present().filter(client_id__in=ids, is_primary=True).update(is_primary=False)
