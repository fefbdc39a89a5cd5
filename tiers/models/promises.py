"""What is owed to clients by when, what became of it, and what was given to many at once."""

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
from crm.core.fields import MoneyField
from crm.core.models import PublicModel, Versioned
from tiers.models.market_events import MarketEvent
from tiers.models.services import ServiceItem
from tiers.querysets.promises import DeliveryQuerySet, PromiseQuerySet


class Delivery(PublicModel):
    """An event that was held or material that was sent: one row for everybody who had it (服务记录)."""

    class Kind(models.TextChoices):
        EVENT = "event", pgettext_lazy("delivery", "Event")
        SEND = "send", pgettext_lazy("delivery", "Sent")

    item = models.ForeignKey(
        ServiceItem, models.PROTECT, related_name="deliveries", verbose_name=pgettext_lazy("catalogue", "service")
    )
    branch = models.ForeignKey("core.Branch", models.PROTECT, related_name="+", verbose_name=_("branch"))
    kind = models.CharField(_("kind"), max_length=5, choices=Kind.choices)
    day = models.DateField(_("day"))
    title = models.CharField(_("title"), max_length=120)
    #: How many clients it went to, and how many promises it kept.
    clients = models.PositiveIntegerField(_("clients"), default=0)
    kept = models.PositiveIntegerField(_("promises kept"), default=0)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    made_at = models.DateTimeField(_("at"), auto_now_add=True)

    objects: ClassVar[Any] = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("service", "delivery")
        verbose_name_plural = pgettext_lazy("service", "deliveries")
        default_permissions = ()

    def __str__(self) -> str:
        return self.title


class Promise(PublicModel, Versioned):
    """One service owed to one client by a day (服务承诺). Made once for each occurrence, whoever makes it, however often.

    ``occurrence_key`` names the occurrence in the trade's words ("2026-Q2:1/3", "2026"; "from:2026-05-04" and then
    "after:2026-08-02"; "event:7" where a market event asks for it, whatever the tier), never the moment of making. From
    ``opens_on`` it may be kept, by ``due_on`` it is kept in time, after ``last_day`` it counts as missed.
    """

    class State(models.TextChoices):
        DUE = "due", pgettext_lazy("promise", "Due")
        DONE = "done", pgettext_lazy("promise", "Kept")
        MISSED = "missed", pgettext_lazy("promise", "Missed")
        WAIVED = "waived", _("Waived")
        CLOSED = "closed", pgettext_lazy("promise", "Closed")

    #: States in which it may still be kept.
    OPEN = (State.DUE, State.MISSED)

    class Closed(models.TextChoices):
        """Why a row is no longer owed."""

        TIER = "tier", _("The client's tier changed")
        TERMS = "terms", _("Other terms hold now")
        ENDED = "ended", _("The service or entitlement ended")
        CLIENT = "client", _("The client left or is not served")
        SILENT = "silent", _("The client wants no contact")
        GATE = "gate", _("The client does not meet the condition")
        MERGED = "merged", _("Merged with another client")
        BEFORE = "before", _("The one before it was not kept that day")

    client = models.ForeignKey(Client, models.PROTECT, related_name="promises", verbose_name=_("client"))
    item = models.ForeignKey(
        ServiceItem, models.PROTECT, related_name="promises", verbose_name=pgettext_lazy("catalogue", "service")
    )
    occurrence_key = models.CharField(max_length=30)
    #: The market event for which it was asked; none for what follows from the tier.
    event = models.ForeignKey(
        MarketEvent,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="promises",
        verbose_name=_("market event"),
    )
    #: The edition of the service whose words were promised, and the tier to which they were.
    edition = models.PositiveIntegerField(_("version of the service"), default=1)
    programme_code = models.SlugField(max_length=30, db_index=False)
    tier_code = models.SlugField(max_length=30, db_index=False)
    #: So long after the last time: one is open at a time.
    is_rolling = models.BooleanField(default=False)
    opens_on = models.DateField(_("from"))
    due_on = models.DateField(_("due on"))
    last_day = models.DateField(_("missed after"))
    state = models.CharField(_("state"), max_length=6, choices=State.choices, default=State.DUE)
    kept_on = models.DateField(_("kept on"), null=True, blank=True)
    kept_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("kept by")
    )
    proof = models.CharField(_("proof"), max_length=8, choices=ServiceItem.Proof.choices, blank=True)
    #: Public id of the contact that kept it.
    contact_ref = models.CharField(max_length=26, blank=True, editable=False)
    delivery = models.ForeignKey(
        Delivery, models.PROTECT, null=True, blank=True, related_name="promises", verbose_name=_("proof")
    )
    cost = MoneyField(_("cost"), default=0)
    note = models.CharField(_("note"), max_length=200, blank=True)
    closed_as = models.CharField(_("closed because"), max_length=6, choices=Closed.choices, blank=True)
    #: Who waived it or agreed on another day, and why.
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    #: The day first promised, where another one was agreed.
    first_due_on = models.DateField(_("first due on"), null=True, blank=True)

    objects: ClassVar[Any] = PromiseQuerySet.as_manager()

    class Meta:
        verbose_name = _("promise")
        verbose_name_plural = _("promises")
        default_permissions = ("view",)
        permissions = [
            ("keep_promise", _("Can note that a promise was kept")),
            ("waive_promise", _("Can waive a promise or agree on another day")),
            ("cost_promise", _("Can see what services cost")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["client", "item", "occurrence_key"], name="promised_once"),
            models.UniqueConstraint(
                fields=["client", "item"], condition=Q(state="due", is_rolling=True), name="one_rolling_promise_open"
            ),
            models.CheckConstraint(
                name="promise_days_in_order", condition=Q(opens_on__lte=F("due_on"), due_on__lte=F("last_day"))
            ),
            models.CheckConstraint(
                name="promise_kept_iff_day",
                condition=(Q(state="done", kept_on__isnull=False) & ~Q(proof=""))
                | (~Q(state="done") & Q(kept_on=None, proof="")),
            ),
            models.CheckConstraint(
                name="promise_closed_iff_why",
                condition=(Q(state="closed") & ~Q(closed_as="")) | (~Q(state="closed") & Q(closed_as="")),
            ),
            models.CheckConstraint(
                name="promise_waived_with_reason",
                condition=~Q(state="waived") | (Q(decided_by__isnull=False) & ~Q(reason="")),
                violation_error_message=_("Say why."),
            ),
            models.CheckConstraint(
                name="promise_state_known", condition=Q(state__in=["due", "done", "missed", "waived", "closed"])
            ),
        ]
        indexes = [
            models.Index(fields=["due_on", "id"], condition=Q(state="due"), name="promise_due"),
            models.Index(fields=["last_day"], condition=Q(state="due"), name="promise_running_out"),
            models.Index(fields=["client", "-due_on", "-id"], name="promise_of_client"),
            models.Index(fields=["item", "due_on"], name="promise_of_service"),
            models.Index(fields=["event", "state"], condition=Q(event__isnull=False), name="promise_of_event"),
        ]

    def __str__(self) -> str:
        return f"{self.occurrence_key} {self.due_on}"

    def get_absolute_url(self) -> str:
        return reverse("tiers:promise", args=[self.public_id])

    @property
    def title(self) -> str:
        """The service, and for what event it is owed."""
        return f"{self.item.name} · {self.event.name}" if self.event else str(self.item.name)

    @property
    def is_open(self) -> bool:
        """May still be kept: late is better than never, and is counted as late."""
        return self.state in self.OPEN

    @property
    def next_key(self) -> str:
        """The name of what is owed so long after this one: from the day it was kept, else from its day."""
        return f"after:{self.kept_on or self.due_on}"

    @property
    def is_late(self) -> bool:
        """Kept, but after the day."""
        return self.kept_on is not None and self.kept_on > self.due_on

    def is_overdue(self, today: date) -> bool:
        return self.state == self.State.DUE and self.due_on < today


class PromiseRun(models.Model):
    """A branch's promises as they were made last: for which day, and how far catalogue and tiers had come then."""

    branch = models.OneToOneField("core.Branch", models.CASCADE, primary_key=True, related_name="+")
    #: The day on which promises began here; nothing is owed for the time before.
    first_day = models.DateField()
    day = models.DateField(_("day"))
    mark = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("run of promises")
        verbose_name_plural = _("runs of promises")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.branch_id} {self.day}"
