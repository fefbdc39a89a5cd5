"""Every change to a complaint."""

from complaints.services.clocks import escalate_overdue, recompute_clocks, start_clocks
from complaints.services.evidence import attach_evidence
from complaints.services.register import register_complaint
from complaints.services.steps import act

__all__ = ["act", "attach_evidence", "escalate_overdue", "recompute_clocks", "register_complaint", "start_clocks"]
