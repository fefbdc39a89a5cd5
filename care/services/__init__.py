"""Every change in the care of clients."""

from care.services.calls import (
    approve_unable,
    complete_call,
    propose_unable,
    record_attempt,
    refuse_unable,
    release_call,
    take_call,
)
from care.services.findings import ask_needs, close_finding
from care.services.plan import mark_missed, plan_calls, seed_programmes, tidy_calls
from care.services.rounds import find_audience, invite_segment, write_letters
from care.services.surveys import answer_survey, expire_surveys, hand_out_link, invite_surveys

__all__ = [
    "answer_survey",
    "approve_unable",
    "ask_needs",
    "close_finding",
    "complete_call",
    "expire_surveys",
    "find_audience",
    "hand_out_link",
    "invite_segment",
    "invite_surveys",
    "mark_missed",
    "plan_calls",
    "propose_unable",
    "record_attempt",
    "refuse_unable",
    "release_call",
    "seed_programmes",
    "take_call",
    "tidy_calls",
    "write_letters",
]
