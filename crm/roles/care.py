"""What each role may do with follow-up calls and surveys."""

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

_CARE_SEEN = ("care.view_careprogramme", "care.view_followupcall", "care.view_surveyinvitation")
_CARE_REVIEWED = (*_CARE_SEEN, "care.view_callanswers", "care.view_finding")
# Who serves clients sees that a call is planned and that it was made, never what his clients answered.
_CARE_ANNOUNCED = ("care.view_followupcall",)
CARE: Section = {
    MANAGER: (
        *_CARE_REVIEWED,
        "care.approve_unable",
        "care.hand_out_survey",
        "care.add_surveyround",
        "care.ask_needs",
    ),
    CALLER: (*_CARE_SEEN, "care.make_followupcall", "care.view_callanswers"),
    FRONT_DESK: (*_CARE_ANNOUNCED, "care.view_surveyinvitation", "care.hand_out_survey"),
    ADVISOR: _CARE_ANNOUNCED,
    ACCOUNT_MANAGER: _CARE_ANNOUNCED,
    AGENT: _CARE_ANNOUNCED,
    COMPLIANCE: (*_CARE_REVIEWED, "care.approve_unable", "care.change_finding", "care.ask_needs"),
    AUDITOR: _CARE_REVIEWED,
    HEAD_OFFICE: (*_CARE_REVIEWED, "care.change_careprogramme"),
}
