"""The agreement under which a client is advised."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from advisory.querysets import AgreementQuerySet
from crm.core.models import PublicModel, Versioned


class AdvisoryAgreement(PublicModel, Versioned):
    """A numbered advisory agreement (投顾协议); the client may cancel it for some working days after signing."""

    client = models.ForeignKey("clients.Client", models.PROTECT, related_name="advisory_agreements")
    advisor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="advisory_agreements", verbose_name=_("advisor")
    )
    number = models.CharField(_("number"), max_length=40, unique=True)
    signed_on = models.DateField(_("signed on"))
    cancel_until = models.DateField(_("may be cancelled until"))
    ended_on = models.DateField(_("ended on"), null=True, blank=True)
    end_reason = models.CharField(_("reason of the end"), max_length=200, blank=True)
    risk_disclosure = models.CharField(_("version of the risk disclosure"), max_length=40)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    objects: ClassVar[Any] = AgreementQuerySet.as_manager()

    class Meta:
        verbose_name = _("advisory agreement")
        verbose_name_plural = _("advisory agreements")
        default_permissions = ("view", "add", "change")
        constraints = [
            models.UniqueConstraint(
                fields=["client"], condition=Q(ended_on=None), name="one_advisory_agreement_in_force"
            ),
            models.CheckConstraint(
                name="agreement_ends_after_it_begins", condition=Q(ended_on=None) | Q(ended_on__gte=F("signed_on"))
            ),
        ]

    def __str__(self) -> str:
        return self.number
