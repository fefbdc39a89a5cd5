"""What we promise: programmes and their tiers, who stands where and why, and what trading costs."""

from tiers.models.commission import ClientRate, Product, RateBasis, RateCard, RateReview
from tiers.models.fees import Exchange, FeeQuote, Side
from tiers.models.former import FormerTier
from tiers.models.leaks import AppliedRate, LeakReview, RateLeak
from tiers.models.overrides import TierOverride
from tiers.models.programme import Emblem, Programme, Tier
from tiers.models.simulation import SimulatedClient, Simulation
from tiers.models.state import EvaluationRun, TierChange, TierState

__all__ = [
    "AppliedRate",
    "ClientRate",
    "Emblem",
    "EvaluationRun",
    "Exchange",
    "FeeQuote",
    "FormerTier",
    "LeakReview",
    "Product",
    "Programme",
    "RateBasis",
    "RateCard",
    "RateLeak",
    "RateReview",
    "Side",
    "SimulatedClient",
    "Simulation",
    "Tier",
    "TierChange",
    "TierOverride",
    "TierState",
]
