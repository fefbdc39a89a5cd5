"""What complaints take in from files (docs/import.md)."""

from complaints.importing.complaints import ComplaintTarget

__all__ = ["ComplaintTarget"]
