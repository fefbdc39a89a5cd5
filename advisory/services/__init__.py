"""Every change in who serves whom."""

from advisory.services.advisors import change_profile
from advisory.services.agreements import cancel_agreement, end_agreement, sign_agreement
from advisory.services.hand_overs import hand_over, preview_hand_over
from advisory.services.matching import approve_matching, reject_matching, run_matching, start_matching

__all__ = [
    "approve_matching",
    "cancel_agreement",
    "change_profile",
    "end_agreement",
    "hand_over",
    "preview_hand_over",
    "reject_matching",
    "run_matching",
    "sign_agreement",
    "start_matching",
]
