"""The one table of roles: how far each role sees, and what it may do.

A section for each app names its rights per role; ``ROLES`` puts them together. Reach and rights are separate on purpose: the
reach opens rows (``visible_to``), the right opens the door. Synchronised into groups after every migration.
"""

from __future__ import annotations

from crm.core.access import Reach, RoleRow

Section = dict[str, tuple[str, ...]]

MANAGER = "branch_manager"
ADVISOR = "advisor"
ACCOUNT_MANAGER = "account_manager"
AGENT = "agent"
FRONT_DESK = "front_desk"
CALLER = "follow_up_caller"
COMPLIANCE = "compliance"
AUDITOR = "auditor"
HEAD_OFFICE = "head_office"
ADMINISTRATOR = "administrator"

#: (key, English, Chinese, reach, second factor when policy demands it)
_PEOPLE = [
    (MANAGER, "Branch manager", "营业部负责人", Reach.BRANCH, True),
    (ADVISOR, "Advisor", "投资顾问", Reach.BOOK, False),
    (ACCOUNT_MANAGER, "Account manager", "客户经理", Reach.BOOK, False),
    (AGENT, "Agent", "经纪人", Reach.INTRODUCED, False),
    (FRONT_DESK, "Front desk", "前台客服", Reach.BRANCH, False),
    (CALLER, "Follow-up caller", "回访专员", Reach.BRANCH, False),
    (COMPLIANCE, "Compliance", "合规专员", Reach.COMPANY, True),
    (AUDITOR, "Auditor", "稽核专员", Reach.COMPANY, True),
    (HEAD_OFFICE, "Head office", "总部", Reach.COMPANY, True),
    (ADMINISTRATOR, "Administrator", "系统管理员", Reach.STAFF, True),
]

_EVERYBODY = ("core.view_policy", "core.view_calendarday")
_ANSWERS_FOR_EXPORTS = ("core.view_exportrequest", "core.approve_exportrequest", "core.unmask_exportrequest")
CORE: Section = {
    MANAGER: (
        *_EVERYBODY,
        *_ANSWERS_FOR_EXPORTS,
        "core.view_branchhome",
        "core.view_branch",
        "core.view_user",
        "core.add_delegation",
        "core.view_delegation",
        "core.change_delegation",
        "core.view_auditentry",
        "core.view_jobrun",
        "core.view_importbatch",
        "core.add_importbatch",
        "core.change_importbatch",
        "core.view_outbound",
        "core.add_policy",
        "core.change_businesssegment",
    ),
    ADVISOR: (*_EVERYBODY, "core.view_jobrun", "core.add_delegation", "core.view_delegation", "core.change_delegation"),
    ACCOUNT_MANAGER: (
        *_EVERYBODY,
        "core.view_jobrun",
        "core.add_delegation",
        "core.view_delegation",
        "core.change_delegation",
    ),
    AGENT: _EVERYBODY,
    FRONT_DESK: (
        *_EVERYBODY,
        "core.view_jobrun",
        "core.view_importbatch",
        "core.add_importbatch",
        "core.change_importbatch",
    ),
    CALLER: (*_EVERYBODY, "core.view_jobrun"),
    COMPLIANCE: (
        *_EVERYBODY,
        *_ANSWERS_FOR_EXPORTS,
        "core.trace_exportrequest",
        "core.view_branchhome",
        "core.view_branch",
        "core.view_user",
        "core.view_auditentry",
        "core.view_jobrun",
        "core.view_importbatch",
        "core.change_calendarday",
        "core.add_policy",
        "core.view_outbound",
    ),
    AUDITOR: (
        *_EVERYBODY,
        "core.view_exportrequest",
        "core.trace_exportrequest",
        "core.view_branchhome",
        "core.view_branch",
        "core.view_user",
        "core.view_auditentry",
        "core.view_jobrun",
        "core.view_importbatch",
    ),
    HEAD_OFFICE: (
        *_EVERYBODY,
        "core.view_branchhome",
        "core.view_branch",
        "core.view_user",
        "core.view_auditentry",
        "core.view_jobrun",
        "core.view_importbatch",
        "core.add_policy",
    ),
    ADMINISTRATOR: (
        *_EVERYBODY,
        "core.view_branch",
        "core.add_branch",
        "core.change_branch",
        "core.view_user",
        "core.add_user",
        "core.change_user",
        "core.reset_password",
        "core.view_delegation",
        "core.add_delegation",
        "core.change_delegation",
        "core.view_jobrun",
        "core.change_calendarday",
        "core.add_policy",
        "core.view_outbound",
        "core.change_businesssegment",
    ),
}

_PROFILE = ("identitydocument", "contactpoint", "contactperson", "financingneed", "relation", "household")
_SEES_CLIENTS = (
    "clients.view_profile",
    *(f"clients.view_{kind}" for kind in _PROFILE),
    "clients.view_client",
    "clients.view_contactlog",
    "clients.view_dailyasset",
    "clients.view_holding",
    "clients.view_riskassessment",
    "clients.view_advisorassignment",
    "clients.view_account",
    "clients.view_marginday",
    "clients.view_needsinterview",
    "clients.view_appointment",
    "clients.view_tradingpermission",
    "clients.view_tag",
    "clients.view_indexlevel",
    "clients.view_investorclassification",
    "clients.view_clientquality",
    "clients.add_segment",
    "clients.view_consentrecord",
    "clients.view_privacynotice",
    "clients.view_datapurpose",
)
_SERVES_CLIENTS = (
    *_SEES_CLIENTS,
    "clients.add_client",
    "clients.change_client",
    "clients.reveal_client",
    "clients.add_contactlog",
    "clients.correct_contactlog",
    "clients.add_needsinterview",
    "clients.add_appointment",
    "clients.change_appointment",
    *(f"clients.{verb}_{kind}" for kind in _PROFILE for verb in ("add", "change")),
    "clients.set_tag",
    "clients.verify_client",
    "clients.add_consentrecord",
)
_BRINGS_FILES = ("clients.add_dailyasset", "clients.add_holding", "clients.add_indexlevel")
_KEEPS_TAGS = ("clients.add_tag", "clients.change_tag", "clients.share_segment")
# Accounts and what hangs on them are the counter's business.
_KEEPS_ACCOUNTS = (
    "clients.add_account",
    "clients.change_account",
    "clients.add_marginday",
    "clients.add_tradingpermission",
    "clients.change_tradingpermission",
    "clients.add_investorclassification",
)
# Who says yes to an exemption or to an investor class that somebody else has asked for.
_APPROVES_ACCOUNTS = ("clients.approve_tradingpermission", "clients.approve_investorclassification")
# Suspected duplicates are cleared where clients are taken in; a second person decides about a merge.
_SEES_DUPLICATES = ("clients.view_duplicatepair", "clients.view_mergerecord")
_CLEARS_DUPLICATES = (*_SEES_DUPLICATES, "clients.change_duplicatepair", "clients.add_mergerecord")
_DECIDES_MERGES = ("clients.approve_mergerecord", "clients.undo_mergerecord")
CLIENTS: Section = {
    MANAGER: (
        *_CLEARS_DUPLICATES,
        *_DECIDES_MERGES,
        *_SERVES_CLIENTS,
        "clients.add_stageoverride",
        *_BRINGS_FILES,
        *_KEEPS_ACCOUNTS,
        *_APPROVES_ACCOUNTS,
        *_KEEPS_TAGS,
        "clients.assess_client",
        "clients.assign_client",
        "clients.export_client",
    ),
    ADVISOR: (*_SERVES_CLIENTS, "clients.add_stageoverride", "clients.assess_client"),
    ACCOUNT_MANAGER: _SERVES_CLIENTS,
    # An agent sees the clients he brought, masked, and may say what he spoke with them.
    AGENT: ("clients.view_client", "clients.view_contactlog", "clients.add_contactlog"),
    FRONT_DESK: (*_SERVES_CLIENTS, *_CLEARS_DUPLICATES, *_BRINGS_FILES, *_KEEPS_ACCOUNTS, "clients.assess_client"),
    CALLER: (
        *_SEES_CLIENTS,
        "clients.reveal_client",
        "clients.add_contactlog",
        "clients.correct_contactlog",
        "clients.add_needsinterview",
        "clients.add_consentrecord",
    ),
    COMPLIANCE: (
        *_SEES_CLIENTS,
        *_SEES_DUPLICATES,
        *_DECIDES_MERGES,
        *_APPROVES_ACCOUNTS,
        "clients.reveal_client",
        "clients.assess_client",
        "clients.export_client",
    ),
    AUDITOR: (*_SEES_CLIENTS, *_SEES_DUPLICATES),
    HEAD_OFFICE: (*_SEES_CLIENTS, *_SEES_DUPLICATES, *_KEEPS_TAGS, "clients.set_tag"),
}

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

_SECTIONS = (CORE, CLIENTS, PRIVACY, TIERS, ADVISORY, COMPLAINTS, CARE)

ROLES: tuple[RoleRow, ...] = tuple(
    RoleRow(
        key=key,
        name_en=name_en,
        name_zh=name_zh,
        reach=reach,
        rights=frozenset(right for section in _SECTIONS for right in section.get(key, ())),
        needs_second_factor=second_factor,
    )
    for key, name_en, name_zh, reach, second_factor in _PEOPLE
)
