"""Who opens a client knows at once what he wants, holds and was promised, and what he may not be told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from clients.models import Client
from crm.core.clocks import local_date
from crm.core.models import Branch, User
from tests.doors import Staff, Web
from tests.factories.care import answered
from tests.factories.clients import ClientFactory, HoldingFactory
from tests.factories.complaints import ComplaintFactory
from tests.factories.needs import NeedsInterviewFactory
from tests.factories.services import PromiseFactory, ServiceItemFactory, put_in_tier


def panels(web: Web, user: User, client: Client) -> dict[str, Any]:
    return {piece.key: piece.context for piece in web(user).get(client.get_absolute_url()).context["pieces"]}


def brief(web: Web, user: User, client: Client) -> Any:
    return web(user).get(reverse("overview:brief", args=[client.public_id]))


def test_the_page_says_what_he_wants_and_as_of_when(branch: Branch, staff: Staff, web: Web) -> None:
    advisor = staff("advisor")
    client = ClientFactory(branch=branch, advisor=advisor)
    asked = NeedsInterviewFactory(client=client, goals=["growth", "pension"], loss_tolerance="12.5", products=["bond"])

    wants = panels(web, advisor, client)["needs"]

    assert (len(wants["goals"]), wants["loss"], wants["on"]) == (2, "12.5", asked.taken_on)
    assert str(asked.get_horizon_display()) == str(wants["horizon"])


def test_who_was_never_asked_is_asked_from_there(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch)

    text = web(staff("branch_manager")).get(client.get_absolute_url()).content.decode()

    assert reverse("clients:needs_add", args=[client.public_id]) in text
    assert "needs" not in panels(web, staff("auditor", branch=None), client)


def test_the_largest_securities_of_the_newest_day_stand_first_with_their_share(
    branch: Branch, staff: Staff, web: Web
) -> None:
    client = ClientFactory(branch=branch)
    for code, value in (("600000.SH", 5_000), ("600519.SH", 65_000), ("000001.SZ", 20_000), ("300750.SZ", 10_000)):
        newest = HoldingFactory(client=client, security_code=code, security_name="", market_value=value).day
    HoldingFactory(client=client, day=newest - timedelta(days=1), security_code="000002.SZ", market_value=900_000)

    holds = panels(web, staff("branch_manager"), client)["holdings"]

    shares = [(row["code"], row["share"]) for row in holds["rows"]]
    assert shares == [("600519.SH", 65), ("000001.SZ", 20), ("300750.SZ", 10)]
    assert (holds["more"], holds["on"]) == (1, newest)


def test_a_short_position_has_no_share_and_takes_none_from_the_others(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch)
    for code, value in (("600000.SH", 7_500), ("600519.SH", 2_500), ("10004567", -5_000)):
        HoldingFactory(client=client, security_code=code, security_name="", market_value=value)

    rows = panels(web, staff("branch_manager"), client)["holdings"]["rows"]

    assert [(row["code"], row["share"]) for row in rows] == [("600000.SH", 75), ("600519.SH", 25), ("10004567", None)]


def test_what_was_promised_stands_there_the_most_urgent_first(branch: Branch, staff: Staff, web: Web) -> None:
    today = local_date(timezone.now())
    client = ClientFactory(branch=branch)
    items = [ServiceItemFactory(company=branch.company, name_zh=f"服务{n}", name_en=f"Service {n}") for n in range(4)]
    for days, item in zip((20, 5, 40, 30), items, strict=True):
        PromiseFactory(client=client, item=item, due_on=today + timedelta(days=days))
    PromiseFactory(client=client, item=items[0], state="closed", closed_as="tier", due_on=today)

    promised = panels(web, staff("branch_manager"), client)["promises"]

    assert [(row["due_on"] - today).days for row in promised["rows"]] == [5, 20, 30]
    assert promised["more"] == 1


def test_without_a_valid_grade_nothing_may_be_recommended_and_what_he_ruled_out_is_told(
    branch: Branch, staff: Staff, web: Web
) -> None:
    advisor = staff("advisor")
    bare = ClientFactory(branch=branch, advisor=advisor)
    known = ClientFactory(branch=branch, advisor=advisor, assessed=True, avoid_topics="不要提去年的亏损")
    NeedsInterviewFactory(client=known, restrictions=["no_st"])
    plain = ClientFactory(branch=branch, advisor=advisor, assessed=True)
    professional = ClientFactory(branch=branch, advisor=advisor, investor_class="A")

    assert "limits" not in panels(web, advisor, professional)
    assert len(panels(web, advisor, bare)["limits"]["lines"]) == 1
    limits = panels(web, advisor, known)["limits"]
    assert limits["lines"] == [] and len(limits["ruled_out"]) == 1 and limits["avoid"] == "不要提去年的亏损"
    assert "limits" not in panels(web, advisor, plain)


def test_before_a_call_one_knows_how_far_a_recommendation_may_go(branch: Branch, staff: Staff, web: Web) -> None:
    advisor = staff("advisor")
    client = ClientFactory(branch=branch, advisor=advisor, assessed=True)
    lowest = ClientFactory(branch=branch, advisor=advisor, assessed=True, is_lowest_risk=True)

    def line(one: Client) -> str:
        pieces = {piece.key: piece.context for piece in brief(web, advisor, one).context["pieces"]}
        return " ".join(map(str, pieces["limits"]["lines"]))

    assert client.risk_grade.replace("C", "R") in line(client)
    assert "R1" in line(lowest) and client.risk_grade.replace("C", "R") not in line(lowest)


def test_before_a_call_one_knows_how_he_answered_last_but_not_through_a_complaint_about_oneself(
    branch: Branch, staff: Staff, web: Web
) -> None:
    advisor = staff("branch_manager")
    client = ClientFactory(branch=branch)
    answered(branch, 4, 9, "满意", client=client, complaint=ComplaintFactory(client=client))
    about_him = ComplaintFactory(client=client, complained_of=advisor)
    later = answered(branch, 1, 0, "经理态度差", client=client, complaint=about_him)
    later.answered_at += timedelta(hours=1)
    later.save()

    text = brief(web, advisor, client).content.decode()

    assert "满意" in text and "经理态度差" not in text
    assert "经理态度差" in brief(web, staff("compliance", branch=None), client).content.decode()


def test_the_head_of_the_page_leads_to_the_arithmetic_of_the_tier_and_to_an_open_complaint(
    branch: Branch, staff: Staff, web: Web
) -> None:
    client = ClientFactory(branch=branch)
    put_in_tier(client, "gold", local_date(timezone.now()))

    def head(user: User) -> str:
        text: str = web(user).get(client.get_absolute_url()).content.decode()
        return text.split("<h1>")[1].split("?tab=timeline")[0]  # the tabs begin with that one

    manager = staff("branch_manager")
    assert reverse("tiers:proof", args=[client.public_id]) in head(manager)
    assert "?tab=complaints" not in head(manager)
    ComplaintFactory(client=client)
    assert "?tab=complaints" in head(manager)


def test_topics_to_avoid_are_kept_with_who_said_so_and_can_be_changed_over_rest(
    branch: Branch, staff: Staff, api: Any
) -> None:
    advisor = staff("advisor")
    client = ClientFactory(branch=branch, advisor=advisor)
    address = f"/api/v1/clients/{client.public_id}/"

    headers = {"Idempotency-Key": "k1", "If-Match": f'"{client.version}"'}
    said = api(advisor).patch(address, {"avoid_topics": "离婚"}, format="json", headers=headers)

    assert said.status_code == 200, said.content
    client.refresh_from_db()
    assert client.avoid_topics == "离婚"
    assert client.provenance["avoid_topics"]["source"]
