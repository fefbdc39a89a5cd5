"""Reading, checking and normalising what identifies a client: ID numbers, firm codes, phones, e-mail, names.

Everything here is pure: no query, no clock (``today`` is an argument), no log. What cannot be read raises
:class:`IdentityRefused` with a stable ``code`` and a sentence for people; doors turn it into a form error,
an API field error or a line of the reject file.
"""

from clients.identity.account import read_account_number, read_client_number
from clients.identity.firm import credit_code_check_character, is_credit_code, read_credit_code
from clients.identity.id_number import (
    PROVINCES,
    IdKind,
    IdNumber,
    Sex,
    check_digit,
    is_id_number,
    read_id_number,
)
from clients.identity.phone import Phone, PhoneKind, display_phone, in_groups, read_phone
from clients.identity.refusals import IdentityRefused
from clients.identity.text import clean, normalise_name, read_email, tail
from clients.identity.traditional import simplified

__all__ = [
    "PROVINCES",
    "IdKind",
    "IdNumber",
    "IdentityRefused",
    "Phone",
    "PhoneKind",
    "Sex",
    "check_digit",
    "clean",
    "credit_code_check_character",
    "display_phone",
    "in_groups",
    "is_credit_code",
    "is_id_number",
    "normalise_name",
    "read_account_number",
    "read_client_number",
    "read_credit_code",
    "read_email",
    "read_id_number",
    "read_phone",
    "simplified",
    "tail",
]
