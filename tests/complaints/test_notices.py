"""What a complainant is told on the way, and what he is not."""

from __future__ import annotations

import pytest

from complaints.models import Complaint
from crm.core.models import Outbound
from tests.factories.clients import ClientFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("action", ["accept", "refuse", "transfer"])
def test_a_decision_is_told_once_by_the_way_we_know(heard, walk, branch, action):
    client = ClientFactory(branch=branch, phone="13812348000", email="a@example.com")

    complaint = walk(heard(client=client), action)

    message = Outbound.objects.get()
    assert (message.purpose, message.channel, message.client_ref) == (f"complaint.{action}", "email", client.public_id)
    assert complaint.number in message.body


def test_a_client_who_wants_no_calls_still_hears_of_his_own_complaint(heard, walk, branch):
    client = ClientFactory(branch=branch, phone="13812348000", do_not_contact=True, do_not_contact_reason="客户要求")

    walk(heard(client=client), "accept")

    assert Outbound.objects.get().channel == "sms"


def test_without_an_address_and_for_steps_inside_the_house_nothing_goes_out(heard, walk, branch):
    walk(heard(client=ClientFactory(branch=branch)), "accept", "note", "propose")

    assert not Outbound.objects.exists()


def test_who_only_looks_into_the_admin_changes_nothing_and_sees_nothing_about_himself(heard, staff, web):
    manager = staff("branch_manager", is_staff=True, is_superuser=True)
    complaint = heard(complained_of=manager)
    browser = web(manager)

    assert browser.post(f"/admin/complaints/complaint/{complaint.pk}/delete/", {"post": "yes"}).status_code in (
        302,
        403,
    )
    assert complaint.number not in browser.get("/admin/complaints/complaint/").content.decode()
    assert Complaint.objects.filter(pk=complaint.pk).exists()
