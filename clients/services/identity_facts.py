"""What follows from a client's name, phone and documents: search words, blind indexes, tails, sex and date of birth."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from clients.identity import (
    IdentityRefused,
    is_id_number,
    normalise_name,
    read_credit_code,
    read_email,
    read_id_number,
    read_phone,
    tail,
)
from clients.identity.phone import HOME
from clients.identity.text import clean
from clients.models import Channel, Client, DocumentKind
from clients.pinyin import name_grams, to_pinyin
from clients.querysets.likeness import Facts
from crm.core.crypto import blind_index
from crm.core.errors import InvalidInput

#: Columns that ``following`` may set.
DERIVED = ("pinyin", "initials", "name_grams", "phone_index", "phone_tail", "id_index", "id_tail")
#: Passports and permits: letters and digits, as long as any state makes them.
_FOREIGN_NUMBER = re.compile(r"[A-Z0-9]{5,20}", re.ASCII)


def cleaned(values: dict[str, Any], *, kind: str, today: date, id_kind: str = "") -> dict[str, Any]:
    """``values`` in the form in which they are stored. Raises ``InvalidInput`` naming every value that cannot be read.

    ``id_kind`` is the kind of document on file, for values that do not say it.
    """
    kept = dict(values)
    wrong: dict[str, Any] = {}
    id_kind = kept.get("id_kind") or id_kind
    for name, read in readers(kind, today, id_kind).items():
        if kept.get(name):
            try:
                kept[name] = read(kept[name])
            except IdentityRefused as refusal:
                wrong[name] = refusal.message
    if wrong:
        raise InvalidInput(fields=wrong)
    if "name" in kept:
        kept["name"] = normalise_name(kept["name"])
    tidy(kept)
    return {**kept, **from_document({**kept, "id_kind": id_kind}, kind=kind)}


def tidy(values: dict[str, Any]) -> None:
    """Bring facts of the profile among ``values`` into the form in which they are stored."""
    if values.get("investing_since"):
        values["investing_since"] = values["investing_since"].replace(day=1)  # people know the month, not the day
    if values.get("id_is_long_term"):
        values["id_valid_until"] = None
    elif values.get("id_valid_until"):
        values["id_is_long_term"] = False
    if "forbidden_channels" in values:
        said = values["forbidden_channels"] or ()
        codes = said.split() if isinstance(said, str) else said
        values["forbidden_channels"] = " ".join(sorted(set(codes) & set(Channel.values) - {Channel.UNKNOWN}))
    if "stock_code" in values:
        values["stock_code"] = (values["stock_code"] or "").strip().upper()
        if values["stock_code"]:
            values["is_listed"] = True
    elif values.get("is_listed") is False:
        values["stock_code"] = ""


def of_another_document(changed: Collection[str], said: Collection[str]) -> dict[str, Any]:
    """A changed number is another document: how long the former one was valid says nothing about it, unless it is said."""
    if "id_number" not in changed or {"id_valid_until", "id_is_long_term"} & set(said):
        return {}
    return {"id_valid_until": None, "id_is_long_term": False}


def readers(kind: str, today: date, id_kind: str = "", phone_country: str = HOME) -> dict[str, Callable[[str], str]]:
    """How each private value is read; every reader raises ``IdentityRefused``."""
    kind_of_document = id_kind or (DocumentKind.LICENCE if kind == Client.Kind.INSTITUTION else DocumentKind.ID_CARD)

    def document(text: str) -> str:
        return read_document(text, kind_of_document, today)

    def phone(text: str) -> str:
        return read_phone(text, country=phone_country).e164

    return {"phone": phone, "id_number": document, "email": read_email}


def read_document(text: str, kind: str, today: date) -> str:
    """The storage form of a document number of this kind. Raises ``IdentityRefused``."""
    if kind == DocumentKind.LICENCE:
        return read_credit_code(text)
    if kind == DocumentKind.ID_CARD:
        return read_id_number(text, today=today).number
    number = re.sub(r"[\s\-]", "", clean(text)).upper()
    if not _FOREIGN_NUMBER.fullmatch(number):
        raise IdentityRefused("document_invalid")
    return number


def from_document(values: dict[str, Any], *, kind: str) -> dict[str, Any]:
    """Sex and date of birth as a person's ID number says them; what is given beside it gives way."""
    number = values.get("id_number")
    if not number or kind == Client.Kind.INSTITUTION:
        return {}
    if values.get("id_kind") not in (None, "", DocumentKind.ID_CARD) and not is_id_number(number):
        return {}  # a passport says neither
    found = read_id_number(number)
    return {"sex": found.sex.value, "birth_date": found.birth_date}


def refuse_contradiction(client: Client, said: Mapping[str, Any], stored: Mapping[str, Any]) -> None:
    """Raise ``InvalidInput`` where a new number in ``stored`` contradicts the sex or birthday on file, unless that is said too.

    Most often the number was mistyped or is another person's; if it is right, whoever types it gives what it says beside it.
    """
    found = from_document(dict(stored) | {"id_kind": stored.get("id_kind") or client.id_kind}, kind=client.kind)
    wrong: dict[str, Any] = {}
    born, held = found.get("birth_date"), said.get("birth_date", client.birth_date)
    if born and held and born != held:
        words = {"day": born.isoformat(), "held": held.isoformat()}
        wrong["birth_date"] = _("The identity number says %(day)s.") % words
        wrong["id_number"] = _(
            "This number says born on %(day)s, but %(held)s is on file. "
            "Check the number; if it is right, give that date of birth too."
        )
        wrong["id_number"] %= words
    sex, known = found.get("sex"), said.get("sex") or client.sex
    if sex and known not in (Client.Sex.UNKNOWN, sex):
        wrong["sex"] = _("The identity number says: %(sex)s.") % {"sex": Client.Sex(sex).label}
        wrong.setdefault(
            "id_number",
            _("This number says another sex than is on file. Check the number; if it is right, give that sex too."),
        )
    if wrong:
        raise InvalidInput(fields=wrong)


def following(values: dict[str, Any], *, kind: str) -> dict[str, Any]:
    """Search columns that follow from those of ``values`` that are there (in stored form)."""
    made: dict[str, Any] = {}
    if "name" in values:
        name = values["name"] or ""
        reading = to_pinyin(name, firm=kind == Client.Kind.INSTITUTION)
        made["pinyin"], made["initials"] = reading.full[:160], reading.initials[:40]
        made["name_grams"] = " ".join(name_grams(name))
    for field, prefix in (("phone", "phone"), ("id_number", "id")):
        if field in values:
            text = str(values[field] or "")
            made[f"{prefix}_index"], made[f"{prefix}_tail"] = blind_index(text), tail(text)
    return made


def facts_typed(said: Mapping[str, Any], *, client: Client | None, today: date) -> Facts:
    """What a form says so far, as far as it can be read; private values left blank are those on file."""
    kind = said.get("kind") or (client.kind if client else Client.Kind.PERSON)
    read = readers(kind, today)
    found: dict[str, Any] = {"name": normalise_name(said.get("name") or ""), "birth_date": said.get("birth_date")}
    for name in ("phone", "id_number"):
        typed = said.get(name) or ""
        try:
            found[name] = read[name](typed) if typed else str(getattr(client, name) or "") if client else ""
        except IdentityRefused:
            found[name] = ""
    found.update({k: v for k, v in from_document(found, kind=kind).items() if k == "birth_date"})
    return Facts(**found)
