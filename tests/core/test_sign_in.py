"""Wrong passwords are counted once for all doors, also when they come in parallel; nobody is locked out for good."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.utils import timezone
from rest_framework.test import APIClient

from crm.core import sign_in
from crm.core.models import AuditEntry, SignInCounter
from crm.core.step_up import is_fresh
from tests.factories.core import PASSWORD
from tests.racing import Meeting, on_postgresql, race

pytestmark = pytest.mark.django_db
ADDRESS = "203.0.113.7"


def attempts(count, number="S1", address=ADDRESS, now=None):
    refused = 0
    for _turn in range(count):
        try:
            sign_in.begin(number, address, now)
        except sign_in.TooManyAttempts:
            refused += 1
    return refused


def test_eight_wrong_passwords_are_allowed_and_then_it_takes_longer():
    assert attempts(sign_in.PER_ACCOUNT) == 0
    assert attempts(5) == 5


def test_the_block_ends_by_itself():
    now = timezone.now()
    attempts(sign_in.PER_ACCOUNT + 1, now=now)

    assert attempts(1, now=now + timedelta(seconds=30)) == 1
    assert attempts(1, now=now + sign_in.WINDOW + timedelta(minutes=31)) == 0


def test_a_right_password_clears_the_count():
    attempts(sign_in.PER_ACCOUNT)
    sign_in.succeeded("S1", ADDRESS)

    assert attempts(sign_in.PER_ACCOUNT) == 0


def test_case_and_spaces_are_the_same_account():
    attempts(4, "s1")

    assert attempts(5, " S1 ") == 1


def test_one_network_cannot_try_all_accounts():
    refused = sum(attempts(1, f"S{n}", "203.0.113.200") for n in range(sign_in.PER_NETWORK + 5))

    assert refused == 5
    assert attempts(1, "other", "203.0.113.1") == 1
    assert attempts(1, "other2", "203.0.114.1") == 0


def test_an_empty_number_blocks_nobody():
    attempts(20, "", ADDRESS)

    assert not SignInCounter.objects.filter(subject__startswith="number:").exists()


def test_an_ipv6_network_is_counted_by_its_site():
    counted = dict(sign_in.subjects("", "2001:db8:1:2::5"))

    assert list(counted) == ["net:2001:db8:1::/56"]
    assert sign_in.subjects("", "not an address") == []


def test_the_web_log_in_and_the_token_endpoint_share_the_count(staff):
    user = staff("advisor")
    browser, phone = Browser(), APIClient()
    for _turn in range(4):
        browser.post("/accounts/login/", {"login": user.staff_number, "password": "wrong"})
        phone.post("/api/v1/auth/login/", {"number": user.staff_number, "password": "wrong"})

    answer = phone.post("/api/v1/auth/login/", {"number": user.staff_number, "password": PASSWORD})

    assert answer.status_code == 429
    assert answer.json()["code"] == "too_many_attempts"
    assert "_auth_user_id" not in browser.session
    browser.post("/accounts/login/", {"login": user.staff_number, "password": PASSWORD})
    assert "_auth_user_id" not in browser.session


def test_the_desk_for_reference_data_has_no_door_of_its_own(staff):
    user = staff("administrator", is_staff=True, is_superuser=True)
    browser = Browser()

    answer = browser.post("/admin/login/", {"username": user.staff_number, "password": PASSWORD})

    assert (answer.status_code, answer.url.partition("?")[0]) == (302, "/accounts/login/")
    assert "_auth_user_id" not in browser.session


def test_known_and_unknown_numbers_get_the_same_answer(staff):
    user, phone = staff("advisor"), APIClient()

    answers = [
        phone.post("/api/v1/auth/login/", {"number": number, "password": "wrong"})
        for number in (user.staff_number, "NOBODY")
    ]

    assert answers[0].status_code == answers[1].status_code == 401
    assert answers[0].content == answers[1].content


def test_a_failed_log_in_is_on_the_trail_of_the_account_and_a_right_one_too(staff):
    user, browser = staff("advisor"), Browser()

    browser.post("/accounts/login/", {"login": user.staff_number, "password": "wrong"})
    browser.post("/accounts/login/", {"login": user.staff_number, "password": PASSWORD})

    assert list(AuditEntry.objects.filter(actor=user).order_by("pk").values_list("action", flat=True)) == [
        "session.refused",
        "session.open",
    ]


def test_nobody_signs_up(client):
    client.post("/accounts/signup/", {"username": "evil", "password1": PASSWORD})

    from crm.core.models import User

    assert not User.objects.filter(staff_number="evil").exists()


def test_a_disabled_account_gets_in_through_no_door(staff):
    user = staff("advisor", is_active=False)
    browser, phone = Browser(), APIClient()

    browser.post("/accounts/login/", {"login": user.staff_number, "password": PASSWORD})

    assert "_auth_user_id" not in browser.session
    answer = phone.post("/api/v1/auth/login/", {"number": user.staff_number, "password": PASSWORD})
    assert answer.status_code == 401


@pytest.mark.django_db(transaction=True)
def test_twenty_guesses_in_parallel_are_twenty_guesses():
    outcomes = race(20, lambda _n: sign_in.begin("S1", ADDRESS))

    assert sum(outcome is None for outcome in outcomes) == sign_in.PER_ACCOUNT
    assert SignInCounter.objects.get(pk="number:s1").failures > sign_in.PER_ACCOUNT


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_counting_without_a_lock_loses_guesses():
    """The twin: get, add one, save."""
    SignInCounter.objects.create(subject="number:s1", window_start=timezone.now())
    meeting = Meeting(6)

    def count(_number: int) -> None:
        with transaction.atomic():
            row = SignInCounter.objects.get(pk="number:s1")
            meeting.wait()
            row.failures += 1
            row.save(update_fields=["failures"])

    race(6, count)

    assert SignInCounter.objects.get(pk="number:s1").failures < 6


def web_log_in(browser, person, password):
    return browser.post("/accounts/login/", {"login": person.staff_number, "password": password})


def test_strangers_who_guess_do_not_lock_the_owner_out_of_his_own_browser(staff):
    person = staff("advisor")
    own, strange = Browser(), Browser()
    assert web_log_in(own, person, PASSWORD).status_code == 302
    own.post("/accounts/logout/")
    for _turn in range(sign_in.PER_ACCOUNT + 3):
        web_log_in(strange, person, "wrong-wrong-wrong")

    assert web_log_in(strange, person, PASSWORD).status_code == 200  # blocked, whatever is typed
    assert web_log_in(own, person, PASSWORD).status_code == 302


def test_a_known_browser_has_no_more_guesses_than_a_strange_one(staff):
    person = staff("advisor")
    own = Browser()
    web_log_in(own, person, PASSWORD)
    own.post("/accounts/logout/")
    for _turn in range(sign_in.PER_ACCOUNT + 1):
        web_log_in(own, person, "wrong-wrong-wrong")

    assert web_log_in(own, person, PASSWORD).status_code == 200


def test_the_browser_of_one_is_not_known_for_another_and_a_forged_one_for_nobody(staff):
    from django.test import RequestFactory

    from crm.core import known_device

    person, other = staff("advisor"), staff("advisor")
    own = Browser()
    web_log_in(own, person, PASSWORD)
    request = RequestFactory().get("/")
    request.COOKIES["device"] = own.cookies["device"].value

    assert known_device.of(request, person.staff_number)
    assert not known_device.of(request, other.staff_number)
    for forged in (own.cookies["device"].value[:-2], "x", "", "a:b:c"):
        request.COOKIES["device"] = forged
        assert not known_device.of(request, person.staff_number)


@pytest.mark.parametrize(
    "address",
    ["email/", "confirm-email/", "confirm-email/x/", "password/reset/", "password/reset/done/", "password/reset/key/1-x/",
     "password/reset/key/done/", "password/set/"],
)  # fmt: skip
def test_nobody_gets_a_password_by_mail_or_an_address_by_his_own_hand(staff, web, mailoutbox, address):
    person = staff("advisor", email="someone@example.com")
    for browser in (Browser(), web(person)):
        assert browser.get(f"/accounts/{address}").status_code == 404
        sent = browser.post(f"/accounts/{address}", {"email": "someone@example.com", "action_add": ""})
        assert sent.status_code == 404
    assert not mailoutbox


def test_how_long_a_proof_holds_is_counted_from_the_moment_that_is_handed_in(staff, web):
    user = staff("branch_manager")
    asked, now = web(user).get("/").wsgi_request, timezone.now()

    assert [is_fresh(asked, user, now + timedelta(minutes=later)) for later in (0, 24 * 60)] == [True, False]
