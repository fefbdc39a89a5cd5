"""What we follow up: calls that the rules demand, and what clients think of us."""

from care.models.call import CallAnswer, CallAttempt, FollowUpCall
from care.models.finding import Finding
from care.models.programme import CareProgramme, ScriptQuestion
from care.models.survey import SurveyAnswer, SurveyInvitation, SurveyRound

__all__ = [
    "CallAnswer",
    "CallAttempt",
    "CareProgramme",
    "Finding",
    "FollowUpCall",
    "ScriptQuestion",
    "SurveyAnswer",
    "SurveyInvitation",
    "SurveyRound",
]
