"""Resident ID numbers (GB 11643-1999) and the permits that share their form.

Positions: region 1-6, birth date 7-14, serial 15-17 (odd = male), check character 18 by ISO 7064 MOD 11-2.
The same form is used by residence permits for people of Hong Kong (810000), Macau (820000) and Taiwan
(830000), and by the permanent residence card for foreigners since 2023 (9, place of application, ISO country
number). Region codes are checked by their form only: 3,525 abolished county codes are still on living
people's cards, and new ones appear every year.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from clients.identity.refusals import IdentityRefused
from clients.identity.text import clean, is_scientific

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"

#: First two digits of GB/T 2260 that occur on ID cards. 71 is Taiwan in the standard, but no card begins with it.
PROVINCES = frozenset(
    map(str, [*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66)])
)
#: Nobody alive is older; an earlier year is a typing error.
EARLIEST_BIRTH = date(1890, 1, 1)

_SHAPE = re.compile(r"\d{17}[\dX]", re.ASCII)
_OLD_SHAPE = re.compile(r"\d{15}", re.ASCII)


class Sex(StrEnum):
    """Sex as ID documents state it."""

    MALE = "male"
    FEMALE = "female"


class IdKind(StrEnum):
    """Which document carries the number; its first digits tell."""

    RESIDENT = "resident"
    HONG_KONG = "hong_kong"
    MACAU = "macau"
    TAIWAN = "taiwan"
    FOREIGNER = "foreigner"


_PERMITS = {"810000": IdKind.HONG_KONG, "820000": IdKind.MACAU, "830000": IdKind.TAIWAN}


class IdNumber(NamedTuple):
    """What an ID number says. ``number`` is the storage form: 18 characters, X upper case."""

    number: str
    kind: IdKind
    sex: Sex
    birth_date: date
    region: str
    converted: bool = False
    """True when the text was an old 15-digit number; ``number`` is its 18-character successor."""

    @property
    def tail(self) -> str:
        """Last four characters, the part staff search by."""
        return self.number[-4:]


def check_digit(first_seventeen: str) -> str:
    """The 18th character for 17 digits (ISO 7064 MOD 11-2): "0".."9" or "X"."""
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, first_seventeen, strict=True))
    return CHECK_CHARACTERS[total % 11]


def read_id_number(text: object, *, today: date | None = None) -> IdNumber:
    """Check an ID number as typed or imported, and say what it tells.

    Full-width digits, blanks, hyphens and a leading apostrophe are forgiven; 15-digit numbers (void since
    2013, still in old account files) are converted. With ``today``, a later birth date is refused.
    Raises IdentityRefused with one of the codes ``scientific_notation``, ``precision_lost``,
    ``id_number_length``, ``_characters``, ``_region``, ``_birth_date``, ``_born_later``, ``_serial``,
    ``_check_digit``.
    """
    number, converted = _eighteen(_bare(text))
    kind = _kind(number)
    birth_date = _birth_date(number[6:14], today)
    if number[17] != check_digit(number[:17]):
        # A spreadsheet keeps 15 significant digits and pads with zeros.
        raise IdentityRefused("precision_lost" if number.endswith("000") else "id_number_check_digit")
    if number[14:17] == "000":
        raise IdentityRefused("id_number_serial")
    sex = Sex.MALE if int(number[16]) % 2 else Sex.FEMALE
    return IdNumber(number, kind, sex, birth_date, number[:6], converted)


def is_id_number(text: object, *, today: date | None = None) -> bool:
    """True when :func:`read_id_number` would accept the text."""
    try:
        read_id_number(text, today=today)
    except IdentityRefused:
        return False
    return True


def _bare(text: object) -> str:
    plain = clean(text)
    if is_scientific(plain):
        raise IdentityRefused("scientific_notation")
    bare = re.sub(r"[\s'`\u2019\-\u2010-\u2015]", "", plain).upper()
    return bare.removesuffix(".0")


def _eighteen(bare: str) -> tuple[str, bool]:
    """The 18-character form and whether it had to be converted."""
    if _OLD_SHAPE.fullmatch(bare):
        # Old serials 996-999 were kept for people over a hundred, born in the century before.
        century = "18" if bare[12:] >= "996" else "19"
        seventeen = bare[:6] + century + bare[6:]
        return seventeen + check_digit(seventeen), True
    if len(bare) != 18:
        raise IdentityRefused("id_number_length")
    if not _SHAPE.fullmatch(bare):
        raise IdentityRefused("id_number_characters")
    return bare, False


def _kind(number: str) -> IdKind:
    region = number[:6]
    if region in _PERMITS:
        return _PERMITS[region]
    if number[0] == "9" and number[1:3] in PROVINCES:
        return IdKind.FOREIGNER
    if number[:2] in PROVINCES:
        return IdKind.RESIDENT
    raise IdentityRefused("id_number_region")


def _birth_date(digits: str, today: date | None) -> date:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise IdentityRefused("id_number_birth_date") from None
    if born < EARLIEST_BIRTH:
        raise IdentityRefused("id_number_birth_date")
    if today is not None and born > today:
        raise IdentityRefused("id_number_born_later")
    return born
