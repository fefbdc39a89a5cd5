"""What there may be several of about one client: documents, ways to reach him, people, financing needs."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models.client import Client
from clients.models.profile import DocumentKind
from clients.provenance import EARLIEST, Origin, Source
from clients.querysets.profile_rows import ClientRowQuerySet, IdentityDocumentQuerySet
from crm.core.fields import EncryptedField, MoneyField
from crm.core.masking import mask_address, mask_email, mask_id_number, mask_phone
from crm.core.models import PublicModel, Versioned

#: What was taken off is neither searched nor compared.
_STANDS = Q(removed_at=None)


#: Nobody says nothing, and nobody alive has seen the year before the first.
_SAID = models.CheckConstraint(
    name="%(class)s_says_who_and_since_when",
    condition=Q(source__in=Source.values, as_of__gte=EARLIEST),
    violation_error_message=_("Say who says so, and since when."),
)


class ClientRow(PublicModel, Versioned):
    """A row about one client. It is never deleted: what no longer holds is taken off and stays on file.

    ``source`` and ``as_of`` tell who says so and since when, as ``Client.provenance`` does of the client's own columns
    (docs/adr/0010-where-a-fact-comes-from.md). The day has no default: whoever writes a row says it.
    """

    #: Under this name stands in ``Client.provenance`` that the client refuses to give such rows.
    refused_as: ClassVar[str]

    client = models.ForeignKey(Client, models.PROTECT, related_name="%(class)s_rows", verbose_name=_("client"))
    removed_at = models.DateTimeField(_("taken off at"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    source = models.CharField(_("source"), max_length=6, choices=Source.choices, default=Source.STAFF)
    as_of = models.DateField(pgettext_lazy("fact", "as of"))

    class Meta:
        abstract = True
        constraints = [_SAID]

    @property
    def origin(self) -> Origin:
        """Who says so and since when, in the form in which it is known of the client's own columns."""
        return Origin(self.source, self.as_of)


class IdentityDocument(ClientRow):
    """An identity document (证件). The primary one stands in the client's own columns as well, where search and import look."""

    refused_as = "documents"
    blind_index_columns: ClassVar[dict[str, str]] = {"number_index": "number"}

    kind = models.CharField(_("kind of document"), max_length=16, choices=DocumentKind.choices)
    number = EncryptedField(_("document number"))
    number_index = models.CharField(max_length=32, blank=True, editable=False)
    number_tail = models.CharField(max_length=4, blank=True, editable=False)
    issued_by = models.CharField(_("issued by"), max_length=80, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    is_long_term = models.BooleanField(_("valid long-term"), default=False)
    is_primary = models.BooleanField(_("primary"), default=False)

    objects: ClassVar[Any] = IdentityDocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("identity document")
        verbose_name_plural = _("identity documents")
        default_permissions = ("view", "add", "change")
        constraints = [
            *ClientRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["client"], condition=Q(is_primary=True, removed_at=None), name="one_primary_document_per_client"
            ),
            models.CheckConstraint(
                name="document_long_term_has_no_end",
                condition=Q(is_long_term=False) | Q(valid_until=None),
                violation_error_message=_("A document that is valid long-term has no last day."),
            ),
        ]
        indexes = [
            models.Index(fields=["number_index"], name="document_number_index"),
            models.Index(fields=["number_tail"], name="document_number_tail", condition=_STANDS),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()

    @property
    def masked(self) -> str:
        return mask_id_number(self.number)

    def days_left(self, today: date) -> int | None:
        """Days until it runs out, negative once it has; None when it never does or nobody knows."""
        return (self.valid_until - today).days if self.valid_until else None


class ContactPoint(ClientRow):
    """One way to reach a client: a phone, an e-mail address, a WeChat id, an address."""

    class Kind(models.TextChoices):
        PHONE = "phone", pgettext_lazy("contact point", "Phone")
        EMAIL = "email", pgettext_lazy("contact point", "E-mail")
        WECHAT = "wechat", pgettext_lazy("contact point", "WeChat id")
        ADDRESS = "address", pgettext_lazy("contact point", "Address")

    refused_as = "contact_points"
    blind_index_columns: ClassVar[dict[str, str]] = {"value_index": "value"}

    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    label = models.CharField(_("label"), max_length=30, blank=True)
    value = EncryptedField(_("number or address"))
    value_index = models.CharField(max_length=32, blank=True, editable=False)
    value_tail = models.CharField(max_length=4, blank=True, editable=False)
    is_primary = models.BooleanField(_("primary"), default=False)
    is_preferred = models.BooleanField(_("preferred"), default=False)
    is_forbidden = models.BooleanField(_("must not be used"), default=False)
    verified_on = models.DateField(_("verified on"), null=True, blank=True)

    objects: ClassVar[Any] = ClientRowQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact point")
        verbose_name_plural = _("contact points")
        default_permissions = ("view", "add", "change")
        constraints = [
            *ClientRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["client", "kind"],
                condition=Q(is_primary=True, removed_at=None),
                name="one_primary_contact_point_per_kind",
            ),
            models.CheckConstraint(
                name="contact_point_preferred_or_forbidden",
                condition=Q(is_preferred=False) | Q(is_forbidden=False),
                violation_error_message=_("What must not be used cannot be preferred."),
            ),
        ]
        indexes = [
            models.Index(fields=["value_index"], name="contact_point_value_index"),
            models.Index(
                fields=["value_tail"], name="contact_point_phone_tail", condition=Q(removed_at=None, kind="phone")
            ),
        ]

    def __str__(self) -> str:
        return self.label or self.get_kind_display()

    @property
    def masked(self) -> str:
        """The value as those see it who have not asked to reveal it."""
        if self.kind == self.Kind.PHONE:
            return mask_phone(self.value)
        if self.kind == self.Kind.EMAIL:
            return mask_email(self.value)
        if self.kind == self.Kind.ADDRESS:
            return mask_address(self.value)
        return f"{self.value[:1]}****" if self.value else ""


class ContactPerson(ClientRow):
    """Somebody who speaks for an institution (机构联系人)."""

    refused_as = "contact_persons"
    blind_index_columns: ClassVar[dict[str, str]] = {"phone_index": "phone"}

    name = models.CharField(_("name"), max_length=80)
    position = models.CharField(_("position"), max_length=60, blank=True)
    phone = EncryptedField(_("phone"), blank=True)
    phone_index = models.CharField(max_length=32, blank=True, editable=False)
    phone_tail = models.CharField(max_length=4, blank=True, editable=False)
    email = EncryptedField(_("e-mail"), blank=True)
    birth_date = models.DateField(_("date of birth"), null=True, blank=True)
    is_decision_maker = models.BooleanField(_("decides"), default=False)
    note = models.CharField(_("note"), max_length=300, blank=True)

    objects: ClassVar[Any] = ClientRowQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact person")
        verbose_name_plural = _("contact persons")
        default_permissions = ("view", "add", "change")
        constraints = [*ClientRow.Meta.constraints]
        indexes = [
            models.Index(fields=["phone_index"], name="contact_person_phone_index"),
            models.Index(fields=["phone_tail"], name="contact_person_phone_tail", condition=_STANDS),
            # PostgreSQL serves the beginning of a name only by this class; SQLite knows none and needs none.
            models.Index(
                fields=["name"], name="contact_person_name", condition=_STANDS, opclasses=["varchar_pattern_ops"]
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def masked_phone(self) -> str:
        return mask_phone(self.phone)

    @property
    def masked_email(self) -> str:
        return mask_email(self.email)


class FinancingNeed(ClientRow):
    """What an institution wants to raise or buy, and to whom it was handed on (融资需求)."""

    refused_as = "financing_needs"

    class Kind(models.TextChoices):
        IPO = "ipo", _("IPO")
        REFINANCING = "refinancing", _("Refinancing")
        BONDS = "bonds", _("Bond issue")
        MERGER = "merger", _("Merger or acquisition")
        PLEDGE = "pledge", _("Share-pledge financing")
        OTHER = "other", pgettext_lazy("financing", "Other")

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("financing", "Open")
        FOLLOWED = "followed", pgettext_lazy("financing", "Being followed")
        HANDED_ON = "handed_on", pgettext_lazy("financing", "Handed on")
        DONE = "done", pgettext_lazy("financing", "Done")
        DROPPED = "dropped", pgettext_lazy("financing", "Dropped")

    kind = models.CharField(_("kind of financing"), max_length=12, choices=Kind.choices)
    amount = MoneyField(_("amount"), null=True, blank=True)
    expected_on = models.DateField(_("expected on"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.OPEN)
    handed_to = models.CharField(_("handed on to"), max_length=80, blank=True)
    handed_on = models.DateField(_("handed on (day)"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    objects: ClassVar[Any] = ClientRowQuerySet.as_manager()

    class Meta:
        verbose_name = _("financing need")
        verbose_name_plural = _("financing needs")
        default_permissions = ("view", "add", "change")
        constraints = [
            *ClientRow.Meta.constraints,
            models.CheckConstraint(
                name="financing_amount_is_positive",
                condition=Q(amount=None) | Q(amount__gt=0),
                violation_error_message=_("An amount is more than nothing."),
            ),
            models.CheckConstraint(
                name="financing_handed_on_names_whom_and_when",
                condition=~Q(status="handed_on") | (~Q(handed_to="") & Q(handed_on__isnull=False)),
                violation_error_message=_("Say to whom it was handed on."),
            ),
        ]
        indexes = [
            models.Index(
                fields=["status", "expected_on"], name="financing_open", condition=Q(status__in=["open", "followed"])
            )
        ]

    def __str__(self) -> str:
        return self.get_kind_display()
