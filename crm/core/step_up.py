"""Whoever takes a list out has said a short while ago, once more, who he is (reliability.md F6).

In the browser the last proof in the session counts, be it the sign-in itself or a password or code given since; over REST the
password, and the code where a second factor is set up, come with the request and are counted like every other sign-in.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from allauth.account.internal.flows.login import get_authentication_records
from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from crm.core import sign_in
from crm.core.accounts import note_failure
from crm.core.clocks import local_date
from crm.core.errors import DomainError
from crm.core.policies import figures

if TYPE_CHECKING:
    from crm.core.models import User


class SignInAgain(DomainError):
    """The right alone does not do here; nobody uses an open browser or a phone that he found."""

    code = "sign_in_again"
    status = 403
    message = _("Confirm who you are once more, then send this again.")


def is_fresh(request: HttpRequest, user: User, now: datetime) -> bool:
    """Whether the session has seen a proof of who this is within ``export.sign_in_minutes`` before ``now``."""
    records = get_authentication_records(request, user)
    if not records:
        return False
    last = datetime.fromtimestamp(records[-1]["at"], tz=UTC)
    allowed = figures(local_date(now), user.branch).integer("export.sign_in_minutes")
    return now - last <= timedelta(minutes=allowed)


def again_url(back: str) -> str:
    """Where one says who one is, and then comes back."""
    return f"{reverse('account_reauthenticate')}?{urlencode({'next': back})}"


def confirm(user: User, *, password: str, otp: str, address: str, code_is_right: Callable[[User, str], bool]) -> None:
    """Hold a password (and code) given with a request against the account. Raises ``SignInAgain``, ``TooManyAttempts``."""
    sign_in.begin(user.staff_number, address)
    known = authenticate(None, username=user.staff_number, password=password)
    if known is None or known.pk != user.pk or not code_is_right(user, otp):
        note_failure(user.staff_number)
        raise SignInAgain(fields={"password": _("Staff number, password or code is not right.")})
    sign_in.succeeded(user.staff_number, address)
