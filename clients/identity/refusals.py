"""The one error of this package: a piece of identity that cannot be accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class IdentityRefused(ValueError):
    """Text that is no ID number, firm code, phone number or e-mail address.

    ``code`` is stable (reject files, API); ``message`` is the sentence for people. The refused text itself is
    deliberately not kept: the error may end up in a log, and logs carry no identity.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def message(self) -> _StrPromise:
        """The sentence for the person who typed or imported the value."""
        return MESSAGES[self.code]


MESSAGES = {
    "scientific_notation": _("The spreadsheet turned this number into scientific notation; format the column as text."),
    "precision_lost": _("The spreadsheet cut off the last digits of this number; format the column as text."),
    "id_number_length": _("An ID number has 18 characters (15 on cards from before 1999)."),
    "id_number_characters": _("An ID number has digits only; the last character may be X."),
    "id_number_region": _("The ID number does not begin with a known region code."),
    "id_number_birth_date": _("The ID number contains a birth date that does not exist."),
    "id_number_born_later": _("The ID number contains a birth date in the future."),
    "id_number_serial": _("The ID number contains the serial number 000, which is never issued."),
    "id_number_check_digit": _("The check digit of the ID number is wrong."),
    "credit_code_length": _("A unified social credit code has 18 characters."),
    "credit_code_characters": _("The unified social credit code contains a character that is not allowed there."),
    "credit_code_check_digit": _("The check character of the unified social credit code is wrong."),
    "document_invalid": _("A passport or permit number has 5 to 20 letters and digits."),
    "phone_unreadable": _("This is not a phone number."),
    "phone_invalid": _(
        "No such number. Mobiles have 11 digits, landlines an area code, foreign numbers + and the country code."
    ),
    "phone_area_code": _("A fixed-line number needs its area code."),
    "email_invalid": _("This is not an e-mail address."),
    "client_number": _(
        "A client number has at most 40 characters, without blanks, quotes, commas, semicolons or angle brackets."
    ),
    "account_number": _("An account number has 4 to 24 letters and digits."),
}
