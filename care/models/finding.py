"""Answers that compliance has to look into."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from care.models.call import CallAnswer, FollowUpCall
from care.querysets import FindingQuerySet
from crm.core.models import PublicModel, Versioned


class Finding(PublicModel, Versioned):
    """A bad answer in a follow-up call (回访异常); open until compliance has said what came of it."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")

    call = models.ForeignKey(FollowUpCall, models.PROTECT, related_name="findings")
    answer = models.OneToOneField(CallAnswer, models.PROTECT, related_name="finding")
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField(_("opened"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    conclusion = models.TextField(_("conclusion"), blank=True, max_length=4000)

    #: Asked that the client's needs be asked again because of it.
    needs_asked_at = models.DateTimeField(_("needs wanted again"), null=True, blank=True)
    needs_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("wanted by")
    )

    objects: ClassVar[Any] = FindingQuerySet.as_manager()

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        default_permissions = ("view", "change")
        permissions = [("ask_needs", _("Can have a client's needs asked again because of a finding"))]
        constraints = [
            models.CheckConstraint(
                name="finding_closed_iff_closed_at",
                condition=Q(state="closed", closed_at__isnull=False) | Q(state="open", closed_at=None),
            ),
            models.CheckConstraint(
                name="finding_needs_asked_by_somebody",
                condition=Q(needs_asked_at=None, needs_asked_by=None)
                | Q(needs_asked_at__isnull=False, needs_asked_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.answer_id)

    @property
    def needs_may_be_asked(self) -> bool:
        """Whether the client's needs may still be asked again because of it: once, of a client whom we serve and may contact."""
        client = self.call.client
        silent = client.do_not_contact or client.restricted_on is not None
        return self.needs_asked_at is None and not silent and client.status != client.Status.CLOSED
