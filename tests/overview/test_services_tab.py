"""What a client was given stands apart from what was missed, and the contact form names what it can keep."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.core.clocks import local_date
from crm.core.models import Branch
from tests.doors import Staff
from tests.factories.clients import ClientFactory
from tests.factories.services import PromiseFactory, ServiceItemFactory

pytestmark = pytest.mark.django_db


def test_services_received_are_those_given_and_the_others_stand_apart(branch: Branch, staff: Staff, web: Any) -> None:
    advisor, today = staff("advisor"), local_date(timezone.now())
    client = ClientFactory(branch=branch, advisor=advisor)
    talk = ServiceItemFactory(company=branch.company)
    kept = {"kept_on": today, "kept_by": advisor, "proof": "hand"}
    done = PromiseFactory(client=client, item=talk, state="done", **kept)
    missed = PromiseFactory(client=client, item=talk, state="missed")
    waived = PromiseFactory(client=client, item=talk, state="waived", reason="出国", decided_by=advisor)
    closed = PromiseFactory(client=client, item=talk, state="closed", closed_as="tier")
    owed = PromiseFactory(client=client, item=talk)

    page = web(advisor).get(f"{client.get_absolute_url()}?tab=services")

    assert [row.pk for row in page.context["given"]] == [done.pk]
    assert {row.pk for row in page.context["let_go"]} == {missed.pk, waived.pk, closed.pk}
    assert [row.pk for row in page.context["owed"]] == [owed.pk]
    given = page.content.decode().split("<details>")[0]
    keep = reverse("tiers:promise_keep", args=[owed.public_id])
    assert f'<div class="only-phone"><a class="btn btn-sm" href="{keep}?' in page.content.decode()
    assert missed.get_absolute_url() not in given and done.get_absolute_url() in given


def test_the_contact_form_names_what_a_contact_of_today_would_keep_and_the_contact_keeps_it(
    branch: Branch, staff: Staff, web: Any
) -> None:
    advisor, today = staff("advisor"), local_date(timezone.now())
    client, other = ClientFactory(branch=branch, advisor=advisor), ClientFactory(branch=branch, advisor=advisor)
    call = ServiceItemFactory(company=branch.company, name_zh="季度问候", name_en="Call", channels=["phone"])
    late = PromiseFactory(
        client=client, item=call, due_on=today - timedelta(days=1), last_day=today + timedelta(days=3)
    )
    PromiseFactory(client=client, item=call, opens_on=today + timedelta(days=1))
    PromiseFactory(client=client, item=ServiceItemFactory(company=branch.company, proof="hand", purposes=[]))
    PromiseFactory(client=other, item=call)
    browser, url = web(advisor), reverse("clients:contact_add", args=[client.public_id])

    page = browser.get(url)
    browser.post(url, {"form_token": "t", "channel": "phone", "purpose": "care", "content": "问候"})

    (one,) = page.context["owed"]
    assert (one.due_on, one.is_overdue, one.url) == (late.due_on, True, late.get_absolute_url())
    assert late.get_absolute_url() in page.content.decode() and one.asked.count(":") + one.asked.count("：") == 2
    late.refresh_from_db()
    assert late.state == "done"
    assert browser.get(url).context["owed"] == []


def test_who_may_not_see_promises_is_told_none(branch: Branch, staff: Staff, web: Any) -> None:
    agent = staff("agent")
    client = ClientFactory(branch=branch, introducer=agent)
    PromiseFactory(client=client, item=ServiceItemFactory(company=branch.company))

    page = web(agent).get(reverse("clients:contact_add", args=[client.public_id]))

    assert page.status_code == 403 or page.context["owed"] == []
