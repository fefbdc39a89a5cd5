"""Numbers of accounts: of cash, credit, option, fund and securities accounts, and of the one code; numbers of clients."""

from __future__ import annotations

import re

from clients.identity.refusals import IdentityRefused
from clients.identity.text import clean, is_scientific

_NUMBER = re.compile(r"[A-Z0-9]{4,24}")


#: What a client number may hold: what a file of rows, a search box and a formula leave unharmed. Other systems put all
#: kinds of signs into theirs.
_CLIENT_NUMBER = re.compile(r"(?![=@])[^\s\"'`,;<>\\]{1,40}")


def read_client_number(text: object) -> str:
    """The storage form of a client number: full-width forms folded; no blanks, quotes, commas, semicolons or
    angle brackets, no formula, 40 characters at most.

    Raises IdentityRefused ``client_number``.
    """
    number = clean(text)
    if not _CLIENT_NUMBER.fullmatch(number):
        raise IdentityRefused("client_number")
    return number


def read_account_number(text: object) -> str:
    """The storage form of an account number: upper case, without blanks and hyphens, 4 to 24 letters and digits.

    Raises IdentityRefused ``scientific_notation`` or ``account_number``.
    """
    plain = clean(text)
    if is_scientific(plain):
        raise IdentityRefused("scientific_notation")
    number = re.sub(r"[\s'\-\u2010-\u2015]", "", plain).upper()
    if not _NUMBER.fullmatch(number):
        raise IdentityRefused("account_number")
    return number
