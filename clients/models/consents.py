"""On what ground the branch handles a client's data (个人信息处理依据, PIPL Art. 13, 17, 24, 28–30): purposes, the notices that
tell of them, and what each client was told, agreed to, refused or withdrew."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models.client import Client
from clients.models.contact import ContactLog
from clients.querysets.consents import ConsentRecordQuerySet, DataPurposeQuerySet, PrivacyNoticeQuerySet
from crm.core.language import in_language
from crm.core.models import PublicModel, Versioned


class Basis(models.TextChoices):
    """What makes the handling of personal data lawful (PIPL Art. 13; Art. 29 for the separate consent)."""

    CONTRACT = "contract", _("Needed for the contract")
    DUTY = "duty", _("Duty by law")
    CONSENT = "consent", _("Consent")
    SEPARATE = "separate", _("Separate consent")


#: With these the client is told; with the others he is asked.
TOLD_ONLY = (Basis.CONTRACT, Basis.DUTY)


class DataPurpose(PublicModel, Versioned):
    """What personal data are handled for (处理目的), and on what ground."""

    #: The purpose whose refusal keeps a client out of marketing and holiday care; the only one that code asks for by name.
    MARKETING = "marketing"

    code = models.SlugField(_("code"), max_length=30)
    name_en = models.CharField(_("name in English"), max_length=80)
    name_zh = models.CharField(_("name in Chinese"), max_length=80)
    basis = models.CharField(_("basis"), max_length=10, choices=Basis.choices)
    is_sensitive = models.BooleanField(_("sensitive personal data"), default=False)
    is_active = models.BooleanField(_("in use"), default=True)
    order = models.PositiveSmallIntegerField(_("order"), default=100)

    objects: ClassVar[Any] = DataPurposeQuerySet.as_manager()

    class Meta:
        verbose_name = _("purpose of personal data")
        verbose_name_plural = _("purposes of personal data")
        default_permissions = ("view", "add", "change")
        constraints = [
            models.UniqueConstraint(fields=["code"], name="data_purpose_code_once"),
            models.CheckConstraint(
                name="data_purpose_marketing_is_asked",
                condition=~Q(code="marketing") | Q(basis__in=("consent", "separate")),
                violation_error_message=_("For marketing a client is asked, never only told."),
            ),
            models.CheckConstraint(
                name="data_purpose_basis_known", condition=Q(basis__in=("contract", "duty", "consent", "separate"))
            ),
        ]

    def __str__(self) -> str:
        return in_language(en=self.name_en, zh=self.name_zh)

    @property
    def asks(self) -> bool:
        """Whether the client is asked; otherwise he is only told."""
        return self.basis not in TOLD_ONLY


class PrivacyNotice(PublicModel, Versioned):
    """What clients are told about one purpose (告知书), from a day on, by the company or by one branch.

    May be put right until it is in force; then it is only followed by a new one.
    """

    purpose = models.ForeignKey(DataPurpose, models.PROTECT, related_name="notices", verbose_name=_("purpose"))
    branch = models.ForeignKey(
        "core.Branch", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("branch")
    )
    edition = models.PositiveIntegerField(_("edition"))
    effective_from = models.DateField(_("effective from"))
    text = models.TextField(_("text of the notice"), max_length=4000)
    kinds = models.CharField(_("kinds of data"), max_length=400)
    retention = models.CharField(_("kept for"), max_length=200)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("written by")
    )
    written_at = models.DateTimeField(_("written at"))

    objects: ClassVar[Any] = PrivacyNoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("privacy notice")
        verbose_name_plural = _("privacy notices")
        default_permissions = ("view", "add", "change")
        constraints = [
            models.UniqueConstraint(fields=["purpose", "branch", "edition"], name="privacy_notice_edition_once"),
            models.UniqueConstraint(
                fields=["purpose", "edition"], condition=Q(branch=None), name="company_privacy_notice_edition_once"
            ),
            models.UniqueConstraint(fields=["purpose", "branch", "effective_from"], name="privacy_notice_day_once"),
            models.UniqueConstraint(
                fields=["purpose", "effective_from"], condition=Q(branch=None), name="company_privacy_notice_day_once"
            ),
        ]
        indexes = [models.Index(fields=["-effective_from", "-id"], name="privacy_notice_newest")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.edition}"

    def get_absolute_url(self) -> str:
        return reverse("clients:notice", args=[self.public_id])


class ConsentRecord(PublicModel):
    """One fact about a client and a purpose: he was told, agreed, refused, or withdrew. Added, never changed."""

    class Answer(models.TextChoices):
        TOLD = "told", pgettext_lazy("consent", "Told")
        GIVEN = "given", pgettext_lazy("consent", "Given")
        REFUSED = "refused", pgettext_lazy("consent", "Refused")
        WITHDRAWN = "withdrawn", pgettext_lazy("consent", "Withdrawn")

    class Channel(models.TextChoices):
        COUNTER = "counter", _("Counter")
        PHONE = "phone", pgettext_lazy("channel", "Phone")
        LETTER = "letter", _("Letter")
        EMAIL = "email", _("E-mail")
        SMS = "sms", _("SMS")
        WECHAT = "wechat", _("WeChat")
        APP = "app", _("App or website")

    #: Answers after which nothing may be done for the purpose.
    AGAINST = (Answer.REFUSED, Answer.WITHDRAWN)

    client = models.ForeignKey(Client, models.PROTECT, related_name="consents", verbose_name=_("client"))
    purpose = models.ForeignKey(DataPurpose, models.PROTECT, related_name="records", verbose_name=_("purpose"))
    #: The purpose's basis on that day; the purpose may change its own later.
    basis = models.CharField(_("basis"), max_length=10, choices=Basis.choices)
    answer = models.CharField(_("answer"), max_length=10, choices=Answer.choices)
    answered_on = models.DateField(_("answered on"))
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    #: What he had before him; None where he refused or withdrew without one.
    notice = models.ForeignKey(
        PrivacyNotice, models.PROTECT, null=True, blank=True, related_name="records", verbose_name=_("notice")
    )
    contact = models.ForeignKey(
        ContactLog, models.PROTECT, null=True, blank=True, related_name="consents", verbose_name=_("contact")
    )
    note = models.CharField(_("note"), max_length=300, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("recorded by")
    )
    recorded_at = models.DateTimeField(_("recorded at"))
    #: Whether this is the newest about its client and purpose; the only thing here that ever changes.
    is_present = models.BooleanField(default=False, editable=False)

    objects: ClassVar[Any] = ConsentRecordQuerySet.as_manager()

    class Meta:
        verbose_name = _("basis of personal data")
        verbose_name_plural = _("bases of personal data")
        default_permissions = ("view", "add")
        constraints = [
            models.UniqueConstraint(
                fields=["client", "purpose"], condition=Q(is_present=True), name="one_present_consent_a_purpose"
            ),
            models.CheckConstraint(
                name="consent_fits_its_basis",
                condition=Q(basis__in=("contract", "duty"), answer="told")
                | Q(basis__in=("consent", "separate"), answer__in=("given", "refused", "withdrawn")),
                violation_error_message=_("This cannot be said on this basis."),
            ),
            models.CheckConstraint(
                name="consent_needs_its_notice",
                condition=Q(answer__in=("refused", "withdrawn")) | Q(notice__isnull=False),
                violation_error_message=_("Nobody can agree to what he was not told."),
            ),
        ]
        indexes = [
            models.Index(fields=["client", "-answered_on", "-id"], name="consent_history"),
            models.Index(fields=["-recorded_at", "-id"], name="consent_newest"),
            models.Index(
                fields=["client", "purpose"],
                condition=Q(is_present=True, answer__in=("refused", "withdrawn")),
                name="consent_against",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.answered_on}"

    def told_beside(self) -> list[tuple[str, str]]:
        """For the file that the client may have: about which purpose, and what he was shown."""
        found = [(str(DataPurpose._meta.verbose_name), str(self.purpose))]
        if self.notice is not None:
            found += [(str(PrivacyNotice._meta.verbose_name), self.notice.text)]
        return found

    @property
    def is_against(self) -> bool:
        return self.answer in self.AGAINST
