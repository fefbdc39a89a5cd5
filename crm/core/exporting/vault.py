"""The bytes of an approved export until it has been fetched: sealed, bound to their request."""

from __future__ import annotations

from django.db import transaction

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
    for pk in list(ExportFile.objects.values_list("pk", flat=True)):
        with transaction.atomic():
            held = ExportFile.objects.select_for_update(of=("self",)).select_related("export").filter(pk=pk).first()
            body = opened(bytes(held.sealed), _bound_to(held.export)) if held is not None else None
            if held is not None and body is not None:
                # A file that has just been forgotten must not come back.
                written += ExportFile.objects.filter(pk=pk).update(sealed=sealed(body, _bound_to(held.export)))
    return written


def _bound_to(export: ExportRequest) -> bytes:
    return f"core.exportfile:sealed:{export.public_id}".encode()
