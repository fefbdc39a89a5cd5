"""Programmes and the tiers they are made of."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.core.fields import MoneyField
from crm.core.language import in_language
from crm.core.models import PublicModel, Versioned
from tiers.querysets.programme import ProgrammeQuerySet, TierQuerySet
from tiers.rules import Node, ladder, parse

#: The code of the programme that governs every branch of a company without one of its own.
DEFAULT_CODE = "default"


class Programme(PublicModel, Versioned):
    """One edition of a way to grade clients (分级方案), of a company or of one branch.

    An edition in force is never edited: other bounds are the next edition, so that every proof keeps its measure. A draft is
    put in force by somebody who had no hand in it.
    """

    class State(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("tier programme", "Draft")
        SUBMITTED = "submitted", pgettext_lazy("tier programme", "Waiting for approval")
        ACTIVE = "active", pgettext_lazy("tier programme", "Active")
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
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.DRAFT)
    source = models.CharField(_("source"), max_length=200, blank=True)
    note = models.CharField(_("reason for this edition"), max_length=400, blank=True)
    based_on = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("made from")
    )
    #: Where these are empty, the figures ``tier.window_days`` and ``tier.down_after_periods`` hold.
    window_days = models.PositiveSmallIntegerField(_("average over natural days"), null=True, blank=True)
    down_after = models.PositiveSmallIntegerField(_("months below before a tier falls"), null=True, blank=True)
    #: A client does not fall in his first months.
    grace_months = models.PositiveSmallIntegerField(_("months of grace for new clients"), default=0)
    #: Clients of long standing stand at least there: [{"months": 60, "tier": "silver"}, …].
    age_floors = models.JSONField(_("floors for long standing"), default=list, blank=True)
    drafted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("drafted by")
    )
    #: Everybody who had a hand in it; none of them approves it.
    authors = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", blank=True, verbose_name=_("authors"))
    submitted_at = models.DateTimeField(_("submitted at"), null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approved by")
    )
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)
    decision_note = models.CharField(_("note of the decision"), max_length=200, blank=True)

    objects: ClassVar[Any] = ProgrammeQuerySet.as_manager()

    class Meta:
        verbose_name = _("tier programme")
        verbose_name_plural = _("tier programmes")
        default_permissions = ("view", "add", "change")
        permissions = [("approve_programme", _("Can put a tier programme in force"))]
        constraints = [
            models.CheckConstraint(
                name="programme_approved_by_somebody_else",
                condition=Q(approved_by=None) | Q(drafted_by=None) | ~Q(approved_by=F("drafted_by")),
                violation_error_message=_("Somebody else has to approve this."),
            ),
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
            models.CheckConstraint(
                name="programme_state_known", condition=Q(state__in=["draft", "submitted", "active", "retired"])
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return in_language(en=self.name_en, zh=self.name_zh)

    @property
    def is_open(self) -> bool:
        """Whether it may still be edited; what was in force once never is."""
        return self.state == self.State.DRAFT


class Emblem(models.TextChoices):
    """Signs beside the name of a tier; the names are those of the icon set."""

    NONE = "", _("No emblem")
    STAR = "star", _("Star")
    MEDAL = "medal", _("Medal")
    DIAMOND = "diamond", _("Diamond")
    SEAL = "certificate", _("Seal")
    SUN = "sun", pgettext_lazy("emblem", "Sun")
    SHIELD = "shield-check", _("Shield")
    HEART = "heart", _("Heart")


class Tier(PublicModel):
    """A tier of one edition, with what it asks for; the lowest one asks nothing and so takes everybody else.

    What it asks is either a lower bound (inclusive) on the average assets, or a rule (``tiers.rules``). Institutions may have
    a rule of their own; without one they are measured like persons.
    """

    programme = models.ForeignKey(Programme, models.CASCADE, related_name="tiers", verbose_name=_("programme"))
    code = models.SlugField(_("code"), max_length=30)
    name_en = models.CharField(_("name in English"), max_length=40)
    name_zh = models.CharField(_("name in Chinese"), max_length=40)
    #: 1 is the lowest.
    rank = models.PositiveSmallIntegerField(_("rank"))
    lower_bound = MoneyField(_("from"), null=True, blank=True)
    palette = models.PositiveSmallIntegerField(_("colour"), default=1)
    emblem = models.CharField(_("emblem"), max_length=20, choices=Emblem.choices, blank=True)
    #: What clients read about the tier.
    text_en = models.CharField(_("text for clients in English"), max_length=400, blank=True)
    text_zh = models.CharField(_("text for clients in Chinese"), max_length=400, blank=True)
    #: Empty where the bound says it all.
    rule = models.JSONField(_("rule"), default=dict, blank=True)
    rule_institution = models.JSONField(_("rule for institutions"), default=dict, blank=True)

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
                name="lowest_tier_has_no_bound",
                condition=Q(rank=1, lower_bound=None) | Q(rank__gt=1),
                violation_error_message=_("The lowest tier asks for nothing; it takes everybody else."),
            ),
            models.CheckConstraint(name="tier_palette_has_eight", condition=Q(palette__gte=1, palette__lte=8)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return in_language(en=self.name_en, zh=self.name_zh)

    @property
    def text(self) -> str:
        return in_language(en=self.text_en, zh=self.text_zh)

    @property
    def asks(self) -> Node | None:
        """The rule for persons, and for institutions without one of their own; None asks nothing, or is not set yet."""
        if self.rule:
            return parse(self.rule)
        bound: Any = self.lower_bound
        return None if bound is None else ladder(int(bound * 100))

    @property
    def asks_institutions(self) -> Node | None:
        return parse(self.rule_institution) if self.rule_institution else self.asks

    def asks_of(self, *, institution: bool) -> Node | None:
        """What the tier asks of a person or of an institution."""
        return self.asks_institutions if institution else self.asks
