"""Losing touch by the cadence of the tier, the report of promises kept, and the menus of preference segments."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from clients.errors import InvalidRule
from clients.models import Client
from clients.services import log_contact
from clients.services.segments import create_segment
from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput, MissingRight
from crm.core.models import Branch
from crm.core.policies import figures as figures_on
from tests.doors import Api, Staff, Web
from tests.factories.clients import ClientFactory
from tests.factories.services import (
    EntitlementFactory,
    PromiseFactory,
    ServiceItemFactory,
    morning,
    programme_of,
    put_in_tier,
)
from tiers.models import ContactCadence, PreferenceSegment
from tiers.querysets.menus import menu_of
from tiers.querysets.touch import in_touch
from tiers.services.menus import Line, change_preference, create_preference

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 1)
OLD = date(2025, 1, 1)


# -- losing touch ------------------------------------------------------------------------------------------------------


@pytest.fixture
def cadence(branch: Branch) -> ContactCadence:
    """Gold clients are spoken with every forty days; three quarters of it are thirty."""
    made: ContactCadence = ContactCadence.objects.create(
        company=branch.company,
        programme_code="default",
        tier_code="gold",
        days=40,
        valid_from=OLD,
        created_by=system_user(),
    )
    return made


@pytest.mark.parametrize(
    ("days", "colour"), [(0, "green"), (30, "green"), (31, "amber"), (40, "amber"), (41, "red"), (None, "red")]
)
def test_a_client_is_green_amber_or_red_by_the_days_since_the_last_contact(
    branch: Branch, staff: Staff, cadence: ContactCadence, days: int | None, colour: str
) -> None:
    spoken = None if days is None else morning(TODAY - timedelta(days=days))
    client = ClientFactory(branch=branch, last_contact_at=spoken)
    put_in_tier(client, "gold", OLD)

    found = in_touch(staff("branch_manager"), TODAY, figures_on(TODAY, branch))

    assert list(found.values_list("pk", "touch", "every")) == [(client.pk, colour, 40)]


def test_the_clock_begins_anew_with_a_contact_and_for_a_new_tier(
    branch: Branch, staff: Staff, cadence: ContactCadence
) -> None:
    boss = staff("branch_manager")
    silent, new = ClientFactory(branch=branch), ClientFactory(branch=branch)
    put_in_tier(silent, "gold", OLD)
    put_in_tier(new, "gold", TODAY - timedelta(days=3))

    def colours() -> dict[int, str]:
        return dict(in_touch(boss, TODAY, figures_on(TODAY, branch)).values_list("pk", "touch"))

    assert colours() == {silent.pk: "red", new.pk: "green"}
    log_contact(client=silent, channel="phone", content="问候", actor=boss, now=morning(TODAY), at=morning(TODAY))
    assert colours() == {silent.pk: "green", new.pk: "green"}


def test_without_a_cadence_or_for_who_wants_no_contact_nobody_is_listed(
    branch: Branch, other_branch: Branch, staff: Staff, cadence: ContactCadence
) -> None:
    for client in (ClientFactory(branch=branch, silent=True), ClientFactory(branch=other_branch)):
        put_in_tier(client, "gold", OLD)
    put_in_tier(ClientFactory(branch=branch), "silver", OLD)

    assert not in_touch(staff("branch_manager"), TODAY, figures_on(TODAY, branch)).exists()


def test_the_list_shows_whom_one_is_losing_and_costs_the_same_for_ten(
    branch: Branch, staff: Staff, web: Web, api: Api, cadence: ContactCadence, cost_of: Any
) -> None:
    advisor = staff("advisor")
    lost = ClientFactory(branch=branch, advisor=advisor, name="李四海")
    put_in_tier(lost, "gold", OLD)
    browser, page = web(advisor), reverse("tiers:touch")
    browser.get(page)
    one = cost_of(lambda: browser.get(page))

    for _n in range(9):
        put_in_tier(ClientFactory(branch=branch, advisor=advisor), "gold", OLD)

    assert "李四海" in browser.get(page).content.decode()
    assert "李四海" not in browser.get(page, {"state": "green"}).content.decode()
    assert cost_of(lambda: browser.get(page)) == one <= 9
    told = api(advisor).get("/api/v1/promises/losing-touch/").data["results"]
    assert len(told) == 10
    assert {(row["tier"], row["state"], row["every"]) for row in told} == {("gold", "red", 40)}


def test_of_those_nobody_has_ever_spoken_with_the_tier_with_the_shortest_time_comes_first(
    branch: Branch, staff: Staff, web: Web, api: Api, cadence: ContactCadence
) -> None:
    ContactCadence.objects.create(
        company=branch.company,
        programme_code="default",
        tier_code="private",
        days=14,
        valid_from=OLD,
        created_by=system_user(),
    )
    gold, private, later = (ClientFactory(branch=branch) for _n in range(3))
    for client, tier in ((gold, "gold"), (private, "private"), (later, "gold")):
        put_in_tier(client, tier, OLD)
    boss = staff("branch_manager")

    page = web(boss).get(reverse("tiers:touch"))

    assert list(page.context["page"]) == [private, gold, later]
    found, url = [], "/api/v1/promises/losing-touch/?page_size=1"
    while url:
        told = api(boss).get(url).data
        found += [row["client"] for row in told["results"]]
        url = told["next"]
    assert found == [client.public_id for client in (private, gold, later)]


@pytest.mark.parametrize(("role", "begins_with"), [("advisor", ("mine", True)), ("branch_manager", ("open", False))])
def test_lists_begin_with_the_own_clients_of_whoever_sees_no_others_and_with_the_branch_for_its_head(
    web: Web, staff: Staff, role: str, begins_with: tuple[str, bool]
) -> None:
    browser = web(staff(role))

    shown = [browser.get(reverse(page)).context for page in ("tiers:promises", "tiers:touch")]

    assert (shown[0]["view"], shown[1]["mine"]) == begins_with


# -- menus -------------------------------------------------------------------------------------------------------------

IN_SHANGHAI = {"all": [{"field": "city", "op": "is", "value": "上海"}]}
MENU = [Line("report", "Banks", "银行业周报"), Line("event", "Dinner", "高端交流晚宴")]
SAID = {"name_en": "Locals", "name_zh": "本地客户", "tier_codes": ["gold"], "rule": IN_SHANGHAI}


def test_of_two_clients_of_a_tier_each_has_the_menu_of_his_preferences(branch: Branch, staff: Staff) -> None:
    boss = staff("branch_manager")
    local, stranger = ClientFactory(branch=branch, city="上海"), ClientFactory(branch=branch, city="北京")
    silver = ClientFactory(branch=branch, city="上海")
    for client, tier in ((local, "gold"), (stranger, "gold"), (silver, "silver")):
        put_in_tier(client, tier, OLD)

    made = create_preference(values=SAID, menu=MENU, company=branch.company, branch=branch, actor=boss)

    (line,) = menu_of(local, boss, timezone.now())
    assert (line["segment"], [entry.title_zh for entry in line["entries"]]) == (made, ["银行业周报", "高端交流晚宴"])
    assert menu_of(stranger, boss, timezone.now()) == menu_of(silver, boss, timezone.now()) == []

    change_preference(segment=made, values={"tier_codes": []}, menu=MENU[:1], actor=boss, version=1)
    assert len(menu_of(silver, boss, timezone.now())[0]["entries"]) == 1
    change_preference(segment=made, values={"is_active": False}, actor=boss)
    assert menu_of(local, boss, timezone.now()) == []


def test_a_preference_segment_asks_nothing_that_its_maker_may_not_see_and_needs_a_menu(
    branch: Branch, staff: Staff
) -> None:
    boss, company = staff("branch_manager"), branch.company

    with pytest.raises(InvalidRule):
        create_preference(
            values={**SAID, "rule": {"all": [{"field": "no_such", "op": "is", "value": "x"}]}}, menu=MENU,
            company=company, branch=branch, actor=boss,
        )  # fmt: skip
    with pytest.raises(InvalidInput):
        create_preference(values=SAID, menu=[], company=company, branch=branch, actor=boss)
    with pytest.raises(InvalidInput):
        create_preference(values=SAID, menu=[Line("idea", " ", " ")], company=company, branch=branch, actor=boss)
    with pytest.raises(MissingRight):
        create_preference(values=SAID, menu=MENU, company=company, actor=boss)


def test_a_manager_draws_a_preference_segment_from_a_kept_segment(branch: Branch, staff: Staff, web: Web) -> None:
    boss = staff("branch_manager")
    programme_of(branch)
    local = ClientFactory(branch=branch, city="上海", advisor=staff("advisor"))
    put_in_tier(local, "gold", OLD)
    kept = create_segment(values={"name": "上海客户", "rule": IN_SHANGHAI, "share": "branch"}, actor=boss)
    browser = web(boss)
    said = {
        "form_token": "a", "name_zh": "本地客户", "name_en": "Locals", "tier_codes": ["gold"], "is_active": "on",
        "segment": kept.public_id, "kind_1": "event", "title_zh_1": "高端交流晚宴", "title_en_1": "Dinner",
    }  # fmt: skip

    made = browser.post(reverse("tiers:preference_new"), said)
    row = PreferenceSegment.objects.get()
    page = browser.get(reverse("tiers:preferences")).content.decode()
    count = browser.get(reverse("tiers:preference_count", args=[row.public_id])).content.decode()
    form = browser.get(reverse("tiers:preference_edit", args=[row.public_id]))
    again = browser.post(
        reverse("tiers:preference_edit", args=[row.public_id]),
        {**said, "form_token": "b", "version": 1, "segment": "", "title_en_1": "Supper"},
    )
    tab = browser.get(local.get_absolute_url(), {"tab": "services"}).content.decode()

    assert (made.status_code, form.status_code, again.status_code, count) == (302, 200, 302, "1")
    assert "Dinner" in page
    assert "Event: Supper" in tab
    row.refresh_from_db()
    assert row.rule == IN_SHANGHAI


def test_preference_segments_over_rest(branch: Branch, staff: Staff, api: Api) -> None:
    phone = api(staff("branch_manager"))
    menu = [{"kind": "report", "title_en": "Banks", "title_zh": "银行业周报"}]
    headers = {"Idempotency-Key": "a"}

    made = phone.post("/api/v1/preference-segments/", {**SAID, "menu": menu}, format="json", headers=headers)
    url = f"/api/v1/preference-segments/{made.data['id']}/"
    changed = phone.patch(url, {"is_active": False}, format="json", headers={"If-Match": '"1"'})
    unseen = phone.patch(url, {"is_active": True}, format="json")

    assert (made.status_code, made.data["menu"], made.data["branch"]) == (201, menu, branch.code)
    assert (changed.status_code, changed.data["is_active"], unseen.status_code) == (200, False, 428)
    assert [row["id"] for row in phone.get("/api/v1/preference-segments/").data["results"]] == [made.data["id"]]
    assert phone.get(url).data["rule"] == IN_SHANGHAI


@pytest.mark.parametrize("there", [1, 6, 9])
def test_the_form_shows_every_line_of_a_menu_with_blank_ones_after_it_and_saving_loses_none(
    branch: Branch, staff: Staff, web: Web, there: int
) -> None:
    boss = staff("branch_manager")
    programme_of(branch)
    menu = [Line("report", f"Report {n}", f"周报{n}") for n in range(there)]
    row = create_preference(values=SAID, menu=menu, company=branch.company, branch=branch, actor=boss)
    browser, url = web(boss), reverse("tiers:preference_edit", args=[row.public_id])

    form = browser.get(url).context["form"]
    words = {name: form.get_initial_for_field(field, name) or "" for name, field in form.fields.items()}
    lines = [name for name in words if name.startswith("title_zh_")]
    blank = [name for name in lines if not words[name]]
    saved = browser.post(url, {**words, "is_active": "on", "form_token": "a", blank[-1]: "晚宴"})

    assert len(blank) >= 2 and len(lines) >= 6
    assert saved.status_code == 302
    assert list(row.entries.values_list("title_zh", flat=True)) == [f"周报{n}" for n in range(there)] + ["晚宴"]


@pytest.mark.parametrize("of_branch", [True, False])
def test_a_preference_segment_of_a_name_that_is_there_already_is_refused_by_its_field(
    branch: Branch, staff: Staff, web: Web, api: Api, of_branch: bool
) -> None:
    programme_of(branch)
    boss = staff("branch_manager") if of_branch else staff("head_office", branch=None)
    place = {"company": branch.company, "branch": branch if of_branch else None, "actor": boss}
    create_preference(values=SAID, menu=MENU, **place)
    other = create_preference(values={**SAID, "name_zh": "外地客户"}, menu=MENU, **place)
    kept = create_segment(values={"name": "上海客户", "rule": IN_SHANGHAI}, actor=boss)
    form = {
        "name_zh": "本地客户", "name_en": "Locals", "tier_codes": ["gold"], "is_active": "on",
        "segment": kept.public_id, "kind_1": "event", "title_zh_1": "高端交流晚宴", "title_en_1": "Dinner",
    }  # fmt: skip
    menu = [{"kind": "report", "title_en": "Banks", "title_zh": "银行业周报"}]
    browser, phone = web(boss), api(boss)
    words = {"name_zh": ["There is a preference segment of this name already."]}

    pages = [
        browser.post(reverse("tiers:preference_new"), {**form, "form_token": "a"}),
        browser.post(
            reverse("tiers:preference_edit", args=[other.public_id]), {**form, "form_token": "b", "version": 1}
        ),
    ]
    url = "/api/v1/preference-segments/"
    answers = [
        phone.post(url, {**SAID, "menu": menu}, format="json", headers={"Idempotency-Key": "k"}),
        phone.patch(f"{url}{other.public_id}/", {"name_zh": "本地客户"}, format="json", headers={"If-Match": '"1"'}),
    ]

    assert [(page.status_code, page.context["form"].errors) for page in pages] == [(409, words)] * 2
    told = [(answer.status_code, answer.data["code"], answer.data["fields"]) for answer in answers]
    assert told == [(409, "preference_name_taken", words)] * 2
    assert PreferenceSegment.objects.filter(name_zh="本地客户").count() == 1
    assert list(other.entries.values_list("title_zh", flat=True)) == ["银行业周报", "高端交流晚宴"]


# -- the client's page -------------------------------------------------------------------------------------------------


def test_the_client_page_tells_what_is_owed_what_was_given_and_what_he_may_have(
    branch: Branch, staff: Staff, web: Web, cost_of: Any
) -> None:
    advisor, today = staff("advisor"), local_date(timezone.now())
    client = ClientFactory(branch=branch, advisor=advisor)
    put_in_tier(client, "gold", OLD)
    item = ServiceItemFactory(company=branch.company, name_en="Portfolio review")
    EntitlementFactory(item=item, times=2)
    PromiseFactory(client=client, item=item)
    PromiseFactory(client=client, item=item, state="done", kept_on=today, proof="hand")
    browser, page = web(advisor), f"{client.get_absolute_url()}?tab=services"

    told = browser.get(page).content.decode()
    one = cost_of(lambda: browser.get(page))
    for _n in range(5):
        PromiseFactory(client=client, item=item)

    assert told.count("Portfolio review") >= 3
    assert "2 per quarter" in told
    assert cost_of(lambda: browser.get(page)) == one


def test_who_may_not_see_promises_has_no_such_tab(branch: Branch, staff: Staff, web: Web) -> None:
    agent = staff("agent")
    client: Client = ClientFactory(branch=branch, introducer=agent)

    told = web(agent).get(client.get_absolute_url()).content.decode()

    assert "tab=services" not in told
