"""Browsers in which somebody has signed in before: strangers who guess at a staff number cannot lock their owner out of them.

A signed cookie names the staff number and the browser. It opens nothing: whoever has it still needs the password, and its
guesses are counted like all others, only apart from those of strangers (reliability.md S1).
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

_SALT = "core.known_device"
_AGE = timedelta(days=90)


def _cookie() -> str:
    return f"{'__Host-' if settings.SESSION_COOKIE_SECURE else ''}device"


def of(request: HttpRequest, number: str) -> str:
    """The name of this browser if ``number`` has signed in here before; empty if not."""
    try:
        kept = signing.loads(request.COOKIES.get(_cookie(), ""), salt=_SALT, max_age=_AGE)
        known, device = kept["number"], kept["device"]
    except (signing.BadSignature, KeyError, TypeError, ValueError):
        return ""
    return str(device) if known == number.strip().lower() else ""


def remember(request: HttpRequest, response: HttpResponse, number: str) -> None:
    """Note that ``number`` has signed in here; the newest person of a shared computer takes the place of the one before."""
    device = of(request, number) or secrets.token_hex(12)
    response.set_cookie(
        _cookie(),
        signing.dumps({"number": number.strip().lower(), "device": device}, salt=_SALT),
        max_age=_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
