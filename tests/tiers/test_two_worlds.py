"""What a client pays, and what the rule of a segment asks, is told by no page to who may not know it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from clients.models import Client
from clients.services.asset_sql import AssetDay
from clients.services.assets import put_asset_days
from clients.services.standing import restrict_client
from crm.core.access import system_user
from crm.core.models import Branch, ImportBatch, User
from tests.doors import Staff
from tests.factories.clients import ClientFactory
from tests.factories.publications import draw, send, somebody
from tests.factories.tiers import ClientRateFactory
from tiers.models import Tier, TierChange
from tiers.services.evaluation import evaluate
from tiers.services.menus import Line, create_preference
from tiers.services.programmes import seed_default_programme

pytestmark = pytest.mark.django_db

DAY = date(2026, 5, 29)
NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
Open = Callable[[User], Any]


def seen(answer: Any) -> str:
    """What stands in an answer, without what is new with each of them."""
    assert answer.status_code == 200
    return re.sub(r'(csrfmiddlewaretoken"|nonce=|X-CSRFToken)[^>]*', "", answer.content.decode())


def paid(client: Client, commission: int) -> None:
    """What stands in the file of the day; fen."""
    row = AssetDay(client.pk, DAY, 60_000_000, commission=commission)
    put_asset_days(branch=client.branch, rows=[row], actor=system_user())


@pytest.fixture
def graded(branch: Branch, staff: Staff) -> Client:
    """A gold client; the next tier asks for commission beside assets."""
    programme = seed_default_programme(company=branch.company, actor=system_user())
    client: Client = ClientFactory(branch=branch, introducer=staff("agent"), advisor=staff("advisor"))
    paid(client, 0)
    evaluate(branch=branch, day=DAY, actor=system_user())
    gold = programme.tiers.get(code="gold")
    commission = {"metric": "commission", "span": 12, "at_least": "50000.00"}
    rule = {"all": [{"metric": "average", "at_least": "1000000.00"}, commission]}
    Tier.objects.filter(programme=programme, rank=gold.rank + 1).update(lower_bound=None, rule=rule)
    return client


def test_what_a_client_pays_stands_in_the_proof_of_his_tier_for_those_alone_who_may_know_it(
    graded: Client, staff: Staff, web: Open, api: Open
) -> None:
    step = TierChange.objects.get(client=graded)
    TierChange.objects.filter(pk=step.pk).update(
        facts={"values": {"average": [60_000_000, 1], "commission:12": [0, 1]}}
    )
    pages = (f"/tiers/proof/{graded.public_id}/", f"/tiers/changes/{step.public_id}/")
    rest = f"/api/v1/tiers/clients/{graded.public_id}/"
    kept = [staff("front_desk"), graded.introducer, staff("auditor")]
    before = {user: [seen(web(user).get(url)) for url in pages] for user in kept}
    told = {user: api(user).get(rest).json() for user in kept}

    paid(graded, 7_654_321)
    TierChange.objects.filter(pk=step.pk).update(
        facts={"values": {"average": [60_000_000, 1], "commission:12": [7_654_321, 1]}}
    )

    for user in kept:
        assert [seen(web(user).get(url)) for url in pages] == before[user]
        assert api(user).get(rest).json() == told[user]
    advisor = graded.advisor
    assert all("76,543.21" in seen(web(advisor).get(url)) for url in pages)
    line = api(advisor).get(rest).json()["proof"]["next_checks"][2]
    assert (line["value"], line["holds"]) == ("76543.21", True)
    hidden = told[kept[0]]["proof"]["next_checks"]
    assert [one["holds"] for one in hidden] == [None, False, None] and hidden[2]["at_least"] == "50000.00"


def test_the_rate_of_a_client_restricted_to_storage_is_gone_from_his_advisors_desk(
    branch: Branch, staff: Staff, web: Open, api: Open
) -> None:
    seed_default_programme(company=branch.company, actor=system_user())
    advisor = staff("advisor")
    client = ClientFactory(branch=branch, advisor=advisor, name="欧阳无踪")
    before = seen(web(advisor).get("/commission/"))
    rate = ClientRateFactory(client=client)
    assert "欧" in seen(web(advisor).get("/commission/"))

    restrict_client(client=client, reason="删除请求", actor=staff("compliance"), now=NOW)

    assert seen(web(advisor).get("/commission/")) == before
    assert api(advisor).get("/api/v1/client-rates/").json()["results"] == []
    assert api(staff("compliance")).get(f"/api/v1/client-rates/{rate.public_id}/").status_code == 200


def test_a_publication_names_no_segment_whose_rule_asks_what_the_reader_may_not_see(
    branch: Branch, staff: Staff, web: Open, api: Open
) -> None:
    boss, advisor = staff("branch_manager"), staff("advisor")
    client = somebody(branch, advisor=advisor)
    rule = {
        "any": [{"field": "survey_score", "op": "lte", "value": "2"}, {"field": "city", "op": "is", "value": "上海"}]
    }
    values = {"name_en": "Unhappy clients", "name_zh": "不满意客户", "tier_codes": ["gold"], "rule": rule}
    menu = [Line("report", "Banks", "银行业周报")]
    segment = create_preference(values=values, menu=menu, company=branch.company, branch=branch, actor=boss)
    row = send(draw(segment, boss), boss)
    rest = f"/api/v1/publications/{row.public_id}/"

    assert row.recipients.get().client == client
    assert "Unhappy" in seen(web(boss).get(row.get_absolute_url())) and api(boss).get(rest).json()["segments"]
    assert "Unhappy" not in seen(web(advisor).get(row.get_absolute_url()))
    assert api(advisor).get(rest).json()["segments"] == []


def test_what_others_brought_of_rates_is_no_import_of_who_may_see_none(
    branch: Branch, staff: Staff, web: Open, api: Open
) -> None:
    boss, kept = staff("branch_manager"), [staff("front_desk"), staff("auditor")]
    before = {user: api(user).get("/api/v1/imports/").json() for user in kept}
    row = ImportBatch.objects.create(
        kind="rates", branch=branch, file_name="佣金.csv", sha256="0" * 64, actor=boss, state="checked", rejected=1
    )

    for user in kept:
        assert api(user).get("/api/v1/imports/").json() == before[user]
        for url in (f"/imports/{row.public_id}/", f"/imports/{row.public_id}/errors/"):
            assert web(user).get(url).status_code == 404
    assert web(boss).get(f"/imports/{row.public_id}/").status_code == 200
