"""Where each fact of a client comes from, as of when, and whether he refused to say it.

``Client.provenance`` is one JSON object. Under a fact's name, or under ``*`` for all facts that have no entry of their own,
it holds ``{"source": …, "on": "YYYY-MM-DD"}`` and, for a refused one, ``"refused": true``. A file of a hundred thousand
clients thus writes one and the same small value for all of its rows (docs/adr/0009-where-a-fact-comes-from.md). Everything
that writes facts makes the object here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import models
from django.utils.translation import pgettext_lazy

#: Under this name stands what holds for every fact without an entry of its own.
ALL = "*"


class Source(models.TextChoices):
    """Who says so."""

    CLIENT = "client", pgettext_lazy("source", "Client")
    STAFF = "staff", pgettext_lazy("source", "Staff")
    SYSTEM = "system", pgettext_lazy("source", "System")
    IMPORT = "import", pgettext_lazy("source", "Import")


#: Facts that a client may refuse to give; name, number and what the branch itself decides are not among them.
REFUSABLE = frozenset(
    {
        "phone",
        "email",
        "address",
        "city",
        "birth_date",
        "nationality",
        "tax_residency",
        "occupation",
        "employer",
        "education",
        "marital_status",
        "income_source",
        "annual_income",
        "outside_assets",
        "debts",
        "investing_since",
        "integrity_note",
        "controller",
        "beneficiary",
        "is_listed",
        "stock_code",
        "industry",
        "own_funds",
        "legal_representative",
    }
)
#: Every column that is a fact with a source.
FACTS = REFUSABLE | {
    "name",
    "kind",
    "id_number",
    "id_kind",
    "id_valid_until",
    "id_is_long_term",
    "sex",
    "age_on_file",
    "opened_on",
    "closed_on",
    "preferred_channel",
    "forbidden_channels",
    "quiet_from",
    "quiet_until",
}

Entries = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Origin:
    """What is known about one fact: who said it, as of when, or that it was refused."""

    source: str = ""
    on: date | None = None
    refused: bool = False

    @property
    def source_in_words(self) -> str:
        """The source as people read it; empty where nobody wrote it down."""
        return str(Source(self.source).label) if self.source in Source.values else ""

    def age_in_days(self, today: date) -> int | None:
        """Days since the fact was true; None where no day is on file."""
        return None if self.on is None else (today - self.on).days


def entry(source: str, on: date, *, refused: bool = False) -> dict[str, Any]:
    """One entry of the object."""
    made: dict[str, Any] = {"source": str(source), "on": on.isoformat()}
    return {**made, "refused": True} if refused else made


def for_all(source: str, on: date) -> Entries:
    """Everything that is on file about a new client comes from one source."""
    return {ALL: entry(source, on)}


def stamped(
    held: Mapping[str, Any] | None,
    names: Iterable[str],
    *,
    source: str,
    on: date,
    refused: Mapping[str, bool] | None = None,
) -> Entries:
    """``held`` once the facts ``names`` have been said anew and those of ``refused`` were refused or are no longer so.

    A fact that is said is not refused, whatever was known before.
    """
    kept: Entries = dict(held or {})
    for name in names:
        if name in FACTS:
            kept[name] = entry(source, on)
    for name, flag in (refused or {}).items():
        kept[name] = entry(source, on, refused=flag)
    return kept


def origin(held: Mapping[str, Any] | None, name: str) -> Origin:
    """What is known about the fact ``name``."""
    found = (held or {}).get(name) or (held or {}).get(ALL) or {}
    day = found.get("on")
    return Origin(found.get("source", ""), date.fromisoformat(day) if day else None, bool(found.get("refused")))


def refused_facts(held: Mapping[str, Any] | None) -> frozenset[str]:
    """Names of the facts that the client refused to give."""
    return frozenset(name for name, found in (held or {}).items() if found.get("refused"))
