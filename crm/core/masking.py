"""How private values look to those who need not read them. One place for pages, API, exports and messages.

Forms follow JR/T 0171-2020 annex A as the house understands it (regulation.md §6.1).
"""

from __future__ import annotations

import re

STARS = "****"


def mask_name(name: str) -> str:
    """张三丰 → 张**; Ada Lovelace → A***."""
    text = (name or "").strip()
    if not text:
        return ""
    if text[0].isascii():
        return f"{text[0]}***"
    return text[0] + "*" * max(1, min(len(text) - 1, 3))


#: Country codes of two digits (ITU-T E.164); those of one begin with 1 or 7, all others have three.
_CODES_OF_TWO = frozenset(
    (
        20,
        27,
        *range(30, 35),
        36,
        39,
        40,
        41,
        *range(43, 50),
        *range(51, 59),
        *range(60, 67),
        81,
        82,
        84,
        86,
        *range(90, 96),
        98,
    )
)
_MAINLAND = "86"
#: So many digits at least stay hidden, as of a mainland mobile.
_HIDDEN = 4


def mask_phone(phone: str) -> str:
    """13812348000 → 138****8000, +852 9123 4567 → +852****4567; short numbers keep their last two digits."""
    text = phone or ""
    digits = "".join(c for c in text if c.isdecimal())  # to Python, “²” is a digit, too
    if not digits:
        return ""
    if len(digits) < 9:
        return STARS + digits[-2:]
    if not text.lstrip().startswith("+"):
        return f"{digits[-11:][:3]}{STARS}{digits[-4:]}"
    code = _country_code(digits)
    own = digits.removeprefix(code)
    if code != _MAINLAND:
        return f"+{code}{STARS}{own[max(_HIDDEN, len(own) - 4) :]}"
    if not ((own[0] == "1" and len(own) == 11) or own.startswith(("400", "800"))):
        own = f"0{own}"  # the area code of a fixed line
    return f"{own[:3]}{STARS}{own[max(3 + _HIDDEN, len(own) - 4) :]}"


def _country_code(digits: str) -> str:
    length = 1 if digits[0] in "17" else 2 if int(digits[:2]) in _CODES_OF_TWO else 3
    return digits[:length]


def mask_id_number(number: str) -> str:
    """110101199003074518 → 110***********4518."""
    text = (number or "").strip()
    return f"{text[:3]}{'*' * max(4, len(text) - 7)}{text[-4:]}" if len(text) >= 12 else (STARS if text else "")


def mask_account(number: str) -> str:
    """Only the last four digits of an account remain."""
    text = (number or "").strip()
    return f"{STARS}{text[-4:]}" if len(text) > 4 else (STARS if text else "")


def mask_email(address: str) -> str:
    """ada@example.com → a***@example.com."""
    local, at, domain = (address or "").partition("@")
    return f"{local[:1]}***@{domain}" if at else (STARS if address else "")


#: Down to the district, else the city, else the province; a housing estate (小区) or a campus is no district.
_PLACES = tuple(
    re.compile(pattern)
    for pattern in (r"^.{0,12}?(?<![小社园校厂片])[区县旗]", r"^.{1,8}?(?<!超)市", r"^.{1,7}?(?:省|自治区)")
)


def mask_address(address: str) -> str:
    """An address down to its district, no further: 上海市浦东新区世纪大道100号 → 上海市浦东新区****."""
    text = (address or "").strip()
    for place in _PLACES:
        found = place.match(text)
        if found and found.end() < len(text):
            return found.group() + STARS
    return STARS if text else ""


#: Names under which templates, serializers and exports ask for a mask.
MASKS = {
    "name": mask_name,
    "phone": mask_phone,
    "id_number": mask_id_number,
    "account": mask_account,
    "email": mask_email,
    "address": mask_address,
}
