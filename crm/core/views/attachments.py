"""Handing out files: only through the guard of the row they belong to, never shown in the browser, always on record."""

from __future__ import annotations

import logging
from typing import Any, cast

from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET

from crm.core import audit
from crm.core.attachments import owner_of, path_of
from crm.core.models import Attachment, User

logger = logging.getLogger(__name__)


def listed_file(file: Attachment) -> dict[str, Any]:
    """A file as ``components/_attachments.html`` lists it; who brought it comes with the rows (``uploaded_by``)."""
    return {
        "name": file.name,
        "size": file.size,
        "at": file.uploaded_at,
        "by": file.uploaded_by.called,
        "url": reverse("core:attachment", args=[file.public_id]),
    }


def listed_files(owner: Any) -> list[dict[str, Any]]:
    """The files that lie with a row, in the order in which they came."""
    return [listed_file(file) for file in Attachment.objects.of(owner).select_related("uploaded_by").order_by("pk")]


@require_GET
def attachment_download(request: HttpRequest, public_id: str) -> FileResponse:
    """The file, for whoever may see its owner; the owner's own ``visible_to`` is the right that is asked."""
    actor = cast(User, request.user)  # login is required by middleware
    attachment: Attachment = get_object_or_404(Attachment.objects.visible_to(actor), public_id=public_id)
    return hand_out(actor, attachment)


def hand_out(actor: User, attachment: Attachment) -> FileResponse:
    """The bytes as a download that no browser shows; on the trail before they leave. The caller has asked who may.

    The entry is about the row that the file lies with, and so about its client: whoever asks who looked at him finds it, and
    from whom the row is kept (a complaint about himself) the entry is kept as well.
    """
    path = path_of(attachment)
    if not path.is_file():
        logger.error("attachment has no file", extra={"attachment": attachment.pk})
        raise Http404
    owner = owner_of(attachment) or attachment
    client = getattr(owner, "client", None)
    audit.record_read(actor, "attachment.download", owner, client=client, ids=[attachment.public_id])
    answer = FileResponse(
        path.open("rb"), as_attachment=True, filename=attachment.name, content_type=attachment.content_type
    )
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store, private"
    return answer
