"""What was said between client and branch."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.models.client import Channel, Client
from clients.models.profile_rows import ContactPerson
from clients.models.relations import Relation
from clients.querysets.contact import ContactLogQuerySet, NextDateMoveQuerySet
from crm.core.models import PublicModel


class ContactLog(PublicModel):
    """One contact (联系记录). Never edited: a correction is a new row that names the one it corrects (留痕)."""

    class Direction(models.TextChoices):
        OUT = "out", _("We contacted the client")
        IN = "in", _("The client contacted us")

    class Purpose(models.TextChoices):
        SERVICE = "service", _("Service")
        MARKET = "market", _("Market news")
        PRODUCT = "product", _("Product")
        ACCOUNT = "account", _("Account business")
        CARE = "care", _("Care")
        COMPLAINT = "complaint", _("Complaint")
        CAMPAIGN = "campaign", _("Campaign")
        OTHER = "other", _("Other")

    class Outcome(models.TextChoices):
        REACHED = "reached", _("Reached")
        NO_ANSWER = "no_answer", _("No answer")
        REFUSED = "refused", _("Did not want to talk")
        UNKNOWN = "unknown", _("Not recorded")

    class Mood(models.TextChoices):
        GOOD = "good", _("Satisfied")
        NEUTRAL = "neutral", _("Neutral")
        BAD = "bad", _("Dissatisfied")

    class SpokeWith(models.TextChoices):
        CLIENT = "client", _("The client")
        PERSON = "person", _("Contact person of the institution")
        RELATION = "relation", _("Related person")
        OTHER = "other", pgettext_lazy("spoke with", "Somebody else")

    class Clock(models.TextChoices):
        """Where the time of a contact comes from that a phone kept while it had no line."""

        OURS = "", _("Our clock, or as somebody said")
        DEVICE = "device", _("By the phone's clock")
        WRONG = "wrong", _("The phone's clock was wrong; time of arrival")

    client = models.ForeignKey(Client, models.PROTECT, related_name="contacts")
    #: The row key of an imported contact, so that the same file twice makes one row.
    external_id = models.CharField(max_length=60, blank=True, editable=False)
    at = models.DateTimeField(_("at"))
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    direction = models.CharField(_("direction"), max_length=3, choices=Direction.choices, default=Direction.OUT)
    purpose = models.CharField(_("purpose"), max_length=12, choices=Purpose.choices, default=Purpose.SERVICE)
    spoke_with = models.CharField(_("spoke with"), max_length=8, choices=SpokeWith.choices, default=SpokeWith.CLIENT)
    contact_person = models.ForeignKey(
        ContactPerson, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("contact person")
    )
    relation = models.ForeignKey(
        Relation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("related person")
    )
    other_name = models.CharField(_("name of who was spoken with"), max_length=80, blank=True)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices, default=Outcome.REACHED)
    mood = models.CharField(_("mood"), max_length=8, choices=Mood.choices, blank=True)
    duration_seconds = models.PositiveIntegerField(_("seconds"), null=True, blank=True)
    content = models.TextField(_("what was said"), blank=True, max_length=4000)
    next_on = models.DateField(_("next contact on"), null=True, blank=True)
    next_content = models.CharField(_("what to speak about next"), max_length=200, blank=True)
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="contact_logs", verbose_name=_("by")
    )
    #: What the phone's clock said: a claim, kept beside our own time.
    device_at = models.DateTimeField(null=True, blank=True, editable=False)
    clock = models.CharField(max_length=6, choices=Clock.choices, blank=True, default=Clock.OURS, editable=False)
    #: By how much the phone's clock ran ahead of ours (seconds; negative: behind), where it told us what it showed.
    clock_ahead_seconds = models.IntegerField(null=True, blank=True, editable=False)
    corrects = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="corrected_by", verbose_name=_("corrects")
    )
    correction_reason = models.CharField(_("reason of the correction"), max_length=200, blank=True)
    #: Public id of the first wording: attached files belong to it and so to every later wording. Empty on the first itself.
    first_ref = models.CharField(max_length=26, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = ContactLogQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        default_permissions = ("view", "add")
        permissions = [("correct_contactlog", _("Can correct a contact"))]
        constraints = [
            models.UniqueConstraint(
                fields=["client", "external_id"], condition=~Q(external_id=""), name="imported_contact_once"
            ),
            models.CheckConstraint(
                name="contact_correction_has_reason",
                condition=Q(corrects=None) | ~Q(correction_reason=""),
                violation_error_message=_("Say why the contact is corrected."),
            ),
            models.CheckConstraint(
                name="contact_names_whom_it_was_with",
                condition=Q(spoke_with="client", contact_person=None, relation=None, other_name="")
                | Q(spoke_with="person", contact_person__isnull=False, relation=None, other_name="")
                | Q(spoke_with="relation", contact_person=None, relation__isnull=False, other_name="")
                | (Q(spoke_with="other", contact_person=None, relation=None) & ~Q(other_name="")),
                violation_error_message=_("Say with whom it was spoken."),
            ),
            models.CheckConstraint(
                name="contact_does_not_correct_itself", condition=Q(corrects=None) | ~Q(corrects=F("pk"))
            ),
        ]
        indexes = [
            models.Index(fields=["client", "-at", "-id"], name="contact_timeline"),
            models.Index(fields=["staff", "-at", "-id"], name="contact_by_staff"),
            models.Index(fields=["-at", "-id"], name="contact_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.at:%Y-%m-%d}"

    def get_absolute_url(self) -> str:
        return reverse("clients:contact", args=[self.public_id])

    @property
    def files_ref(self) -> str:
        """Whose files these are: the first wording's."""
        return self.first_ref or self.public_id

    def named_person(self) -> str:
        """Who was spoken with where it was not the client himself; of another client only what he is to this one."""
        if self.contact_person is not None:
            return str(self.contact_person.name)
        if self.relation is not None:
            relation = self.relation
            return str(relation.outsider_name or Relation.Kind(relation.kind_for_key(self.client_id)).label)
        return str(self.other_name)


class NextDateMove(PublicModel):
    """The next date of a contact put off by a click in my day; taken back for some seconds, then it stands."""

    contact = models.ForeignKey(ContactLog, models.PROTECT, related_name="moves")
    moved_to = models.DateField(_("put off to"))
    moved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    moved_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = NextDateMoveQuerySet.as_manager()

    class Meta:
        verbose_name = _("put-off next contact")
        verbose_name_plural = _("put-off next contacts")
        default_permissions = ()
        indexes = [models.Index(fields=["contact", "-id"], name="next_date_move_newest")]

    def __str__(self) -> str:
        return str(self.moved_to)
