"""How likely a client is to launder money (反洗钱客户风险等级), and whether he is suspected of it.

Secret (反洗钱法 Art. 7, 35): grades are for compliance and the head of the branch, suspicion for compliance alone. No page of the
client, file, list, filter, count or line of the trail tells anybody else that there is one; ``querysets.aml`` and
``clients.apps`` hold that.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models.client import Client
from clients.querysets.aml import AmlGradeQuerySet, SuspicionFlagQuerySet
from crm.core.fields import EncryptedField
from crm.core.models import PublicModel

#: Key identity facts: once one of them is another than at the grading, the client is graded anew (rule of 2007, Art. 18).
KEY_FACTS = ("name", "id_kind", "nationality", "legal_representative", "controller", "beneficiary")


class AmlGrade(PublicModel):
    """One grading of a client: the grade, why, and by when it is looked at again. Added, never changed."""

    class Grade(models.TextChoices):
        HIGH = "high", pgettext_lazy("money laundering", "High")
        MIDDLE = "middle", pgettext_lazy("money laundering", "Middle")
        LOW = "low", pgettext_lazy("money laundering", "Low")

    class Occasion(models.TextChoices):
        FIRST = "first", _("First grading")
        REVIEW = "review", _("Review when due")
        IDENTITY = "identity", _("Key identity data changed")
        INQUIRY = "inquiry", _("Inquiry by an authority")
        PRESS = "press", _("Adverse press")
        OTHER = "other", pgettext_lazy("occasion of a grading", "Other")

    client = models.ForeignKey(Client, models.PROTECT, related_name="aml_grades", verbose_name=_("client"))
    grade = models.CharField(_("money-laundering grade"), max_length=8, choices=Grade.choices)
    occasion = models.CharField(pgettext_lazy("grading", "occasion"), max_length=10, choices=Occasion.choices)
    reasons = models.CharField(_("reasons"), max_length=500)
    graded_on = models.DateField(_("graded on"))
    review_on = models.DateField(_("review due on"))
    graded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("graded by")
    )
    graded_at = models.DateTimeField(_("graded at"))
    #: Whether this is the client's newest grading; the only thing here that ever changes.
    is_present = models.BooleanField(default=True, editable=False)

    #: The key identity facts as they were, so that a change shows by itself, whichever way it came in.
    seen_name = models.CharField(max_length=80, blank=True, editable=False)
    seen_id_kind = models.CharField(max_length=16, blank=True, editable=False)
    seen_nationality = models.CharField(max_length=40, blank=True, editable=False)
    seen_legal_representative = models.CharField(max_length=80, blank=True, editable=False)
    seen_controller = models.CharField(max_length=80, blank=True, editable=False)
    seen_beneficiary = models.CharField(max_length=80, blank=True, editable=False)
    #: With the number itself, so that a change of the field keys makes a new index on both sides.
    seen_id_number = EncryptedField(blank=True, editable=False)
    seen_id_index = models.CharField(max_length=32, blank=True, editable=False)
    blind_index_columns: ClassVar[dict[str, str]] = {"seen_id_index": "seen_id_number"}

    objects: ClassVar[Any] = AmlGradeQuerySet.as_manager()

    class Meta:
        verbose_name = _("money-laundering grade")
        verbose_name_plural = _("money-laundering grades")
        default_permissions = ("view", "add")
        constraints = [
            models.UniqueConstraint(
                fields=["client"], condition=Q(is_present=True), name="one_present_aml_grade_a_client"
            ),
            models.CheckConstraint(name="aml_grade_known", condition=Q(grade__in=("high", "middle", "low"))),
            models.CheckConstraint(name="aml_grade_has_reasons", condition=~Q(reasons="")),
            models.CheckConstraint(name="aml_review_after_grading", condition=Q(review_on__gt=F("graded_on"))),
        ]
        indexes = [
            models.Index(fields=["client", "-graded_on", "-id"], name="aml_history"),
            models.Index(fields=["review_on", "id"], condition=Q(is_present=True), name="aml_review_due"),
            models.Index(fields=["-graded_at", "-id"], name="aml_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.get_grade_display()} {self.graded_on}"

    def see(self, client: Client) -> None:
        """Note the key identity facts as they are now."""
        for name in KEY_FACTS:
            setattr(self, f"seen_{name}", getattr(client, name))
        self.seen_id_number, self.seen_id_index = client.id_number, client.id_index

    def changed_facts(self, client: Client) -> list[str]:
        """Names of key identity facts that are other now than at the grading."""
        found = [name for name in KEY_FACTS if getattr(self, f"seen_{name}") != getattr(client, name)]
        return found if self.seen_id_index == client.id_index else [*found, "id_number"]


class SuspicionFlag(PublicModel):
    """Compliance suspects a client of money laundering (可疑标识): raised with its reason, lifted with its reason."""

    client = models.ForeignKey(Client, models.PROTECT, related_name="suspicion_flags", verbose_name=_("client"))
    reason = EncryptedField(_("reason"))
    raised_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("raised by")
    )
    raised_at = models.DateTimeField(_("raised at"))
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("lifted by")
    )
    lifted_at = models.DateTimeField(_("lifted at"), null=True, blank=True)
    lift_reason = EncryptedField(_("reason for lifting"), blank=True)

    objects: ClassVar[Any] = SuspicionFlagQuerySet.as_manager()

    class Meta:
        verbose_name = _("suspicion flag")
        verbose_name_plural = _("suspicion flags")
        default_permissions = ("view", "add", "change")
        constraints = [
            models.CheckConstraint(
                name="suspicion_lifted_by_somebody",
                condition=Q(lifted_at=None, lifted_by=None) | Q(lifted_at__isnull=False, lifted_by__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["-raised_at", "-id"], name="suspicion_newest")]

    def __str__(self) -> str:
        return f"{self.raised_at:%Y-%m-%d}"

    @property
    def version(self) -> int:
        """A flag changes once: when it is lifted."""
        return 1 if self.lifted_at is None else 2
