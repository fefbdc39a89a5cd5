"""The page behind a survey link: open to whoever holds it, once, and looking at it leaves no trace."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from care.models import SurveyAnswer, SurveyInvitation
from crm.core.models import Branch
from crm.logs import redact
from tests.factories.care import SurveyInvitationFactory

GOOD = {"satisfaction": "4", "recommendation": "9", "comment": "谢谢"}


@pytest.fixture
def open_link(branch: Branch) -> str:
    SurveyInvitationFactory(branch=branch, token="tok", expires_at=timezone.now() + timedelta(days=3))
    return "/s/tok/"


def test_who_holds_the_link_answers_without_signing_in(client: Browser, open_link: str) -> None:
    assert client.get(open_link).status_code == 200

    thanks = client.post(open_link, GOOD)

    assert thanks.status_code == 200
    answer = SurveyAnswer.objects.get()
    assert (answer.satisfaction, answer.recommendation, answer.comment) == (4, 9, "谢谢")
    assert client.get(open_link).status_code == 410
    assert client.post(open_link, GOOD).status_code == 410


@pytest.mark.parametrize(("language", "words"), [("zh-CN", "zh-hans"), ("en-GB", "How did we do?")])
def test_the_page_speaks_the_language_of_the_browser(
    client: Browser, open_link: str, language: str, words: str
) -> None:
    assert words in client.get(open_link, headers={"accept-language": language}).content.decode()


def test_ten_previews_write_nothing_and_use_nothing_up(client: Browser, open_link: str) -> None:
    with CaptureQueriesContext(connection) as seen:
        for _preview in range(5):
            client.get(open_link)
            client.head(open_link)

    assert [q["sql"] for q in seen if not q["sql"].lstrip().upper().startswith("SELECT")] == []
    assert SurveyInvitation.objects.get().state == "invited"
    assert not [name for name in client.cookies if "session" in name]


def test_search_engines_caches_and_other_hosts_learn_nothing(client: Browser, open_link: str) -> None:
    answer = client.get(open_link)

    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert answer["Referrer-Policy"] == "same-origin"
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"satisfaction": "6", "recommendation": "9"},
        {"satisfaction": "4"},
        {"satisfaction": "4", "recommendation": "-1"},
        {"satisfaction": "x", "recommendation": "9"},
        {"satisfaction": "4", "recommendation": "9", "comment": "x" * 1001},
        {"satisfaction": "4", "recommendation": "9", "comment": "a\x00b"},
    ],
)
def test_a_wrong_answer_is_explained_and_leaves_the_link_open(
    client: Browser, open_link: str, said: dict[str, str]
) -> None:
    answer = client.post(open_link, said)

    assert answer.status_code == 400
    assert "form-error" in answer.content.decode()
    assert not SurveyAnswer.objects.exists()


def test_a_link_that_ran_out_and_one_that_never_was_look_alike(client: Browser, branch: Branch) -> None:
    SurveyInvitationFactory(branch=branch, token="old", expires_at=timezone.now() - timedelta(seconds=1))

    old, never = client.get("/s/old/"), client.get("/s/new/")

    assert (old.status_code, never.status_code) == (410, 410)
    bare = [re.sub(r"/s/\w+/|\w{64}", "", page.content.decode()) for page in (old, never)]
    assert bare[0] == bare[1]


def test_a_form_from_elsewhere_is_not_taken(open_link: str) -> None:
    browser = Browser(enforce_csrf_checks=True)

    assert browser.post(open_link, GOOD).status_code == 403
    assert not SurveyAnswer.objects.exists()


def test_the_logs_keep_the_address_and_not_the_key() -> None:
    assert redact(None, "info", {"request": "GET /s/AbC_12-xyz/"})["request"] == "GET /s/[hidden]/"
