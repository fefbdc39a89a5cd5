"""What a tab of the client page is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise

from clients.models import Client


@dataclass(frozen=True)
class Tab:
    """One tab: shown to those who hold ``right`` (everybody who sees the client where it is empty).

    ``context`` gives what ``overview/_<key>.html`` shows for the request, the client and today.
    """

    key: str
    label: str | Promise
    context: Callable[[HttpRequest, Client, date], dict[str, Any]]
    right: str = ""
