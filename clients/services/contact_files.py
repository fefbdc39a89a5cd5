"""Papers, pictures and recordings of a contact. They belong to its first wording and stay through every correction."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from clients.models import Client, ContactLog
from crm.core import attachments, audit
from crm.core.errors import InvalidInput
from crm.core.models import Attachment, User
from crm.core.service import service
from crm.core.versions import lock

#: So many files one contact may have, all wordings together.
MOST = 20


@service("contact.attach")
def attach_to_contact(*, contact: ContactLog, uploads: Iterable[UploadedFile[bytes]], actor: User) -> list[Attachment]:
    """Store files of a contact; all of them or none. Raises ``FileRefused`` and ``InvalidInput``."""
    lock(Client.objects.all(), pk=contact.client_id)  # two uploads at once count each other
    first = ContactLog.objects.select_related("client").get(public_id=contact.files_ref)
    files = list(uploads)
    if Attachment.objects.of(first).count() + len(files) > MOST:
        raise InvalidInput(fields={"files": _("A contact has at most %(count)d files.") % {"count": MOST}})
    stored = [attachments.store(upload, owner=first, actor=actor) for upload in files]
    after = {"files": [file.public_id for file in stored], "recordings": sum(file.is_recording for file in stored)}
    audit.record(actor, "contact.attach", first, after=after, client=first.client)
    return stored
