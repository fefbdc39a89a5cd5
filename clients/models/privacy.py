"""Requests of clients about their own data, legal holds, and the end of a client's data (PIPL Art. 45–47)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models.client import Client
from clients.querysets.privacy import DataRequestQuerySet, ErasureQuerySet, LegalHoldQuerySet
from crm.core.models import PublicModel, Versioned


class DataRequest(PublicModel, Versioned):
    """One request of a client about his data (个人信息权利请求), from its receipt to the answer."""

    class Kind(models.TextChoices):
        ACCESS = "access", pgettext_lazy("data request", "Access")
        COPY = "copy", pgettext_lazy("data request", "Copy")
        CORRECT = "correct", pgettext_lazy("data request", "Correction")
        DELETE = "delete", pgettext_lazy("data request", "Deletion")
        WITHDRAW = "withdraw", pgettext_lazy("data request", "Withdrawal of consent")

    class State(models.TextChoices):
        RECEIVED = "received", pgettext_lazy("data request", "Received")
        CHECKED = "checked", pgettext_lazy("data request", "Identity checked")
        IN_WORK = "in_work", pgettext_lazy("data request", "In work")
        PROPOSED = "proposed", pgettext_lazy("data request", "Waiting for approval")
        ANSWERED = "answered", pgettext_lazy("data request", "Answered")
        REFUSED = "refused", pgettext_lazy("data request", "Refused")

    class Channel(models.TextChoices):
        COUNTER = "counter", _("Counter")
        PHONE = "phone", pgettext_lazy("channel", "Phone")
        LETTER = "letter", _("Letter")
        EMAIL = "email", _("E-mail")
        APP = "app", _("App or website")

    class Identity(models.TextChoices):
        DOCUMENT = "document", _("Identity document seen")
        CALL_BACK = "call_back", _("Called back on the number on file")
        ACCOUNT = "account", _("Signed in to the trading account")
        PROXY = "proxy", _("Power of attorney and both documents seen")

    ENDED = (State.ANSWERED, State.REFUSED)

    client = models.ForeignKey(Client, models.PROTECT, related_name="data_requests", verbose_name=_("client"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    channel = models.CharField(_("received by"), max_length=10, choices=Channel.choices)
    received_on = models.DateField(_("received on"))
    details = models.CharField(_("what is asked"), max_length=1000, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.RECEIVED)
    due_on = models.DateField(_("answer due on"))
    #: The clock stands still from this day on, because the client has to prove who he is.
    paused_on = models.DateField(_("paused since"), null=True, blank=True)
    identity = models.CharField(_("identity checked by"), max_length=10, choices=Identity.choices, blank=True)
    identity_checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    registered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("owner")
    )
    grants = models.BooleanField(_("granted"), null=True, blank=True)
    answer = models.CharField(_("answer"), max_length=2000, blank=True)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    ended_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    #: What a granted deletion came to: restricted (with the reason) or handed on for erasure.
    outcome = models.CharField(_("outcome"), max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = DataRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("data-subject request")
        verbose_name_plural = _("data-subject requests")
        default_permissions = ("view", "add", "change")
        permissions = [("approve_datarequest", _("Can approve the answer to a data-subject request"))]
        constraints = [
            models.CheckConstraint(
                name="data_request_ended_iff_ended_at",
                condition=Q(state__in=("answered", "refused"), ended_at__isnull=False)
                | (~Q(state__in=("answered", "refused")) & Q(ended_at=None)),
            ),
            models.CheckConstraint(
                name="data_request_four_eyes", condition=Q(approved_by=None) | ~Q(approved_by=F("proposed_by"))
            ),
            models.CheckConstraint(
                name="data_request_identity_before_work",
                condition=Q(state__in=("received", "refused")) | Q(state="proposed", grants=False) | ~Q(identity=""),
                violation_error_message=_("Check who asks before anything else."),
            ),
        ]
        indexes = [
            models.Index(fields=["due_on", "id"], name="data_request_due"),
            models.Index(fields=["client", "-id"], name="data_request_client"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.received_on}"

    def get_absolute_url(self) -> str:
        return reverse("clients:data_request", args=[self.public_id])

    @property
    def is_open(self) -> bool:
        return self.state not in self.ENDED


class LegalHold(PublicModel):
    """Nothing about the client is erased while it stands (诉讼保全留存): it beats every other rule."""

    client = models.ForeignKey(Client, models.PROTECT, related_name="legal_holds", verbose_name=_("client"))
    reason = models.CharField(_("reason"), max_length=300)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("set by"))
    set_at = models.DateTimeField(_("set at"))
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("lifted by")
    )
    lifted_at = models.DateTimeField(_("lifted at"), null=True, blank=True)
    lift_reason = models.CharField(_("reason for lifting"), max_length=300, blank=True)

    objects: ClassVar[Any] = LegalHoldQuerySet.as_manager()

    class Meta:
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        default_permissions = ("view", "add", "change")
        constraints = [
            models.UniqueConstraint(fields=["client"], condition=Q(lifted_at=None), name="one_standing_hold_a_client"),
            models.CheckConstraint(
                name="legal_hold_lifted_with_reason", condition=Q(lifted_at=None) | ~Q(lift_reason="")
            ),
        ]
        indexes = [models.Index(fields=["-set_at", "-id"], name="legal_hold_newest")]

    def __str__(self) -> str:
        return self.reason

    @property
    def version(self) -> int:
        """A hold changes once: when it is lifted."""
        return 1 if self.lifted_at is None else 2


class Erasure(PublicModel):
    """The erasure of one client's data after retention: proposed, approved by two others, done, with its certificate."""

    class State(models.TextChoices):
        PROPOSED = "proposed", pgettext_lazy("erasure", "Proposed")
        APPROVED = "approved", pgettext_lazy("erasure", "Approved by two")
        DONE = "done", pgettext_lazy("erasure", "Erased")
        REJECTED = "rejected", pgettext_lazy("erasure", "Rejected")

    client = models.ForeignKey(Client, models.PROTECT, related_name="erasures", verbose_name=_("client"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PROPOSED)
    reason = models.CharField(_("reason"), max_length=300)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(_("proposed at"))
    first_approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    second_approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)
    #: How many rows of each kind are gone, and why they could go.
    certificate = models.JSONField(_("certificate"), default=dict)

    objects: ClassVar[Any] = ErasureQuerySet.as_manager()

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        default_permissions = ("view", "add")
        permissions = [("approve_erasure", _("Can approve the erasure of a client's data"))]
        constraints = [
            models.UniqueConstraint(
                fields=["client"], condition=Q(state__in=("proposed", "approved")), name="one_erasure_under_way"
            ),
            models.CheckConstraint(
                name="erasure_two_approvers",
                condition=(Q(first_approver=None) | ~Q(first_approver=F("proposed_by")))
                & (
                    Q(second_approver=None)
                    | (~Q(second_approver=F("first_approver")) & ~Q(second_approver=F("proposed_by")))
                ),
            ),
            models.CheckConstraint(
                name="erasure_done_with_two",
                condition=~Q(state__in=("approved", "done")) | Q(second_approver__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.proposed_at:%Y-%m-%d}"

    @property
    def version(self) -> int:
        """Moves with each approval and with the end, whichever it is."""
        ended = self.state in (self.State.DONE, self.State.REJECTED)
        return 1 + (self.first_approver_id is not None) + (self.second_approver_id is not None) + ended
