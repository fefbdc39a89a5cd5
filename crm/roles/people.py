"""The roles, and how far each of them sees."""

from __future__ import annotations

from crm.core.access import Reach

#: The rights of each role in one app.
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
PEOPLE = [
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
