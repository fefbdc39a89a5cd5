"""What each role may do with advisors, matching, agreements and reviews."""

from __future__ import annotations

from crm.roles.people import ACCOUNT_MANAGER, ADVISOR, AUDITOR, COMPLIANCE, HEAD_OFFICE, MANAGER, Section

_ADVISORY_SEEN = (
    "advisory.view_advisorprofile",
    "advisory.view_matchingrun",
    "advisory.view_handover",
    "advisory.view_advisoryagreement",
    "advisory.view_portfolioreview",
    "advisory.view_decision",
)
_SIGNS_AGREEMENTS = ("advisory.add_advisoryagreement", "advisory.change_advisoryagreement")
ADVISORY: Section = {
    MANAGER: (
        *_ADVISORY_SEEN,
        *_SIGNS_AGREEMENTS,
        "advisory.change_advisorprofile",
        "advisory.add_matchingrun",
        "advisory.approve_matchingrun",
        "advisory.add_handover",
    ),
    # An advisor sees his own profile, signs with the clients of his book, and reviews what they hold.
    ADVISOR: (
        "advisory.view_advisorprofile",
        "advisory.view_advisoryagreement",
        *_SIGNS_AGREEMENTS,
        "advisory.view_portfolioreview",
        "advisory.change_portfolioreview",
        "advisory.view_decision",
    ),
    # Serves clients without advising: he reads when their holdings are looked at and what was proposed, not what they decide
    # (投顾暂行规定 Art. 20).
    ACCOUNT_MANAGER: ("advisory.view_portfolioreview",),
    COMPLIANCE: _ADVISORY_SEEN,
    AUDITOR: _ADVISORY_SEEN,
    HEAD_OFFICE: _ADVISORY_SEEN,
}
