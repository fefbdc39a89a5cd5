"""Rounds for market events: whom they reach, once, beside what the tier promises, and what keeps them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from clients.models import Client, Segment
from clients.services import log_contact
from clients.services.segments import create_segment
from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.models import AuditEntry, Branch, User
from crm.workbench.service_items import promises as items_of
from tests.doors import Api, Staff, Web
from tests.factories.clients import ClientFactory
from tests.factories.services import EntitlementFactory, ServiceItemFactory, plan_on, put_in_tier
from tiers.models import MarketEvent, Promise, ServiceItem
from tiers.querysets.reminders import promises_to_keep
from tiers.services.catalogue import change_item

pytestmark = pytest.mark.django_db


NEW, EVENTS = "/services/market-events/new/", "/api/v1/market-events/"
TODAY = local_date(timezone.now())
OLD = TODAY - timedelta(days=400)
BY = TODAY + timedelta(days=5)


@pytest.fixture
def manager(staff: Staff) -> User:
    return staff("branch_manager")


@pytest.fixture
def word(branch: Branch) -> ServiceItem:
    """A word about the market; no tier is entitled to it."""
    item: ServiceItem = ServiceItemFactory(
        company=branch.company, code="market-word", name_en="Word", name_zh="行情提示"
    )
    return item


@pytest.fixture
def gold(branch: Branch, staff: Staff) -> Client:
    found: Client = ClientFactory(branch=branch, advisor=staff("advisor"))
    put_in_tier(found, "gold", OLD)
    return found


def said(item: ServiceItem, **more: Any) -> dict[str, Any]:
    return {
        "form_token": "t",
        "name": "央行降准",
        "day": TODAY.isoformat(),
        "ask": "说明对债券持仓的影响",
        "item": item.public_id,
        "due_on": BY.isoformat(),
        "tier_codes": ["gold"],
        **more,
    }


def over_rest(item: ServiceItem, **more: Any) -> dict[str, Any]:
    found = said(item, service=item.public_id, **more)
    return {name: value for name, value in found.items() if name not in ("form_token", "item")}


def call_out(web: Web, manager: User, item: ServiceItem, **more: Any) -> MarketEvent:
    answer = web(manager).post(NEW, said(item, **more))
    assert answer.status_code == 302, answer.content.decode()
    return MarketEvent.objects.latest("pk")


def asked(event: MarketEvent) -> list[tuple[int, str]]:
    return list(event.promises.order_by("client_id").values_list("client_id", "state"))


def ask_again(web: Web, manager: User, event: MarketEvent, token: str) -> int:
    event.refresh_from_db()
    url = reverse("tiers:market_event_ask", args=[event.public_id])
    answer = web(manager).post(url, {"form_token": token, "version": event.version})
    return answer.status_code


def rich(manager: User) -> Segment:
    rule = {"all": [{"field": "assets", "op": "gte", "value": "1000000"}]}
    made: Segment = create_segment(values={"name": "大额客户", "rule": rule}, actor=manager)
    return made


def speak(client: Client) -> None:
    now = timezone.now()
    log_contact(
        client=client,
        channel="phone",
        content="说明降准影响",
        actor=client.advisor or system_user(),
        now=now,
        at=now,
        details={"purpose": "care"},
    )


# -- whom it reaches ---------------------------------------------------------------------------------------------------


def test_a_round_for_a_market_event_reaches_each_client_of_the_audience_once(
    web: Web, manager: User, branch: Branch, other_branch: Branch, word: ServiceItem, gold: Client
) -> None:
    for more in ({"status": "dormant"}, {"do_not_contact": True, "do_not_contact_reason": "客户要求"}):
        put_in_tier(ClientFactory(branch=branch, **more), "gold", OLD)
    put_in_tier(ClientFactory(branch=branch), "ordinary", OLD)
    put_in_tier(ClientFactory(branch=other_branch), "gold", OLD)
    dormant = Client.objects.get(status="dormant")

    event = call_out(web, manager, word)
    again = web(manager).post(NEW, said(word))
    anew = web(manager).post(NEW, said(word, form_token="u"))

    assert asked(event) == [(gold.pk, "due"), (dormant.pk, "due")]
    row = event.promises.get(client=gold)
    assert (row.occurrence_key, row.due_on, row.opens_on) == (f"event:{event.pk}", BY, TODAY)
    assert (row.tier_code, row.programme_code) == ("gold", "default")
    assert (again.status_code, anew.status_code) == (302, 409)
    assert (MarketEvent.objects.count(), Promise.objects.count()) == (1, 2)
    assert AuditEntry.objects.filter(action="market_event.call").count() == 1


def test_asked_again_it_finds_who_has_come_in_since_and_nobody_twice(
    web: Web, manager: User, branch: Branch, word: ServiceItem, gold: Client
) -> None:
    event = call_out(web, manager, word)
    late = ClientFactory(branch=branch)
    put_in_tier(late, "gold", TODAY)

    assert ask_again(web, manager, event, "a") == 302
    assert ask_again(web, manager, event, "b") == 302

    assert asked(event) == [(gold.pk, "due"), (late.pk, "due")]
    event.refresh_from_db()
    assert event.version == 3
    url = reverse("tiers:market_event_ask", args=[event.public_id])
    assert web(manager).post(url, {"form_token": "c", "version": 1}).status_code == 412


def test_who_wanted_no_contact_for_a_while_is_owed_it_again(
    web: Web, manager: User, branch: Branch, word: ServiceItem, gold: Client
) -> None:
    event = call_out(web, manager, word)
    Client.objects.filter(pk=gold.pk).update(do_not_contact=True, do_not_contact_reason="出差")
    plan_on(branch, TODAY)
    silent, was = asked(event), event.promises.get()
    Client.objects.filter(pk=gold.pk).update(do_not_contact=False, do_not_contact_reason="")
    changed = change_item(item=word, values={"cost": 30, "limit_days": 20}, reason="更久", actor=system_user())

    ask_again(web, manager, event, "a")

    row = event.promises.get()
    assert (silent, asked(event)) == ([(gold.pk, "closed")], [(gold.pk, "due")])
    assert (row.edition, row.cost, row.due_on) == (changed.version, 30, was.due_on)
    assert row.last_day > was.last_day


def test_a_segment_and_tiers_narrow_each_other_and_who_has_no_tier_is_reached_by_a_segment(
    web: Web, manager: User, branch: Branch, word: ServiceItem, gold: Client
) -> None:
    Client.objects.filter(pk=gold.pk).update(total_assets=2_000_000)
    without = ClientFactory(branch=branch, total_assets=3_000_000)
    poor = ClientFactory(branch=branch, total_assets=10)
    put_in_tier(poor, "gold", OLD)
    segment = rich(manager)

    both = call_out(web, manager, word, segment=segment.public_id)
    alone = call_out(web, manager, word, segment=segment.public_id, tier_codes=[], name="中报季", form_token="u")

    assert [client for client, _state in asked(both)] == [gold.pk]
    assert [client for client, _state in asked(alone)] == [gold.pk, without.pk]
    assert (alone.segment_name, alone.promises.get(client=without).tier_code) == ("大额客户", "")


def test_the_form_counts_beforehand_whom_it_would_reach(
    web: Web, manager: User, word: ServiceItem, gold: Client
) -> None:
    count = reverse("tiers:market_event_count")
    page = web(manager).get(NEW).content.decode()

    reached = web(manager).get(count, {"item": word.public_id, "tier_codes": ["gold"]})

    assert count in page and word.public_id in page
    assert "Clients reached: 1" in reached.content.decode()
    assert "Choose a service" in web(manager).get(count, {"item": word.public_id}).content.decode()
    assert not Promise.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"tier_codes": []}, "segment"),
        ({"tier_codes": ["private"]}, "segment"),
        ({"due_on": (TODAY - timedelta(days=1)).isoformat()}, "due_on"),
        ({"ask": "  "}, "ask"),
    ],
    ids=["for nobody", "reaches nobody", "over", "asks nothing"],
)
def test_a_round_that_makes_no_sense_is_refused_and_leaves_nothing(
    web: Web, api: Api, manager: User, word: ServiceItem, gold: Client, wrong: dict[str, Any], field: str
) -> None:
    page = web(manager).post(NEW, said(word, **wrong))
    phone = api(manager).post(EVENTS, over_rest(word, **wrong), format="json", headers={"Idempotency-Key": "k"})

    assert page.status_code == 400
    assert (phone.status_code, list(phone.data["fields"])) == (400, [field])
    assert not MarketEvent.objects.exists()


def test_only_a_service_that_a_contact_keeps_is_asked_for(
    api: Api, web: Web, manager: User, branch: Branch, gold: Client
) -> None:
    sent = ServiceItemFactory(company=branch.company, proof="send", purposes=[])

    phone = api(manager).post(EVENTS, over_rest(sent), format="json", headers={"Idempotency-Key": "k"})

    assert (phone.status_code, list(phone.data["fields"])) == (400, ["item"])
    assert web(manager).post(NEW, said(sent)).status_code == 400


def test_the_companys_service_is_not_asked_for_where_the_branch_has_its_own_nor_one_that_has_ended(
    api: Api, manager: User, branch: Branch, word: ServiceItem, gold: Client
) -> None:
    own = ServiceItemFactory(company=branch.company, branch=branch, code=word.code)
    ended = ServiceItemFactory(company=branch.company, ends_on=TODAY - timedelta(days=1))
    phone = api(manager)

    answers = {
        item: phone.post(EVENTS, over_rest(item), format="json", headers={"Idempotency-Key": item.public_id})
        for item in (word, ended, own)
    }

    assert {item: answer.status_code for item, answer in answers.items()} == {word: 400, ended: 400, own: 201}
    for item in (word, ended):
        assert answers[item].data["fields"] == {"item": ["The branch does not offer this service on this day."]}


# -- what becomes of it ------------------------------------------------------------------------------------------------


def test_the_advisor_finds_it_in_my_day_and_on_the_client_until_a_contact_keeps_it(
    web: Web, manager: User, word: ServiceItem, gold: Client
) -> None:
    event = call_out(web, manager, word)
    advisor: Any = gold.advisor
    shown = [item.reason for item in items_of(advisor, TODAY)]
    owed = [one.text for one in promises_to_keep(advisor, gold, TODAY)]
    tab = web(advisor).get(gold.get_absolute_url(), {"tab": "services"}).content.decode()
    row = web(advisor).get(event.promises.get().get_absolute_url()).content.decode()

    speak(gold)

    assert shown == owed == ["Word · 央行降准"]
    assert "央行降准" in tab and "说明对债券持仓的影响" in row
    assert asked(event) == [(gold.pk, "done")]
    assert list(items_of(advisor, TODAY)) == []
    result = web(manager).get(reverse("tiers:market_event", args=[event.public_id])).context["found"]
    assert result == {"asked": 1, "done": 1, "due": 0, "missed": 0, "waived": 0, "closed": 0}


@pytest.mark.parametrize("rhythm", ["periodic", "rolling"])
def test_what_the_tier_promises_stands_beside_what_an_event_asks(
    web: Web, manager: User, branch: Branch, word: ServiceItem, gold: Client, rhythm: str
) -> None:
    """The tier promises the same service in the time of the round: neither takes the other's place."""
    ServiceItem.objects.filter(pk=word.pk).update(rhythm=rhythm)
    EntitlementFactory(item=word, period="month")
    event = call_out(web, manager, word, due_on=(TODAY + timedelta(days=90)).isoformat())
    month = (TODAY.replace(day=1) + timedelta(days=32)).replace(day=1)

    plan_on(branch, month)
    plan_on(branch, month + timedelta(days=1))

    assert asked(event) == [(gold.pk, "due")]
    assert list(Promise.objects.filter(client=gold, event=None).values_list("state", flat=True)) == ["due"]


def test_a_change_of_tier_leaves_what_an_event_asked_and_the_day_ends_it(
    web: Web, manager: User, branch: Branch, word: ServiceItem, gold: Client
) -> None:
    event = call_out(web, manager, word)
    plan_on(branch, TODAY)
    put_in_tier(gold, "ordinary", TODAY)

    plan_on(branch, TODAY + timedelta(days=1))
    stays = asked(event)
    plan_on(branch, BY + timedelta(days=30))

    assert (stays, asked(event)) == ([(gold.pk, "due")], [(gold.pk, "missed")])


def test_who_no_longer_meets_the_condition_of_the_service_is_not_asked(
    web: Web, manager: User, branch: Branch, word: ServiceItem, gold: Client
) -> None:
    ServiceItem.objects.filter(pk=word.pk).update(least_grade="C3")
    fit = {"risk_grade": "C4", "risk_valid_until": TODAY + timedelta(days=100)}
    Client.objects.filter(pk=gold.pk).update(**fit)
    event = call_out(web, manager, word)
    Client.objects.filter(pk=gold.pk).update(risk_grade="C1")

    plan_on(branch, TODAY)

    assert asked(event) == [(gold.pk, "closed")]
    assert event.promises.get().closed_as == "gate"


def test_a_round_whose_day_is_over_is_not_asked_again(web: Web, manager: User, word: ServiceItem, gold: Client) -> None:
    event = call_out(web, manager, word)
    MarketEvent.objects.update(due_on=TODAY - timedelta(days=1))

    assert ask_again(web, manager, event, "a") == 409


@pytest.mark.parametrize("gone", ["ended", "replaced"])
def test_a_round_is_not_asked_again_once_the_branch_no_longer_offers_its_service(
    web: Web, manager: User, branch: Branch, word: ServiceItem, gold: Client, gone: str
) -> None:
    event = call_out(web, manager, word)
    page, step = (reverse(f"tiers:{name}", args=[event.public_id]) for name in ("market_event", "market_event_ask"))
    before = step in web(manager).get(page).content.decode()

    if gone == "ended":
        ServiceItem.objects.filter(pk=word.pk).update(ends_on=TODAY - timedelta(days=1))
    else:
        ServiceItemFactory(company=branch.company, branch=branch, code=word.code)

    assert (before, step in web(manager).get(page).content.decode()) == (True, False)
    assert ask_again(web, manager, event, "a") == 409


# -- doors -------------------------------------------------------------------------------------------------------------


def test_rest_calls_out_once_asks_again_and_tells_the_audience_only_to_who_may_call(
    api: Api, manager: User, word: ServiceItem, gold: Client
) -> None:
    phone, body = api(manager), over_rest(word)
    first = phone.post(EVENTS, body, format="json", headers={"Idempotency-Key": "k"})
    same = phone.post(EVENTS, body, format="json", headers={"Idempotency-Key": "k"})
    other = phone.post(EVENTS, body, format="json", headers={"Idempotency-Key": "l"})
    url = f"{EVENTS}{first.data['id']}/"
    late = phone.post(f"{url}ask/", {}, format="json", headers={"Idempotency-Key": "m", "If-Match": '"9"'})
    again = phone.post(f"{url}ask/", {}, format="json", headers={"Idempotency-Key": "n", "If-Match": '"1"'})
    read = api(gold.advisor).get(url)  # type: ignore[arg-type]  # the fixture gives one

    assert (first.status_code, same.status_code, other.status_code) == (201, 200, 409)
    assert first.data["counts"]["asked"] == again.data["counts"]["asked"] == 1
    assert (late.status_code, again.status_code, again["ETag"]) == (412, 201, '"2"')
    assert (first.data["tier_codes"], read.data["tier_codes"], read.data["ask"]) == (["gold"], None, body["ask"])
    owed = phone.get("/api/v1/promises/", {"event": first.data["id"]}).data["results"]
    assert [(row["event"], row["event_name"]) for row in owed] == [(first.data["id"], "央行降准")]


def test_advisors_read_rounds_and_call_none_and_another_branch_finds_none(
    web: Web, api: Api, staff: Staff, manager: User, other_branch: Branch, word: ServiceItem, gold: Client
) -> None:
    event = call_out(web, manager, word)
    advisor: Any = gold.advisor
    stranger = staff("branch_manager", branch=other_branch)

    assert "央行降准" in web(advisor).get("/services/market-events/").content.decode()
    assert web(advisor).get(NEW).status_code == 403
    answer = api(advisor).post(EVENTS, over_rest(word), format="json", headers={"Idempotency-Key": "k"})
    assert answer.status_code == 403
    assert web(stranger).get(reverse("tiers:market_event", args=[event.public_id])).status_code == 404
    assert "央行降准" not in web(stranger).get("/services/market-events/").content.decode()
