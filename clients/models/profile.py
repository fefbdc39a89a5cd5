"""What is known of a client beyond name and number, and where each fact comes from (客户画像)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.core.fields import MoneyField


class DocumentKind(models.TextChoices):
    """Kinds of identity documents (证件类型)."""

    ID_CARD = "id_card", _("Resident identity card")
    PASSPORT = "passport", _("Passport")
    HMT_PERMIT = "hmt_permit", _("Residence permit for Hong Kong, Macao and Taiwan residents")
    FOREIGN_PERMIT = "foreign_permit", _("Foreigner's permanent residence card")
    LICENCE = "licence", _("Business licence (unified social credit code)")
    OTHER = "other", _("Other document")


class Stage(models.TextChoices):
    """Where a client stands in his time with the branch (客户关系阶段)."""

    PROSPECT = "prospect", pgettext_lazy("stage", "Prospect")
    NEW = "new", pgettext_lazy("stage", "New")
    GROWING = "growing", pgettext_lazy("stage", "Growing")
    STABLE = "stable", pgettext_lazy("stage", "Stable")
    AT_RISK = "at_risk", pgettext_lazy("stage", "At risk")
    LOST = "lost", pgettext_lazy("stage", "Lost")


class Profile(models.Model):
    """The facts of a client's profile as columns, so that lists, segments and imports reach them without a join.

    ``provenance`` says of each fact where it comes from and as of when (``clients.provenance`` reads and writes it). The facts
    are those that 适当性管理办法 Art. 6 asks for.
    """

    # Who he is
    nationality = models.CharField(_("nationality"), max_length=40, blank=True)
    tax_residency = models.CharField(_("tax residency"), max_length=40, blank=True)
    occupation = models.CharField(_("occupation"), max_length=60, blank=True)
    employer = models.CharField(_("employer"), max_length=80, blank=True)
    education = models.CharField(_("education"), max_length=30, blank=True)
    marital_status = models.CharField(_("marital status"), max_length=20, blank=True)
    # What he has
    income_source = models.CharField(_("source of income"), max_length=60, blank=True)
    annual_income = MoneyField(_("yearly income"), null=True, blank=True)
    outside_assets = MoneyField(_("financial assets elsewhere"), null=True, blank=True)
    debts = MoneyField(_("debts"), null=True, blank=True)
    investing_since = models.DateField(_("investing since"), null=True, blank=True)
    integrity_note = models.CharField(_("integrity record"), max_length=300, blank=True)
    controller = models.CharField(_("actual controller"), max_length=80, blank=True)
    beneficiary = models.CharField(_("beneficial owner"), max_length=80, blank=True)
    # An institution
    is_listed = models.BooleanField(_("listed company"), null=True, blank=True)
    stock_code = models.CharField(_("stock code"), max_length=12, blank=True)
    industry = models.CharField(_("industry"), max_length=60, blank=True)
    own_funds = MoneyField(_("net assets of the institution"), null=True, blank=True)
    legal_representative = models.CharField(_("legal representative"), max_length=80, blank=True)
    # The primary identity document; its number stands in ``id_number``
    id_kind = models.CharField(_("kind of document"), max_length=16, choices=DocumentKind.choices, blank=True)
    id_valid_until = models.DateField(_("document valid until"), null=True, blank=True)
    id_is_long_term = models.BooleanField(_("document valid long-term"), default=False)
    # How he wants to be reached; channels are codes with blanks between them
    forbidden_channels = models.CharField(_("forbidden channels"), max_length=80, blank=True)
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    #: What nobody should bring up with him, as he or his advisor said it: a divorce, a loss, an account his family does not know.
    avoid_topics = models.CharField(_("topics to avoid"), max_length=200, blank=True)
    # How the relationship stands; computed by the nightly sweep
    introduced_by_client = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="introduced",
        verbose_name=_("introduced by client"),
    )
    stage = models.CharField(_("stage"), max_length=10, choices=Stage.choices, blank=True)
    stage_since = models.DateField(_("in this stage since"), null=True, blank=True)

    provenance = models.JSONField(_("source of the facts"), default=dict, blank=True, editable=False)

    class Meta:
        abstract = True

    @property
    def forbidden(self) -> frozenset[str]:
        """Channels by which the client does not want to be reached."""
        return frozenset(self.forbidden_channels.split())


#: What must hold for every profile; the concrete model puts them among its own constraints.
PROFILE_CONSTRAINTS = [
    models.CheckConstraint(
        name="client_document_long_term_has_no_end",
        condition=Q(id_is_long_term=False) | Q(id_valid_until=None),
        violation_error_message=_("A document that is valid long-term has no last day."),
    ),
    models.CheckConstraint(
        name="client_quiet_hours_have_both_ends",
        condition=Q(quiet_from=None, quiet_until=None) | Q(quiet_from__isnull=False, quiet_until__isnull=False),
        violation_error_message=_("Quiet hours need a beginning and an end."),
    ),
    models.CheckConstraint(
        name="client_amounts_are_not_negative",
        condition=(Q(annual_income=None) | Q(annual_income__gte=0))
        & (Q(outside_assets=None) | Q(outside_assets__gte=0))
        & (Q(debts=None) | Q(debts__gte=0)),
        violation_error_message=_("Income, assets and debts are never negative."),
    ),
    models.CheckConstraint(
        name="client_stock_code_means_listed",
        condition=Q(stock_code="") | Q(is_listed=True),
        violation_error_message=_("Only a listed company has a stock code."),
    ),
]
PROFILE_INDEXES = [
    models.Index(
        fields=["branch", "id_valid_until"],
        name="client_document_expiry",
        condition=Q(id_valid_until__isnull=False),
    ),
    models.Index(
        fields=["introduced_by_client"],
        name="client_introduced_by",
        condition=Q(introduced_by_client__isnull=False),
    ),
]
