"""Panels of other apps on the client page: each behind its own right and its own ``visible_to``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crm.core.models import Branch, User
from tests.factories.care import FollowUpCallFactory
from tests.factories.clients import ClientFactory
from tests.factories.complaints import ComplaintFactory

Staff = Callable[..., User]
Web = Callable[[User], Any]


def test_open_complaints_and_due_calls_stand_beside_the_facts(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch)
    complaint = ComplaintFactory(client=client)
    closed = ComplaintFactory(client=client, closed=True)
    call = FollowUpCallFactory(client=client)

    text = web(staff("branch_manager")).get(f"/clients/{client.public_id}/").content.decode()

    assert complaint.number in text
    assert closed.number not in text
    assert call.get_absolute_url() in text


def test_nobody_learns_on_the_client_page_of_a_complaint_about_himself(branch: Branch, staff: Staff, web: Web) -> None:
    advisor = staff("advisor")
    client = ClientFactory(branch=branch, advisor=advisor)
    about_him = ComplaintFactory(client=client, complained_of=advisor)
    other = ComplaintFactory(client=client)

    text = web(advisor).get(f"/clients/{client.public_id}/").content.decode()

    assert about_him.number not in text
    assert other.number in text


def test_a_role_without_the_right_sees_no_panel(branch: Branch, staff: Staff, web: Web) -> None:
    agent = staff("agent")
    client = ClientFactory(branch=branch, introducer=agent)
    complaint = ComplaintFactory(client=client)

    text = web(agent).get(f"/clients/{client.public_id}/").content.decode()

    assert (complaint.number in text) == agent.has_perm("complaints.view_complaint")
