"""What most rows share: a public id, a version, a lease."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.core.errors import StaleEdit
from crm.core.public_ids import LENGTH, new_public_id


class PublicModel(models.Model):
    """A row that people and programs can name."""

    public_id = models.CharField(max_length=LENGTH, unique=True, default=new_public_id, editable=False)

    class Meta:
        abstract = True


class Versioned(models.Model):
    """A row that several people edit: each save is a new version, and a save over a newer one is refused."""

    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    updated_at = models.DateTimeField(_("last changed"), auto_now=True)

    class Meta:
        abstract = True

    def save_changed(self, fields: Iterable[str]) -> None:
        """Write ``fields`` and the next version number; raises ``StaleEdit`` if the stored version is not ours."""
        seen = self.version
        self.version = seen + 1
        free = type(self)._base_manager.filter(pk=self.pk, version=seen).update(version=self.version)
        if not free:
            self.version = seen
            raise StaleEdit
        self.save(update_fields=[*fields, "updated_at"])


class Leased(models.Model):
    """Work that a worker takes for a while, and that anyone may take again when the worker has died."""

    class State(models.TextChoices):
        DUE = "due", _("Due")
        TAKEN = "taken", _("In work")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        DEAD = "dead", _("Given up")
        MISSED = "missed", _("Missed")
        CANCELLED = "cancelled", _("Cancelled")

    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.DUE)
    due_at = models.DateTimeField(_("due at"))
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    leased_by = models.CharField(max_length=80, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0, editable=False)
    last_error = models.CharField(_("last fault"), max_length=200, blank=True, editable=False)

    class Meta:
        abstract = True


class LeasedQuerySet(models.QuerySet[Any]):
    """Claims by one conditional UPDATE each: of two workers that reach for a row, exactly one gets it."""

    def due(self, now: datetime) -> Any:
        """What may be taken at ``now``: due rows, and taken ones whose worker let the lease run out."""
        free = models.Q(state=Leased.State.DUE, due_at__lte=now)
        abandoned = models.Q(state=Leased.State.TAKEN, lease_until__lt=now)
        return self.filter(free | abandoned)

    def claim(self, *, pk: int, worker: str, now: datetime, until: datetime) -> bool:
        """Take one row until ``until``; False if somebody else was faster."""
        taken = (
            self.due(now)
            .filter(pk=pk)
            .update(
                state=Leased.State.TAKEN,
                leased_by=worker,
                lease_until=until,
                attempts=models.F("attempts") + 1,
            )
        )
        return bool(taken)
