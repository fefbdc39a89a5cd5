"""The bytes of an uploaded file between upload and decision: packed, sealed, bound to their batch."""

from __future__ import annotations

import os
import zlib

from cryptography.exceptions import InvalidTag
from django.db import transaction
from django.utils.translation import gettext as _

from crm.core.crypto import keyring
from crm.core.importing.problems import FileRefused
from crm.core.models.importing import ImportBatch, ImportFile

_NONCE = 12


def keep(batch: ImportBatch, raw: bytes) -> None:
    """Keep the file until the batch is settled."""
    ImportFile.objects.update_or_create(batch=batch, defaults={"sealed": sealed(raw, _bound_to(batch))})


def fetch(batch: ImportBatch) -> bytes:
    """The kept file. Raises ``FileRefused`` when it is gone or does not open."""
    held = ImportFile.objects.filter(batch=batch).values_list("sealed", flat=True).first()
    if held is None:
        raise FileRefused(_("The file is no longer kept. Bring it in again."), code="file_gone")
    raw = opened(bytes(held), _bound_to(batch))
    if raw is None:
        raise FileRefused(_("The kept file does not open. Bring it in again."), code="file_gone")
    return raw


def sealed(raw: bytes, bound_to: bytes) -> bytes:
    """Bytes packed and sealed under the newest key, with the key's name in front."""
    key = keyring()[0]
    nonce = os.urandom(_NONCE)
    name = key.name.encode()
    return bytes([len(name)]) + name + nonce + key.cipher.encrypt(nonce, zlib.compress(raw, 1), bound_to)


def opened(body: bytes, bound_to: bytes) -> bytes | None:
    """What ``sealed`` has sealed for the same owner, else None."""
    end = 1 + body[0]
    for key in keyring():
        if key.name.encode() == body[1:end]:
            try:
                return zlib.decompress(key.cipher.decrypt(body[end : end + _NONCE], body[end + _NONCE :], bound_to))
            except InvalidTag:
                return None
    return None


def rotate() -> int:
    """Seal the kept files again that lie under another key than the newest; returns how many."""
    name, written = keyring()[0].name.encode(), 0
    newest = bytes([len(name)]) + name
    for pk in list(ImportFile.objects.values_list("pk", flat=True)):
        with transaction.atomic():
            held = ImportFile.objects.select_for_update(of=("self",)).select_related("batch").filter(pk=pk).first()
            if held is not None and not bytes(held.sealed).startswith(newest):
                keep(held.batch, fetch(held.batch))
                written += 1
    return written


def forget(batch: ImportBatch) -> None:
    ImportFile.objects.filter(batch=batch).delete()


def _bound_to(batch: ImportBatch) -> bytes:
    return f"core.importfile:sealed:{batch.public_id}".encode()
