"""Pages of tiers and of the commission desk."""
