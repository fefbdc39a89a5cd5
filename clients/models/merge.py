"""Two clients that are one person: suspected pairs, and what was made of them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models.client import Client
from clients.querysets.merge import DuplicatePairQuerySet, MergeRecordQuerySet
from crm.core.fields import CodesField, EncryptedField
from crm.core.models import PublicModel, Versioned


class LikeReason(models.TextChoices):
    """Why two clients look like one."""

    DOCUMENT = "document", _("Same identity document")
    PHONE_NAME = "phone_name", _("Same phone and name")
    NAME_BIRTHDAY = "name_birthday", _("Similar name, same date of birth")


class DuplicatePair(PublicModel, Versioned):
    """Two clients of one branch who may be the same person (疑似重复客户); the nightly sweep finds them, people decide.

    ``first`` is the older client. A pair that was looked at and dismissed never comes back.
    """

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("pair", "To be looked at")
        DISMISSED = "dismissed", pgettext_lazy("pair", "Two different clients")

    branch = models.ForeignKey("core.Branch", models.PROTECT, related_name="+", verbose_name=_("branch"))
    first = models.ForeignKey(Client, models.CASCADE, related_name="+")
    second = models.ForeignKey(Client, models.CASCADE, related_name="+")
    reasons = CodesField(_("why"), choices=LikeReason.choices)
    score = models.PositiveSmallIntegerField(_("likeness"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    found_on = models.DateField(_("found on"))
    dismissed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    dismissed_at = models.DateTimeField(null=True, blank=True)
    dismiss_reason = models.CharField(_("reason"), max_length=200, blank=True)

    objects: ClassVar[Any] = DuplicatePairQuerySet.as_manager()

    class Meta:
        verbose_name = _("suspected duplicate")
        verbose_name_plural = _("suspected duplicates")
        default_permissions = ("view", "change")
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="duplicate_pair_once"),
            models.CheckConstraint(name="duplicate_pair_in_order", condition=Q(first__lt=F("second"))),
            models.CheckConstraint(
                name="duplicate_dismissed_with_reason",
                condition=Q(state="open", dismissed_by=None, dismissed_at=None, dismiss_reason="")
                | (
                    Q(state="dismissed", dismissed_by__isnull=False, dismissed_at__isnull=False) & ~Q(dismiss_reason="")
                ),
            ),
        ]
        indexes = [models.Index(fields=["branch", "state", "-score", "id"], name="duplicate_work_list")]

    def __str__(self) -> str:
        return f"{self.first_id} {self.second_id}"

    @property
    def reasons_in_words(self) -> list[str]:
        return [str(LikeReason(code).label) for code in self.reasons]


class MergeRecord(PublicModel, Versioned):
    """One client made part of another (客户合并): asked for, decided by a second person where the house says so, and undone.

    ``kept`` is sealed JSON of everything the merge moved, changed or set aside; by it the merge is undone row for row.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Waiting for approval")
        DONE = "done", pgettext_lazy("merge", "Merged")
        REJECTED = "rejected", _("Rejected")
        UNDONE = "undone", pgettext_lazy("merge", "Undone")

    staying = models.ForeignKey(Client, models.PROTECT, related_name="merges", verbose_name=_("client who stays"))
    leaving = models.ForeignKey(Client, models.PROTECT, related_name="merges_away", verbose_name=_("client merged"))
    state = models.CharField(_("state"), max_length=8, choices=State.choices)
    #: Group of facts → "leaving" where its value is taken; what is not named keeps the value of the client who stays.
    choices = models.JSONField(default=dict, blank=True)
    #: Whether daily assets and holdings of the same days are added up.
    adds_assets = models.BooleanField(_("amounts of the same days are added"), default=False)
    reason = models.CharField(_("reason"), max_length=200)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked for by")
    )
    requested_at = models.DateTimeField(_("asked for at"))
    #: The versions of both that the person who asked had before him.
    seen_versions = models.JSONField(default=list, blank=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decision_note = models.CharField(_("note of the decision"), max_length=200, blank=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    undone_at = models.DateTimeField(null=True, blank=True)
    undo_reason = models.CharField(_("reason of the undoing"), max_length=200, blank=True)
    #: Kind of row → how many went over; for people, the rows themselves are in ``kept``.
    counts = models.JSONField(default=dict, blank=True, editable=False)
    kept = EncryptedField(blank=True, editable=False)

    objects: ClassVar[Any] = MergeRecordQuerySet.as_manager()

    class Meta:
        verbose_name = _("merge of clients")
        verbose_name_plural = _("merges of clients")
        default_permissions = ("view", "add")
        permissions = [
            ("approve_mergerecord", _("Can approve a merge of clients")),
            ("undo_mergerecord", _("Can undo a merge of clients")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["leaving"], condition=Q(state__in=["proposed", "done"]), name="client_leaves_once"
            ),
            models.CheckConstraint(
                name="merge_of_two_clients",
                condition=~Q(staying=F("leaving")),
                violation_error_message=_("A client cannot be merged with himself."),
            ),
            models.CheckConstraint(
                name="merge_decided_iff_not_waiting",
                condition=Q(state="proposed", decided_at=None) | (~Q(state="proposed") & Q(decided_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="merge_undone_iff_undone_at",
                condition=Q(state="undone", undone_at__isnull=False) | (~Q(state="undone") & Q(undone_at=None)),
            ),
        ]
        indexes = [models.Index(fields=["staying", "-id"], name="merge_history")]

    def __str__(self) -> str:
        return f"{self.leaving_id} → {self.staying_id}"

    def get_absolute_url(self) -> str:
        return reverse("clients:merge_detail", args=[self.public_id])
