"""Clients who became part of another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clients.models import Client


def absorbed(client: Client, *, locked: bool = False) -> list[Client]:
    """Clients that were merged into this one, and those merged into them before; the farthest first.

    ``locked`` holds their rows until the end of the transaction.
    """
    from clients.models import Client

    found: list[Client] = []
    level = [client.pk]
    while level:
        rows = Client.objects.select_for_update(of=("self",)) if locked else Client.objects.all()
        level_rows = list(rows.filter(merged_into__in=level).order_by("pk"))
        found = level_rows + found
        level = [row.pk for row in level_rows]
    return found
