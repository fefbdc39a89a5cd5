"""Segments and views of the list that people keep."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.querysets.segments import SharedQuerySet
from clients.segments import Context, compiled
from clients.segments.rules import Group, stored
from crm.core.fields import CodesField
from crm.core.models import PublicModel, User, Versioned


class Share(models.TextChoices):
    """For whom something that a member of staff has made is there."""

    MINE = "mine", _("Only me")
    BRANCH = "branch", _("My branch")
    COMPANY = "company", _("The whole company")


class Shared(PublicModel, Versioned):
    """Something made by one member of staff, for himself or for others, and pinned by whoever likes it."""

    name = models.CharField(pgettext_lazy("thing", "name"), max_length=40)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("made by"))
    company = models.ForeignKey("core.Company", models.PROTECT, related_name="+")
    branch = models.ForeignKey(
        "core.Branch", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("branch")
    )
    share = models.CharField(_("for"), max_length=8, choices=Share.choices, default=Share.MINE)
    pinned_by = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = SharedQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Segment(Shared):
    """A set of clients by a rule (客户分群). Membership is never stored: it is asked whenever the segment is used."""

    description = models.CharField(_("what it is for"), max_length=200, blank=True)
    rule = models.JSONField(_("rule"))
    #: Rights that the rule's fields need: whoever lacks one does not learn that the segment is there.
    rights = CodesField(editable=False)

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        default_permissions = ("add",)
        permissions = [("share_segment", _("Can share segments and views"))]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="segment_name_once_per_owner"),
            models.CheckConstraint(
                name="segment_shared_with_branch_has_one", condition=~Q(share="branch") | Q(branch__isnull=False)
            ),
        ]

    @property
    def group(self) -> Group:
        """The rule as a tree."""
        return stored(self.rule)

    def q(self, user: User, now: datetime) -> Q:
        """The condition on clients, as it stands for ``user`` at ``now``."""
        return compiled(self.group, Context(user, now))

    def members(self, user: User, now: datetime) -> Any:
        """The clients of the segment whom ``user`` may see, now."""
        from clients.models.client import Client

        return Client.objects.visible_to(user).filter(self.q(user, now))


class SavedView(Shared):
    """A view of the list of clients (已存视图): what narrows it, which columns it shows and how it is sorted."""

    query = models.JSONField(_("filters"), default=dict, blank=True)
    columns = CodesField(_("columns"))
    sort = models.CharField(_("order"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="view_name_once_per_owner"),
            models.CheckConstraint(
                name="view_shared_with_branch_has_one", condition=~Q(share="branch") | Q(branch__isnull=False)
            ),
        ]
