"""Names, e-mail addresses and tails; the cleaning that every reader of this package starts with."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from clients.identity.refusals import IdentityRefused

MIDDLE_DOT = "\u00b7"

# Every dot that keyboards and old systems put between the parts of a Uyghur, Kazakh or Tibetan name.
_DOTS = re.compile("\\s*[\u00b7\u2022\u2027\u2219\u22c5\u25cf\u30fb\u2024\u0387]\\s*")
# Full stops only between letters that are no Latin initials: "J. Smith" keeps its stop.
_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HAN_STOP = re.compile(f"(?<=[{_HAN}])\\s*\\.\\s*(?=[{_HAN}])")
_HAN_GAP = re.compile(f"(?<=[{_HAN}{MIDDLE_DOT}])\\s+(?=[{_HAN}{MIDDLE_DOT}])")
_SCIENTIFIC = re.compile(r"[+-]?\d(?:\.\d+)?E\+?\d{1,3}", re.IGNORECASE)


def clean(text: object) -> str:
    """One line of NFKC text: full-width forms folded, invisible characters dropped, blanks collapsed."""
    folded = unicodedata.normalize("NFKC", "" if text is None else str(text))
    if folded.isprintable():
        return " ".join(folded.split())
    # Cf are zero-width marks and the BOM, Cc tabs and line ends from copied cells.
    kept = "".join(" " if unicodedata.category(c) == "Cc" else c for c in folded if unicodedata.category(c) != "Cf")
    return " ".join(kept.split())


def is_scientific(text: str) -> bool:
    """True for "1.38E+10": a spreadsheet showed a long number as a float and digits are gone."""
    return _SCIENTIFIC.fullmatch(text) is not None


def normalise_name(text: object) -> str:
    """The storage form of a person's or firm's name; refuses nothing, "" stays "".

    Blanks between Chinese characters go ("张　伟" is typesetting, not a name of three characters), Latin words
    keep one blank, and every kind of dot inside a Chinese name becomes the middle dot U+00B7.
    """
    return _normal_name("" if text is None else str(text))


@lru_cache(maxsize=8192)  # an import asks four times for each name: to store, to spell and to search it
def _normal_name(text: str) -> str:
    name = clean(text)
    name = _DOTS.sub(MIDDLE_DOT, name)
    name = _HAN_STOP.sub(MIDDLE_DOT, name)
    return _HAN_GAP.sub("", name).strip(MIDDLE_DOT + " ")


def read_email(text: object) -> str:
    """The storage form of an e-mail address, wholly lower case so that one mailbox is found once.

    Raises IdentityRefused ``email_invalid``.
    """
    address = clean(text).lower()
    try:
        validate_email(address)
    except ValidationError:
        raise IdentityRefused("email_invalid") from None
    return address


def tail(text: object, length: int = 4) -> str:
    """The last characters of a phone, ID or account number, for the search columns.

    Separators are skipped and X is upper case. Shorter than ``length`` gives "": a tail that is the whole
    number would show it.
    """
    bare = re.sub(r"[^0-9A-Z]", "", clean(text).upper())
    return bare[-length:] if len(bare) > length else ""
