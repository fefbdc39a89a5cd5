"""Every change to a complaint."""

from complaints.services.clocks import escalate_overdue, recompute_clocks, start_clocks
from complaints.services.register import register_complaint
from complaints.services.steps import act

__all__ = ["act", "escalate_overdue", "recompute_clocks", "register_complaint", "start_clocks"]
