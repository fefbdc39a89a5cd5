"""Whether a security may be recommended to a client: his risk grade, his trading permissions, and what he excluded.

Pure; what is on file comes in as arguments. Sources: 适当性管理办法 Art. 16–22 (grades of products and investors, what must not
be recommended); the least grades of products are the figure ``suitability.product_grades``. How far the grade of a client
reaches is said in ``clients.suitability``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from advisory.deviations import is_under_warning
from clients.models import PermissionCode, SecurityKind
from clients.querysets.business_lines import kind_of_security
from clients.questions import Restriction

#: What the codes of the markets begin with that need a permission of their own.
_MARKETS: tuple[tuple[re.Pattern[str], PermissionCode], ...] = (
    (re.compile(r"68[89]\d{3}"), PermissionCode.STAR),
    (re.compile(r"30[0-2]\d{3}"), PermissionCode.CHINEXT),
    (re.compile(r"(?:43|83|87|88|92)\d{4}"), PermissionCode.BEIJING),
    (re.compile(r"11[0138]\d{3}|12[378]\d{3}"), PermissionCode.CONVERTIBLE),
    (re.compile(r"\d{8}"), PermissionCode.OPTION),
    (re.compile(r"\d{5}"), PermissionCode.HONG_KONG),
)


@dataclass(frozen=True)
class Investor:
    """What recommending rests on. ``grade`` is the client's (C1–C5), ``highest`` that of the products it reaches to (R1–R5)."""

    grade: str
    highest: str
    permissions: Collection[str]
    restrictions: Collection[str]


def bare(code: str) -> str:
    """A security code without the market behind it: "600519" of "600519.SH"."""
    return code.partition(".")[0]


def permission_for(code: str, name: str) -> str:
    """The trading permission that buying this security needs, "" for none."""
    if is_under_warning("", name):
        return str(PermissionCode.RISK_WARNING)
    return next((str(wanted) for pattern, wanted in _MARKETS if pattern.fullmatch(bare(code))), "")


def against_buying(code: str, name: str, product_grade: str, investor: Investor, least: Mapping[str, str]) -> str:
    """Why this must not be recommended, in words; "" where nothing stands against it."""
    permission = permission_for(code, name)
    floor = max(least.get(permission, ""), least.get(kind_of_security(code), ""))
    if floor and product_grade < floor:
        return _("%(name)s counts as %(grade)s at least.") % {"name": name, "grade": floor}
    if product_grade > investor.highest:
        said = {"name": name, "product": product_grade, "grade": investor.grade}
        return _("%(name)s (%(product)s) lies above the client's risk grade %(grade)s.") % said
    if permission and permission not in investor.permissions:
        said = {"name": name, "permission": str(PermissionCode(permission).label)}
        return _("%(name)s needs the permission “%(permission)s”, which the client does not have.") % said
    return _excluded(permission, code, name, investor.restrictions)


def _excluded(permission: str, code: str, name: str, restrictions: Collection[str]) -> str:
    derivative = permission == PermissionCode.OPTION or kind_of_security(code) == SecurityKind.DERIVATIVES
    for restriction, hit in (
        (Restriction.NO_DERIVATIVES, derivative),
        (Restriction.NO_ST, permission == PermissionCode.RISK_WARNING),
    ):
        if hit and restriction in restrictions:
            return _("The client has excluded it: %(restriction)s.") % {"restriction": restriction.label}
    return ""
