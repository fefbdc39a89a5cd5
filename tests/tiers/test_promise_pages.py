"""Promises in my day, on pages and over REST."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.core.clocks import local_date
from crm.core.models import Branch
from crm.workbench.service_items import promises as items_of
from tests.doors import Api, Staff, Web, send
from tests.factories.clients import ClientFactory
from tests.factories.services import (
    PromiseFactory,
)
from tiers.models import Delivery

pytestmark = pytest.mark.django_db


# -- pages and REST ----------------------------------------------------------------------------------------------------


def test_my_day_names_a_promise_before_it_is_missed(branch: Branch, staff: Staff) -> None:
    today, advisor = local_date(timezone.now()), staff("advisor")
    client = ClientFactory(branch=branch, advisor=advisor)
    soon = PromiseFactory(client=client, due_on=today + timedelta(days=3))
    PromiseFactory(client=client, due_on=today + timedelta(days=20))
    PromiseFactory(client=client, item__owner_role="front_desk", due_on=today)

    found = list(items_of(advisor, today))
    desk = list(items_of(staff("front_desk"), today))

    assert [item.url for item in found] == [reverse("tiers:promise", args=[soon.public_id])]
    assert len(desk) == 1


def test_the_list_shows_ones_own_by_default_and_costs_the_same_for_one_row_and_for_ten(
    branch: Branch, staff: Staff, web: Web, cost_of: Any
) -> None:
    advisor = staff("advisor")
    mine = PromiseFactory(client=ClientFactory(branch=branch, advisor=advisor, name="张三丰"))
    browser = web(advisor)
    browser.get(reverse("tiers:promises"))
    one = cost_of(lambda: browser.get(reverse("tiers:promises")))

    for _n in range(9):
        PromiseFactory(client=ClientFactory(branch=branch, advisor=advisor), item=mine.item)

    assert cost_of(lambda: browser.get(reverse("tiers:promises"))) == one <= 9
    assert "张三丰" in browser.get(reverse("tiers:promises")).content.decode()


def test_who_notes_a_service_from_the_page_of_a_client_comes_back_to_it(branch: Branch, staff: Staff, web: Web) -> None:
    advisor = staff("advisor")
    promise = PromiseFactory(client=ClientFactory(branch=branch, advisor=advisor))
    browser, tab = web(advisor), f"{promise.client.get_absolute_url()}?tab=services"
    way = f"{reverse('tiers:promise_keep', args=[promise.public_id])}?from=client"

    assert f'href="{way}"' in browser.get(tab).content.decode()
    assert f'href="{tab}"' in browser.get(way).content.decode()
    said = {"form_token": "a", "version": 1, "kept_on": local_date(timezone.now()).isoformat()}
    assert browser.post(way, said).headers["Location"] == tab


def test_a_promise_is_kept_and_waived_in_the_browser(branch: Branch, staff: Staff, web: Web) -> None:
    advisor, boss = staff("advisor"), staff("branch_manager")
    client = ClientFactory(branch=branch, advisor=advisor)
    kept, waived = PromiseFactory(client=client), PromiseFactory(client=client)
    today = local_date(timezone.now()).isoformat()

    done = web(advisor).post(
        reverse("tiers:promise_keep", args=[kept.public_id]), {"form_token": "a", "version": 1, "kept_on": today}
    )
    stale = web(boss).post(
        reverse("tiers:promise_waive", args=[waived.public_id]), {"form_token": "b", "version": 9, "reason": "婉拒"}
    )
    gone = web(boss).post(
        reverse("tiers:promise_waive", args=[waived.public_id]), {"form_token": "c", "version": 1, "reason": "婉拒"}
    )

    assert (done.status_code, stale.status_code, gone.status_code) == (302, 412, 302)
    kept.refresh_from_db()
    waived.refresh_from_db()
    assert (kept.state, waived.state) == ("done", "waived")
    assert web(advisor).get(reverse("tiers:promise_waive", args=[waived.public_id])).status_code == 403
    assert web(boss).get(reverse("tiers:promise", args=[waived.public_id])).status_code == 200


def test_a_promise_of_another_branch_is_as_good_as_none(other_branch: Branch, staff: Staff, web: Web, api: Api) -> None:
    row, boss = PromiseFactory(client=ClientFactory(branch=other_branch)), staff("branch_manager")

    assert web(boss).get(reverse("tiers:promise", args=[row.public_id])).status_code == 404
    assert api(boss).get(f"/api/v1/promises/{row.public_id}/").status_code == 404
    assert api(boss).get("/api/v1/promises/").data["results"] == []


def test_promises_are_kept_put_off_and_delivered_over_rest(branch: Branch, staff: Staff, api: Api) -> None:
    advisor, boss, today = staff("advisor"), staff("branch_manager"), local_date(timezone.now())
    client = ClientFactory(branch=branch, advisor=advisor)
    one, two = PromiseFactory(client=client), PromiseFactory(client=client)
    three = PromiseFactory(client=client, item__proof="send", item__purposes=[])
    phone, url = api(advisor), f"/api/v1/promises/{one.public_id}/"

    unseen = send(phone, f"{url}keep/", kept_on=today.isoformat())
    kept = send(phone, f"{url}keep/", key="a", version=1, kept_on=today.isoformat())
    again = send(phone, f"{url}keep/", key="a", version=1, kept_on=today.isoformat())
    shut = send(phone, f"/api/v1/promises/{two.public_id}/waive/", key="b", version=1, reason="x")
    day = (two.due_on + timedelta(days=5)).isoformat()
    later = send(api(boss), f"/api/v1/promises/{two.public_id}/put-off/", version=1, due_on=day, reason="出差")
    gone = send(api(boss), f"/api/v1/promises/{two.public_id}/waive/", key="g", version=2, reason="婉拒")
    sent = send(
        phone, "/api/v1/promises/deliver/", key="c", service=three.item.public_id, title="周报", day=today.isoformat()
    )

    assert unseen.status_code == 428
    assert (kept.status_code, kept.data["state"], again.status_code) == (201, "done", 200)
    assert (shut.status_code, later.status_code, later.data["due_on"], gone.data["state"]) == (403, 201, day, "waived")
    assert gone.data["decided_at"] > later.data["decided_at"] and gone.data["decided_by"]["name"] == boss.name
    assert (sent.status_code, sent.data["kept"], Delivery.objects.count()) == (201, 1, 1)
    found = phone.get("/api/v1/promises/", {"state": "done"}).data["results"]
    assert {row["id"] for row in found} == {one.public_id, three.public_id}


def test_people_narrow_the_list_by_what_they_know_and_a_narrowing_they_came_with_stays(
    branch: Branch, staff: Staff, web: Web
) -> None:
    advisor, boss = staff("advisor"), staff("branch_manager")
    mine = PromiseFactory(client=ClientFactory(branch=branch, advisor=advisor))
    PromiseFactory(client=ClientFactory(branch=branch, advisor=staff("advisor")), item=mine.item)
    browser, url = web(boss), reverse("tiers:promises")

    shown = browser.get(url, {"advisor": advisor.public_id})
    came = browser.get(url, {"client": mine.client.public_id}).content.decode()

    assert list(shown.context["page"]) == [mine]
    assert "public id" not in shown.content.decode()
    assert f'<input type="hidden" name="client" value="{mine.client.public_id}"' in came
