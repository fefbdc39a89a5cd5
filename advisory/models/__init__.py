"""Who may advise, who serves whom, on what agreement, and what is proposed when holdings are reviewed."""

from advisory.models.advisor import AdvisorProfile
from advisory.models.agreement import AdvisoryAgreement
from advisory.models.handover import HandOver
from advisory.models.matching import MatchingRun, MatchProposal
from advisory.models.review import PortfolioReview, ReviewAnswer, ReviewLine, ReviewRun

__all__ = [
    "AdvisorProfile",
    "AdvisoryAgreement",
    "HandOver",
    "MatchProposal",
    "MatchingRun",
    "PortfolioReview",
    "ReviewAnswer",
    "ReviewLine",
    "ReviewRun",
]
