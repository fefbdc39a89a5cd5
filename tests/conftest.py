"""What every test may ask for: people of each role in two branches, a browser session, a token, the cost of a request."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
)
from allauth.account.internal.userkit import user_id_to_str
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from rest_framework.test import APIClient

from crm.core.looks import notes
from crm.core.models import Branch, User
from crm.core.policies import Figures
from crm.core.policies import figures as figures_on
from tests.factories.core import BranchFactory, UserFactory

ROOT = Path(__file__).resolve().parents[1]

# How long an example takes says something about the machine, not about the rule.
hypothesis.settings.register_profile("product", deadline=None)
hypothesis.settings.load_profile("product")


@pytest.fixture(autouse=True, scope="module")
def own_language() -> None:
    """A request leaves its language behind in the thread: each file of tests begins in the product's own."""
    translation.deactivate()


@pytest.fixture(autouse=True)
def nobody_has_looked() -> None:
    """Looks that a process has noted belong to people of another test's database."""
    notes.forget()


@pytest.fixture
def branch(db: None) -> Branch:
    return BranchFactory(code="SH01", name="上海示范营业部")


@pytest.fixture
def other_branch(branch: Branch) -> Branch:
    return BranchFactory(code="BJ01", name="北京示范营业部", company=branch.company)


@pytest.fixture
def staff(branch: Branch) -> Callable[..., User]:
    """``staff("advisor")``: a member of staff of the branch; ``branch=`` names another place."""

    def make(role: str, **fields: Any) -> User:
        fields.setdefault("branch", branch)
        return UserFactory(role=role, **fields)

    return make


def record_sign_in(session: Any, user: User, at: float | None = None) -> None:
    """What a sign-in by the form leaves in the session."""
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "password", "at": at or time.time()}]
    session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = user_id_to_str(user)


@pytest.fixture
def web() -> Callable[[User], Browser]:
    """A browser in which the member of staff is signed in."""

    def sign_in(user: User) -> Browser:
        browser = Browser(headers={"accept-language": "en"})
        browser.force_login(user)
        session = browser.session
        record_sign_in(session, user)
        session.save()
        return browser

    return sign_in


@pytest.fixture
def api() -> Callable[[User], APIClient]:
    """A phone that holds a token of the member of staff."""
    from knox.models import AuthToken

    def sign_in(user: User) -> APIClient:
        _kept, token = AuthToken.objects.create(user=user)
        phone = APIClient(headers={"accept-language": "en"})
        phone.credentials(HTTP_AUTHORIZATION=f"Token {token}")
        return phone

    return sign_in


@pytest.fixture
def cost_of() -> Callable[[Callable[[], Any]], int]:
    """How many statements a call costs."""

    def count(call: Callable[[], Any]) -> int:
        with CaptureQueriesContext(connection) as seen:
            call()
        return len(seen)

    return count


@pytest.fixture
def figures(db: None) -> Figures:
    """The figures that the product brings, as of an ordinary day."""
    return figures_on(date(2026, 6, 1))


@pytest.fixture(scope="session")
def shared_data() -> Iterator[Path]:
    """Real files that nobody here wrote; only where they lie beside the project."""
    place = ROOT.parent / "shared" / "data"
    if not place.is_dir():
        pytest.skip("the folder shared/data is not beside the project")
    yield place
