"""What the doors need to remember: requests already answered, files handed in, failed log-ins."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.core.models.base import PublicModel
from crm.core.querysets.doors import AttachmentQuerySet


class IdempotencyKey(models.Model):
    """A request that has been answered: the same key brings the same row back instead of a second one."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=80)
    fingerprint = models.CharField(max_length=64)
    object_id = models.CharField(max_length=26, blank=True)
    status = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_once_per_user")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_age")]

    def __str__(self) -> str:
        return self.key


class SignInCounter(models.Model):
    """Failed log-ins of one account or one network, counted by atomic updates for every door alike."""

    subject = models.CharField(max_length=80, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    window_start = models.DateTimeField()
    blocked_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.subject


class Attachment(PublicModel):
    """A file that belongs to a row. It lies outside the web root under a random name and is served through its owner's guard."""

    owner_type = models.CharField(max_length=60)
    owner_id = models.CharField(max_length=26)
    name = models.CharField(_("file name"), max_length=200)
    content_type = models.CharField(_("kind"), max_length=80)
    size = models.PositiveBigIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    #: How long a recording plays, read from its content; empty for papers and pictures.
    duration_seconds = models.PositiveIntegerField(_("plays for (seconds)"), null=True, blank=True)
    stored_as = models.CharField(max_length=80, unique=True)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        default_permissions = ()
        indexes = [models.Index(fields=["owner_type", "owner_id"], name="attachment_owner")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_recording(self) -> bool:
        return self.duration_seconds is not None
