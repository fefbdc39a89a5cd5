"""What each role may do with clients, their accounts and what is said to them."""

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
