"""The code of the phone, asked at sign-in and before sensitive steps: counted like passwords, and good once."""

from __future__ import annotations

from typing import Any

from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.core import known_device, sign_in
from crm.core.accounts import note_failure
from crm.core.middleware import client_address
from crm.core.second_factor import claim_code


class _Counted:
    """Mixin over allauth's forms."""

    user: Any

    def clean_code(self) -> str:
        number, address = self.user.staff_number, client_address(context.request)
        device = known_device.of(context.request, number)
        try:
            sign_in.begin(number, address, device=device)
        except sign_in.TooManyAttempts as refusal:
            raise ValidationError(refusal.message, code=refusal.code) from None
        try:
            code = self._used_up(super().clean_code())  # type: ignore[misc]  # of the form this is mixed into
        except ValidationError:
            note_failure(number)
            raise
        sign_in.succeeded(number, address, device=device)
        return code

    def _used_up(self, code: str) -> str:
        if not claim_code(self.user, code):
            raise ValidationError(_("This code has been used. Wait for the next one."), code="code_used")
        return code


class CountedAuthenticateForm(_Counted, AuthenticateForm):
    pass


class CountedReauthenticateForm(_Counted, ReauthenticateForm):
    pass
