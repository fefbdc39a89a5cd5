"""What tiers take in from files: the rates that the trading system applies."""

from tiers.importing.rates import AppliedRateTarget

__all__ = ["AppliedRateTarget"]
