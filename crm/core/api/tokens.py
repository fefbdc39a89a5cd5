"""Who asks over REST, by the token of the device: found by the start of the token, proven by its digest, in two statements."""

from __future__ import annotations

from datetime import datetime
from secrets import compare_digest
from typing import Any

from django.utils import timezone
from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from knox.models import AuthToken
from knox.settings import CONSTANTS
from rest_framework.exceptions import AuthenticationFailed

from crm.core.jobs import due
from crm.core.modules import demand
from crm.core.querysets.standing import signed_in


class DeviceAuthentication(TokenAuthentication):
    """As knox does it, but who asks comes with roles and rights, as for a page, and a request deletes nothing."""

    def authenticate(self, request: Any) -> tuple[Any, AuthToken] | None:
        """Raises ``ModuleOff`` where the branch of whoever asks leaves this part out; by session the middleware does."""
        found: tuple[Any, AuthToken] | None = super().authenticate(request)
        if found is not None and request.resolver_match is not None:
            demand(found[0], request.resolver_match.view_name)
        return found

    def authenticate_credentials(self, token: bytes) -> tuple[Any, AuthToken]:
        """Raises ``AuthenticationFailed`` for a token that is unknown, has run out, or whose owner may not sign in."""
        try:
            said = token.decode("ascii")
            digest = hash_token(said)
        except (UnicodeDecodeError, ValueError, TypeError):
            raise AuthenticationFailed from None
        rows = AuthToken.objects.filter(token_key=said[: CONSTANTS.TOKEN_KEY_LENGTH], expiry__gt=timezone.now())
        kept = next((row for row in rows if compare_digest(digest, row.digest)), None)
        user = signed_in(kept.user_id) if kept is not None else None
        if kept is None or user is None or not user.is_active:
            raise AuthenticationFailed
        kept.user = user
        return user, kept


@due("core.forget_tokens")
def forget_tokens(now: datetime) -> int:
    """Tokens that have run out are of no use to anybody."""
    gone, _kinds = AuthToken.objects.filter(expiry__lte=now).delete()
    return int(gone)


class DeviceScheme(KnoxTokenScheme):
    """The description stays as it was."""

    target_class = "crm.core.api.tokens.DeviceAuthentication"
