"""How staff sign in with allauth: by staff number, with no way to sign up."""

from __future__ import annotations

import time
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.signals import password_changed
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import ValidationError
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy

from crm.core import audit, known_device, second_factor, sign_in
from crm.core.middleware import SECOND_FACTOR_DUE, client_address
from crm.core.models import User
from crm.core.querysets.standing import signed_in


class StaffBackend(AuthenticationBackend):
    """Rights come with roles and from nowhere else, none for single persons; the asker comes with them in one query."""

    def get_user(self, user_id: Any) -> User | None:
        user = signed_in(user_id)
        return user if user is not None and self.user_can_authenticate(user) else None

    def _get_permissions(self, user_obj: Any, obj: Any, from_name: str) -> set[str]:
        if user_obj.is_superuser:
            return set(super()._get_permissions(user_obj, obj, from_name))
        if from_name == "user" or obj is not None or not user_obj.is_active or user_obj.is_anonymous:
            return set()
        return set(user_obj.rights)


class StaffAccountAdapter(DefaultAccountAdapter):
    """Closed sign-up; every attempt is counted by the one counter, every success and failure audited."""

    #: In our words: staff know a staff number, no user name.
    error_messages = {  # allauth reads it from the class
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": gettext_lazy("The staff number or the password is not right."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_reauthentication_required(self, *, app: str, **more: Any) -> bool:
        """Whoever is led from the sign-in to his second factor has typed his password a moment ago: once is enough."""
        if app == "allauth.mfa" and self.request.session.get(SECOND_FACTOR_DUE):
            proofs = get_authentication_records(self.request, self.request.user)
            if proofs and proofs[-1]["at"] > time.time() - app_settings.REAUTHENTICATION_TIMEOUT:
                return False
        return bool(super().is_reauthentication_required(app=app, **more))

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """To the first page: whoever has just chosen a password does not want to choose the next one."""
        return "/"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        number = str(credentials.get("username", ""))
        try:
            sign_in.begin(number, client_address(request), device=known_device.of(request, number))
        except sign_in.TooManyAttempts as refusal:
            raise ValidationError(refusal.message, code=refusal.code) from None

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        user: User | None = super().authenticate(request, **credentials)
        number, address = str(credentials.get("username", "")), client_address(request)
        if user is not None and one_time_password_expired(user):
            return None
        # With a second factor to come the count stays: a right password must not buy fresh guesses at the code.
        if user is not None and not second_factor.has_one(user):
            sign_in.succeeded(number, address, device=known_device.of(request, number))
        return user

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        super().authentication_failed(request, **credentials)
        note_failure(str(credentials.get("username", "")))

    def post_login(self, request: HttpRequest, user: User, **arguments: Any) -> Any:
        audit.record(user, "session.open", user)
        if second_factor.lacks(user, timezone.now()):
            request.session[SECOND_FACTOR_DUE] = True
        response = super().post_login(request, user, **arguments)
        known_device.remember(request, response, user.staff_number)
        return response


def one_time_password_expired(user: User) -> bool:
    """A password handed out by an administrator is good for a short while only."""
    return bool(user.must_change_password and user.one_time_until and user.one_time_until < timezone.now())


def note_failure(number: str) -> None:
    """Audit a failed log-in against the account that exists; an unknown number leaves only the counter."""
    user = User.objects.filter(staff_number=number).first()
    if user is not None:
        audit.record(user, "session.refused", user)


@receiver(user_logged_in)
def session_begins(request: HttpRequest, **_arguments: Any) -> None:
    """Whatever door a session came through, it knows when it began."""
    request.session["began_at"] = request.session["seen_at"] = timezone.now().timestamp()


@receiver(password_changed)
def own_password_chosen(request: HttpRequest, user: User, **_arguments: Any) -> None:
    """With a password of his own the account is open; all tokens and other sessions end."""
    from knox.models import AuthToken

    user.must_change_password, user.one_time_until = False, None
    user.credentials_changed_at = timezone.now()
    user.save(update_fields=["must_change_password", "one_time_until", "credentials_changed_at"])
    AuthToken.objects.filter(user=user).delete()
    request.session["began_at"] = timezone.now().timestamp()
    audit.record(user, "password.change", user)
