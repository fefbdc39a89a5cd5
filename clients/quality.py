"""How well the branch knows a client (客户资料质量): which facts count, and what a sheet of facts is worth.

The catalogue is a figure (``quality.person``, ``quality.institution``): lines of an item, its weight, how many months it stays
fresh (0: for ever) and whether it has to be verified. Three shares in whole per cent come of it. Complete: weight of what is
answered, of all. Fresh: weight of what is not out of date, of what is answered. Verified: weight of what somebody has checked
against a document, a call or a register, of all that is to be checked. A refusal is an answer; nobody can verify one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clients.months import add_months
from clients.provenance import ALL, REFUSABLE
from crm.core.policies import Figures


class QualityItem(models.TextChoices):
    """Facts that a catalogue may count."""

    NAME = "name", _("Name")
    PHONE = "phone", _("Phone")
    ID_NUMBER = "id_number", _("Identity document")
    ID_VALIDITY = "id_validity", _("Validity of the document")
    EMAIL = "email", _("E-mail")
    ADDRESS = "address", _("Address")
    CITY = "city", _("City")
    BIRTH_DATE = "birth_date", _("Date of birth")
    NATIONALITY = "nationality", _("Nationality")
    TAX_RESIDENCY = "tax_residency", _("Tax residency")
    OCCUPATION = "occupation", _("Occupation")
    EMPLOYER = "employer", _("Employer")
    EDUCATION = "education", _("Education")
    MARITAL_STATUS = "marital_status", _("Marital status")
    INCOME_SOURCE = "income_source", _("Source of income")
    ANNUAL_INCOME = "annual_income", _("Yearly income")
    OUTSIDE_ASSETS = "outside_assets", _("Financial assets elsewhere")
    DEBTS = "debts", _("Debts")
    INVESTING_SINCE = "investing_since", _("Investing since")
    INTEGRITY_NOTE = "integrity_note", _("Integrity record")
    CONTROLLER = "controller", _("Actual controller")
    BENEFICIARY = "beneficiary", _("Beneficial owner")
    IS_LISTED = "is_listed", _("Listed company")
    INDUSTRY = "industry", _("Industry")
    OWN_FUNDS = "own_funds", _("Net assets of the institution")
    LEGAL_REPRESENTATIVE = "legal_representative", _("Legal representative")
    PREFERRED_CHANNEL = "preferred_channel", _("Preferred channel")
    RISK = "risk", _("Risk grade")
    NEEDS = "needs", pgettext_lazy("quality", "Needs interview")


_ITEMS: dict[str, QualityItem] = {item.value: item for item in QualityItem}
#: Items that are no single column: what the reader of a sheet looks at instead.
COMPOSED = {
    QualityItem.ID_VALIDITY: ("id_valid_until", "id_is_long_term"),
    QualityItem.RISK: ("risk_grade", "risk_valid_until"),
    QualityItem.NEEDS: ("needs_on",),
}
#: Columns of a sheet beside those that are items themselves.
SHEET = (
    *(item.value for item in QualityItem if item not in COMPOSED),
    "id_valid_until",
    "id_is_long_term",
    "risk_grade",
    "risk_valid_until",
    "total_assets",
    "provenance",
)


@dataclass(frozen=True)
class Line:
    """One line of the catalogue."""

    item: str
    weight: int
    months: int
    verify: bool


@dataclass(frozen=True)
class Catalogue:
    """What counts for one kind of client as of one day, and how much each share weighs in the score."""

    lines: tuple[Line, ...]
    #: completeness, verification, freshness
    shares: tuple[int, int, int]


@dataclass(frozen=True)
class Scored:
    """What a sheet is worth. Shares in whole per cent, rounded half up."""

    score: int
    completeness: int
    verification: int
    freshness: int
    missing: tuple[str, ...]
    unverified: tuple[str, ...]
    stale: tuple[str, ...]
    refused: tuple[str, ...]


def catalogue(kind: str, known: Figures) -> Catalogue:
    """The catalogue for persons or institutions. Items that this release does not know are left out."""
    rows = known.json(f"quality.{kind}")
    names = set(QualityItem.values)
    lines = tuple(
        Line(row["item"], int(row["weight"]), int(row["months"]), bool(row["verify"]))
        for row in rows
        if row["item"] in names and int(row["weight"]) > 0
    )
    parts = known.json("quality.shares")
    return Catalogue(lines, (int(parts["complete"]), int(parts["verified"]), int(parts["fresh"])))


def score(sheet: Mapping[str, Any], catalogue: Catalogue, today: date) -> Scored:
    """Weigh one sheet: the columns of ``SHEET`` and ``needs_on``."""
    held: Mapping[str, Any] = sheet["provenance"] or {}
    total = answered = fresh = to_verify = verified = 0
    missing, unverified, stale, refused = [], [], [], []
    for line in catalogue.lines:
        total += line.weight
        own = held.get(line.item) or {}
        if line.item in REFUSABLE and own.get("refused"):
            refused.append(line.item)
        elif not _is_there(sheet, line.item):
            missing.append(line.item)
            to_verify += line.weight if line.verify else 0
            continue
        elif line.verify:
            to_verify += line.weight
            if own.get("verified"):
                verified += line.weight
            else:
                unverified.append(line.item)
        answered += line.weight
        if _is_stale(sheet, line, own or held.get(ALL) or {}, today):
            stale.append(line.item)
        else:
            fresh += line.weight
    shares = (
        percent(answered, total),
        percent(verified, to_verify) if to_verify else 100,
        percent(fresh, answered) if answered else 0,
    )
    whole = percent(sum(s * w for s, w in zip(shares, catalogue.shares, strict=True)), 100 * sum(catalogue.shares))
    return Scored(whole, *shares, tuple(missing), tuple(unverified), tuple(stale), tuple(refused))


def percent(part: int, whole: int) -> int:
    """Whole per cent, rounded half up; 100 of nothing."""
    return (200 * part + whole) // (2 * whole) if whole else 100


def pressing(score: int, assets: Decimal | None) -> int:
    """How much a client's gaps press: points that are missing, times the digits of his assets in yuan.

    The worst and the richest come first; twice the gaps weigh as much as twice the digits.
    """
    return (100 - score) * len(str(max(int(assets or 0), 0)))


def labels(items: Iterable[str]) -> list[str]:
    """Items as people call them."""
    return [str(_ITEMS[item].label) if item in _ITEMS else item for item in items]


def in_order(items: Iterable[str], lines: Sequence[Line]) -> list[str]:
    """The heaviest first."""
    weights = {line.item: line.weight for line in lines}
    return sorted(items, key=lambda item: -weights.get(item, 0))


def _is_there(sheet: Mapping[str, Any], item: str) -> bool:
    if item == QualityItem.ID_VALIDITY:
        return bool(sheet["id_valid_until"] or sheet["id_is_long_term"])
    if item == QualityItem.RISK:
        return bool(sheet["risk_grade"])
    if item == QualityItem.NEEDS:
        return sheet["needs_on"] is not None
    return sheet[item] not in (None, "")


def _is_stale(sheet: Mapping[str, Any], line: Line, origin: Mapping[str, Any], today: date) -> bool:
    """A document and a risk grade run out on their own day; anything else ages from the day it was true."""
    if line.item == QualityItem.ID_VALIDITY:
        until = sheet["id_valid_until"]
        return bool(not sheet["id_is_long_term"] and until and until < today)
    if line.item == QualityItem.RISK:
        return not sheet["risk_valid_until"] or sheet["risk_valid_until"] < today
    if not line.months:
        return False
    since = add_months(today, -line.months)
    if line.item == QualityItem.NEEDS:
        return bool(sheet["needs_on"] < since)
    day = origin.get("on")
    return not day or str(day) < since.isoformat()
