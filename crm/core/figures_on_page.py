"""How a figure reads: the value with its unit, in the reader's words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from crm.core.models import Policy, PolicyKey

#: Certainties that a compliance officer should confirm before anybody calls the figure law.
UNSURE = frozenset({"C", "recalled"})
CERTAINTY_WORDS = {
    "A": gettext_lazy("read in the rule itself"),
    "B": gettext_lazy("press or a regulated firm"),
    "C": gettext_lazy("secondary source"),
    "recalled": gettext_lazy("from memory, to be confirmed"),
    "own": gettext_lazy("rule of the house"),
}
#: Names inside a table of figures.
PART_WORDS = {
    "ordinary": pgettext_lazy("part of a figure", "ordinary"),
    "major": pgettext_lazy("part of a figure", "major"),
    "difficult": pgettext_lazy("part of a figure", "difficult"),
    "count": pgettext_lazy("part of a figure", "count"),
    "days": pgettext_lazy("part of a figure", "days"),
    "total": pgettext_lazy("part of a figure", "total"),
    "law": pgettext_lazy("part of a figure", "law"),
    "working_days": pgettext_lazy("part of a figure", "working days"),
    "years": pgettext_lazy("part of a figure", "years"),
    "report_months": pgettext_lazy("part of a figure", "months for the report"),
    "high": pgettext_lazy("part of a figure", "high"),
    "middle": pgettext_lazy("part of a figure", "middle"),
    "low": pgettext_lazy("part of a figure", "low"),
    "rows": pgettext_lazy("part of a figure", "rows"),
    "columns": pgettext_lazy("part of a figure", "columns"),
    "megabytes": pgettext_lazy("part of a figure", "megabytes"),
    "spreadsheet_megabytes": pgettext_lazy("part of a figure", "megabytes of a spreadsheet"),
    "unpacked_megabytes": pgettext_lazy("part of a figure", "megabytes unpacked"),
    "risk": pgettext_lazy("part of a figure", "risk grade"),
    "tier": pgettext_lazy("part of a figure", "client tier"),
    "channel": pgettext_lazy("part of a figure", "channel"),
    "language": pgettext_lazy("part of a figure", "language"),
    "age": pgettext_lazy("part of a figure", "age"),
    "sector": pgettext_lazy("part of a figure", "sector"),
    "monthly_average": pgettext_lazy("part of a figure", "monthly average"),
    "month_end": pgettext_lazy("part of a figure", "at the last trading day of the month"),
    "attention": pgettext_lazy("part of a figure", "attention"),
    "warning": pgettext_lazy("part of a figure", "warning"),
    "close_out": pgettext_lazy("part of a figure", "closing out"),
    "window_days": pgettext_lazy("part of a figure", "trading days before"),
    "min_average": pgettext_lazy("part of a figure", "average of at least (yuan)"),
    "min_months": pgettext_lazy("part of a figure", "months of experience"),
    "min_grade": pgettext_lazy("part of a figure", "lowest risk grade"),
    "assessment_months": pgettext_lazy("part of a figure", "months the assessment is valid (0: as usual)"),
    "pass_mark": pgettext_lazy("part of a figure", "points to pass"),
    "tests": pgettext_lazy("part of a figure", "tests and papers"),
    "one_of": pgettext_lazy("part of a figure", "one of"),
    "instead_of_experience": pgettext_lazy("part of a figure", "instead of experience"),
    "exempt_by": pgettext_lazy("part of a figure", "not asked of holders of"),
    "none": pgettext_lazy("part of a figure", "none"),
    "knowledge": pgettext_lazy("part of a figure", "knowledge test"),
    "exchange": pgettext_lazy("part of a figure", "exchange test"),
    "simulated": pgettext_lazy("part of a figure", "simulated trading"),
    "disclosure": pgettext_lazy("part of a figure", "risk disclosure"),
    "not_associate": pgettext_lazy("part of a figure", "no associate"),
    "trade_work": pgettext_lazy("part of a figure", "work in finance"),
    "futures_trades": pgettext_lazy("part of a figure", "financial-futures trades"),
    "star": pgettext_lazy("part of a figure", "STAR Market"),
    "margin": pgettext_lazy("part of a figure", "margin trading"),
    "net_assets": pgettext_lazy("part of a figure", "net assets (yuan)"),
    "financial_assets": pgettext_lazy("part of a figure", "financial assets (yuan)"),
    "income": pgettext_lazy("part of a figure", "average income of three years (yuan)"),
    "months": pgettext_lazy("part of a figure", "months"),
    "complete": pgettext_lazy("part of a figure", "completeness"),
    "verified": pgettext_lazy("part of a figure", "verification"),
    "fresh": pgettext_lazy("part of a figure", "freshness"),
    "details": pgettext_lazy("part of a figure", "details"),
    "slow_seconds": pgettext_lazy("part of a figure", "seconds between two beyond that"),
    "alarm_percent": pgettext_lazy("part of a figure", "alarm from (%)"),
    "record": pgettext_lazy("part of a figure", "record"),
    "start": pgettext_lazy("part of a figure", "from"),
    "end": pgettext_lazy("part of a figure", "end of the relationship"),
    "client_file": pgettext_lazy("part of a figure", "client file"),
    "suitability": pgettext_lazy("part of a figure", "suitability"),
    "suitability_after_end": pgettext_lazy("part of a figure", "suitability after the end"),
    "visits": pgettext_lazy("part of a figure", "contacts and visits"),
    "complaints": pgettext_lazy("part of a figure", "complaints"),
    "advice": pgettext_lazy("part of a figure", "investment advice"),
    "aml": pgettext_lazy("part of a figure", "identity for anti-money-laundering"),
    "item": pgettext_lazy("part of a figure", "fact"),
    "weight": pgettext_lazy("part of a figure", "weight"),
    "verify": pgettext_lazy("part of a figure", "to be verified"),
    "SSE": pgettext_lazy("part of a figure", "Shanghai"),
    "SZSE": pgettext_lazy("part of a figure", "Shenzhen"),
    "BSE": pgettext_lazy("part of a figure", "Beijing"),
}
AREA_WORDS = {
    "duplicates": gettext_lazy("Duplicates"),
    "merge": gettext_lazy("Merging of clients"),
    "quality": gettext_lazy("Quality of client data"),
    "account": gettext_lazy("Accounts"),
    "suitability": gettext_lazy("Suitability"),
    "professional": gettext_lazy("Professional investors"),
    "permission": gettext_lazy("Trading permissions"),
    "margin": gettext_lazy("Margin accounts"),
    "visit": gettext_lazy("Follow-up calls"),
    "kyc": gettext_lazy("Knowing the client"),
    "tag": gettext_lazy("Behaviour tags"),
    "commission": gettext_lazy("Commission"),
    "fee": gettext_lazy("Fees"),
    "tier": gettext_lazy("Client tiers"),
    "complaint": gettext_lazy("Complaints"),
    "advice": gettext_lazy("Investment advice"),
    "licence": gettext_lazy("Licences"),
    "agent": gettext_lazy("Agents"),
    "appraisal": gettext_lazy("Appraisal"),
    "manager": gettext_lazy("Branch managers"),
    "aml": gettext_lazy("Money laundering"),
    "id": gettext_lazy("Identity documents"),
    "audit": gettext_lazy("Audit trail"),
    "retention": gettext_lazy("Retention"),
    "review": gettext_lazy("Portfolio reviews"),
    "export": gettext_lazy("Exports"),
    "reveal": gettext_lazy("Private values"),
    "looks": gettext_lazy("Looks at clients"),
    "bulk": gettext_lazy("Changes of many clients"),
    "business": gettext_lazy("Business hours"),
    "calendar": gettext_lazy("Calendar"),
    "assets": gettext_lazy("Assets"),
    "contact": gettext_lazy("Contact with clients"),
    "stage": gettext_lazy("Stages of clients"),
    "milestone": gettext_lazy("Milestones"),
    "imports": gettext_lazy("Imports"),
    "survey": gettext_lazy("Surveys"),
    "outbound": gettext_lazy("Messages"),
    "matching": gettext_lazy("Client matching"),
    "sign_in": gettext_lazy("Sign-in"),
    "service": gettext_lazy("Services"),
    "module": gettext_lazy("Parts of the product"),
    "privacy": gettext_lazy("Privacy"),
}


def certainty_words(version: Policy | None) -> str:
    """How sure we are that the figure is the law, in words."""
    return str(CERTAINTY_WORDS.get(version.certainty, version.certainty)) if version else ""


def in_words(key: PolicyKey, value: Any) -> str:
    """The value as people say it: "30 working days", "10,000,000 yuan", "10 %", "yes", "60, 30, 7"."""
    kinds, unit = PolicyKey.Kind, key.get_unit_display() if key.unit else ""
    if value is None:
        return "—"
    if key.kind == kinds.FLAG:
        return _("yes") if value else _("no")
    if key.kind == kinds.LIST:
        return f"{_(', ').join(str(item) for item in value)} {unit}".strip()
    if key.kind in (kinds.BANDS, kinds.TABLE):
        return _table(value)
    if key.kind == kinds.RATE:
        return _rate(Decimal(str(value)))
    if key.kind in (kinds.INTEGER, kinds.MONEY):
        return f"{number_format(Decimal(str(value)), force_grouping=True)} {unit}".strip()
    if isinstance(value, int) and abs(value) >= 10_000:
        return f"{value:,}"
    return str(PART_WORDS.get(str(value), value))


def add_parts(words: Mapping[str, Any]) -> None:
    """Name what may stand inside a table of figures; each app adds the words of its own."""
    for name, word in words.items():
        PART_WORDS.setdefault(name, word)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(PART_WORDS.get(str(value), value))


def _rate(rate: Decimal) -> str:
    """Shares in per cent, fees in per mille: whichever leaves a figure that can be read."""
    if rate == 0 or rate >= Decimal("0.01"):
        return f"{(rate * 100).normalize():f}%"
    return f"{(rate * 1000).normalize():f} ‰"


def _table(value: Any) -> str:
    if isinstance(value, dict):
        return " · ".join(f"{PART_WORDS.get(name, name)}: {_table(part)}" for name, part in value.items())
    if isinstance(value, list):
        if all(isinstance(part, dict) for part in value):
            return " · ".join(": ".join(_cell(item) for item in part.values()) for part in value)
        if all(isinstance(part, list) for part in value):
            return " · ".join("–".join(str(item) for item in part) for part in value)
        if all(part in PART_WORDS for part in value):
            return " / ".join(str(PART_WORDS[part]) for part in value)
        return "–".join(str(part) for part in value)
    return (
        str(PART_WORDS.get(str(value), value))
        if isinstance(value, str | int)
        else json.dumps(value, ensure_ascii=False)
    )
