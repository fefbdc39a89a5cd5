"""What tests of pages and of REST say of those who use them, and how they send what a door wants sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from rest_framework.test import APIClient

from crm.core.models import User

#: The fixtures ``staff``, ``web`` and ``api``: a member of staff in a role, his browser, his phone.
Staff = Callable[..., User]
Web = Callable[[User], Any]
Api = Callable[[User], APIClient]
HTMX = {"HX-Request": "true"}


def token(page: Any) -> str:
    """What a form sends back so that a second click does nothing new."""
    found = re.search(r'name="form_token" value="([^"]+)"', page.content.decode())
    assert found is not None
    return found[1]


def send(phone: APIClient, url: str, *, key: str = "k", version: int | None = None, **said: Any) -> Any:
    """A POST with its Idempotency-Key, and with If-Match where a version was seen."""
    headers = {"Idempotency-Key": key, **({} if version is None else {"If-Match": f'"{version}"'})}
    return phone.post(url, said, format="json", headers=headers)
