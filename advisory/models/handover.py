"""One colleague's clients go to another."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from advisory.querysets import HandOverQuerySet
from crm.core.models import PublicModel


class HandOver(PublicModel):
    """A hand-over of clients (客户交接), done in one transaction; which ones stands in the audit trail."""

    branch = models.ForeignKey("core.Branch", models.PROTECT, related_name="hand_overs")
    giver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="hand_overs_given", verbose_name=_("from")
    )
    taker = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="hand_overs_taken", verbose_name=_("to")
    )
    clients = models.PositiveIntegerField(_("clients"))
    reason = models.CharField(_("reason"), max_length=200)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    done_at = models.DateTimeField(_("at"))

    objects: ClassVar[Any] = HandOverQuerySet.as_manager()

    class Meta:
        verbose_name = _("hand-over")
        verbose_name_plural = _("hand-overs")
        default_permissions = ("view", "add")
        constraints = [
            models.CheckConstraint(name="hand_over_between_two_people", condition=~Q(giver=F("taker"))),
        ]

    def __str__(self) -> str:
        return str(self.public_id)
