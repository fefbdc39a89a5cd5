"""What a password has to be, said in our own words: the framework's catalogue lacks one of the sentences in Chinese."""

from __future__ import annotations

from django.contrib.auth import password_validation
from django.utils.translation import ngettext


class MinimumLength(password_validation.MinimumLengthValidator):
    """So many characters at least."""

    def get_error_message(self) -> str:
        return ngettext(
            "The password is too short: it needs at least %(length)d character.",
            "The password is too short: it needs at least %(length)d characters.",
            self.min_length,
        ) % {"length": self.min_length}
