"""What the trail is asked for by people: a client by number or name, an action by its words, never a false all-clear."""

from __future__ import annotations

import pytest
from django.urls import reverse

from crm.core import audit
from tests.factories.clients import ClientFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor(web, staff):
    return web(staff("auditor"))


@pytest.fixture
def looked_at(branch, staff):
    client = ClientFactory(branch=branch, external_id="10001336", name="孙玉玲")
    audit.record_read(staff("advisor"), "client.view", client, client=client.public_id)
    return client


def asked(browser, **query):
    page = browser.get(reverse("core:audit_list"), query)
    assert page.status_code == 200
    return page, [entry.action for entry in page.context["page"]]


@pytest.mark.parametrize("text", ["10001336", "孙玉玲"])
def test_who_looked_at_a_client_is_asked_by_number_or_name(auditor, looked_at, text):
    page, actions = asked(auditor, client=text)

    assert actions == ["client.view"]
    assert "孙玉玲 10001336" in page.content.decode()


@pytest.mark.parametrize("text", ["孙玉", "99999999", "01JABCDEFGHJKMNPQRSTVWXYZ0"])
def test_a_client_nobody_knows_is_said_to_be_unknown_instead_of_unseen(auditor, looked_at, text):
    page, actions = asked(auditor, client=text)

    words = page.content.decode()
    assert actions == []
    assert page.context["filter"].form.errors["client"]
    assert "You see no client with this number, name or public id." in words
    assert "Who looked at this client" not in words
    assert "No entry matches" not in words


def test_a_name_that_two_clients_bear_offers_both(auditor, looked_at, other_branch):
    other = ClientFactory(branch=other_branch, external_id="20002", name="孙玉玲")
    page, actions = asked(auditor, client="孙玉玲", reads="yes")

    assert actions == []
    words = page.content.decode()
    assert "No entry matches" not in words
    for client in (looked_at, other):
        assert f"client={client.public_id}" in words
        assert client.external_id in words


def test_who_sees_only_his_branch_finds_no_client_of_another_by_name(web, staff, looked_at, other_branch):
    page, actions = asked(web(staff("branch_manager", branch=other_branch)), client="孙玉玲")

    assert actions == []
    assert page.context["filter"].form.errors["client"]


def test_an_action_is_asked_by_the_word_that_the_table_shows(auditor, staff):
    person = staff("advisor")
    audit.record(person, "session.open", person)
    audit.record(person, "session.refused", person)

    assert asked(auditor, action="signed in")[1] == ["session.open"]
    page, actions = asked(auditor, action="flew away")
    assert actions == []
    assert page.context["filter"].form.errors["action"]
    assert "No entry matches" not in page.content.decode()


def test_unknown_people_and_kinds_are_said_to_be_unknown(auditor, staff):
    person = staff("advisor", name="周一")
    audit.record(person, "staff.change", person)

    assert asked(auditor, actor="周一", kind="member of staff")[1] == ["staff.change"]
    assert asked(auditor, actor="周二")[0].context["filter"].form.errors["actor"]
    assert asked(auditor, kind="ship")[0].context["filter"].form.errors["kind"]


def test_a_question_that_was_not_understood_takes_nothing_out(auditor, looked_at):
    answer = auditor.post(f"{reverse('core:audit_export')}?client=99999999", {"form_token": "t", "reason": "yearly"})

    assert answer.status_code == 400
    assert "You see no client" in answer.content.decode()


def test_the_list_names_the_client_to_whoever_may_see_him(auditor, web, staff, looked_at):
    assert "孙玉玲" in auditor.get(reverse("core:audit_list"), {"action": "client.view"}).content.decode()


def test_an_entry_is_told_in_words_with_the_client_by_name_and_number(auditor, branch, staff):
    client = ClientFactory(branch=branch, external_id="10001336", name="孙玉玲")
    entry = audit.record(
        staff("advisor"), "client.change", client, client=client,
        before={"status": "active", "do_not_contact": False}, after={"status": "closed", "do_not_contact": True},
    )  # fmt: skip

    text = auditor.get(reverse("core:audit_detail", args=[entry.public_id])).content.decode()

    facts, _middle, table = text.partition("What changed")
    assert 'href="' + client.get_absolute_url() in facts
    assert "孙玉玲" in facts and "10001336" in facts
    assert f">{client.public_id}<" not in facts.partition("<dt>Client</dt>")[2].partition("</dd>")[0]
    assert "<dd>Client changed" in facts
    assert "<td>Status</td>" in table and "<td>Active</td><td>Closed</td>" in table
    assert "<td>No</td><td>Yes</td>" in table


def test_a_client_out_of_sight_is_not_named_in_an_entry(web, staff, branch, other_branch):
    client = ClientFactory(branch=other_branch, name="孙玉玲")
    manager = staff("branch_manager")
    entry = audit.record(manager, "session.open", manager, client=client.public_id)

    text = web(manager).get(reverse("core:audit_detail", args=[entry.public_id])).content.decode()

    assert "孙玉玲" not in text
    assert client.public_id in text
