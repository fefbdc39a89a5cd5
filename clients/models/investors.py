"""Ordinary and professional investors: applications for a class, their decision, and how long a class holds."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.conditions import Condition, read
from clients.models.client import Client, InvestorClass
from clients.querysets.investors import InvestorClassificationQuerySet
from crm.core.fields import MoneyField
from crm.core.models import PublicModel, Versioned


class InvestorRole(models.TextChoices):
    """What somebody is, where a class asks for it (办法 Art. 8)."""

    NONE = "", _("None of these")
    LICENSED = "licensed", _("Licensed financial institution")
    PRODUCT = "product", _("Product issued by one")
    SOCIAL_FUND = "social_fund", _("Social security, pension or charity fund, QFII, RQFII")
    FINANCE_WORK = "finance_work", _("Two years of product design, investment or risk work in finance")
    SENIOR_MANAGER = "senior_manager", _("Senior manager of a licensed institution")
    CERTIFIED = "certified", _("Certified accountant or lawyer in finance")


#: Roles that make an institution a professional investor of class A.
ROLES_OF_A = frozenset({"licensed", "product", "social_fund"})
#: Roles that count for a person instead of investing experience.
ROLES_OF_PERSONS = frozenset({"finance_work", "senior_manager", "certified"})


class InvestorClassification(PublicModel, Versioned):
    """An application to be a professional investor (专业投资者), with what was stated, what was found and who decided.

    The approved row is the class in force; ended rows are the history. ``conditions`` are those found when it was asked for,
    and once more when it was approved.
    """

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("classification", "Awaits decision")
        APPROVED = "approved", pgettext_lazy("classification", "In force")
        REFUSED = "refused", pgettext_lazy("classification", "Refused")
        WITHDRAWN = "withdrawn", pgettext_lazy("classification", "Withdrawn")
        ENDED = "ended", pgettext_lazy("classification", "Ended")

    class EndReason(models.TextChoices):
        EXPIRED = "expired", _("Ran out")
        REPLACED = "replaced", _("Replaced by a newer one")
        ASKED = "asked", _("The client asked to be ordinary again")
        UNFIT = "unfit", _("Conditions no longer met")

    client = models.ForeignKey(Client, models.PROTECT, related_name="classifications", verbose_name=_("client"))
    wanted = models.CharField(
        _("class"), max_length=8, choices=[c for c in InvestorClass.choices if c[0] != "ordinary"]
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    applied_on = models.DateField(_("written application of"))
    financial_assets = MoneyField(_("financial assets stated"), null=True, blank=True)
    income = MoneyField(_("average income of three years stated"), null=True, blank=True)
    net_assets = MoneyField(_("net assets at the last year-end stated"), null=True, blank=True)
    months = models.PositiveSmallIntegerField(_("months of experience stated"), null=True, blank=True)
    role = models.CharField(_("role"), max_length=16, choices=InvestorRole.choices, blank=True)
    notice_reference = models.CharField(_("recording of the notice"), max_length=120, blank=True)
    found = models.JSONField(default=list, editable=False)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_note = models.CharField(_("note of the decision"), max_length=300, blank=True)
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    ended_on = models.DateField(_("ended on"), null=True, blank=True)
    end_reason = models.CharField(_("why it ended"), max_length=10, choices=EndReason.choices, blank=True)

    objects: ClassVar[Any] = InvestorClassificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("investor classification")
        verbose_name_plural = _("investor classifications")
        default_permissions = ("view", "add")
        permissions = [("approve_investorclassification", _("Can decide on classes of investors"))]
        constraints = [
            models.UniqueConstraint(fields=["client"], condition=Q(state="waiting"), name="one_waiting_classification"),
            models.UniqueConstraint(fields=["client"], condition=Q(state="approved"), name="one_class_in_force"),
            models.CheckConstraint(
                name="classification_decided_by_another",
                condition=Q(decided_by=None) | ~Q(decided_by=F("requested_by")),
                violation_error_message=_("Somebody else has to approve this."),
            ),
            models.CheckConstraint(
                name="classification_in_force_is_decided",
                condition=~Q(state__in=["approved", "ended"]) | Q(decided_by__isnull=False, valid_from__isnull=False),
            ),
            models.CheckConstraint(
                name="classification_ended_iff_day",
                condition=(Q(state="ended", ended_on__isnull=False) & ~Q(end_reason=""))
                | (~Q(state="ended") & Q(ended_on=None, end_reason="")),
            ),
            models.CheckConstraint(
                name="classification_ends_after_it_begins",
                condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
            ),
        ]
        indexes = [
            models.Index(fields=["client", "-requested_at"], name="classification_history"),
            models.Index(fields=["valid_until"], name="classification_expiry", condition=Q(state="approved")),
            models.Index(fields=["requested_at"], name="classification_waiting", condition=Q(state="waiting")),
        ]

    def __str__(self) -> str:
        return str(self.get_wanted_display())

    @property
    def conditions(self) -> list[Condition]:
        """What was found when it was asked for, or, once decided, on that day."""
        return read(self.found)
