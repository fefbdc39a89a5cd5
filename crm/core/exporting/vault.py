"""The bytes of an approved export until it has been fetched: sealed, bound to their request."""

from __future__ import annotations

from django.db import transaction

from crm.core.crypto import keyring
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
    """Seal the kept files again that lie under another key than the newest; returns how many."""
    name, written = keyring()[0].name.encode(), 0
    newest = bytes([len(name)]) + name
    for pk in list(ExportFile.objects.values_list("pk", flat=True)):
        with transaction.atomic():
            held = ExportFile.objects.select_for_update(of=("self",)).select_related("export").filter(pk=pk).first()
            if held is None or bytes(held.sealed).startswith(newest):
                continue
            body = opened(bytes(held.sealed), _bound_to(held.export))
            if body is not None:
                # A file that has just been forgotten must not come back.
                written += ExportFile.objects.filter(pk=pk).update(sealed=sealed(body, _bound_to(held.export)))
    return written


def _bound_to(export: ExportRequest) -> bytes:
    return f"core.exportfile:sealed:{export.public_id}".encode()
