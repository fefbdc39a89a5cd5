"""What care adds to segments: surveys and their rounds, follow-up calls and what came of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from care.models import CareProgramme, Finding, FollowUpCall, SurveyInvitation, SurveyRound
from clients.segments import Context, Kind, SegmentField, register
from clients.segments.compare import rows
from clients.segments.kinds import HAPPENED, HAS

if TYPE_CHECKING:
    from crm.core.models import User

#: Rounds that can be chosen.
_ROUNDS = 100
_SURVEYS, _CALLS = ("care.view_surveyinvitation",), ("care.view_followupcall",)


def offer() -> None:
    """Called once from ``ready()``."""
    group = _("Client care")
    score, told = "answer__satisfaction", "answer__recommendation"
    register(
        SegmentField(
            "survey_score",
            _("Last satisfaction (1–5)"),
            group,
            Kind.NUMBER,
            rows(Kind.NUMBER, _last, score),
            rights=_SURVEYS,
        ),
        SegmentField(
            "survey_nps",
            _("Last recommendation (0–10)"),
            group,
            Kind.NUMBER,
            rows(Kind.NUMBER, _last, told),
            rights=_SURVEYS,
        ),
        SegmentField(
            "survey_answered", _("Survey answered"), group, Kind.DAY,
            rows(Kind.DAY, _answered, "answer__answered_at", instant=True), rights=_SURVEYS, only=HAPPENED,
        ),
        SegmentField(
            "survey_invited", _("Invited to a survey on"), group, Kind.DAY,
            rows(Kind.DAY, _invited, "created_at", instant=True), rights=_SURVEYS, only=HAPPENED,
        ),
        SegmentField(
            "survey_round", _("Survey round"), group, Kind.CODES,
            rows(Kind.CODES, _invited, "round__public_id", each=True), _rounds, rights=_SURVEYS, only=HAS,
        ),
        SegmentField(
            "call_due", _("Follow-up call due"), group, Kind.DAY, rows(Kind.DAY, _calls, "due_on"), rights=_CALLS
        ),
        SegmentField(
            "call_programme", _("Follow-up call to be made for"), group, Kind.CODES,
            rows(Kind.CODES, _calls, "programme__code", each=True), lambda _user: list(CareProgramme.Code.choices),
            rights=_CALLS,
        ),
        SegmentField(
            "call_done", _("Follow-up call made"), group, Kind.DAY, rows(Kind.DAY, _made, "done_at", instant=True),
            rights=_CALLS, only=HAPPENED,
        ),
        SegmentField(
            "finding", _("Open finding"), group, Kind.FLAG, rows(Kind.FLAG, _findings, "pk", by="call__client"),
            rights=("care.view_finding",),
        ),
    )  # fmt: skip


def _last(context: Context) -> Any:
    """The newest answer of each client among those that the reader may see."""
    answered = _answered(context)
    later = answered.filter(client=OuterRef("client"), answer__answered_at__gt=OuterRef("answer__answered_at"))
    return answered.filter(~Exists(later))


def _calls(context: Context) -> Any:
    return FollowUpCall.objects.visible_to(context.user).filter(state__in=FollowUpCall.OPEN)


def _made(context: Context) -> Any:
    return FollowUpCall.objects.visible_to(context.user).filter(state=FollowUpCall.State.DONE)


def _findings(context: Context) -> Any:
    return Finding.objects.visible_to(context.user).open()


def _invited(context: Context) -> Any:
    return SurveyInvitation.objects.visible_to(context.user)


def _answered(context: Context) -> Any:
    return _invited(context).filter(answer__isnull=False)


def _rounds(user: User) -> Iterable[tuple[str, Any]]:
    """The newest rounds that the reader sees."""
    rows_ = SurveyRound.objects.visible_to(user).order_by("-made_at", "-pk")
    return [(row.public_id, row.title) for row in rows_[:_ROUNDS]]
