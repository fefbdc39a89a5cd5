"""What we advise: advisors, licences, matching, hand-over, suitability."""
