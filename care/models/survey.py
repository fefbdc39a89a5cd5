"""Asking clients how it was, by a link that works once."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from care.querysets import SurveyInvitationQuerySet
from crm.core.models import PublicModel


class SurveyInvitation(PublicModel):
    """One person asked about one occasion (a closed complaint). Only the hash of the link's token is kept."""

    class State(models.TextChoices):
        INVITED = "invited", _("Invited")
        ANSWERED = "answered", _("Answered")
        EXPIRED = "expired", _("Expired")

    class Occasion(models.TextChoices):
        COMPLAINT = "complaint", _("Closed complaint")

    class HeldBack(models.TextChoices):
        """Why nobody was written to; the codes of ``clients.reach``."""

        DO_NOT_CONTACT = "do_not_contact", _("This client must not be contacted by us.")
        FORBIDDEN_CHANNEL = "forbidden_channel", _("The client does not want to be reached by this channel.")
        FORBIDDEN_POINTS = "forbidden_points", _("Every number or address for this channel must not be used.")
        QUIET_HOURS = "quiet_hours", _("The message would have left in quiet hours.")

    branch = models.ForeignKey("core.Branch", models.PROTECT, related_name="+")
    client = models.ForeignKey("clients.Client", models.PROTECT, null=True, blank=True, related_name="surveys")
    complaint = models.ForeignKey("complaints.Complaint", models.PROTECT, null=True, blank=True, related_name="surveys")
    occasion = models.CharField(_("occasion"), max_length=12, choices=Occasion.choices)
    #: The occasion in the trade's words ("complaint:<id>:1"), so that it brings one invitation.
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
