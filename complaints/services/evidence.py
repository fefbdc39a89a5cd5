"""Adding papers, recordings and pictures to a complaint."""

from __future__ import annotations

from datetime import datetime

from django.core.files.uploadedfile import UploadedFile

from complaints.errors import Recused
from complaints.models import Complaint, ComplaintEvent
from complaints.services.steps import keeps_away
from crm.core import attachments, audit
from crm.core.models import Attachment, User
from crm.core.service import service


@service("complaint.attach")
def attach_evidence(*, actor: User, complaint: Complaint, upload: UploadedFile[bytes], now: datetime) -> Attachment:
    """Store a file as evidence of the step the complaint is at. Raises ``Recused`` and ``FileRefused``."""
    if keeps_away(actor, complaint):
        raise Recused
    return keep_evidence(actor=actor, complaint=complaint, upload=upload, now=now)


def keep_evidence(*, actor: User, complaint: Complaint, upload: UploadedFile[bytes], now: datetime) -> Attachment:
    """Store a file within the caller's transaction, also for whoever may not see the complaint that he takes down."""
    stored = attachments.store(upload, owner=complaint, actor=actor)
    ComplaintEvent.objects.create(
        complaint=complaint,
        action="evidence",
        from_state=complaint.state,
        to_state=complaint.state,
        actor=actor,
        at=now,
        facts={"attachment": stored.public_id, "name": stored.name},
    )
    audit.record(actor, "complaint.attach", complaint, after={"attachment": stored.public_id}, client=complaint.client)
    return stored
