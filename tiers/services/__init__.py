"""Every change to programmes, tiers and rates."""
