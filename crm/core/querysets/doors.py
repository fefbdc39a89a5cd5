"""Attachments as sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    from crm.core.models import Attachment, User


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def of(self, owner: Any) -> AttachmentQuerySet:
        """Those that lie with one row; who may see the row has been asked."""
        return self.filter(owner_type=owner._meta.label_lower, owner_id=owner.public_id)

    def visible_to(self, user: User) -> AttachmentQuerySet:
        """Attachments whose owning row the reader may see; asked of the owner's own ``visible_to``."""
        from crm.core.attachments import owners_visible_to

        if not user.is_authenticated:
            return self.none()
        return self.filter(owners_visible_to(user))
