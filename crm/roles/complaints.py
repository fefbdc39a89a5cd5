"""What each role may do with complaints."""

from __future__ import annotations

from crm.roles.people import (
    ACCOUNT_MANAGER,
    ADVISOR,
    AGENT,
    AUDITOR,
    CALLER,
    COMPLIANCE,
    FRONT_DESK,
    HEAD_OFFICE,
    MANAGER,
    Section,
)

_HEARS_COMPLAINTS = ("complaints.view_complaint", "complaints.add_complaint")
_DECIDES_COMPLAINTS = (
    *_HEARS_COMPLAINTS,
    "complaints.handle_complaint",
    "complaints.accept_complaint",
    "complaints.approve_complaint",
)
COMPLAINTS: Section = {
    MANAGER: (*_DECIDES_COMPLAINTS, "complaints.reveal_complaint"),
    COMPLIANCE: (*_DECIDES_COMPLAINTS, "complaints.reveal_complaint"),
    FRONT_DESK: (*_HEARS_COMPLAINTS, "complaints.handle_complaint", "complaints.reveal_complaint"),
    # Who serves clients hears their complaints and takes them down; others put them right.
    ADVISOR: _HEARS_COMPLAINTS,
    ACCOUNT_MANAGER: _HEARS_COMPLAINTS,
    AGENT: _HEARS_COMPLAINTS,
    CALLER: _HEARS_COMPLAINTS,
    AUDITOR: ("complaints.view_complaint",),
    HEAD_OFFICE: ("complaints.view_complaint",),
}
