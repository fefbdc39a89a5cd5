"""What care adds to segments: the last answer to a survey, and calls that have to be made."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from care.models import FollowUpCall, SurveyInvitation
from clients.segments import Context, Kind, SegmentField, register
from clients.segments.compare import rows

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
            "call_due", _("Follow-up call due"), group, Kind.DAY, rows(Kind.DAY, _calls, "due_on"), rights=_CALLS
        ),
    )


def _last(context: Context) -> Any:
    """The newest answer of each client among those that the reader may see."""
    answered = SurveyInvitation.objects.visible_to(context.user).filter(answer__isnull=False)
    later = answered.filter(client=OuterRef("client"), answer__answered_at__gt=OuterRef("answer__answered_at"))
    return answered.filter(~Exists(later))


def _calls(context: Context) -> Any:
    return FollowUpCall.objects.visible_to(context.user).filter(state__in=FollowUpCall.OPEN)
