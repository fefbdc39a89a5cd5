"""What we do for clients: the catalogue of services, what each tier is entitled to, and how often each is spoken with."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models import Channel, ContactLog, RiskGrade
from crm.core.fields import CodesField, MoneyField
from crm.core.language import in_language
from crm.core.models import PublicModel, Versioned
from tiers.querysets.services import CadenceQuerySet, EntitlementQuerySet, ServiceItemQuerySet


class Period(models.TextChoices):
    """Over how long a number of times is counted."""

    MONTH = "month", pgettext_lazy("period", "Month")
    QUARTER = "quarter", pgettext_lazy("period", "Quarter")
    HALF_YEAR = "half_year", pgettext_lazy("period", "Half-year")
    YEAR = "year", pgettext_lazy("period", "Year")


class OwnerRole(models.TextChoices):
    """Who sees to it that a service is given."""

    ADVISOR = "advisor", _("Whoever serves the client")
    FRONT_DESK = "front_desk", _("Front desk")
    MANAGER = "branch_manager", _("Branch manager")


class ServiceItem(PublicModel, Versioned):
    """One service of the catalogue (服务项目), of the company or of one branch.

    A branch's own service takes the place of the company's of the same code. Every change is kept as an edition.
    """

    class Kind(models.TextChoices):
        BASIC = "basic", _("Basic, for everybody")
        VALUE_ADDED = "value_added", _("Value-added")
        CARE = "care", pgettext_lazy("kind of service", "Care")

    class Rhythm(models.TextChoices):
        """When the next one is due."""

        STANDING = "standing", _("Always there, nothing falls due")
        ON_REQUEST = "on_request", _("When the client asks, booked")
        PERIODIC = "periodic", _("In every period")
        ROLLING = "rolling", _("So long after the last time")
        BIRTHDAY = "birthday", _("On the birthday")

    class Proof(models.TextChoices):
        """What counts as having given it."""

        CONTACT = "contact", _("A contact that is logged")
        EVENT = "event", _("Taking part in an event")
        SEND = "send", _("Material that was sent")
        BOOKING = "booking", _("A booking that took place")
        HAND = "hand", _("Noted by hand")

    company = models.ForeignKey("core.Company", models.PROTECT, related_name="+", verbose_name=_("company"))
    branch = models.ForeignKey(
        "core.Branch", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("branch")
    )
    code = models.SlugField(_("code"), max_length=30)
    name_en = models.CharField(_("name in English"), max_length=60)
    name_zh = models.CharField(_("name in Chinese"), max_length=60)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    process_en = models.CharField(_("process in English"), max_length=400, blank=True)
    process_zh = models.CharField(_("process in Chinese"), max_length=400, blank=True)
    standard_en = models.CharField(_("standard in English"), max_length=400, blank=True)
    standard_zh = models.CharField(_("standard in Chinese"), max_length=400, blank=True)
    limit_days = models.PositiveSmallIntegerField(_("time limit in working days"), default=5)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices, default=Channel.UNKNOWN)
    owner_role = models.CharField(_("seen to by"), max_length=16, choices=OwnerRole.choices, default=OwnerRole.ADVISOR)
    cost = MoneyField(_("cost each time"), default=0)
    rhythm = models.CharField(_("rhythm"), max_length=12, choices=Rhythm.choices)
    proof = models.CharField(_("proof"), max_length=8, choices=Proof.choices)
    #: Contacts that count: their purposes and channels; any where none is named.
    purposes = CodesField(_("purposes that count"), choices=ContactLog.Purpose.choices)
    channels = CodesField(_("channels that count"), choices=Channel.choices)
    #: Only clients with this risk grade or a higher one that is valid; everybody where it is empty.
    least_grade = models.CharField(_("least risk grade"), max_length=2, choices=RiskGrade.choices, blank=True)
    #: A condition that an app knows by this name (``tiers.gates``); none where it is empty.
    gate = models.CharField(_("condition"), max_length=30, blank=True)
    #: Places a day in one branch, for services that are booked.
    places = models.PositiveSmallIntegerField(_("places a day"), default=0)
    starts_on = models.DateField(_("valid from"))
    ends_on = models.DateField(_("last day"), null=True, blank=True)

    objects: ClassVar[Any] = ServiceItemQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("catalogue", "service")
        verbose_name_plural = pgettext_lazy("catalogue", "services")
        default_permissions = ("view", "add", "change")
        constraints = [
            models.UniqueConstraint(
                fields=["company", "code"], condition=Q(branch=None), name="service_code_once_in_company"
            ),
            models.UniqueConstraint(
                fields=["branch", "code"], condition=Q(branch__isnull=False), name="service_code_once_in_branch"
            ),
            models.CheckConstraint(
                name="service_ends_after_it_begins",
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                violation_error_message=_("The last day lies before the first."),
            ),
            models.CheckConstraint(
                name="service_on_request_is_booked",
                condition=Q(rhythm="on_request", proof="booking") | (~Q(rhythm="on_request") & ~Q(proof="booking")),
                violation_error_message=_("What the client asks for is proved by a booking, and only that."),
            ),
            models.CheckConstraint(name="service_costs_no_less_than_nothing", condition=Q(cost__gte=0)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return in_language(en=self.name_en, zh=self.name_zh)

    @property
    def process(self) -> str:
        return in_language(en=self.process_en, zh=self.process_zh)

    @property
    def standard(self) -> str:
        return in_language(en=self.standard_en, zh=self.standard_zh)

    def holds_on(self, day: date) -> bool:
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)

    def counts(self, purpose: str, channel: str) -> bool:
        """Whether a contact of this purpose by this channel is one of this service."""
        return (not self.purposes or purpose in self.purposes) and (not self.channels or channel in self.channels)


class ServiceEdition(models.Model):
    """What a service said from a version on: who changed it, when and why. Never edited."""

    item = models.ForeignKey(ServiceItem, models.PROTECT, related_name="editions")
    number = models.PositiveIntegerField(_("version"))
    terms = models.JSONField()
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    made_at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name = _("edition of a service")
        verbose_name_plural = _("editions of services")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["item", "number"], name="service_edition_once")]

    def __str__(self) -> str:
        return f"{self.item_id}/{self.number}"

    @property
    def process(self) -> str:
        return in_language(en=self.terms["process_en"], zh=self.terms["process_zh"])

    @property
    def standard(self) -> str:
        return in_language(en=self.terms["standard_en"], zh=self.terms["standard_zh"])


class Entitlement(PublicModel):
    """What a tier may have of a service from a day on (服务权益). Never edited: a new row ends the one before.

    By the codes of programme and tier, so that a new edition of a programme keeps what its tiers were promised.
    """

    item = models.ForeignKey(
        ServiceItem, models.PROTECT, related_name="entitlements", verbose_name=pgettext_lazy("catalogue", "service")
    )
    programme_code = models.SlugField(_("programme"), max_length=30)
    tier_code = models.SlugField(_("client tier"), max_length=30)
    #: None: no longer entitled from this day on.
    times = models.PositiveSmallIntegerField(_("times"), null=True, blank=True)
    period = models.CharField(_("per"), max_length=10, choices=Period.choices, default=Period.YEAR)
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid until"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = EntitlementQuerySet.as_manager()

    class Meta:
        verbose_name = _("entitlement")
        verbose_name_plural = _("entitlements")
        default_permissions = ("view", "add")
        constraints = [
            models.UniqueConstraint(
                fields=["item", "programme_code", "tier_code", "valid_from"], name="entitlement_once_per_day"
            ),
            models.UniqueConstraint(
                fields=["item", "programme_code", "tier_code"],
                condition=Q(valid_to=None),
                name="one_open_entitlement_per_service_and_tier",
            ),
            models.CheckConstraint(
                name="entitlement_ends_after_it_begins", condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from"))
            ),
            models.CheckConstraint(
                name="entitlement_counts_from_one_to_thirty",
                condition=Q(times=None) | Q(times__gte=1, times__lte=30),
                violation_error_message=_("One to thirty times in a period."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tier_code} {self.times}/{self.period}"


#: Nobody of a tier that has a cadence goes without a contact for longer than two years.
CADENCE_MOST = 730


class ContactCadence(PublicModel):
    """How long clients of a tier may go without a contact (联络频率). Never edited: a new row ends the one before."""

    company = models.ForeignKey("core.Company", models.PROTECT, related_name="+")
    programme_code = models.SlugField(_("programme"), max_length=30)
    tier_code = models.SlugField(_("client tier"), max_length=30)
    #: None: no cadence from this day on.
    days = models.PositiveSmallIntegerField(_("days between contacts"), null=True, blank=True)
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid until"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = CadenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact cadence")
        verbose_name_plural = _("contact cadences")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["company", "programme_code", "tier_code", "valid_from"], name="cadence_once_per_day"
            ),
            models.UniqueConstraint(
                fields=["company", "programme_code", "tier_code"],
                condition=Q(valid_to=None),
                name="one_open_cadence_per_tier",
            ),
            models.CheckConstraint(
                name="cadence_ends_after_it_begins", condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from"))
            ),
            models.CheckConstraint(
                name="cadence_from_a_day_to_two_years",
                condition=Q(days=None) | Q(days__gte=1, days__lte=CADENCE_MOST),
                violation_error_message=_("One day to two years lie between two contacts."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tier_code} {self.days}"
