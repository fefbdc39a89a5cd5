"""Phone numbers: mobile, fixed and service lines; E.164 for storage, the Chinese way of writing for display."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from clients.identity.refusals import IdentityRefused
from clients.identity.text import clean, is_scientific

#: First three digits of mobile numbers in use (MIIT numbering plan), for people and not for machines.
#: A number with another beginning is still put to phonenumbers, so a missing entry costs time, not a client.
MOBILE_PREFIXES = frozenset(
    map(
        str,
        [
            *range(130, 140),
            *(145, 147, 149),
            *(n for n in range(150, 160) if n != 154),
            *(162, 165, 166, 167),
            *(n for n in range(170, 179) if n != 174),
            *range(180, 190),
            *(n for n in range(190, 200) if n != 194),
        ],
    )
)
_MOBILE = re.compile(r"(?:\+?86|0086)?0?(1\d{10})", re.ASCII)
_EXTENSION = re.compile(r"(?:转|分机|ext\.?|x|#)\s*[:.]?\s*(\d{1,6})$|-(\d{1,6})$", re.IGNORECASE | re.ASCII)
_SEPARATORS = re.compile(r"[\s'()\[\].\-/\u2010-\u2015]")
_DIALLED = re.compile(r"\+?\d{5,15}", re.ASCII)


#: Where numbers without a country code are at home.
HOME = "CN"
_HOME_CODE = 86


class PhoneKind(StrEnum):
    """What answers: a person's mobile, a fixed line, a 400/800 service line."""

    MOBILE = "mobile"
    FIXED = "fixed"
    SERVICE = "service"
    OTHER = "other"


class Phone(NamedTuple):
    """A phone number: ``e164`` is stored, ``display`` shown; an extension stands beside them, never inside."""

    e164: str
    kind: PhoneKind
    display: str
    extension: str = ""

    @property
    def tail(self) -> str:
        """Last four digits, the part staff search by."""
        return self.e164[-4:]


def read_phone(text: object, *, area_code: str = "", country: str = HOME) -> Phone:
    """Read a phone number as typed or imported; without a country code it is one of ``country``.

    ``area_code`` ("021") completes a bare local number, as branches write their own city. Of another country a number of
    the right length counts: its numbering plan changes more often than ours is brought up to date.
    Raises IdentityRefused ``scientific_notation``, ``phone_unreadable``, ``phone_invalid`` or
    ``phone_area_code`` (seven or eight digits and no area code given).
    """
    plain = clean(text)
    if is_scientific(plain):
        raise IdentityRefused("scientific_notation")
    plain, extension = _split_extension(plain)
    bare = _SEPARATORS.sub("", plain.removesuffix(".0"))
    mobile = _MOBILE.fullmatch(bare) if country == HOME else None
    if mobile and mobile[1][:3] in MOBILE_PREFIXES:
        # The common case by hand: phonenumbers takes 70 µs a number and an import has 100,000 of them.
        return Phone(f"+86{mobile[1]}", PhoneKind.MOBILE, _display_mobile(mobile[1]), extension)
    if country == HOME and re.fullmatch(r"[2-8]\d{6,7}", bare, re.ASCII):
        if not area_code:
            raise IdentityRefused("phone_area_code")
        bare = area_code + bare
    return _by_numbering_plan("+" + bare[2:] if bare.startswith("00") else bare, extension, country)


def display_phone(e164: str, extension: str = "") -> str:
    """The display form of a stored number: 138 0013 8000, 021-6888 8888, 400-888-9999, +852 9123 4567."""
    if not e164:
        return ""
    shown = _display_chinese(e164[3:]) if e164.startswith("+86") else _display_foreign(e164)
    return f"{shown}-{extension}" if extension else shown


def in_groups(value: str) -> str:
    """A stored value as it is read best: a phone number in groups, a name, an address or another number as it is."""
    return display_phone(value) if value.startswith("+") else value


def _split_extension(text: str) -> tuple[str, str]:
    found = _EXTENSION.search(text)
    # "021-68888888-802" has an extension; "138001-38000" and "400-888-9999" are only written in groups.
    if not found or len(re.sub(r"\D", "", text[: found.start()])) < (8 if found[1] or _local(text) else 10):
        return text, ""
    return text[: found.start()], found[1] or found[2]


def _local(text: str) -> bool:
    return re.match(r"[2-8]\d{7}-", text, re.ASCII) is not None


def _by_numbering_plan(bare: str, extension: str, country: str) -> Phone:
    import phonenumbers  # heavy metadata: only processes that meet such a number pay for it

    if not _DIALLED.fullmatch(bare):
        raise IdentityRefused("phone_unreadable")
    try:
        parsed = phonenumbers.parse(bare, country)
    except phonenumbers.NumberParseException:
        raise IdentityRefused("phone_unreadable") from None
    if not phonenumbers.is_valid_number(parsed):
        right_length = phonenumbers.is_possible_number_with_reason(parsed) == phonenumbers.ValidationResult.IS_POSSIBLE
        if country == HOME or parsed.country_code == _HOME_CODE or not right_length:
            raise IdentityRefused("phone_invalid")
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    kinds = phonenumbers.PhoneNumberType
    kind = {
        kinds.MOBILE: PhoneKind.MOBILE,
        kinds.FIXED_LINE: PhoneKind.FIXED,
        kinds.TOLL_FREE: PhoneKind.SERVICE,
        kinds.SHARED_COST: PhoneKind.SERVICE,
        kinds.UAN: PhoneKind.SERVICE,
    }.get(phonenumbers.number_type(parsed), PhoneKind.OTHER)
    return Phone(e164, kind, display_phone(e164), extension)


def _display_mobile(national: str) -> str:
    return f"{national[:3]} {national[3:7]} {national[7:]}"


def _display_chinese(national: str) -> str:
    if len(national) == 11 and national.startswith("1"):
        return _display_mobile(national)
    if national.startswith(("400", "800")) and len(national) == 10:
        return f"{national[:3]}-{national[3:6]}-{national[6:]}"
    # 010 and 02x are the only area codes of three digits.
    length = 2 if national.startswith(("10", "2")) else 3
    local = national[length:]
    return f"0{national[:length]}-{local[:-4]} {local[-4:]}"


def _display_foreign(e164: str) -> str:
    import phonenumbers

    try:
        parsed = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return e164
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL))
