"""Named sets of programmes, states, changes and rates, and the questions other apps ask about tiers."""

from tiers.querysets.commission import EffectiveRate, commission_q, effective_rates, may_see_commission
from tiers.querysets.lines import TierLine, tier_lines, tier_of

__all__ = [
    "EffectiveRate",
    "TierLine",
    "commission_q",
    "effective_rates",
    "may_see_commission",
    "tier_lines",
    "tier_of",
]
