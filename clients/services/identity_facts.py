"""What follows from a client's name, phone and documents: search words, blind indexes, tails, sex and date of birth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from clients.identity import (
    IdentityRefused,
    normalise_name,
    read_credit_code,
    read_email,
    read_id_number,
    read_phone,
    tail,
)
from clients.models import Channel, Client
from clients.pinyin import name_grams, to_pinyin
from crm.core.crypto import blind_index
from crm.core.errors import InvalidInput

#: Columns that ``following`` may set.
DERIVED = ("pinyin", "initials", "name_grams", "phone_index", "phone_tail", "id_index", "id_tail")
_GIVEN_BY_ID = ("sex", "birth_date")


def cleaned(values: dict[str, Any], *, kind: str, today: date) -> dict[str, Any]:
    """``values`` in the form in which they are stored. Raises ``InvalidInput`` naming every value that cannot be read."""
    kept, wrong = dict(values), {}
    for name, read in readers(kind, today).items():
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
    return {**kept, **from_document(kept, kind=kind)}


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


def of_another_document(changed: Mapping[str, Any]) -> dict[str, Any]:
    """A changed number is another document: how long the former one was valid says nothing about it, unless it is said."""
    if "id_number" not in changed or {"id_valid_until", "id_is_long_term"} & changed.keys():
        return {}
    return {"id_valid_until": None, "id_is_long_term": False}


def readers(kind: str, today: date) -> dict[str, Callable[[str], str]]:
    """How each private value is read; every reader raises ``IdentityRefused``."""

    def document(text: str) -> str:
        if kind == Client.Kind.INSTITUTION:
            return read_credit_code(text)
        return read_id_number(text, today=today).number

    return {"phone": lambda text: read_phone(text).e164, "id_number": document, "email": read_email}


def from_document(values: dict[str, Any], *, kind: str) -> dict[str, Any]:
    """Sex and date of birth as a person's ID number says them; what is given beside it gives way."""
    number = values.get("id_number")
    if not number or kind == Client.Kind.INSTITUTION:
        return {}
    found = read_id_number(number)
    return {"sex": found.sex.value, "birth_date": found.birth_date}


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
