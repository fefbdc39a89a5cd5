"""Where a page of a list begins, in words that only we read: sealed, so that neither a key of a row nor a name leaves the house.

The same place gives the same words, so that equal pages stay equal byte for byte.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_NONCE = 12


def seal_place(place: dict[str, Any], purpose: str) -> str:
    """``place`` for an address. ``purpose`` names the kind of list; the words of one mean nothing to another."""
    text = json.dumps(place, separators=(",", ":"), sort_keys=True).encode()
    secret = _secret(settings.SECRET_KEY)
    # Of what is sealed, so that no nonce ever serves two texts.
    nonce = hmac.digest(secret, purpose.encode() + b"\0" + text, "sha256")[:_NONCE]
    return base64.urlsafe_b64encode(nonce + _cipher(secret).encrypt(nonce, text, purpose.encode())).decode().rstrip("=")


def open_place(cursor: str, purpose: str) -> dict[str, Any] | None:
    """What ``seal_place`` was given; None for anything else."""
    try:
        sealed = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (UnicodeEncodeError, binascii.Error):
        return None
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        try:
            text = _cipher(_secret(key)).decrypt(sealed[:_NONCE], sealed[_NONCE:], purpose.encode())
        except (InvalidTag, ValueError):
            continue
        place: dict[str, Any] = json.loads(text)
        return place
    return None


@lru_cache(maxsize=4)
def _secret(key: str) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"crm cursors").derive(key.encode())


@lru_cache(maxsize=4)
def _cipher(secret: bytes) -> AESGCM:
    return AESGCM(secret)
