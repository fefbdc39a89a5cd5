"""Unified social credit codes of firms and institutions (GB 32100-2015)."""

from __future__ import annotations

import re

from clients.identity.refusals import IdentityRefused
from clients.identity.text import clean, is_scientific

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def read_credit_code(text: object) -> str:
    """The storage form of a credit code: 18 characters, upper case, without separators.

    Raises IdentityRefused ``credit_code_length``, ``credit_code_characters`` or ``credit_code_check_digit``.
    """
    # Firms are few beside private clients: processes that never see one do not load the checker.
    from stdnum.cn import uscc

    plain = clean(text)
    if is_scientific(plain):
        raise IdentityRefused("scientific_notation")
    code = re.sub(r"[\s'\-\u2010-\u2015]", "", plain).upper()
    try:
        return str(uscc.validate(code))
    except uscc.InvalidLength:
        raise IdentityRefused("credit_code_length") from None
    except uscc.InvalidChecksum:
        raise IdentityRefused("credit_code_check_digit") from None
    except uscc.ValidationError:
        raise IdentityRefused("credit_code_characters") from None


def is_credit_code(text: object) -> bool:
    """True when :func:`read_credit_code` would accept the text."""
    try:
        read_credit_code(text)
    except IdentityRefused:
        return False
    return True


def credit_code_check_character(first_seventeen: str) -> str:
    """The 18th character for the first 17 (MOD 31, weights 3^n)."""
    total = sum(ALPHABET.index(c) * pow(3, place, 31) for place, c in enumerate(first_seventeen))
    return ALPHABET[-total % 31]
