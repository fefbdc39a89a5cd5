"""A complaint from its registration to its closing."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from complaints.querysets import ComplaintQuerySet
from crm.core.fields import EncryptedField, MoneyField
from crm.core.models import PublicModel, Versioned


class Complaint(PublicModel, Versioned):
    """A client (or somebody who is none) says that he was served badly and wants it put right (投诉).

    The four axes of T/SAC 001-2024 stand in ``subject`` (business line), ``is_group`` (number of complainants), ``level``
    and ``is_urgent`` (importance), ``is_reasonable``. What an import reports about lateness and dispute is kept as a
    fact of the file beside our own clocks.
    """

    class State(models.TextChoices):
        REGISTERED = "registered", _("Registered")
        INVESTIGATING = "investigating", _("Under investigation")
        APPROVING = "approving", _("Opinion awaits approval")
        REPLYING = "replying", _("Reply to be given")
        REPLIED = "replied", _("Replied")
        CLOSED = "closed", _("Closed")
        NOT_ACCEPTED = "not_accepted", _("Not accepted")
        TRANSFERRED = "transferred", _("Transferred")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    ENDED = (State.CLOSED, State.NOT_ACCEPTED, State.TRANSFERRED, State.WITHDRAWN)

    class Channel(models.TextChoices):
        COUNTER = "counter", _("At the counter")
        PHONE = "phone", pgettext_lazy("channel", "Phone")
        WEB = "web", _("Web")
        LETTER = "letter", _("Letter")
        EMAIL = "email", _("E-mail")
        FAX = "fax", _("Fax")
        REFERRAL = "referral", _("Referred")
        HOTLINE_12386 = "12386", _("12386 hotline")
        REGULATOR = "regulator", _("Regulator")
        ASSOCIATION = "association", _("Association")
        MEDIA = "media", _("Media")

    #: Bodies whose own due date overrides ours when they hand a complaint on.
    TRANSFERRING = (Channel.HOTLINE_12386, Channel.REGULATOR, Channel.ASSOCIATION, Channel.REFERRAL)

    class Subject(models.TextChoices):
        ACCOUNT = "account", _("Account business")
        COMMISSION = "commission", _("Commission and fees")
        SYSTEM = "system", _("Trading system and quotes")
        CREDIT = "credit", _("Margin business")
        OPTIONS = "options", _("Options")
        PRODUCT = "product", _("Sale of products")
        ADVICE = "advice", _("Advice and stock tips")
        MANNER = "manner", _("Manner of service")
        MISCONDUCT = "misconduct", _("Misconduct of staff")
        PRIVACY = "privacy", _("Leaked data and harassment")
        OTHER = "other", _("Other")

    class Level(models.TextChoices):
        ORDINARY = "ordinary", _("Ordinary")
        MAJOR = "major", _("Major")
        DIFFICULT = "difficult", _("Difficult")

    class Outcome(models.TextChoices):
        EXPLAINED = "explained", _("Explained")
        CORRECTED = "corrected", _("Put right")
        COMPENSATED = "compensated", _("Compensated")
        MEDIATED = "mediated", _("Settled by mediation")
        REJECTED = "rejected", _("Not justified")
        OTHER = "other", _("Other")

    #: Outcomes that may come with an amount.
    PAYING = (Outcome.COMPENSATED, Outcome.MEDIATED)

    blind_index_columns: ClassVar[dict[str, str]] = {"complainant_phone_index": "complainant_phone"}

    number = models.CharField(_("number"), max_length=40)
    external_id = models.CharField(_("number at the source"), max_length=40, blank=True)
    branch = models.ForeignKey("core.Branch", models.PROTECT, related_name="complaints", verbose_name=_("branch"))
    client = models.ForeignKey(
        "clients.Client", models.PROTECT, null=True, blank=True, related_name="complaints", verbose_name=_("client")
    )
    complainant_name = EncryptedField(_("complainant"), blank=True)
    complainant_phone = EncryptedField(_("phone of the complainant"), blank=True)
    complainant_phone_index = models.CharField(max_length=32, blank=True, editable=False)

    state = models.CharField(_("state"), max_length=14, choices=State.choices, default=State.REGISTERED)
    channel = models.CharField(_("channel"), max_length=12, choices=Channel.choices)
    subject = models.CharField(_("subject"), max_length=12, choices=Subject.choices)
    product = models.CharField(_("product or service"), max_length=120, blank=True)
    description = models.TextField(_("what happened"), max_length=40_000, blank=True)
    wish = models.CharField(_("what the complainant wants"), max_length=400, blank=True)
    level = models.CharField(_("level"), max_length=10, choices=Level.choices, default=Level.ORDINARY)
    is_group = models.BooleanField(_("several complainants"), default=False)
    is_urgent = models.BooleanField(_("urgent"), default=False)
    is_reasonable = models.BooleanField(_("justified"), null=True, blank=True)

    complained_of = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="complaints_about",
        verbose_name=_("complained of"),
    )
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="complaints_handled",
        verbose_name=_("handled by"),
    )
    registered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("registered by")
    )
    received_at = models.DateTimeField(_("received"))
    accepted_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    opinion = models.TextField(_("opinion"), max_length=8000, blank=True)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome.choices, blank=True)
    compensation = MoneyField(_("compensation"), default=0)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reply = models.TextField(_("reply"), max_length=8000, blank=True)
    is_satisfied = models.BooleanField(_("complainant is satisfied"), null=True, blank=True)
    transferred_to = models.CharField(_("transferred to"), max_length=120, blank=True)
    extension_days = models.PositiveSmallIntegerField(_("asked extension in days"), null=True, blank=True)
    extension_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    extended_by_days = models.PositiveSmallIntegerField(_("extended by days"), default=0)
    rounds = models.PositiveSmallIntegerField(_("rounds"), default=1)

    reported_late = models.BooleanField(_("late as reported"), null=True, blank=True)
    reported_disputed = models.BooleanField(_("disputed as reported"), null=True, blank=True)
    reported_outcome = models.CharField(_("outcome as reported"), max_length=120, blank=True)
    reported_sent_on = models.DateField(_("passed on, as reported"), null=True, blank=True)

    objects: ClassVar[Any] = ComplaintQuerySet.as_manager()

    class Meta:
        verbose_name = _("complaint")
        verbose_name_plural = _("complaints")
        default_permissions = ("view", "add")
        permissions = [
            ("handle_complaint", _("Can handle complaints")),
            ("accept_complaint", _("Can decide on acceptance")),
            ("approve_complaint", _("Can approve opinions and extensions")),
            ("reveal_complaint", _("Can see name and phone of a complainant in full")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["branch", "number"], name="complaint_number_once_per_branch"),
            models.UniqueConstraint(
                fields=["branch", "external_id"], condition=~Q(external_id=""), name="imported_complaint_once"
            ),
            models.CheckConstraint(
                name="complaint_ended_iff_closed_at",
                condition=Q(state__in=["closed", "not_accepted", "transferred", "withdrawn"], closed_at__isnull=False)
                | (~Q(state__in=["closed", "not_accepted", "transferred", "withdrawn"]) & Q(closed_at=None)),
                violation_error_message=_("A complaint that has ended needs the time of its end."),
            ),
            models.CheckConstraint(
                name="complaint_approver_is_not_proposer",
                condition=Q(approved_by=None) | Q(proposed_by=None) | ~Q(approved_by=F("proposed_by")),
                violation_error_message=_("Nobody approves his own opinion."),
            ),
            models.CheckConstraint(
                name="complaint_handler_is_not_complained_of",
                condition=Q(handler=None) | Q(complained_of=None) | ~Q(handler=F("complained_of")),
                violation_error_message=_("Nobody handles a complaint about himself."),
            ),
            models.CheckConstraint(
                name="complaint_approver_is_not_complained_of",
                condition=Q(approved_by=None) | Q(complained_of=None) | ~Q(approved_by=F("complained_of")),
            ),
        ]
        indexes = [
            models.Index(F("branch"), F("received_at").desc(), F("id").desc(), name="complaint_branch_newest"),
            models.Index(F("received_at").desc(), F("id").desc(), name="complaint_newest"),
            models.Index(fields=["state", "branch"], name="complaint_state"),
            models.Index(fields=["client", "-received_at"], name="complaint_by_client"),
            models.Index(fields=["handler", "state"], name="complaint_by_handler"),
            models.Index(fields=["subject", "received_at"], name="complaint_by_subject"),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("complaints:detail", args=[self.public_id])

    @property
    def ended(self) -> bool:
        return self.state in self.ENDED

    @property
    def who(self) -> str:
        """The name of the client, or of the stranger who complains; pages mask it."""
        return self.client.display_name if self.client is not None else str(self.complainant_name)

    def clock_to_watch(self, *, legal: bool) -> Any:
        """The clock of the present round that runs out next, of the law or of the house; else the one that stopped last."""
        own = [clock for clock in self.clocks.all() if clock.round == self.rounds and clock.is_legal == legal]
        running = sorted(
            (clock for clock in own if clock.stopped_at is None), key=lambda clock: (clock.due_on, clock.pk)
        )
        if running:
            return running[0]
        return max(own, key=lambda clock: (clock.due_on, clock.pk), default=None)

    @property
    def limit_is_imposed(self) -> bool:
        """Whether the body that handed the complaint on has set the date of the present round."""
        return any(clock.is_imposed and clock.round == self.rounds for clock in self.clocks.all())

    @property
    def is_imported(self) -> bool:
        return bool(self.external_id)
