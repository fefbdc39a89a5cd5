"""What stands on the menus and reaches people: reports, ideas, invitations and services, and to whom each goes."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models import Client
from crm.core.models import PublicModel, Versioned
from tiers.models.menus import PreferenceSegment
from tiers.models.promises import Delivery
from tiers.models.services import ServiceItem
from tiers.querysets.publications import PublicationQuerySet, RecipientQuerySet


class ProductRisk(models.TextChoices):
    """Risk grades of products and services (产品风险等级); whom each suits is said in ``clients.suitability``."""

    R1 = "R1", _("R1 low")
    R2 = "R2", _("R2 medium to low")
    R3 = "R3", _("R3 medium")
    R4 = "R4", _("R4 medium to high")
    R5 = "R5", _("R5 high")


class Publication(PublicModel, Versioned):
    """One issue of what a menu offers (菜单内容): a report, an idea, an invitation or word of a service, for the clients of the
    preference segments on whose menus it stands.

    Whom it reaches are rows, drawn anew whenever it is changed and at the moment of sending. Once it has left, its words stay.
    """

    class Kind(models.TextChoices):
        REPORT = "report", pgettext_lazy("menu", "Report")
        IDEA = "idea", pgettext_lazy("menu", "Idea")
        EVENT = "event", pgettext_lazy("menu", "Event")
        SERVICE = "service", pgettext_lazy("menu", "Service")

    class State(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("publication", "In preparation")
        SENT = "sent", pgettext_lazy("publication", "Sent out")
        WITHDRAWN = "withdrawn", pgettext_lazy("publication", "Withdrawn")

    branch = models.ForeignKey("core.Branch", models.PROTECT, related_name="+", verbose_name=_("branch"))
    segments = models.ManyToManyField(
        PreferenceSegment, related_name="publications", verbose_name=_("preference segments")
    )
    kind = models.CharField(_("kind"), max_length=7, choices=Kind.choices)
    #: What the client reads.
    title = models.CharField(_("title"), max_length=60)
    text = models.CharField(_("text"), max_length=400)
    link = models.URLField(_("link"), max_length=200, blank=True)
    #: The service that it is about: whose entitlement it asks for, and of which a sending keeps one promise.
    item = models.ForeignKey(
        ServiceItem, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=pgettext_lazy("catalogue", "service"),
    )  # fmt: skip
    #: The risk of the product of which it speaks; empty where it speaks of none.
    risk = models.CharField(_("risk grade of the product"), max_length=2, choices=ProductRisk.choices, blank=True)
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until"))
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.DRAFT)
    #: What was sent to many at once, as the proof of the promises that it keeps.
    delivery = models.ForeignKey(Delivery, models.PROTECT, null=True, blank=True, related_name="+")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("made by"))
    made_at = models.DateTimeField(_("made at"))
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("sent by")
    )
    #: When it was sent first, and when those who came in later were added last.
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)

    objects: ClassVar[Any] = PublicationQuerySet.as_manager()

    class Meta:
        verbose_name = _("publication")
        verbose_name_plural = _("publications")
        default_permissions = ("view", "add")
        permissions = [("tell_publication", _("Can note that a client was told of a publication"))]
        constraints = [
            models.CheckConstraint(
                name="publication_ends_after_it_begins",
                condition=Q(valid_until__gte=F("valid_from")),
                violation_error_message=_("The last day lies before the first."),
            ),
            models.CheckConstraint(
                name="publication_of_a_service_names_it",
                condition=~Q(kind="service") | Q(item__isnull=False),
                violation_error_message=_("Name the service."),
            ),
            models.CheckConstraint(
                name="publication_sent_iff_by_somebody",
                condition=Q(state="sent", sent_by__isnull=False, sent_at__isnull=False)
                | Q(state="draft", sent_by=None, sent_at=None)
                | Q(state="withdrawn"),
            ),
        ]
        indexes = [models.Index(fields=["branch", "-made_at", "-id"], name="publication_newest")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("tiers:publication", args=[self.public_id])

    @property
    def is_open(self) -> bool:
        """Its words may still be changed: it has left for nobody."""
        return self.state == self.State.DRAFT

    @property
    def is_basic(self) -> bool:
        """Whether it belongs to a service that everybody gets, such as notices of risk: no marketing, whoever refused that."""
        return self.item is not None and self.item.kind == ServiceItem.Kind.BASIC

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day <= self.valid_until


class Recipient(PublicModel):
    """One client and one publication (推送对象): whether he is among those whom it reaches, by which way, and what became of it.

    One row for each client, whatever happens in between: the outgoing message bears its name.
    """

    class State(models.TextChoices):
        CHOSEN = "chosen", pgettext_lazy("recipient", "To be written to")
        WRITTEN = "written", pgettext_lazy("recipient", "Message waits to leave")
        SENT = "sent", pgettext_lazy("recipient", "Message sent")
        CALL = "call", pgettext_lazy("recipient", "To be told by phone")
        TOLD = "told", pgettext_lazy("recipient", "Told by phone")
        HELD = "held", pgettext_lazy("recipient", "Held back")
        LEFT_OUT = "left_out", pgettext_lazy("recipient", "Left out")

    #: States in which it has reached him.
    REACHED = (State.SENT, State.TOLD)

    class Reason(models.TextChoices):
        """Why a client of the preference segments is left out, or his message stayed here after all; codes of
        ``clients.reach`` where there is one."""

        NOT_SERVED = "not_served", _("No longer served by the branch")
        RESTRICTED = "restricted", _("Data are restricted to storage")
        DO_NOT_CONTACT = "do_not_contact", _("Must not be contacted")
        NO_CONSENT = "no_consent", _("Has refused marketing or withdrawn his consent")
        NOT_ENTITLED = "not_entitled", _("His tier is not entitled to the service")
        CONDITION = "condition", _("Does not meet the condition of the service")
        RISK = "risk", _("His risk grade does not suit, or has run out")
        FORBIDDEN_CHANNEL = "forbidden_channel", _("Does not want e-mails, messages or calls")
        FORBIDDEN_POINTS = "forbidden_points", _("Every number or address must not be used")
        NO_ADDRESS = "no_address", _("No e-mail address or phone number on file")
        NO_ADVISOR = "no_advisor", _("Takes calls only, and nobody serves him")
        TOO_OFTEN = "too_often", _("Had as many messages lately as one client may get")
        WITHDRAWN = "withdrawn", _("Withdrawn before it left")
        OVER = "over", _("No longer valid when it was to leave")
        LATE = "late", _("Could not leave in time")
        UNDELIVERED = "undelivered", _("The message could not be delivered")

    publication = models.ForeignKey(
        Publication, models.CASCADE, related_name="recipients", db_index=False, verbose_name=_("publication")
    )
    client = models.ForeignKey(Client, models.PROTECT, related_name="publications", verbose_name=_("client"))
    state = models.CharField(_("state"), max_length=8, choices=State.choices)
    reason = models.CharField(_("reason"), max_length=17, choices=Reason.choices, blank=True)
    #: How he is, or was, reached: e-mail, SMS or phone.
    way = models.CharField(_("way"), max_length=5, blank=True)
    settled_at = models.DateTimeField(_("at"), null=True, blank=True)
    told_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )

    objects: ClassVar[Any] = RecipientQuerySet.as_manager()

    class Meta:
        verbose_name = _("recipient of a publication")
        verbose_name_plural = _("recipients of publications")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["publication", "client"], name="published_once_to_each"),
            models.CheckConstraint(
                name="recipient_left_out_iff_why",
                condition=(Q(state__in=["left_out", "held"]) & ~Q(reason=""))
                | (~Q(state__in=["left_out", "held"]) & Q(reason="")),
            ),
            models.CheckConstraint(
                name="recipient_told_iff_by_somebody",
                condition=Q(state="told", told_by__isnull=False) | (~Q(state="told") & Q(told_by=None)),
            ),
        ]
        indexes = [
            models.Index(fields=["publication", "state", "id"], name="recipient_by_state"),
            models.Index(
                fields=["state", "id"], condition=Q(state__in=["chosen", "written", "call"]), name="recipient_waiting"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.publication_id} {self.state}"
