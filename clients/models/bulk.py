"""One change for many clients: what was wanted, and what became of each."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models.client import Client
from clients.querysets.bulk import BulkEditQuerySet, BulkEditRowQuerySet
from crm.core.models import PublicModel


class BulkEdit(PublicModel):
    """A field of many clients that is to become one value: shown before anything changes, carried out once, taken back once."""

    class State(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("bulk edit", "Not carried out yet")
        RUNNING = "running", pgettext_lazy("bulk edit", "Being carried out")
        DONE = "done", pgettext_lazy("bulk edit", "Carried out")
        UNDOING = "undoing", pgettext_lazy("bulk edit", "Being taken back")
        UNDONE = "undone", pgettext_lazy("bulk edit", "Taken back")

    #: A job is at it.
    UNDER_WAY = (State.RUNNING, State.UNDOING)

    state = models.CharField(_("status"), max_length=8, choices=State.choices, default=State.DRAFT)
    #: One of ``clients.services.bulk_fields.FIELDS``.
    field = models.CharField(_("what"), max_length=20)
    #: What was said, as JSON holds it: by the names of the field's form.
    said = models.JSONField(default=dict)
    #: The query of the list where all of a filter were meant; empty for ticked rows.
    narrowed_by = models.CharField(max_length=2000, blank=True)
    #: Ticked rows that the actor does not see (any more).
    unseen = models.PositiveIntegerField(default=0)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    made_at = models.DateTimeField(_("at"))
    done_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True)
    #: The last work on more clients than a request carries.
    job = models.ForeignKey("core.JobRun", models.SET_NULL, null=True, blank=True, related_name="+")

    objects: ClassVar[Any] = BulkEditQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of many clients")
        verbose_name_plural = _("changes of many clients")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="bulk_edit_has_the_times_of_its_state",
                condition=Q(state__in=["draft", "running"], done_at=None, undone_at=None)
                | Q(state__in=["done", "undoing"], done_at__isnull=False, undone_at=None)
                | Q(state="undone", done_at__isnull=False, undone_at__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["actor", "-made_at"], name="bulk_edit_of_actor")]

    def __str__(self) -> str:
        return f"{self.field} {self.made_at:%Y-%m-%d}"

    @property
    def is_under_way(self) -> bool:
        return self.state in self.UNDER_WAY


class BulkEditRow(models.Model):
    """One client of such a change: the version that was shown, what stood there, what it becomes, or why it does not."""

    class State(models.TextChoices):
        PLANNED = "planned", pgettext_lazy("bulk edit", "Will change")
        SKIPPED = "skipped", pgettext_lazy("bulk edit", "Stays")
        DONE = "done", pgettext_lazy("bulk edit", "Changed")
        UNDONE = "undone", pgettext_lazy("bulk edit", "Put back")
        KEPT = "kept", pgettext_lazy("bulk edit", "Kept: changed again since")

    class Why(models.TextChoices):
        SAME = "same", pgettext_lazy("bulk edit", "It is so already")
        RESTRICTED = "restricted", pgettext_lazy("bulk edit", "Restricted to storage")
        CLOSED = "closed", pgettext_lazy("bulk edit", "All accounts are closed")
        ELSEWHERE = "elsewhere", pgettext_lazy("bulk edit", "Of another branch")
        NO_DATE = "no_date", pgettext_lazy("bulk edit", "No next contact date")
        ITSELF = "itself", pgettext_lazy("bulk edit", "Nobody introduces himself")
        CHANGED = "changed", pgettext_lazy("bulk edit", "Somebody changed the client after the preview")
        UNSEEN = "unseen", pgettext_lazy("bulk edit", "No longer within your reach")
        NO_RIGHT = "no_right", pgettext_lazy("bulk edit", "The right to change this was lost meanwhile")
        STOPPED = "stopped", pgettext_lazy("bulk edit", "The work was stopped before")
        REFUSED = "refused", pgettext_lazy("bulk edit", "Refused")

    edit = models.ForeignKey(BulkEdit, models.CASCADE, related_name="rows")
    client = models.ForeignKey(Client, models.PROTECT, related_name="+", verbose_name=_("client"))
    seen_version = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.PLANNED)
    why = models.CharField(max_length=12, choices=Why.choices, blank=True)
    #: The words of a refusal that no code says.
    note = models.CharField(max_length=200, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    #: Public id of the row that was made for it, where undoing needs that.
    trace = models.CharField(max_length=26, blank=True)

    objects: ClassVar[Any] = BulkEditRowQuerySet.as_manager()

    class Meta:
        verbose_name = _("client of a change of many")
        verbose_name_plural = _("clients of changes of many")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["edit", "client"], name="client_once_per_bulk_edit"),
            models.CheckConstraint(name="bulk_row_skipped_says_why", condition=~Q(state="skipped", why="")),
        ]

    def __str__(self) -> str:
        return f"{self.edit_id} {self.client_id}"
