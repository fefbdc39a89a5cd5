"""The profile tab and its pages, as an advisor and a front-desk clerk use them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from clients import provenance
from clients.models import Client, ContactPoint, FinancingNeed, IdentityDocument, Relation
from clients.services import found_household, join_household, remind_documents
from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.models import AuditEntry, Branch, Policy
from crm.core.public_ids import new_public_id
from tests.doors import HTMX, Staff, Web
from tests.factories.clients import (
    ClientFactory,
    ContactPersonFactory,
    ContactPointFactory,
    FinancingNeedFactory,
    IdentityDocumentFactory,
    RelationFactory,
)


def tab(client: Client) -> str:
    return f"/clients/{client.public_id}/?tab=profile"


def sent(version: int | None = None, **said: Any) -> dict[str, Any]:
    return {"form_token": new_public_id(), **({"version": version} if version is not None else {}), **said}


def test_the_tab_shows_each_fact_with_its_source_or_that_it_was_refused(branch: Branch, staff: Staff, web: Web) -> None:
    made = provenance.stamped({}, ["occupation"], source="client", on=date(2026, 5, 1), refused={"annual_income": True})
    client = ClientFactory(branch=branch, occupation="教师", provenance=made)

    text = web(staff("branch_manager")).get(tab(client)).content.decode()

    assert "教师" in text
    assert "2026-05-01" in text
    assert "拒绝提供" in text or "Refused to provide" in text


def test_a_group_turns_into_its_form_and_back(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch)
    browser, url = web(staff("front_desk")), f"/clients/{client.public_id}/facts/work/edit/"

    form = browser.get(url, headers=HTMX).content.decode()
    answer = browser.post(
        url,
        sent(
            1,
            occupation="教师",
            annual_income="200000",
            employer="",
            income_source="",
            refused=["employer"],
            source="client",
            as_of="2026-05-20",
            confirmed="on",
        ),
        headers=HTMX,
    )

    assert 'name="annual_income"' in form
    assert "<html" not in form
    assert answer.status_code == 200
    assert 'id="group-work"' in answer.content.decode()
    assert "教师" in answer.content.decode()
    client.refresh_from_db()
    assert (client.occupation, client.annual_income) == ("教师", Decimal(200_000))
    assert provenance.origin(client.provenance, "employer") == provenance.Origin("client", date(2026, 5, 20), True)
    assert provenance.origin(client.provenance, "income_source").on == date(2026, 5, 20)


def test_a_group_without_scripts_is_a_page(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch)
    browser, url = web(staff("front_desk")), f"/clients/{client.public_id}/facts/reach/edit/"

    page = browser.get(url)
    answer = browser.post(
        url,
        sent(1, forbidden_channels=["sms", "phone"], quiet_from="22:00", quiet_until="07:00", source="client"),
    )

    assert "<html" in page.content.decode()
    assert answer.status_code == 302
    client.refresh_from_db()
    assert client.forbidden == {"sms", "phone"}
    assert (client.quiet_from.hour, client.quiet_until.hour) == (22, 7)


def test_a_form_made_from_an_older_version_changes_nothing(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch, version=3)

    answer = web(staff("front_desk")).post(
        f"/clients/{client.public_id}/facts/work/edit/", sent(2, occupation="教师", source="staff"), headers=HTMX
    )

    assert answer.status_code == 412
    client.refresh_from_db()
    assert client.occupation == ""


def test_whoever_gives_a_refused_fact_need_not_take_the_tick_away(branch: Branch, staff: Staff, web: Web) -> None:
    held = provenance.stamped({}, [], source="client", on=date(2026, 5, 1), refused={"debts": True})
    client = ClientFactory(branch=branch, provenance=held)

    web(staff("front_desk")).post(
        f"/clients/{client.public_id}/facts/wealth/edit/",
        sent(1, debts="1000", refused=["debts"], source="client"),
    )

    client.refresh_from_db()
    assert client.debts == Decimal(1000)
    assert provenance.refused_facts(client.provenance) == frozenset()


@pytest.mark.parametrize("group", ["institution", "nonsense"])
def test_a_group_that_does_not_fit_the_client_is_not_there(branch: Branch, staff: Staff, web: Web, group: str) -> None:
    client = ClientFactory(branch=branch)

    assert web(staff("front_desk")).get(f"/clients/{client.public_id}/facts/{group}/").status_code == 404


def test_a_document_is_put_on_file_changed_and_taken_off(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch)
    browser, base = web(staff("front_desk")), f"/clients/{client.public_id}/documents/"

    browser.post(f"{base}new/", sent(kind="passport", number="E12345678", valid_until="2030-01-01"))
    row = IdentityDocument.objects.get()
    page = browser.get(tab(client)).content.decode()
    form = browser.get(f"{base}{row.public_id}/").content.decode()
    browser.post(f"{base}{row.public_id}/", sent(1, kind="passport", number="", issued_by="移民局", valid_until=""))
    browser.post(f"{base}{row.public_id}/remove/", {"version": 2})

    assert "E12345678" not in page
    assert "E12345678" not in form
    row.refresh_from_db()
    assert (row.number, row.issued_by, row.valid_until) == ("E12345678", "移民局", None)
    assert row.removed_at is not None
    assert browser.get(f"{base}{row.public_id}/").status_code == 404


def test_a_bad_number_is_named_beside_its_box(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch)

    answer = web(staff("front_desk")).post(
        f"/clients/{client.public_id}/documents/new/", sent(kind="id_card", number="123")
    )

    assert answer.status_code == 400
    assert "number" in answer.context["form"].errors


def test_what_only_the_client_knows_is_completed_with_one_click(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch, phone="+8613812348000", id_number="110101199003074514")
    browser = web(staff("front_desk"))

    text = browser.get(tab(client)).content.decode()

    assert f"/clients/{client.public_id}/contact-points/new/?kind=phone&amp;is_primary=1" in text
    assert "138****8000" in text
    browser.post(
        f"/clients/{client.public_id}/contact-points/new/",
        sent(kind="phone", value="13812348000", label="手机", is_primary="on"),
    )
    assert ContactPoint.objects.get().is_primary
    assert browser.get(tab(client)).content.decode().count("138****8000") >= 1


def test_a_sealed_value_is_revealed_with_a_reason_on_record(branch: Branch, staff: Staff, web: Web) -> None:
    row = ContactPointFactory(client__branch=branch, value="+8613812348000")
    url = f"/clients/{row.client.public_id}/rows/contact_point/{row.public_id}/reveal/value/"
    browser = web(staff("front_desk"))

    without, shown = browser.post(url), browser.post(url, {"reason": "客户来电核对"})

    assert without.status_code == 400
    assert "13812348000" in shown.content.decode()
    assert "1 of 120 today" in shown.content.decode(), "what is left of the allowance is said wherever a value is shown"
    assert shown["Cache-Control"] == "no-store, private"
    entry = AuditEntry.objects.get(action="field.reveal")
    assert entry.client_ref == row.client.public_id
    assert browser.post(url.replace("/value/", "/label/"), {"reason": "客户来电"}).status_code == 404


def test_rows_of_a_foreign_client_are_not_there(branch: Branch, other_branch: Branch, staff: Staff, web: Web) -> None:
    foreign, mine = ContactPointFactory(client__branch=other_branch), ClientFactory(branch=branch)
    browser = web(staff("front_desk"))

    for client in (foreign.client, mine):
        base = f"/clients/{client.public_id}"
        assert browser.get(f"{base}/contact-points/{foreign.public_id}/").status_code == 404
        assert browser.post(f"{base}/contact-points/{foreign.public_id}/remove/").status_code == 404
        reveal = f"{base}/rows/contact_point/{foreign.public_id}/reveal/value/"
        assert browser.post(reveal, {"reason": "客户来电"}).status_code == 404


def test_an_institution_shows_who_speaks_for_it_and_what_it_wants_to_raise(
    branch: Branch, staff: Staff, web: Web
) -> None:
    firm = ClientFactory(branch=branch, kind="institution")
    person = ContactPersonFactory(client=firm, phone="+8613812348000", phone_tail="8000")
    FinancingNeedFactory(client=firm, amount=Decimal(50_000_000))
    browser = web(staff("front_desk"))

    text = browser.get(tab(firm)).content.decode()
    browser.post(
        f"/clients/{firm.public_id}/financing-needs/new/",
        sent(kind="ipo", status="handed_on", handed_to="投资银行部"),
    )

    assert person.name in text
    assert "13812348000" not in text
    assert "138****8000" in text
    assert FinancingNeed.objects.filter(status="handed_on", handed_on=local_date(timezone.now())).exists()


def test_a_relation_with_a_client_whom_one_may_not_see_is_only_counted(
    branch: Branch, other_branch: Branch, staff: Staff, web: Web
) -> None:
    client = ClientFactory(branch=branch)
    RelationFactory(client=client, other=ClientFactory(branch=other_branch, name="外人甲"))
    RelationFactory(client=client, other=ClientFactory(branch=branch, name="内人乙"), kind="sibling")

    page = web(staff("front_desk")).get(tab(client))

    assert "外人甲" not in page.content.decode()
    assert "内人乙" in page.content.decode()
    assert page.context["relations"]["hidden"] == 1


def test_assets_of_related_clients_are_added_up_once_each_and_of_unseen_ones_not(
    branch: Branch, other_branch: Branch, staff: Staff, web: Web
) -> None:
    client, wife = ClientFactory(branch=branch, total_assets=100), ClientFactory(branch=branch, total_assets=250)
    RelationFactory(client=client, other=wife)
    RelationFactory(client=wife, other=client, kind="agent")
    RelationFactory(client=client, other=ClientFactory(branch=other_branch, total_assets=9_000), kind="sibling")
    RelationFactory(client=client, other=None, outsider_name="外人", kind="parent")

    found = web(staff("front_desk")).get(f"/clients/{client.public_id}/?tab=profile").context["relations"]

    assert found["together"] == 350
    assert [item["assets"] for item in found["rows"]] == [250, 250, None]


def test_a_relation_is_named_by_client_number(branch: Branch, other_branch: Branch, staff: Staff, web: Web) -> None:
    client, other = ClientFactory(branch=branch), ClientFactory(branch=branch, external_id="777001")
    ClientFactory(branch=other_branch, external_id="777002")
    browser, url = web(staff("front_desk")), f"/clients/{client.public_id}/relations/new/"

    browser.post(url, sent(kind="spouse", other_number="777001"))
    foreign = browser.post(url, sent(kind="parent", other_number="777002"))

    assert Relation.objects.get().other == other
    assert foreign.status_code == 400
    assert "other_number" in foreign.context["form"].errors


def test_the_household_adds_up_only_what_one_may_see(
    branch: Branch, other_branch: Branch, staff: Staff, web: Web
) -> None:
    mine = ClientFactory(branch=branch, total_assets=Decimal(100))
    second = ClientFactory(branch=branch, total_assets=Decimal(23), external_id="777001")
    foreign = ClientFactory(branch=other_branch, total_assets=Decimal(9_000_000), name="外人甲")
    browser, url = web(staff("front_desk")), f"/clients/{mine.public_id}/household/"

    browser.post(url, sent(0, name="张家", other_number="777001"))
    home = second.household_place.household
    join_household(household=home, client=foreign, actor=staff("compliance"), now=timezone.now())
    page = browser.get(tab(mine))

    shown = page.context["household"]
    assert (shown["total"], shown["hidden"], len(shown["members"])) == (Decimal(123), 1, 2)
    assert "外人甲" not in page.content.decode()
    browser.post(f"/clients/{mine.public_id}/household/leave/", {"version": shown["household"].version})
    assert home.members.count() == 2


def test_the_stage_is_set_by_hand_with_a_reason_and_let_go(branch: Branch, staff: Staff, web: Web) -> None:
    client, browser = ClientFactory(branch=branch), web(staff("branch_manager"))
    until = (local_date(timezone.now()) + timedelta(days=10)).isoformat()

    browser.post(f"/clients/{client.public_id}/stage/", sent(1, stage="at_risk", reason="说要转户", until=until))
    text = browser.get(tab(client)).content.decode()
    browser.post(f"/clients/{client.public_id}/stage/end/", {"version": 2})

    assert "说要转户" in text
    client.refresh_from_db()
    assert client.stage != "at_risk"


def test_who_introduced_a_client_is_named_by_number(branch: Branch, staff: Staff, web: Web) -> None:
    client, other = ClientFactory(branch=branch), ClientFactory(branch=branch, external_id="777001", name="介绍人")
    browser = web(staff("front_desk"))

    browser.post(f"/clients/{client.public_id}/introducer/", sent(1, other_number="777001"))

    client.refresh_from_db()
    assert client.introduced_by_client == other
    assert "介绍人" in browser.get(tab(client)).content.decode()
    assert browser.get(tab(other)).context["stage"]["introduced"] == 1


def test_the_tab_costs_the_same_for_one_row_and_for_ten(branch: Branch, staff: Staff, web: Web, cost_of: Any) -> None:
    client, browser = ClientFactory(branch=branch), web(staff("front_desk"))
    IdentityDocumentFactory(client=client)
    ContactPointFactory(client=client)
    RelationFactory(client=client)
    home = found_household(client=client, name="张家", actor=staff("advisor"), now=timezone.now())
    browser.get(tab(client))

    one = cost_of(lambda: browser.get(tab(client)))
    IdentityDocumentFactory.create_batch(5, client=client)
    ContactPointFactory.create_batch(5, client=client)
    RelationFactory.create_batch(5, client=client)
    for other in ClientFactory.create_batch(3, branch=branch):
        join_household(household=home, client=other, actor=staff("advisor"), now=timezone.now())

    assert cost_of(lambda: browser.get(tab(client))) == one


def test_an_agent_has_no_profile_tab(branch: Branch, staff: Staff, web: Web) -> None:
    agent = staff("agent")
    client = ClientFactory(branch=branch, introducer=agent, controller="某控制人")

    page = web(agent).get(tab(client))

    assert page.context["tab"] == "overview"
    assert "某控制人" not in page.content.decode()


def test_the_contact_form_warns_of_forbidden_channels(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch, forbidden_channels="sms")

    page = web(staff("front_desk")).get(f"/clients/{client.public_id}/")

    assert len(page.context["warnings"]) == 1


# -- documents that run out --------------------------------------------------------------------------------------------


@pytest.fixture
def expiring(branch: Branch, staff: Staff) -> dict[str, Client]:
    today, advisor = local_date(timezone.now()), staff("advisor")
    days = {"limit": -90, "expired": -1, "today": 0, "soon": 90, "later": 91}
    return {
        name: ClientFactory(branch=branch, advisor=advisor, id_valid_until=today + timedelta(days=n))
        for name, n in days.items()
    }


@pytest.mark.parametrize(
    ("days", "figure", "badge"), [(60, [90, 30, 0], True), (60, [30, 0], False), (100, [120, 0], True)]
)
def test_the_badge_of_a_document_that_runs_out_follows_the_figure(
    branch: Branch, staff: Staff, web: Web, days: int, figure: list[int], badge: bool
) -> None:
    Policy.objects.filter(policy_key__key="id.expiry_reminders").update(value=figure)
    client = ClientFactory(branch=branch, id_number="11010519491231002X")
    until = local_date(timezone.now()) + timedelta(days=days)
    Client.objects.filter(pk=client.pk).update(id_valid_until=until)
    IdentityDocumentFactory(client=client, valid_until=until)

    page = web(staff("branch_manager")).get(f"/clients/{client.public_id}/", {"tab": "profile"}).content.decode()

    part = page[page.index('id="documents"') :]
    assert ("state-warning" in part[: part.index("</section>")]) is badge


@pytest.mark.parametrize(
    ("state", "names"),
    [
        ("", ["limit", "expired", "today", "soon"]),
        ("limit", ["limit"]),
        ("expired", ["limit", "expired"]),
        ("soon", ["today", "soon"]),
    ],
)
def test_the_list_of_documents_that_run_out(
    expiring: dict[str, Client], staff: Staff, web: Web, state: str, names: list[str]
) -> None:
    remind_documents(branch=expiring["limit"].branch, actor=system_user(), now=timezone.now())
    browser = web(staff("front_desk"))

    page = browser.get("/clients/documents/", {"state": state})
    narrowed = browser.get("/clients/", {"document": state}) if state else None

    wanted = [expiring[name] for name in names]
    assert [row.client for row in page.context["page"].rows] == wanted
    if narrowed is not None:
        assert set(narrowed.context["page"].rows) == set(wanted)


def test_expiring_documents_and_days_ahead_are_in_my_day(expiring: dict[str, Client], staff: Staff, web: Web) -> None:
    today = local_date(timezone.now())
    advisor = expiring["limit"].advisor
    remind_documents(branch=advisor.branch, actor=system_user(), now=timezone.now())
    ClientFactory(
        branch=advisor.branch,
        advisor=advisor,
        birth_date=(today + timedelta(days=1)).replace(year=1980),
        kind="person",
    )

    own = web(advisor).get("/")
    desk = web(staff("front_desk")).get("/")
    stranger = web(staff("account_manager")).get("/")

    kinds = [item.kind for item in own.context["items"]]
    assert kinds.count("document") == 4
    assert "milestone" in kinds
    assert [item.kind for item in desk.context["items"]].count("document") == 4
    assert "document" not in [item.kind for item in stranger.context["items"]]
