"""Where policy says so, marked roles set up a second factor first; a code is counted like a password and works once."""

from __future__ import annotations

from datetime import date

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from django.test import Client as Browser
from django.urls import reverse
from rest_framework.test import APIClient

from crm.core import second_factor, sign_in
from crm.core.access import system_user
from crm.core.models import PolicyKey
from crm.core.rotation import rotate_second_factors
from crm.core.services.policies import set_policy
from tests.factories.core import PASSWORD, BranchFactory, UserFactory
from tests.racing import race

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def forgetful_cache():
    """Rolled-back people leave their keys behind, and allauth remembers used codes by key in the cache."""
    cache.clear()


def demand(value: bool = True) -> None:
    day = date(2020, 1, 1)
    set_policy(
        actor=system_user(), key=PolicyKey.objects.get(pk="sign_in.second_factor"), value=value, effective_from=day,
        source="s", reason="r", today=day,
    )  # fmt: skip


def set_up(user) -> None:
    TOTP.activate(user, SECRET)


def code() -> str:
    return format_hotp_value(hotp_value(SECRET, next(iter(yield_hotp_counters_from_time()))))


def sign_in_web(user) -> Browser:
    browser = Browser(headers={"accept-language": "en"})
    browser.post("/accounts/login/", {"login": user.staff_number, "password": PASSWORD})
    return browser


def token(user, **fields):
    return APIClient().post(
        "/api/v1/auth/login/", {"number": user.staff_number, "password": PASSWORD, **fields}, format="json"
    )


@pytest.mark.parametrize(
    ("role", "demanded"),
    [("branch_manager", True), ("compliance", True), ("administrator", True), ("advisor", False), ("agent", False)],
)
def test_marked_roles_are_led_to_the_set_up_before_anything_else(staff, role, demanded):
    demand()

    page = sign_in_web(staff(role)).get(reverse("core:policy_list"))

    assert page.status_code == (302 if demanded else 200)
    if demanded:
        assert page["Location"] == reverse("mfa_activate_totp")


def test_without_the_policy_nobody_is_led_anywhere(staff):
    assert sign_in_web(staff("administrator")).get(reverse("core:policy_list")).status_code == 200


def test_the_set_up_and_signing_out_stay_open_and_programs_get_a_problem(staff):
    demand()
    browser = sign_in_web(staff("compliance"))

    assert browser.get(reverse("mfa_activate_totp")).status_code in (200, 302)
    assert not browser.get(reverse("mfa_activate_totp")).headers.get("Location", "").endswith("activate/")
    answer = browser.get("/api/v1/policies/")
    assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_due")
    assert browser.post("/accounts/logout/").status_code == 302


def test_whoever_has_just_signed_in_is_not_asked_for_his_password_again_before_the_set_up(staff):
    demand()
    browser = sign_in_web(staff("compliance"))

    assert b"qr-code" in browser.get(reverse("mfa_activate_totp")).content


def test_an_open_browser_is_asked_who_sits_there_before_the_set_up(staff):
    demand()
    browser = sign_in_web(staff("compliance"))
    session = browser.session
    session["account_authentication_methods"][-1]["at"] -= 3600
    session.save()

    answer = browser.get(reverse("mfa_activate_totp"))

    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_reauthenticate"))


def test_once_it_is_set_up_the_way_is_free(staff):
    demand()
    user = staff("compliance")
    browser = sign_in_web(user)
    assert browser.get(reverse("core:policy_list")).status_code == 302

    set_up(user)

    assert browser.get(reverse("core:policy_list")).status_code == 200


def test_with_a_second_factor_the_password_alone_opens_nothing(staff):
    user = staff("compliance")
    set_up(user)
    browser = sign_in_web(user)

    assert "_auth_user_id" not in browser.session
    browser.post("/accounts/2fa/authenticate/", {"code": code()})
    assert "_auth_user_id" in browser.session


def test_a_token_asks_the_same_of_the_same_people(staff):
    user = staff("compliance")
    assert token(user).status_code == 200
    demand()
    assert token(user).status_code == 401

    set_up(user)

    assert token(user).status_code == 401
    assert token(user, otp="000000").status_code == 401
    assert token(user, otp=code()).status_code == 200


def test_a_code_works_once_on_whatever_door(staff):
    user = staff("compliance")
    set_up(user)
    now = code()
    assert token(user, otp=now).status_code == 200

    browser = sign_in_web(user)
    browser.post("/accounts/2fa/authenticate/", {"code": now})

    assert "_auth_user_id" not in browser.session


def test_a_code_works_once_also_where_no_cache_remembers_it(staff):
    user = staff("compliance")
    set_up(user)

    assert second_factor.claim_code(user, code())
    assert not second_factor.claim_code(user, code())
    assert second_factor.claim_code(staff("auditor"), code())


@pytest.mark.django_db(transaction=True)
def test_of_ten_who_use_a_code_at_the_same_moment_one_gets_in():
    user = UserFactory(branch=BranchFactory(), role="compliance")
    set_up(user)
    given = code()

    assert sum(race(10, lambda _n: second_factor.claim_code(user, given))) == 1


def test_guesses_at_the_code_are_counted_and_a_right_password_buys_no_fresh_ones(staff):
    user = staff("compliance")
    set_up(user)
    for _turn in range(sign_in.PER_ACCOUNT):
        browser = sign_in_web(user)
        browser.post("/accounts/2fa/authenticate/", {"code": "000000"})

    last = sign_in_web(user)
    last.post("/accounts/2fa/authenticate/", {"code": code()})

    assert "_auth_user_id" not in last.session
    assert token(user, otp=code()).status_code == 429


def test_after_signing_in_with_the_code_the_count_is_clear(staff):
    user = staff("compliance")
    set_up(user)
    browser = sign_in_web(user)
    browser.post("/accounts/2fa/authenticate/", {"code": code()})

    from crm.core.models import SignInCounter

    assert not SignInCounter.objects.filter(subject__startswith="number:").exists()


def test_whoever_needs_it_cannot_take_it_off(staff):
    demand()
    user, free = staff("compliance"), staff("advisor")
    for person in (user, free):
        set_up(person)
    adapter = second_factor.SealingMFAAdapter()

    assert not adapter.can_delete_authenticator(Authenticator.objects.get(user=user))
    assert adapter.can_delete_authenticator(Authenticator.objects.get(user=free))


def test_secrets_lie_sealed_and_follow_a_rotation(staff, settings):
    import base64

    user = staff("compliance")
    set_up(user)
    held = Authenticator.objects.get(user=user).data["secret"]
    assert SECRET not in held
    assert held.startswith("t1:")

    new = "t2:" + base64.b64encode(b"another key that is 32 byte long").decode()
    settings.CRM_FIELD_KEYS = f"{new},{settings.CRM_FIELD_KEYS}"
    assert rotate_second_factors() == 1
    assert rotate_second_factors() == 0
    settings.CRM_FIELD_KEYS = new

    assert token(user, otp=code()).status_code == 200


def test_secrets_from_before_they_were_sealed_still_work_and_get_sealed(staff):
    user = staff("compliance")
    Authenticator.objects.create(user=user, type="totp", data={"secret": SECRET})

    assert token(user, otp=code()).status_code == 200
    assert rotate_second_factors() == 1
    assert Authenticator.objects.get(user=user).data["secret"] != SECRET


def test_a_figure_that_cannot_be_read_counts_as_switched_on(staff, monkeypatch):
    from django.utils import timezone

    from crm.core.policies import PolicyMissing

    def missing(*_args):
        raise PolicyMissing

    monkeypatch.setattr(second_factor, "figures", missing)

    assert second_factor.demanded_of(staff("compliance"), timezone.now())
    assert not second_factor.demanded_of(staff("advisor"), timezone.now())
