"""The token of a device: proven at each request, useless once it has run out or its owner may not sign in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from crm.core.api.tokens import forget_tokens
from crm.core.models import User

pytestmark = pytest.mark.django_db


def phone_of(user: User, token: str = "") -> tuple[AuthToken, APIClient]:
    kept, made = AuthToken.objects.create(user=user)
    phone = APIClient()
    phone.credentials(HTTP_AUTHORIZATION=f"Token {token or made}")
    return kept, phone


def test_who_asks_and_what_he_may_come_in_two_statements(staff: Callable[..., User]) -> None:
    _kept, phone = phone_of(staff("branch_manager"))
    phone.get("/api/v1/clients/")

    with CaptureQueriesContext(connection) as seen:
        assert phone.get("/api/v1/clients/").status_code == 200

    asked = [one["sql"] for one in seen]
    assert "knox_authtoken" in asked[0]
    assert "standing_rights" in asked[1]
    assert not any("knox_authtoken" in sql or "FROM core_user" in sql for sql in asked[2:])


@pytest.mark.parametrize("token", ["0" * 64, "short", "ä" * 64, "g" * 64])
def test_a_made_up_token_opens_nothing(staff: Callable[..., User], token: str) -> None:
    _kept, phone = phone_of(staff("branch_manager"), token)

    assert phone.get("/api/v1/clients/").status_code == 401


def test_the_right_beginning_is_not_enough(staff: Callable[..., User]) -> None:
    kept, _phone = phone_of(staff("branch_manager"))
    _other, phone = phone_of(staff("advisor"), kept.token_key + "0" * (64 - len(kept.token_key)))

    assert phone.get("/api/v1/clients/").status_code == 401


def test_a_token_that_has_run_out_opens_nothing_and_goes_with_the_sweep(staff: Callable[..., User]) -> None:
    kept, phone = phone_of(staff("branch_manager"))
    fresh, _phone = phone_of(staff("advisor"))
    AuthToken.objects.filter(pk=kept.pk).update(expiry=timezone.now() - timedelta(seconds=1))

    assert phone.get("/api/v1/clients/").status_code == 401
    assert AuthToken.objects.count() == 2
    assert forget_tokens(timezone.now()) == 1
    assert list(AuthToken.objects.all()) == [fresh]


def test_the_token_of_somebody_who_has_left_opens_nothing(staff: Callable[..., User]) -> None:
    user = staff("branch_manager")
    _kept, phone = phone_of(user)
    User.objects.filter(pk=user.pk).update(is_active=False)

    assert phone.get("/api/v1/clients/").status_code == 401
