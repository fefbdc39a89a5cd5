"""The second factor: of whom policy demands it, who lacks it, and that a code works once.

Policy ``sign_in.second_factor`` switches it on for the roles that the table of roles marks. A missing figure counts as
switched on: what cannot be read is not a reason to let people in more easily.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.core.clocks import local_date
from crm.core.crypto import keyring, seal, unseal
from crm.core.models import IdempotencyKey, User
from crm.core.policies import PolicyMissing, figures

#: What sealed secrets of authenticators are bound to.
AAD = "mfa.authenticator"
#: The parts of an authenticator's data that are secret.
SECRET_PARTS = ("secret", "seed")


def demanded_of(user: User, now: datetime) -> bool:
    """Whether policy demands a second factor of this member of staff."""
    if not any(role.needs_second_factor for role in user.roles):
        return False
    try:
        return figures(local_date(now), user.branch).flag("sign_in.second_factor")
    except PolicyMissing:
        return True


def has_one(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists())


def lacks(user: User, now: datetime) -> bool:
    """Demanded, and not set up."""
    return demanded_of(user, now) and not has_one(user)


def claim_code(user: User, code: str) -> bool:
    """Use a right code up; False when it has been used before, also by a request of the same moment on another process.

    A code of the phone is named by its time step, since the same six digits come again some day; a recovery code by itself.
    """
    name = _time_step(user, code) or hashlib.sha256(code.strip().lower().encode()).hexdigest()[:40]
    try:
        with transaction.atomic():
            IdempotencyKey.objects.create(user=user, key=f"otp:{name}", fingerprint="")
    except IntegrityError:
        return False
    return True


def _time_step(user: User, code: str) -> str:
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
    from allauth.mfa.utils import decrypt

    given = "".join(code.split())
    for kept in Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP):
        secret = decrypt(kept.data["secret"])
        for step in yield_hotp_counters_from_time():
            if format_hotp_value(hotp_value(secret, step)) == given:
                return f"step:{step}"
    return ""


class SealingMFAAdapter(DefaultMFAAdapter):
    """Secrets of authenticators lie sealed in the database; who needs a second factor cannot take it off."""

    error_messages = {  # allauth reads it from the class
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This code is not right. Wait for the next one and type that."),
    }

    def encrypt(self, text: str) -> str:
        return seal(text, AAD)

    def decrypt(self, encrypted_text: str) -> str:
        name = encrypted_text.partition(":")[0]
        if any(key.name == name for key in keyring()):
            return unseal(encrypted_text, AAD)
        return encrypted_text  # set up before secrets were sealed; the next rotation seals it

    def can_delete_authenticator(self, authenticator: Any) -> bool:
        return not demanded_of(authenticator.user, timezone.now())
