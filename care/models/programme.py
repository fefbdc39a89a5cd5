"""Why clients are called, and what they are asked."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from care.querysets import CareProgrammeQuerySet
from crm.core.language import in_language
from crm.core.models import PublicModel


class CareProgramme(PublicModel):
    """A reason to call clients, with its script (回访计划)."""

    class Code(models.TextChoices):
        NEW_ACCOUNT = "new_account", _("New account")
        NEW_PERMISSION = "new_permission", _("New trading permission")
        TIER_CHANGE = "tier_change", _("Change of tier")
        ADVICE_CLIENT = "advice_client", _("Advice client")

    code = models.CharField(_("programme"), max_length=20, choices=Code.choices)
    company = models.ForeignKey("core.Company", models.PROTECT, related_name="care_programmes")
    is_active = models.BooleanField(_("active"), default=True)
    greeting_en = models.TextField(blank=True)
    greeting_zh = models.TextField(blank=True)
    script_version = models.PositiveSmallIntegerField(_("version of the script"), default=1)

    objects: ClassVar[Any] = CareProgrammeQuerySet.as_manager()

    class Meta:
        verbose_name = _("care programme")
        verbose_name_plural = _("care programmes")
        default_permissions = ("view", "change")
        constraints = [models.UniqueConstraint(fields=["company", "code"], name="care_programme_once_per_company")]

    def __str__(self) -> str:
        return str(self.get_code_display())

    @property
    def greeting(self) -> str:
        return in_language(en=self.greeting_en, zh=self.greeting_zh)


class ScriptQuestion(models.Model):
    """One question of a script; the five minimum questions of the 2010 rule are in every script (regulation.md §2)."""

    #: Code of the question whether the client himself is speaking; nobody else may answer the rest.
    IDENTITY: ClassVar[str] = "identity"

    programme = models.ForeignKey(CareProgramme, models.CASCADE, related_name="questions")
    version = models.PositiveSmallIntegerField(default=1)
    position = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=30)
    text_en = models.CharField(max_length=300)
    text_zh = models.CharField(max_length=300)
    #: The answer that opens a finding: "yes" or "no".
    bad_answer = models.CharField(max_length=3)

    class Meta:
        verbose_name = _("question of a script")
        verbose_name_plural = _("questions of scripts")
        default_permissions = ()
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["programme", "version", "code"], name="script_question_once"),
            models.CheckConstraint(
                name="script_bad_answer_is_yes_or_no", condition=models.Q(bad_answer__in=["yes", "no"])
            ),
        ]

    def __str__(self) -> str:
        return in_language(en=self.text_en, zh=self.text_zh)
