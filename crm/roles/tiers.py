"""What each role may do with programmes, commission, and the services that are owed to clients."""

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

_TIERS_SEEN = ("tiers.view_programme", "tiers.view_tier", "tiers.view_tierstate", "tiers.view_tierchange")
# Seen for clients whose commission one may see: one's own, or all within reach for those at the desk.
_LEAKS = ("tiers.view_appliedrate", "tiers.view_rateleak")
# Whoever serves clients may ask for a tier by hand; how far an approval reaches is a figure per role.
_ASKS_BY_HAND = ("tiers.view_tieroverride", "tiers.add_tieroverride")
_FEES = ("tiers.view_feequote", "tiers.add_feequote")
#: What is owed to clients: seen by whoever sees the client, kept and booked by whoever serves him.
_SERVICES_SEEN = (
    "tiers.view_serviceitem",
    "tiers.view_entitlement",
    "tiers.view_promise",
    "tiers.view_booking",
    "tiers.view_preferencesegment",
    "tiers.view_serviceplan",
    "tiers.view_publication",
)
_SERVICES_GIVEN = (
    *_SERVICES_SEEN,
    "tiers.keep_promise",
    "tiers.tell_publication",
    "tiers.add_booking",
    "tiers.change_booking",
)
_SERVICES_KEPT = (
    "tiers.add_serviceitem",
    "tiers.change_serviceitem",
    "tiers.add_entitlement",
    "tiers.add_preferencesegment",
    "tiers.change_preferencesegment",
    "tiers.cost_promise",
)
TIERS: Section = {
    # A manager drafts programmes of his own branch; compliance or the head office puts them in force.
    MANAGER: (
        *_TIERS_SEEN,
        *_ASKS_BY_HAND,
        "tiers.approve_tieroverride",
        "tiers.add_programme",
        "tiers.change_programme",
        "tiers.view_evaluationrun",
        "tiers.add_evaluationrun",
        "tiers.view_ratecard",
        "tiers.view_clientrate",
        *_FEES,
        "tiers.add_clientrate",
        "tiers.approve_clientrate",
        *_LEAKS,
        "tiers.add_leakreview",
        "tiers.add_appliedrate",
        "tiers.add_formertier",
        *_SERVICES_GIVEN,
        *_SERVICES_KEPT,
        "tiers.waive_promise",
        "tiers.change_serviceplan",
        "tiers.add_publication",
        "tiers.add_marketevent",
        "tiers.exceed_booking",
        "tiers.change_serviceday",
    ),
    ADVISOR: (
        *_TIERS_SEEN,
        *_ASKS_BY_HAND,
        *_SERVICES_GIVEN,
        "tiers.change_serviceplan",
        "tiers.view_ratecard",
        "tiers.view_clientrate",
        "tiers.add_clientrate",
        *_FEES,
        *_LEAKS,
    ),
    ACCOUNT_MANAGER: (*_TIERS_SEEN, *_ASKS_BY_HAND, *_SERVICES_GIVEN, "tiers.change_serviceplan"),
    AGENT: _TIERS_SEEN,
    FRONT_DESK: (*_TIERS_SEEN, *_SERVICES_GIVEN, "tiers.change_serviceday"),
    CALLER: (*_TIERS_SEEN, *_SERVICES_SEEN),
    COMPLIANCE: (
        *_TIERS_SEEN,
        "tiers.approve_programme",
        "tiers.view_tieroverride",
        *_SERVICES_SEEN,
        "tiers.cost_promise",
        "tiers.view_evaluationrun",
        "tiers.view_ratecard",
        "tiers.view_clientrate",
        *_FEES,
        "tiers.approve_clientrate",
        *_LEAKS,
        "tiers.add_leakreview",
    ),
    AUDITOR: (
        *_TIERS_SEEN,
        *_SERVICES_SEEN,
        "tiers.cost_promise",
        "tiers.view_tieroverride",
        "tiers.view_evaluationrun",
    ),
    HEAD_OFFICE: (
        *_TIERS_SEEN,
        "tiers.view_tieroverride",
        "tiers.approve_tieroverride",
        *_SERVICES_SEEN,
        *_SERVICES_KEPT,
        "tiers.add_programme",
        "tiers.change_programme",
        "tiers.approve_programme",
        "tiers.view_evaluationrun",
        "tiers.view_ratecard",
        "tiers.add_ratecard",
        "tiers.view_clientrate",
        *_FEES,
        "tiers.approve_clientrate",
        *_LEAKS,
        "tiers.add_leakreview",
        "tiers.add_appliedrate",
        "tiers.add_formertier",
    ),
}
