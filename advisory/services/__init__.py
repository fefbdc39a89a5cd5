"""Every change in who serves whom."""

from advisory.services.matching import approve_matching, reject_matching, run_matching, start_matching

__all__ = ["approve_matching", "reject_matching", "run_matching", "start_matching"]
