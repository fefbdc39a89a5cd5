"""Asking clients how it was, by a link that works once."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from care.querysets import SurveyInvitationQuerySet, SurveyRoundQuerySet
from crm.core.models import PublicModel


class SurveyRound(PublicModel):
    """A segment asked what it thinks of one thing (调查轮次). Branch, segment and title are the round: asked again, it goes on.

    Who is in it was decided when it was confirmed; ``members`` and ``left_out`` are those of the last time.
    """

    class LeftOut(models.TextChoices):
        """Why a client of the segment gets no invitation."""

        ALREADY = "already", _("Invited in this round already")
        NOT_SERVED = "not_served", _("No longer served by the branch")
        RESTRICTED = "restricted", _("Data are restricted to storage")
        DO_NOT_CONTACT = "do_not_contact", _("Must not be contacted")
        NO_CONSENT = "no_consent", _("Has refused marketing or withdrawn his consent")
        FORBIDDEN_CHANNEL = "forbidden_channel", _("Does not want e-mails or messages")
        FORBIDDEN_POINTS = "forbidden_points", _("Every number or address must not be used")
        NO_ADDRESS = "no_address", _("No e-mail address or phone number on file")
        STILL_OPEN = "still_open", _("Has an earlier survey that is still open")
        TOO_OFTEN = "too_often", _("Had as many messages lately as one client may get")

    branch = models.ForeignKey("core.Branch", models.PROTECT, related_name="+", verbose_name=_("branch"))
    #: The name stays when the segment goes.
    segment = models.ForeignKey(
        "clients.Segment", models.SET_NULL, null=True, related_name="+", verbose_name=_("segment")
    )
    segment_name = models.CharField(_("segment"), max_length=40)
    title = models.CharField(_("asked about"), max_length=60)
    members = models.PositiveIntegerField(_("clients"), default=0)
    #: Code of ``LeftOut`` → how many.
    left_out = models.JSONField(_("not invited"), default=dict, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    made_at = models.DateTimeField(_("at"))

    objects: ClassVar[Any] = SurveyRoundQuerySet.as_manager()

    class Meta:
        verbose_name = _("survey round")
        verbose_name_plural = _("survey rounds")
        default_permissions = ("add",)
        constraints = [
            models.UniqueConstraint(fields=["branch", "segment", "title"], name="survey_round_once"),
        ]
        indexes = [models.Index(fields=["branch", "-made_at", "-id"], name="survey_round_by_branch")]

    def __str__(self) -> str:
        return self.title

    def reasons(self) -> list[dict[str, Any]]:
        """Why how many were not invited the last time, in words."""
        return in_words(self.left_out)


def in_words(left_out: dict[str, int]) -> list[dict[str, Any]]:
    """Reasons of ``SurveyRound.LeftOut`` with how many, in their order."""
    return [
        {"code": reason.value, "label": reason.label, "clients": left_out[reason.value]}
        for reason in SurveyRound.LeftOut
        if left_out.get(reason.value)
    ]


class SurveyInvitation(PublicModel):
    """One person asked about one occasion: a closed complaint, or a round. Only the hash of the link's token is kept."""

    class State(models.TextChoices):
        INVITED = "invited", _("Invited")
        ANSWERED = "answered", _("Answered")
        EXPIRED = "expired", _("Expired")

    class Occasion(models.TextChoices):
        COMPLAINT = "complaint", _("Closed complaint")
        ROUND = "round", _("Survey of a segment")

    class HeldBack(models.TextChoices):
        """Why nobody was written to; the codes of ``clients.reach``."""

        DO_NOT_CONTACT = "do_not_contact", _("This client must not be contacted by us.")
        NO_CONSENT = "no_consent", _("The client has refused marketing or withdrawn his consent.")
        FORBIDDEN_CHANNEL = "forbidden_channel", _("The client does not want to be reached by this channel.")
        FORBIDDEN_POINTS = "forbidden_points", _("Every number or address for this channel must not be used.")
        QUIET_HOURS = "quiet_hours", _("The message would have left in quiet hours.")
        NO_ADDRESS = "no_address", _("There is no e-mail address or phone number on file.")
        RESTRICTED = "restricted", _("The client's data are restricted to storage.")

    branch = models.ForeignKey("core.Branch", models.PROTECT, related_name="+")
    client = models.ForeignKey("clients.Client", models.PROTECT, null=True, blank=True, related_name="surveys")
    complaint = models.ForeignKey("complaints.Complaint", models.PROTECT, null=True, blank=True, related_name="surveys")
    round = models.ForeignKey(SurveyRound, models.PROTECT, null=True, blank=True, related_name="invitations")
    occasion = models.CharField(_("occasion"), max_length=12, choices=Occasion.choices)
    #: The occasion in the trade's words ("complaint:<id>:1", "round:<id>:<client>"), so that it brings one invitation.
    occurrence_key = models.CharField(max_length=80, unique=True)
    token_hash = models.CharField(max_length=64, unique=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.INVITED)
    sent_by_channel = models.CharField(_("sent by"), max_length=10, blank=True)
    held_back = models.CharField(_("not sent because"), max_length=20, choices=HeldBack.choices, blank=True)
    created_at = models.DateTimeField(_("invited"))
    expires_at = models.DateTimeField(_("valid until"))

    objects: ClassVar[Any] = SurveyInvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("survey")
        verbose_name_plural = _("surveys")
        default_permissions = ("view",)
        permissions = [("hand_out_survey", _("Can hand out a survey link"))]
        indexes = [
            models.Index(fields=["branch", "-created_at", "-id"], name="survey_by_branch"),
            models.Index(fields=["expires_at"], name="survey_open", condition=Q(state="invited")),
        ]
        constraints = [
            models.CheckConstraint(
                name="survey_of_a_round_has_one",
                condition=Q(occasion="round", round__isnull=False) | (~Q(occasion="round") & Q(round=None)),
            ),
        ]

    def __str__(self) -> str:
        return self.occurrence_key


class SurveyAnswer(models.Model):
    """What one invited person answered, once. CSAT from 1 to 5, recommendation from 0 to 10 (NPS)."""

    invitation = models.OneToOneField(SurveyInvitation, models.PROTECT, primary_key=True, related_name="answer")
    satisfaction = models.PositiveSmallIntegerField(
        _("satisfaction"), validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    recommendation = models.PositiveSmallIntegerField(_("recommendation"), validators=[MaxValueValidator(10)])
    comment = models.TextField(_("comment"), blank=True, max_length=1000)
    answered_at = models.DateTimeField(_("answered"))

    class Meta:
        verbose_name = _("survey answer")
        verbose_name_plural = _("survey answers")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="survey_satisfaction_from_1_to_5", condition=Q(satisfaction__gte=1, satisfaction__lte=5)
            ),
            models.CheckConstraint(name="survey_recommendation_to_10", condition=Q(recommendation__lte=10)),
        ]

    def __str__(self) -> str:
        return str(self.satisfaction)
