"""Pages of advisory: matching, advisors, hand-over, agreements."""
