"""Programmes and the tiers they are made of."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.core.fields import MoneyField
from crm.core.language import in_language
from crm.core.models import PublicModel, Versioned
from tiers.querysets.programme import ProgrammeQuerySet, TierQuerySet

#: The code of the programme that governs every branch of a company without one of its own.
DEFAULT_CODE = "default"


class Programme(PublicModel, Versioned):
    """One edition of a way to grade clients (分级方案), of a company or of one branch.

    An edition in force is never edited: other bounds are the next edition, so that every proof keeps its measure.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        ACTIVE = "active", _("Active")
        RETIRED = "retired", _("Retired")

    company = models.ForeignKey(
        "core.Company", models.PROTECT, related_name="tier_programmes", verbose_name=_("company")
    )
    branch = models.ForeignKey(
        "core.Branch",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="tier_programmes",
        verbose_name=_("branch"),
    )
    code = models.SlugField(_("code"), max_length=30)
    name_en = models.CharField(_("name in English"), max_length=60)
    name_zh = models.CharField(_("name in Chinese"), max_length=60)
    edition = models.PositiveSmallIntegerField(_("edition"), default=1)
    effective_from = models.DateField(_("effective from"))
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.DRAFT)
    source = models.CharField(_("source"), max_length=200, blank=True)

    objects: ClassVar[Any] = ProgrammeQuerySet.as_manager()

    class Meta:
        verbose_name = _("tier programme")
        verbose_name_plural = _("tier programmes")
        default_permissions = ("view", "add", "change")
        constraints = [
            models.UniqueConstraint(
                fields=["company", "code", "edition"],
                condition=Q(branch=None),
                name="programme_edition_once_in_company",
            ),
            models.UniqueConstraint(
                fields=["branch", "code", "edition"],
                condition=Q(branch__isnull=False),
                name="programme_edition_once_in_branch",
            ),
            models.CheckConstraint(name="programme_state_known", condition=Q(state__in=["draft", "active", "retired"])),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return in_language(en=self.name_en, zh=self.name_zh)


class Tier(PublicModel):
    """A tier of one edition. Its lower bound is inclusive; the lowest tier has none and so takes everybody else."""

    programme = models.ForeignKey(Programme, models.CASCADE, related_name="tiers", verbose_name=_("programme"))
    code = models.SlugField(_("code"), max_length=30)
    name_en = models.CharField(_("name in English"), max_length=40)
    name_zh = models.CharField(_("name in Chinese"), max_length=40)
    #: 1 is the lowest.
    rank = models.PositiveSmallIntegerField(_("rank"))
    lower_bound = MoneyField(_("from"), null=True, blank=True)
    palette = models.PositiveSmallIntegerField(_("colour"), default=1)

    objects: ClassVar[Any] = TierQuerySet.as_manager()

    class Meta:
        verbose_name = _("client tier")
        verbose_name_plural = _("client tiers")
        ordering = ["programme", "rank"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["programme", "rank"], name="tier_rank_once_per_programme"),
            models.UniqueConstraint(fields=["programme", "code"], name="tier_code_once_per_programme"),
            models.CheckConstraint(
                name="lowest_tier_alone_has_no_bound",
                condition=Q(rank=1, lower_bound=None) | Q(rank__gt=1, lower_bound__isnull=False),
                violation_error_message=_("The lowest tier has no lower bound, every other tier has one."),
            ),
            models.CheckConstraint(name="tier_palette_has_eight", condition=Q(palette__gte=1, palette__lte=8)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return in_language(en=self.name_en, zh=self.name_zh)
