"""Where each fact of a client comes from, as of when, and whether he refused to say it.

``Client.provenance`` is one JSON object. Under a fact's name, or under ``*`` for all facts that have no entry of their own,
it holds ``{"source": …, "on": "YYYY-MM-DD"}``, for a refused one ``"refused": true``, and for one that somebody has verified
``"verified": {"on": …, "by": public id, "how": …}``. A file of a hundred thousand
clients thus writes one and the same small value for all of its rows (docs/adr/0010-where-a-fact-comes-from.md). Everything
that writes facts makes the object here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

#: Nobody says that a fact holds since a day before this one.
EARLIEST = date(1900, 1, 1)
#: Under this name stands what holds for every fact without an entry of its own.
ALL = "*"


class Source(models.TextChoices):
    """Who says so."""

    CLIENT = "client", pgettext_lazy("source", "Client")
    STAFF = "staff", pgettext_lazy("source", "Staff")
    SYSTEM = "system", pgettext_lazy("source", "System")
    IMPORT = "import", pgettext_lazy("source", "Import")


class Verification(models.TextChoices):
    """How somebody made sure that a fact is true."""

    DOCUMENT = "document", _("Saw the document")
    CALL = "call", _("Called the number")
    REGISTER = "register", _("Asked the register")
    MESSAGE = "message", _("Answer came from the address")


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
#: Kinds of rows of a profile that a client may refuse to give; of documents and contact points the further ones, beside the one
#: in his own columns. The rows on file stay: only what he was asked for beyond them is refused.
ROWS_OF_INSTITUTIONS = frozenset({"contact_persons", "financing_needs"})
REFUSABLE_ROWS = ROWS_OF_INSTITUTIONS | {"documents", "contact_points", "relations"}
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
    "avoid_topics",
}
#: As choices, in order.
FACT_NAMES = [(name, name) for name in sorted(FACTS)]

Entries = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Origin:
    """What is known about one fact: who said it, as of when, or that it was refused."""

    source: str = ""
    on: date | None = None
    refused: bool = False
    #: When somebody verified the value that stands there, and how; a changed value is unverified again.
    verified_on: date | None = None
    verified_how: str = ""

    @property
    def verified_in_words(self) -> str:
        """How it was verified, as people read it; empty where nobody has."""
        return str(Verification(self.verified_how).label) if self.verified_how in Verification.values else ""

    @property
    def source_in_words(self) -> str:
        """The source as people read it; empty where nobody wrote it down."""
        return str(Source(self.source).label) if self.source in Source.values else ""

    def is_of(self, source: str, on: date) -> bool:
        """Whether it was said by ``source`` and holds as of ``on``."""
        return (self.source, self.on) == (source, on)


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
    unchanged: bool = False,
) -> Entries:
    """``held`` once the facts ``names`` have been said anew and those of ``refused`` were refused or are no longer so.

    A fact that is said is not refused, whatever was known before. What was verified stays so only where the values are
    ``unchanged``.
    """
    kept: Entries = dict(held or {})
    for name in names:
        if name in FACTS:
            mark = kept.get(name, {}).get("verified") if unchanged else None
            kept[name] = {**entry(source, on), **({"verified": mark} if mark else {})}
    for name, flag in (refused or {}).items():
        kept[name] = entry(source, on, refused=flag)
        if name in REFUSABLE_ROWS and not flag:
            del kept[name]  # rows say themselves where they come from
    return kept


def verified(held: Mapping[str, Any] | None, names: Iterable[str], *, how: str, on: date, by: str) -> Entries:
    """``held`` once the values of the facts ``names`` have been verified on ``on`` by the member of staff ``by``.

    Their source stays; a value that was seen to be true is as of that day.
    """
    kept: Entries = dict(held or {})
    for name in names:
        known = kept.get(name) or kept.get(ALL) or {"source": Source.STAFF.value}
        mark = {"on": on.isoformat(), "by": by, "how": how}
        kept[name] = {"source": known.get("source", ""), "on": on.isoformat(), "verified": mark}
    return kept


def origin(held: Mapping[str, Any] | None, name: str) -> Origin:
    """What is known about the fact ``name``."""
    found = (held or {}).get(name) or (held or {}).get(ALL) or {}
    day = found.get("on")
    mark = found.get("verified") or {}
    return Origin(
        found.get("source", ""),
        date.fromisoformat(day) if day else None,
        bool(found.get("refused")),
        date.fromisoformat(mark["on"]) if mark.get("on") else None,
        mark.get("how", ""),
    )


def refused_facts(held: Mapping[str, Any] | None) -> frozenset[str]:
    """Names of the facts that the client refused to give."""
    return frozenset(name for name, found in (held or {}).items() if found.get("refused"))
