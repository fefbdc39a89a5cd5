"""The bytes of an approved export until it has been fetched: sealed, bound to their request."""

from __future__ import annotations

from crm.core.importing.vault import opened, sealed
from crm.core.models import ExportRequest
from crm.core.models.exporting import ExportFile


def keep(export: ExportRequest, body: bytes) -> None:
    ExportFile.objects.update_or_create(export=export, defaults={"sealed": sealed(body, _bound_to(export))})


def fetch(export: ExportRequest) -> bytes | None:
    """The kept file, None when it is gone."""
    held = ExportFile.objects.filter(export=export).values_list("sealed", flat=True).first()
    return None if held is None else opened(bytes(held), _bound_to(export))


def forget(export: ExportRequest) -> None:
    ExportFile.objects.filter(export=export).delete()


def rotate() -> int:
    """Seal the kept files again under the newest key; returns how many. They live for a day, so all of them are."""
    written = 0
    for export in ExportRequest.objects.filter(file__isnull=False):
        body = fetch(export)
        if body is not None:
            keep(export, body)
            written += 1
    return written


def _bound_to(export: ExportRequest) -> bytes:
    return f"core.exportfile:sealed:{export.public_id}".encode()
