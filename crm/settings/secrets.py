"""Keys that the embedded default makes once and keeps beside its data, readable by the owner alone."""

import base64
import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path


def kept(path: Path, make: Callable[[], str]) -> str:
    """The text kept in *path*; made on first use.

    Several processes may start at once: each writes its own candidate, and linking it into place succeeds for exactly
    one of them, so that all read the same, complete key.
    """
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    candidate = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(candidate, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(make() + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(candidate, path)
    finally:
        candidate.unlink()
    return path.read_text().strip()


def kept_secret_key(path: Path) -> str:
    """Django's SECRET_KEY of this installation."""
    return kept(path, lambda: secrets.token_urlsafe(50))


def kept_field_keys(path: Path) -> str:
    """The keyring for encrypted fields, as ``id:base64`` of 32 bytes; without it sealed values are lost."""
    return kept(path, lambda: f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}")
