"""Keys, sealing and blind indexes for what must not be read off a stolen disk.

``CRM_FIELD_KEYS`` holds the keyring: ``id:base64,id:base64``; the first key seals, all of them open. A rotation puts a new
key in front, runs ``manage.py rotate_field_keys`` and then drops the old one (docs/operations.md).
"""

from __future__ import annotations

import base64
import hmac
import os
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_NONCE = 12
_INDEX_LENGTH = 32


class Unreadable(Exception):
    """A sealed value does not open: wrong key, wrong row, or somebody changed it."""


@dataclass(frozen=True)
class FieldKey:
    """One 256-bit key with the subkey that only blind indexes use."""

    name: str
    secret: bytes

    @property
    def cipher(self) -> AESGCM:
        return _cipher(self.secret)

    def index(self, text: str) -> str:
        return hmac.digest(_index_key(self.secret), text.encode(), "sha256").hex()[:_INDEX_LENGTH]


@lru_cache(maxsize=8)
def _cipher(secret: bytes) -> AESGCM:
    return AESGCM(secret)


@lru_cache(maxsize=8)
def _index_key(secret: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"crm blind index").derive(secret)


@lru_cache(maxsize=4)
def _parse(text: str) -> tuple[FieldKey, ...]:
    ring = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, separator, encoded = part.partition(":")
        secret = base64.b64decode(encoded) if separator else b""
        if len(secret) != 32:
            raise ImproperlyConfigured("CRM_FIELD_KEYS: each key is id:base64 of 32 bytes.")
        ring.append(FieldKey(name, secret))
    if not ring:
        raise ImproperlyConfigured("Set CRM_FIELD_KEYS in the environment.")
    return tuple(ring)


def keyring() -> tuple[FieldKey, ...]:
    """All keys, the sealing one first."""
    return _parse(settings.CRM_FIELD_KEYS)


def seal(text: str, aad: str) -> str:
    """Encrypt ``text``, bound to ``aad`` ("model:field:public id")."""
    key = keyring()[0]
    nonce = os.urandom(_NONCE)
    sealed = key.cipher.encrypt(nonce, text.encode(), aad.encode())
    return f"{key.name}:{base64.b64encode(nonce + sealed).decode()}"


def unseal(token: str, aad: str) -> str:
    """Open what ``seal`` made. Raises ``Unreadable``."""
    name, _, encoded = token.partition(":")
    for key in keyring():
        if key.name == name:
            raw = base64.b64decode(encoded)
            try:
                return key.cipher.decrypt(raw[:_NONCE], raw[_NONCE:], aad.encode()).decode()
            except InvalidTag:
                raise Unreadable("A sealed value does not belong to this row.") from None
    raise Unreadable(f"No key named {name!r} in CRM_FIELD_KEYS.")


def sealed_with_current_key(token: str) -> bool:
    """Whether a rotation has already reached this value."""
    return token.partition(":")[0] == keyring()[0].name


def _normalise(value: str) -> str:
    return unicodedata.normalize("NFKC", value).replace(" ", "").upper()


def blind_index(value: str) -> str:
    """A keyed digest that finds equal values without revealing them; "" for nothing."""
    text = _normalise(value)
    return keyring()[0].index(text) if text else ""


def blind_indexes(value: str) -> list[str]:
    """The digests of ``value`` under every key: what to look for while a rotation is under way."""
    text = _normalise(value)
    return [key.index(text) for key in keyring()] if text else []
