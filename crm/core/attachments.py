"""Files that belong to rows: checked by content, kept outside the web root under random names, served through a guard."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.core import audit
from crm.core.access import NOTHING
from crm.core.errors import InvalidInput
from crm.core.file_content import NotThatKind, examine
from crm.core.models import Attachment, User
from crm.core.public_ids import new_public_id

#: Kind of file by ending: (content type, what its first bytes must be). ``file_content`` then reads the rest of it.
KINDS: dict[str, tuple[str, tuple[bytes, ...]]] = {
    "pdf": ("application/pdf", (b"%PDF-",)),
    "png": ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    "jpg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "jpeg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "mp3": ("audio/mpeg", (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")),
    "wav": ("audio/wav", (b"RIFF",)),
    "m4a": ("audio/mp4", ()),
    "amr": ("audio/amr", (b"#!AMR\n",)),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", (b"PK\x03\x04",)),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", (b"PK\x03\x04",)),
    "txt": ("text/plain; charset=utf-8", ()),
}
LARGEST = 20 * 1024 * 1024
_NAME_LENGTH = 120


class FileRefused(InvalidInput):
    """The file is of a kind, size or content that is not taken."""

    code = "file_refused"
    message = _("This file cannot be attached.")


OwnerSet = Callable[[User], "models.QuerySet[Any]"]
#: For each model that has attachments: the rows whose attachments a member of staff may open.
_guards: dict[str, OwnerSet] = {}


def guard(model: type[models.Model]) -> Callable[[OwnerSet], OwnerSet]:
    """Register which rows of ``model`` open their attachments to a member of staff (usually ``visible_to``)."""

    def register(rows: OwnerSet) -> OwnerSet:
        _guards[model._meta.label_lower] = rows
        return rows

    return register


def guarded_rows(user: User) -> dict[str, models.QuerySet[Any]]:
    """By kind of owner: the rows whose attachments the member of staff may open."""
    return {label: rows(user) for label, rows in _guards.items()}


def owners_visible_to(user: User) -> Q:
    """Attachments whose owner the member of staff may see; kinds without a guard stay closed."""
    reachable = NOTHING
    for label, rows in guarded_rows(user).items():
        reachable |= Q(owner_type=label, owner_id__in=rows.values("public_id"))
    return reachable


def safe_name(name: str) -> str:
    """A name that is only a name: no path, no control or direction characters, of bearable length."""
    base = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    clean = "".join(c for c in base if unicodedata.category(c)[0] != "C").strip(" .")
    stem, dot, ending = clean.rpartition(".")
    return f"{(stem or 'file')[:_NAME_LENGTH]}{dot}{ending[:8]}" if dot else (clean or "file")[:_NAME_LENGTH]


def store(upload: UploadedFile[bytes], *, owner: models.Model, actor: User) -> Attachment:
    """Check, write and register a file within the caller's transaction. Raises ``FileRefused``.

    The bytes are on disk before the row is; a transaction that rolls back leaves an orphan file, never a row without one.
    """
    name = safe_name(upload.name or "file")
    ending = name.rpartition(".")[2].lower()
    content = upload.read()
    content_type, seconds = _checked(ending, content)
    stored_as = f"{new_public_id()}.{re.sub('[^a-z0-9]', '', ending)}"
    path = folder() / stored_as
    path.write_bytes(content)
    path.chmod(0o600)
    attachment: Attachment = Attachment.objects.create(
        owner_type=owner._meta.label_lower,
        owner_id=owner.public_id,  # type: ignore[attr-defined]  # every owner is a PublicModel
        name=name,
        content_type=content_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        duration_seconds=seconds,
        stored_as=stored_as,
        uploaded_by=actor,
    )
    audit.record(
        actor, "attachment.add", owner, after={"attachment": attachment.public_id, "sha256": attachment.sha256}
    )
    return attachment


def owner_of(attachment: Attachment) -> models.Model | None:
    """The row that a file lies with; None where it is gone."""
    rows = apps.get_model(attachment.owner_type)._base_manager.filter(public_id=attachment.owner_id)
    found: models.Model | None = rows.first()
    return found


def path_of(attachment: Attachment) -> Path:
    return folder() / attachment.stored_as


def folder() -> Path:
    place = Path(settings.MEDIA_ROOT) / "attachments"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    return place


def _checked(ending: str, content: bytes) -> tuple[str, int | None]:
    """Content type, and the seconds that a recording plays."""
    kind = KINDS.get(ending)
    if kind is None:
        raise FileRefused(_("Files of this kind are not taken. Taken are: %(kinds)s.") % {"kinds": _(", ").join(KINDS)})
    if not content or len(content) > LARGEST:
        raise FileRefused(_("The file is empty or larger than 20 MB."))
    content_type, beginnings = kind
    refusal = FileRefused(_("The content of the file is not what its name says."))
    if beginnings and not content.startswith(beginnings):
        raise refusal
    try:
        return content_type, examine(ending, content)
    except NotThatKind:
        raise refusal from None
