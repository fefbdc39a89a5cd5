"""Signing in over REST: one token for each device, opaque, hashed in the database, asked at each request."""

from __future__ import annotations

from typing import Any

from allauth.mfa.adapter import get_adapter as mfa_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth import authenticate
from django.contrib.auth.decorators import login_not_required
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from knox.models import AuthToken
from knox.settings import knox_settings
from rest_framework import permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm.core import audit, second_factor, sign_in
from crm.core.accounts import note_failure, one_time_password_expired
from crm.core.api.serializers import Strict
from crm.core.api.tokens import DeviceAuthentication
from crm.core.errors import DomainError
from crm.core.middleware import client_address
from crm.core.models import User


class LoginRefused(DomainError):
    """Number, password or second factor is wrong; the answer never says which."""

    code = "login_refused"
    status = 401
    message = _("Staff number, password or code is not right.")


class LoginCommand(Strict):
    number = serializers.CharField(max_length=20)
    password = serializers.CharField(max_length=128, trim_whitespace=False)
    otp = serializers.CharField(max_length=20, required=False, allow_blank=True)


class TokenAnswer(serializers.Serializer[Any]):
    token = serializers.CharField()
    expires = serializers.DateTimeField()


class Device(serializers.Serializer[Any]):
    id = serializers.CharField(source="token_key", help_text="The first characters of the token's name, not the token.")
    signed_in_at = serializers.DateTimeField(source="created")
    expires = serializers.DateTimeField(source="expiry")


class SignedIn(permissions.IsAuthenticated):
    """These routes are about the caller's own sign-in, so being signed in is the right they ask."""


@method_decorator(login_not_required, name="dispatch")  # public by nature: here one signs in
class Login(APIView):
    authentication_classes: list[Any] = []
    permission_classes = [permissions.AllowAny]

    @extend_schema(request=LoginCommand, responses={200: TokenAnswer})
    def post(self, request: Request) -> Response:
        """Exchange staff number, password and, where set up, a one-time code for a token."""
        body = LoginCommand(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        address = client_address(request._request)
        sign_in.begin(said["number"], address)
        user = authenticate(request._request, username=said["number"], password=said["password"])
        if not isinstance(user, User) or not _may_have_token(user, said.get("otp", "")):
            note_failure(said["number"])
            raise LoginRefused
        sign_in.succeeded(said["number"], address)
        kept, token = AuthToken.objects.create(user=user)
        _end_oldest(user)
        audit.record(user, "token.issue", user)
        return Response({"token": token, "expires": kept.expiry})


def _end_oldest(user: User) -> None:
    """Nobody holds more tokens than the limit: the newest stay, a phone that was lost long ago goes."""
    held = AuthToken.objects.filter(user=user).order_by("-created", "-pk")
    stays = list(held.values_list("pk", flat=True)[: knox_settings.TOKEN_LIMIT_PER_USER])
    held.exclude(pk__in=stays).delete()


def _may_have_token(user: User, otp: str) -> bool:
    if user.must_change_password or one_time_password_expired(user):
        return False
    if not mfa_adapter().is_mfa_enabled(user):
        return not second_factor.demanded_of(user, timezone.now())
    return _code_is_right(user, otp)


def second_step_is_right(user: User, otp: str) -> bool:
    """Whether the code is right, or none is needed of somebody who has set up no second factor."""
    return not mfa_adapter().is_mfa_enabled(user) or _code_is_right(user, otp)


def _code_is_right(user: User, otp: str) -> bool:
    kinds = {Authenticator.Type.TOTP: TOTP, Authenticator.Type.RECOVERY_CODES: RecoveryCodes}
    for kept in Authenticator.objects.filter(user=user, type__in=kinds):
        if otp and kinds[kept.type](kept).validate_code(otp):
            kept.record_usage()
            return second_factor.claim_code(user, otp)
    return False


@method_decorator(login_not_required, name="dispatch")  # DRF asks for the token itself
class Logout(APIView):
    authentication_classes = [DeviceAuthentication]
    permission_classes = [SignedIn]

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """End this device's token."""
        request.auth.delete()
        audit.record(request.user, "token.end", request.user)  # type: ignore[arg-type]  # signed in
        return Response(status=204)


@method_decorator(login_not_required, name="dispatch")  # DRF asks for the token itself
class Devices(APIView):
    authentication_classes = [DeviceAuthentication]
    permission_classes = [SignedIn]

    @extend_schema(responses={200: Device(many=True)})
    def get(self, request: Request) -> Response:
        """The caller's own devices."""
        rows = AuthToken.objects.filter(user=request.user).order_by("-created")
        return Response(Device(rows, many=True).data)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """End every token of the caller, this one included."""
        AuthToken.objects.filter(user=request.user).delete()
        audit.record(request.user, "token.end_all", request.user)  # type: ignore[arg-type]  # signed in
        return Response(status=204)
