"""The second axis: preference segments inside a tier, and what each is offered."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.segments.rules import Group, stored
from crm.core.fields import CodesField
from crm.core.language import in_language
from crm.core.models import PublicModel, Versioned
from tiers.querysets.menus import PreferenceSegmentQuerySet


class PreferenceSegment(PublicModel, Versioned):
    """Clients of some tiers whose needs and behaviour are alike (偏好分群), and the advisory menu that they are offered.

    Membership is never stored: the rule is asked whenever it matters. ``rights`` are those that the rule's fields need.
    """

    company = models.ForeignKey("core.Company", models.PROTECT, related_name="+")
    branch = models.ForeignKey(
        "core.Branch", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("branch")
    )
    name_en = models.CharField(_("name in English"), max_length=40)
    name_zh = models.CharField(_("name in Chinese"), max_length=40)
    #: Codes of the tiers; every tier where none is named.
    tier_codes = CodesField(_("client tiers"))
    rule = models.JSONField(_("rule"))
    rights = CodesField(editable=False)
    is_active = models.BooleanField(_("in use"), default=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("made by"))
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = PreferenceSegmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("preference segment")
        verbose_name_plural = _("preference segments")
        default_permissions = ("view", "add", "change")
        constraints = [
            models.UniqueConstraint(
                fields=["company", "name_zh"], condition=Q(branch=None), name="preference_once_in_company"
            ),
            models.UniqueConstraint(
                fields=["branch", "name_zh"], condition=Q(branch__isnull=False), name="preference_once_in_branch"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return in_language(en=self.name_en, zh=self.name_zh)

    @property
    def group(self) -> Group:
        """The rule as a tree."""
        return stored(self.rule)


class MenuEntry(models.Model):
    """One line of the menu of a preference segment (服务菜单)."""

    class Kind(models.TextChoices):
        REPORT = "report", pgettext_lazy("menu", "Report")
        IDEA = "idea", pgettext_lazy("menu", "Idea")
        EVENT = "event", pgettext_lazy("menu", "Event")

    segment = models.ForeignKey(PreferenceSegment, models.CASCADE, related_name="entries")
    kind = models.CharField(_("kind"), max_length=6, choices=Kind.choices)
    title_en = models.CharField(_("title in English"), max_length=80)
    title_zh = models.CharField(_("title in Chinese"), max_length=80)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("line of a menu")
        verbose_name_plural = _("lines of menus")
        default_permissions = ()
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return in_language(en=self.title_en, zh=self.title_zh)
