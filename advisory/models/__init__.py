"""Who may advise, who serves whom, and on what agreement."""

from advisory.models.advisor import AdvisorProfile
from advisory.models.agreement import AdvisoryAgreement
from advisory.models.handover import HandOver
from advisory.models.matching import MatchingRun, MatchProposal

__all__ = ["AdvisorProfile", "AdvisoryAgreement", "HandOver", "MatchProposal", "MatchingRun"]
