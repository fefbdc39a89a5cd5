"""Who changed what is on file about a client, on the history tab."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from clients.services import change_client
from crm.core.models import Branch, User
from tests.doors import Staff, Web
from tests.factories.clients import ClientFactory

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


def history(web: Web, user: User, client: Any) -> str:
    answer = web(user).get(f"/clients/{client.public_id}/?tab=history")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_a_change_of_a_fact_shows_what_it_was_who_changed_it_and_the_source(
    branch: Branch, staff: Staff, web: Web
) -> None:
    advisor = staff("advisor", name="林晓")
    client = ClientFactory(branch=branch, advisor=advisor, occupation="教师")
    assert "Nothing on file has been changed by hand." in history(web, advisor, client)

    change_client(client=client, values={"occupation": "律师"}, actor=advisor, now=NOW, source="client")

    text = history(web, advisor, client)
    assert "教师 → 律师" in text
    assert "林晓" in text
    assert "Nothing on file has been changed by hand." not in text


def test_a_number_that_was_changed_is_told_of_without_either_number(branch: Branch, staff: Staff, web: Web) -> None:
    advisor = staff("advisor")
    client = ClientFactory(branch=branch, advisor=advisor, phone="+8613812348000")

    change_client(client=client, values={"phone": "13987654321", "email": "new@example.org"}, actor=advisor, now=NOW)

    text = history(web, advisor, client)
    assert "Phone: another one" in text
    assert "13987654321" not in text and "13812348000" not in text and "new@example.org" not in text


def test_a_refusal_is_told(branch: Branch, staff: Staff, web: Web) -> None:
    advisor = staff("advisor")
    client = ClientFactory(branch=branch, advisor=advisor, occupation="教师")

    change_client(client=client, values={}, refused={"occupation": True}, actor=advisor, now=NOW)

    assert "refused to provide" in history(web, advisor, client)


def test_of_a_client_restricted_to_storage_no_old_value_is_shown(branch: Branch, staff: Staff, web: Web) -> None:
    officer = staff("compliance", branch=None)
    client = ClientFactory(branch=branch, occupation="教师")
    change_client(client=client, values={"occupation": "律师"}, actor=officer, now=NOW)
    assert "教师" in history(web, officer, client)

    type(client).objects.filter(pk=client.pk).update(restricted_on=NOW.date(), restriction_reason="本人要求")

    assert "教师" not in history(web, officer, client)
