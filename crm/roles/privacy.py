"""What each role may do about clients' rights in their data, and with grades that hardly anybody may know."""

from __future__ import annotations

from crm.roles.people import ACCOUNT_MANAGER, ADVISOR, AUDITOR, COMPLIANCE, FRONT_DESK, HEAD_OFFICE, MANAGER, Section

#: Secret (反洗钱法 Art. 7, 35): for compliance and the head of the branch; suspicion for compliance alone.
_GRADES_MONEY = ("clients.view_amlgrade", "clients.add_amlgrade")
_SUSPECTS = ("clients.view_suspicionflag", "clients.add_suspicionflag", "clients.change_suspicionflag")
_WRITES_NOTICES = ("clients.add_privacynotice", "clients.change_privacynotice")
_KEEPS_PURPOSES = ("clients.add_datapurpose", "clients.change_datapurpose")
_SEES_REQUESTS = ("clients.view_datarequest", "clients.view_legalhold", "clients.view_looks")
#: Requests of clients about their own data, holds and the end of the data (PIPL Art. 45–47).
PRIVACY: Section = {
    MANAGER: (
        *_SEES_REQUESTS,
        *_WRITES_NOTICES,
        *_GRADES_MONEY,
        "clients.add_datarequest",
        "clients.change_datarequest",
    ),
    COMPLIANCE: (
        *_SEES_REQUESTS,
        *_WRITES_NOTICES,
        *_KEEPS_PURPOSES,
        *_GRADES_MONEY,
        *_SUSPECTS,
        "clients.add_consentrecord",
        "clients.add_datarequest",
        "clients.change_datarequest",
        "clients.approve_datarequest",
        "clients.add_legalhold",
        "clients.change_legalhold",
        "clients.restrict_client",
        "clients.view_erasure",
        "clients.add_erasure",
        "clients.approve_erasure",
    ),
    HEAD_OFFICE: (
        *_SEES_REQUESTS,
        *_WRITES_NOTICES,
        "clients.approve_datarequest",
        "clients.view_erasure",
        "clients.approve_erasure",
    ),
    AUDITOR: (*_SEES_REQUESTS, "clients.view_erasure"),
    # Whoever the client tells takes it down; who answers to him for his data sees what left the screen.
    FRONT_DESK: ("clients.add_datarequest", "clients.view_datarequest"),
    ADVISOR: ("clients.add_datarequest", "clients.view_looks"),
    ACCOUNT_MANAGER: ("clients.add_datarequest", "clients.view_looks"),
}
