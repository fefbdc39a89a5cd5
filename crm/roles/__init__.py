"""The one table of roles: how far each role sees, and what it may do.

A section for each app names its rights per role; ``ROLES`` puts them together. Reach and rights are separate on purpose: the
reach opens rows (``visible_to``), the right opens the door. Synchronised into groups after every migration.
"""

from __future__ import annotations

from crm.core.access import RoleRow
from crm.roles.advisory import ADVISORY
from crm.roles.care import CARE
from crm.roles.clients import CLIENTS
from crm.roles.complaints import COMPLAINTS
from crm.roles.core import CORE
from crm.roles.people import (
    ACCOUNT_MANAGER,
    ADMINISTRATOR,
    ADVISOR,
    AGENT,
    AUDITOR,
    CALLER,
    COMPLIANCE,
    FRONT_DESK,
    HEAD_OFFICE,
    MANAGER,
    PEOPLE,
)
from crm.roles.privacy import PRIVACY
from crm.roles.tiers import TIERS

__all__ = [
    "ACCOUNT_MANAGER",
    "ADMINISTRATOR",
    "ADVISOR",
    "AGENT",
    "AUDITOR",
    "CALLER",
    "COMPLIANCE",
    "FRONT_DESK",
    "HEAD_OFFICE",
    "MANAGER",
    "ROLES",
]

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
    for key, name_en, name_zh, reach, second_factor in PEOPLE
)
