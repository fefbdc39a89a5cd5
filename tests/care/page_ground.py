"""A call that may be made today, and the text of a page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from care.models import FollowUpCall
from crm.core.clocks import local_date
from crm.core.models import Branch
from tests.factories.care import FollowUpCallFactory


def call_of(branch: Branch, **fields: Any) -> FollowUpCall:
    """A call that may be made today."""
    today = local_date(timezone.now())
    return FollowUpCallFactory(**{"branch": branch, "not_before": today, "due_on": today + timedelta(days=5), **fields})


def text_of(browser: Browser, name: str, *ids: str, **query: str) -> str:
    answer = browser.get(reverse(name, args=ids), query)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()
