"""What the client says is wrong, and what we do about it."""

from complaints.models.clock import ComplaintClock
from complaints.models.complaint import Complaint
from complaints.models.event import ComplaintEvent

__all__ = ["Complaint", "ComplaintClock", "ComplaintEvent"]
