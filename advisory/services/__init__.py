"""Every change in who serves whom, under which agreement, and what is proposed to clients."""

from advisory.services.advisors import change_profile
from advisory.services.agreements import cancel_agreement, end_agreement, sign_agreement
from advisory.services.hand_overs import hand_over, preview_hand_over
from advisory.services.matching import approve_matching, reject_matching, run_matching, start_matching
from advisory.services.review_plan import plan_reviews  # also registers the sweep
from advisory.services.reviews import Line, Told, correct_review, note_answer, open_review, record_review

__all__ = [
    "Line",
    "Told",
    "approve_matching",
    "cancel_agreement",
    "change_profile",
    "correct_review",
    "end_agreement",
    "hand_over",
    "note_answer",
    "open_review",
    "plan_reviews",
    "preview_hand_over",
    "record_review",
    "reject_matching",
    "run_matching",
    "sign_agreement",
    "start_matching",
]
