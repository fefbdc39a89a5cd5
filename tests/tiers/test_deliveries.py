"""Events and sendings for a saved segment: its clients as they are at that moment, as far as the one who records them sees."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from clients.models import Client, Segment
from clients.services.segments import change_segment, create_segment
from crm.core.clocks import local_date
from crm.core.models import Branch, User
from tests.doors import Staff
from tests.factories.clients import ClientFactory
from tests.factories.services import PromiseFactory, ServiceItemFactory
from tiers.models import Delivery, Promise, ServiceItem

PAGE, REST = "/services/deliveries/new/", "/api/v1/promises/deliver/"


def lives_in(city: str) -> dict[str, Any]:
    return {"all": [{"field": "city", "op": "is", "value": city}]}


@pytest.fixture
def advisor(staff: Staff) -> User:
    return staff("advisor")


@pytest.fixture
def segment(advisor: User) -> Segment:
    made: Segment = create_segment(values={"name": "南京客户", "rule": lives_in("南京")}, actor=advisor)
    return made


@pytest.fixture
def owed(branch: Branch, advisor: User, staff: Staff) -> dict[str, Client]:
    """Clients to whom the same letter is owed: one's own inside and outside of the segment, and a colleague's inside."""
    mine = {"branch": branch, "advisor": advisor}
    found = {
        "inside": ClientFactory(city="南京", **mine),
        "outside": ClientFactory(city="上海", **mine),
        "colleagues": ClientFactory(city="南京", branch=branch, advisor=staff("advisor")),
    }
    first = PromiseFactory(client=found["inside"], item__proof="send", item__purposes=[])
    for name in ("outside", "colleagues"):
        PromiseFactory(client=found[name], item=first.item)
    return found


def kept() -> set[Client]:
    return {row.client for row in Promise.objects.filter(state="done").select_related("client")}


def said(segment: Segment, key: str) -> dict[str, str]:
    item, day = ServiceItem.objects.get(), local_date(timezone.now()).isoformat()
    return {key: item.public_id, "title": "周报", "day": day, "segment": segment.public_id}


def test_a_sending_to_a_segment_keeps_what_its_clients_in_sight_are_owed(
    owed: dict[str, Client], advisor: User, segment: Segment, web: Callable[[User], Any]
) -> None:
    browser = web(advisor)
    assert segment.name in browser.get(PAGE).content.decode()

    answers = [browser.post(PAGE, {**said(segment, "item"), "form_token": "t"}) for _twice in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert kept() == {owed["inside"]}
    assert Delivery.objects.values_list("clients", "kept").get() == (1, 1)


def test_the_segment_is_read_when_the_sending_is_recorded(
    owed: dict[str, Client], advisor: User, segment: Segment, api: Callable[[User], Any]
) -> None:
    change_segment(segment=segment, values={"rule": lives_in("上海")}, actor=advisor)

    answer = api(advisor).post(REST, said(segment, "service"), format="json", headers={"Idempotency-Key": "k"})

    assert (answer.status_code, answer.data["clients"], answer.data["kept"]) == (201, 1, 1)
    assert kept() == {owed["outside"]}


def test_nothing_is_recorded_for_a_segment_that_somebody_keeps_to_himself(
    owed: dict[str, Client], segment: Segment, staff: Staff, web: Callable[[User], Any], api: Callable[[User], Any]
) -> None:
    colleague = staff("advisor")

    page = web(colleague).post(PAGE, {**said(segment, "item"), "form_token": "t"})
    answer = api(colleague).post(REST, said(segment, "service"), format="json", headers={"Idempotency-Key": "k"})

    assert (page.status_code, answer.status_code) == (400, 400)
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("gone", ["ended", "replaced", "another day"])
def test_a_delivery_is_recorded_only_of_what_the_branch_offers_on_its_day(
    owed: dict[str, Client], branch: Branch, advisor: User, segment: Segment, api: Callable[[User], Any], gone: str
) -> None:
    words, today = said(segment, "service"), local_date(timezone.now())
    item = ServiceItem.objects.get()
    if gone == "replaced":
        ServiceItemFactory(company=branch.company, branch=branch, code=item.code, proof="send")
    else:
        item.ends_on = today - timedelta(days=1 if gone == "ended" else 3)
        item.save()
    if gone == "another day":  # it was offered then
        words["day"] = item.ends_on.isoformat()

    answer = api(advisor).post(REST, words, format="json", headers={"Idempotency-Key": "k"})

    if gone == "another day":
        assert (answer.status_code, answer.data["kept"]) == (201, 1)
    else:
        assert (answer.status_code, list(answer.data["fields"])) == (400, ["item"])
        assert not Delivery.objects.exists()


def test_clients_by_name_who_are_none_of_ones_own_are_named_in_the_refusal_and_nothing_is_recorded(
    owed: dict[str, Client], advisor: User, branch: Branch, segment: Segment, api: Callable[[User], Any]
) -> None:
    gone = ClientFactory(branch=branch, advisor=advisor, status="closed", closed_on=local_date(timezone.now()))
    words = said(segment, "service")
    del words["segment"]
    strangers = [owed["colleagues"].public_id, gone.public_id, "0" * 26]
    phone = api(advisor)

    def send(key: str, ids: list[str]) -> Any:
        return phone.post(REST, {**words, "clients": ids}, format="json", headers={"Idempotency-Key": key})

    refused = send("a", [owed["inside"].public_id, *strangers])

    assert (refused.status_code, list(refused.data["fields"])) == (400, ["clients"])
    told = str(refused.data["fields"]["clients"])
    assert all(name in told for name in strangers) and owed["inside"].public_id not in told
    assert not Delivery.objects.exists() and kept() == set()

    assert send("b", []).status_code == 400
    assert send("c", [owed["inside"].public_id]).data["clients"] == 1
    assert kept() == {owed["inside"]}
