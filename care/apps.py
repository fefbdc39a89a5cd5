"""What we do on a schedule for the client's sake: follow-up calls and surveys."""

from typing import Any

from django.apps import AppConfig
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

_ACTIONS = {
    "call.view": _("Looked at a follow-up call"),
    "call.take": _("Took a follow-up call"),
    "call.release": _("Gave a follow-up call back"),
    "call.record_attempt": _("Noted an attempt to call"),
    "call.complete": _("Finished a follow-up call"),
    "call.propose_unable": _("Asked to count a call as not possible"),
    "call.approve_unable": _("Approved that a call was not possible"),
    "call.refuse_unable": _("Sent a call back to the queue"),
    "care.mark_missed": _("Calls became too late"),
    "care.plan_calls": _("Planned follow-up calls"),
    "care.seed_programmes": _("Brought care programmes in"),
    "care.tidy_calls": _("Put calls back and cancelled others"),
    "finding.ask_needs": _("Wanted needs asked again because of a finding"),
    "finding.close": _("Concluded a finding"),
    "survey.answer": _("A client answered a survey"),
    "survey.expire": _("Survey links ran out"),
    "survey.hand_out_link": _("Handed a survey link out"),
    "survey.invite": _("Invited to a survey"),
    "survey.invite_segment": _("Invited a segment to a survey"),
    "survey.write_letters": _("Wrote to those invited to a survey"),
}


class CareConfig(AppConfig):
    name = "care"
    label = "care"
    verbose_name = _("Client care")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The services bring the sweeps and what follows a change of the calendar.
        from care import services  # noqa: F401  registers them
        from care.models import Finding, FollowUpCall, SurveyInvitation
        from care.querysets import answers_closed_q
        from care.segments import offer
        from care.services.findings import CALLED
        from care.services.merging import both_calls
        from clients.asked_again import add_reasons
        from clients.registry import ClientBound, Moves, bind
        from complaints.querysets import recused_q
        from crm.core import audit
        from crm.core.audit_words import add_words
        from crm.core.importing import own_work
        from crm.core.modules import add_module

        @audit.veil(Finding)
        def about_own_clients(user: Any) -> Any:
            return Finding.objects.filter(answers_closed_q(user, "call__"))

        # How a call ended is said there as well: with how many bad answers.
        @audit.veil(FollowUpCall)
        def calls_to_own_clients(user: Any) -> Any:
            return FollowUpCall.objects.filter(answers_closed_q(user))

        @audit.veil(SurveyInvitation)
        def about_the_reader(user: Any) -> Any:
            return SurveyInvitation.objects.filter(recused_q(user, "complaint__"))

        own_work(FollowUpCall, Q(state=FollowUpCall.State.DUE, caller=None, attempts_made=0))
        bind(
            ClientBound("care.FollowUpCall", on_merge=Moves({"call_planned_once": both_calls}), is_counted=False),
            ClientBound("care.SurveyInvitation", on_merge=Moves(), is_counted=False),
        )
        # The page on which a client answers stays open: he has his link in hand.
        add_module(
            "surveys",
            routes=("care:surveys", "care:survey_", "api:survey-"),
            about=("care.surveyinvitation", "care.survey", "care.surveyround"),
        )
        add_words(_ACTIONS)
        add_reasons({CALLED: _("follow-up call of %(day)s: %(reason)s")})
        offer()
