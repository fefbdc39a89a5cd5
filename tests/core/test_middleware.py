"""What holds around every request: sessions end, private answers stay out of caches, refusals have a page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from crm.core import middleware
from crm.core.context import RequestFacts, request_facts
from crm.core.middleware import client_address
from crm.core.models import AuditEntry
from tests.factories.core import PASSWORD

pytestmark = pytest.mark.django_db
START = "2026-11-23T09:00:00+08:00"


@pytest.fixture
def signed_in(staff, time_machine):
    """Signed in through the door at nine o'clock."""
    time_machine.move_to(START, tick=False)
    browser = Browser(headers={"accept-language": "en"})
    browser.post("/accounts/login/", {"login": staff("advisor").staff_number, "password": PASSWORD})
    return browser


def is_in(browser) -> bool:
    return browser.get(reverse("core:profile")).status_code == 200


def test_half_an_hour_without_a_click_ends_the_session(signed_in, time_machine):
    time_machine.shift(timedelta(minutes=29))
    assert is_in(signed_in)
    time_machine.shift(timedelta(minutes=29))
    assert is_in(signed_in)
    time_machine.shift(timedelta(minutes=32))
    answer = signed_in.get(reverse("core:profile"))
    assert answer.status_code == 302
    assert "ended=1" in answer["Location"]
    assert not is_in(signed_in)


def test_twelve_hours_end_it_in_any_case(signed_in, time_machine):
    for _turn in range(24):
        time_machine.shift(timedelta(minutes=29))
        assert is_in(signed_in)
    time_machine.shift(timedelta(minutes=25))

    assert not is_in(signed_in)


def test_the_session_cookie_from_before_the_log_in_is_not_kept(staff):
    browser = Browser()
    browser.get("/accounts/login/")
    browser.cookies["sessionid"] = "a" * 32

    browser.post("/accounts/login/", {"login": staff("advisor").staff_number, "password": PASSWORD})

    assert browser.cookies["sessionid"].value != "a" * 32
    assert is_in(browser)


def test_after_signing_out_the_old_cookie_opens_nothing(signed_in):
    kept = signed_in.cookies["sessionid"].value
    signed_in.post("/accounts/logout/")
    thief = Browser()
    thief.cookies["sessionid"] = kept

    assert not is_in(thief)


def test_htmx_is_sent_to_the_log_in_as_a_whole_page_and_a_program_gets_a_problem(signed_in, time_machine):
    time_machine.shift(timedelta(hours=1))
    assert signed_in.get(reverse("core:profile"), headers={"HX-Request": "true"})["HX-Redirect"].startswith(
        "/accounts/"
    )


def test_a_program_with_a_dead_session_gets_a_problem(signed_in, time_machine):
    time_machine.shift(timedelta(hours=1))

    answer = signed_in.get("/api/v1/policies/")

    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert answer.json()["code"] == "session_ended"
    assert "sign in again" in answer.json()["detail"]


def test_reading_writes_the_last_click_at_most_once_a_minute(signed_in, time_machine, cost_of):
    url = reverse("core:profile")
    signed_in.get(url)
    quiet = cost_of(lambda: signed_in.get(url))
    time_machine.shift(timedelta(minutes=2))
    noting = cost_of(lambda: signed_in.get(url))

    assert cost_of(lambda: signed_in.get(url)) == quiet
    assert noting > quiet


def test_private_answers_are_kept_by_no_cache(signed_in):
    answer = signed_in.get(reverse("core:policy_list"))

    assert "no-store" in answer["Cache-Control"]
    assert "private" in answer["Cache-Control"]


@pytest.mark.parametrize(
    "path", ["/", "/no/such/page/", "/accounts/login/", "/healthz", "/settings/", "/api/v1/policies/"]
)
def test_every_answer_carries_the_rules_for_browsers(client, path):
    answer = client.get(path)

    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"


def test_the_trail_knows_request_and_address(signed_in):
    entry = AuditEntry.objects.get(action="session.open")

    assert entry.address == "127.0.0.1"
    assert len(entry.request_id) >= 32
    assert request_facts() == RequestFacts()


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "1.2.3.4", "9.9.9.9"), (1, "1.2.3.4", "1.2.3.4"), (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (2, "6.6.6.6, 1.2.3.4, 5.5.5.5", "1.2.3.4"), (2, "1.2.3.4", "9.9.9.9"), (1, "", "9.9.9.9"),
    ],
)  # fmt: skip
def test_forwarded_addresses_count_only_behind_as_many_proxies_as_settings_name(settings, proxies, forwarded, address):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": proxies}
    request = RequestFactory().get("/", REMOTE_ADDR="9.9.9.9", HTTP_X_FORWARDED_FOR=forwarded)

    assert client_address(request) == address


def test_a_refusal_that_no_form_has_caught_has_a_page_and_its_own_status(web, staff, branch):
    from crm.core.models import JobRun

    run = JobRun.objects.create(kind="t", actor=staff("advisor"), branch=branch)

    answer = web(staff("front_desk")).post(reverse("core:job_cancel", args=[run.public_id]))

    assert answer.status_code == 403
    assert "You do not have the right" in answer.content.decode()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/staff/%00/", 404), ("/audit/a%00b/", 404), ("/jobs/%00/", 404), ("/attachments/%00/", 404),
        ("/settings/policies/%00/", 404), ("/settings/policies/?place=%00", 400), ("/audit/?client=%00", 400),
        ("/api/v1/policies/%00/", 404), ("/api/v1/policies/?cursor=%00", 400),
    ],
)  # fmt: skip
def test_an_address_with_a_nul_is_no_fault_of_ours(web, staff, path, status):
    assert web(staff("compliance")).get(path).status_code == status


# -- language ----------------------------------------------------------------------------------------------------------


def test_the_users_own_language_wins_over_the_browsers(web, staff):
    browser = web(staff("advisor", language="zh-hans"))

    assert 'lang="zh-hans"' in browser.get(reverse("core:profile")).content.decode()


def test_the_switch_becomes_the_choice_of_whoever_is_signed_in(web, staff):
    user = staff("advisor", language="zh-hans")
    browser = web(user)

    answer = browser.post("/i18n/setlang/", {"language": "en", "next": "/profile/"})

    user.refresh_from_db()
    assert (answer.status_code, answer["Location"], user.language) == (302, "/profile/", "en")
    assert 'lang="en"' in browser.get(reverse("core:profile")).content.decode()


@pytest.mark.parametrize("language", ["xx", "", "zh-hans\x00"])
def test_a_language_we_do_not_speak_changes_nothing(web, staff, language):
    user = staff("advisor", language="en")

    web(user).post("/i18n/setlang/", {"language": language, "next": "/profile/"})

    user.refresh_from_db()
    assert user.language == "en"


def test_the_switch_leads_nowhere_outside(client):
    answer = client.post("/i18n/setlang/", {"language": "en", "next": "https://evil.example/"})

    assert "evil" not in answer["Location"]


def test_visitors_switch_without_a_log_in(client):
    assert client.post("/i18n/setlang/", {"language": "en", "next": "/accounts/login/"}).status_code == 302


# -- one's own page ----------------------------------------------------------------------------------------------------


def test_language_and_colours_are_saved_and_signed(web, staff):
    user = staff("advisor")

    answer = web(user).post(
        reverse("core:profile"), {"form_token": "t", "language": "en", "market_colours": "green-up"}
    )

    user.refresh_from_db()
    assert (answer.status_code, user.language, user.market_colours) == (302, "en", "green-up")
    assert AuditEntry.objects.get(action="profile.change").after == {"language": "en", "market_colours": "green-up"}


def test_a_device_is_signed_out_by_its_owner_and_nobody_else(web, staff, api):
    from knox.models import AuthToken

    user = staff("advisor")
    phone = api(user)
    key = AuthToken.objects.get(user=user).token_key

    assert web(staff("advisor")).post(reverse("core:device_end", args=[key])).status_code == 404
    assert phone.get("/api/v1/auth/devices/").status_code == 200
    assert web(user).post(reverse("core:device_end", args=[key])).status_code == 302
    assert phone.get("/api/v1/auth/devices/").status_code == 401


def test_the_address_of_a_command_opened_like_a_page_has_a_page(web, staff):
    answer = web(staff("administrator")).get(reverse("core:device_end", args=["nothing"]))
    program = web(staff("administrator")).put("/api/v1/docs/", headers={"accept": "application/json"})

    assert answer.status_code == 405
    assert answer["Allow"] == "POST"
    assert "<h1>This address only takes a form</h1>" in answer.content.decode()
    assert "method_not_allowed" not in answer.content.decode() and "what you typed" not in answer.content.decode()
    assert b"<h1>" not in program.content


def test_idle_and_absolute_ends_are_those_of_the_policy_for_sessions():
    assert (timedelta(minutes=30), timedelta(hours=12)) == (middleware.IDLE, middleware.ABSOLUTE)
    assert timezone.now()
