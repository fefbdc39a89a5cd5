"""Follow-up calls: an obligation with a deadline, the attempts to meet it, what was answered."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from care.models.programme import CareProgramme
from care.querysets import CallAttemptQuerySet, FollowUpCallQuerySet
from crm.core.models import PublicModel, Versioned

if TYPE_CHECKING:
    from crm.core.models import User


#: How the occasion of a call after a change of tier begins; the public id of the change follows.
TIER_KEY = "tier:"


class FollowUpCall(PublicModel, Versioned):
    """A call that has to be made (回访). One client, one programme, one occasion: planned once, whoever plans, however often.

    ``occurrence_key`` names the occasion in the trade's words ("open:2026-05-04", "tier:<id of the change>"), never the
    moment of planning.
    """

    class State(models.TextChoices):
        DUE = "due", _("Due")
        IN_PROGRESS = "in_progress", _("In progress")
        DONE = "done", _("Done")
        UNABLE_PROPOSED = "unable_proposed", _("Unable: awaits approval")
        UNABLE = "unable", _("Unable")
        MISSED = "missed", _("Missed")
        CANCELLED = "cancelled", _("Cancelled")

    OPEN = (State.DUE, State.IN_PROGRESS, State.UNABLE_PROPOSED, State.MISSED)

    client = models.ForeignKey("clients.Client", models.PROTECT, related_name="follow_up_calls")
    programme = models.ForeignKey(CareProgramme, models.PROTECT, related_name="calls", verbose_name=_("programme"))
    occurrence_key = models.CharField(max_length=60)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=16, choices=State.choices, default=State.DUE)
    due_on = models.DateField(_("due on"))
    #: No earlier than this day: after nobody answered, the next attempt is on another day.
    not_before = models.DateField(_("not before"))
    provisional = models.BooleanField(_("estimated"), default=False)
    caller = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="follow_up_calls",
        verbose_name=_("caller"),
    )
    attempts_made = models.PositiveSmallIntegerField(_("attempts"), default=0)
    script_version = models.PositiveSmallIntegerField(default=1)
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)
    summary = models.TextField(_("summary"), blank=True, max_length=4000)
    unable_reason = models.CharField(_("why it was not possible"), max_length=300, blank=True)
    unable_proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    unable_approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    planned_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = FollowUpCallQuerySet.as_manager()

    class Meta:
        verbose_name = _("follow-up call")
        verbose_name_plural = _("follow-up calls")
        default_permissions = ("view",)
        permissions = [
            ("make_followupcall", _("Can make follow-up calls")),
            ("approve_unable", _("Can approve that a call was not possible")),
            ("view_callanswers", _("Can see what clients answered")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["client", "programme", "occurrence_key"], name="call_planned_once"),
            models.CheckConstraint(
                name="call_done_iff_done_at",
                condition=Q(state="done", done_at__isnull=False) | (~Q(state="done") & Q(done_at=None)),
            ),
            models.CheckConstraint(
                name="call_unable_is_approved_by_another",
                condition=Q(unable_approved_by=None)
                | Q(unable_proposed_by=None)
                | ~Q(unable_approved_by=F("unable_proposed_by")),
                violation_error_message=_("Nobody approves his own request."),
            ),
        ]
        indexes = [
            models.Index(fields=["due_on", "id"], name="call_open", condition=Q(state__in=["due", "in_progress"])),
            models.Index(fields=["client", "-due_on"], name="call_by_client"),
            models.Index(fields=["caller", "state", "due_on"], name="call_by_caller"),
        ]

    def __str__(self) -> str:
        return self.occurrence_key

    def get_absolute_url(self) -> str:
        return reverse("care:call", args=[self.public_id])

    @property
    def permission_code(self) -> str:
        """The trading permission that the call follows; "" for calls with another occasion."""
        return self.reason if self.occurrence_key.startswith("permission:") else ""

    @property
    def tier_change_id(self) -> str:
        """Public id of the change of tier that the call is about; empty for other occasions."""
        return self.occurrence_key.removeprefix(TIER_KEY) if self.occurrence_key.startswith(TIER_KEY) else ""

    def is_overdue(self, today: date) -> bool:
        return self.state in self.OPEN and self.due_on < today

    def may_be_taken_on(self, today: date) -> bool:
        """Whether somebody independent could take it now."""
        return (
            self.state in (self.State.DUE, self.State.MISSED)
            and self.caller_id is None
            and self.not_before <= today
            and not self.client.do_not_contact
        )

    def may_be_given_up(self) -> bool:
        """Whether the state lets a caller ask to count it as unable."""
        return self.state in (self.State.DUE, self.State.IN_PROGRESS, self.State.MISSED)

    def answers_open_to(self, reader: User) -> bool:
        """Whether the reader may see what was said: a right of its own, and never the client's own advisor's."""
        return reader.has_perm("care.view_callanswers") and self.client.advisor_id not in reader.scope.acting_ids


class CallAttempt(PublicModel):
    """One try to reach the client. Added, never changed."""

    class Outcome(models.TextChoices):
        REACHED = "reached", _("Reached")
        NO_ANSWER = "no_answer", _("No answer")
        REFUSED = "refused", _("Did not want to talk")
        WRONG_NUMBER = "wrong_number", _("Wrong number")
        #: Somebody answered, and it was not the client: nothing may be asked of him.
        NOT_CLIENT = "not_client", _("Somebody else answered")
        WRITTEN = "written", _("Written to")

    call = models.ForeignKey(FollowUpCall, models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField(_("at"))
    day = models.DateField(_("day"))
    caller = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    outcome = models.CharField(_("outcome"), max_length=14, choices=Outcome.choices)
    note = models.CharField(_("note"), max_length=400, blank=True)

    objects: ClassVar[Any] = CallAttemptQuerySet.as_manager()

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        default_permissions = ()
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["call", "number"], name="call_attempt_number_once")]

    def __str__(self) -> str:
        return f"{self.number}: {self.outcome}"


class CallAnswer(models.Model):
    """What the client answered to one question of the script."""

    class Answer(models.TextChoices):
        YES = "yes", _("Yes")
        NO = "no", _("No")

    call = models.ForeignKey(FollowUpCall, models.PROTECT, related_name="answers")
    question = models.ForeignKey("care.ScriptQuestion", models.PROTECT, related_name="+")
    answer = models.CharField(_("answer"), max_length=3, choices=Answer.choices)
    is_bad = models.BooleanField()
    note = models.CharField(_("note"), max_length=400, blank=True)

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["call", "question"], name="call_question_answered_once")]

    def __str__(self) -> str:
        return self.answer
