"""What tiers take in from files: the rates that the trading system applies, and the tiers of former days."""

from tiers.importing.former import FormerTierTarget
from tiers.importing.rates import AppliedRateTarget

__all__ = ["AppliedRateTarget", "FormerTierTarget"]
