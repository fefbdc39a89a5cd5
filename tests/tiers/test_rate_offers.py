"""Rates by consent: a change of tier proposes, people approve, the client agrees; what nobody answers lapses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from clients.models import Client
from crm.core.access import system_user
from crm.core.clocks import local_date
from crm.core.errors import FourEyes, MissingRight
from crm.core.models import AuditEntry, Branch
from crm.workbench.queue import rates_of_clients
from tests.doors import Staff
from tests.factories.clients import ClientFactory
from tests.factories.services import PromiseFactory, ServiceItemFactory
from tests.factories.tiers import ClientRateFactory, RateCardFactory, put_days
from tiers.errors import NeedsHouse, NotOffered, ProposalExpired, RateNotAllowed
from tiers.models import ClientRate, Programme, RateReview, Tier, TierChange, TierState
from tiers.querysets import effective_rates
from tiers.services.commission import Price, approve_client_rate, propose_client_rate, reject_client_rate
from tiers.services.evaluation import evaluate
from tiers.services.programmes import seed_default_programme
from tiers.services.rate_offers import accept_client_rate, decline_client_rate, lapse_client_rate
from tiers.services.run_approval import approve_run
from tiers.tasks import settle_rates

pytestmark = pytest.mark.django_db

#: The evening of the last trading day of May 2026, and the morning after the night's run.
FIRST, MONTH_END = date(2026, 5, 15), date(2026, 5, 29)
NOW = datetime(2026, 6, 1, 2, tzinfo=UTC)
TODAY = date(2026, 6, 1)


def later(days: int) -> datetime:
    return NOW + timedelta(days=days)


@pytest.fixture
def programme(branch: Branch) -> Programme:
    made = seed_default_programme(company=branch.company, actor=system_user())
    cards = {"silver": ("0.0003", "0.00005"), "gold": ("0.00025", "0.00005"), "platinum": ("0.00022", "0.00005")}
    for code, (share, bond) in cards.items():
        tier = made.tiers.get(code=code)
        RateCardFactory(tier=tier, product="A_SHARE", rate=Decimal(share), valid_from=date(2026, 1, 1))
        RateCardFactory(tier=tier, product="BOND", rate=Decimal(bond), valid_from=date(2026, 1, 1))
    return made


@pytest.fixture
def risen(branch: Branch, programme: Programme, staff: Staff) -> Client:
    """A client who was silver in mid-May and became gold at its end."""
    client = ClientFactory(branch=branch, advisor=staff("advisor"))
    put_days(branch, {client: {FIRST: 20_000_000}})
    evaluate(branch=branch, day=FIRST, actor=system_user())
    put_days(branch, {client: {MONTH_END: 120_000_000}})
    evaluate(branch=branch, day=MONTH_END, actor=system_user())
    assert TierChange.objects.filter(client=client, reason="up").count() == 1
    return client


def rate_of(client: Client, day: date, product: str = "A_SHARE") -> Decimal:
    return next(found.rate for found in effective_rates(client, day) if found.product == product)


def proposal(client: Client) -> ClientRate:
    settle_rates(NOW)
    found: ClientRate = ClientRate.objects.get(client=client)
    return found


def test_a_change_of_tier_alone_reprices_nothing(risen: Client) -> None:
    assert rate_of(risen, MONTH_END) == rate_of(risen, date(2027, 1, 1)) == Decimal("0.0003")


def test_a_change_of_tier_proposes_once_what_differs(risen: Client) -> None:
    counts = [settle_rates(NOW) for _ in range(3)]

    made = ClientRate.objects.get(client=risen)
    assert counts == [1, 0, 0]
    assert (made.product, made.rate, made.origin, made.state) == (
        "A_SHARE",
        Decimal("0.00025"),
        "tier_change",
        "proposed",
    )
    assert RateReview.objects.get().unchanged == ["BOND"]
    with pytest.raises(IntegrityError), transaction.atomic():
        ClientRateFactory(
            client=risen, origin="tier_change", tier_change=made.tier_change, product="A_SHARE", state="lapsed"
        )


def test_the_rate_holds_from_the_clients_word_on_and_not_from_the_approval(risen: Client, staff: Staff) -> None:
    row = proposal(risen)
    offered = approve_client_rate(rate=row, actor=staff("branch_manager"), now=NOW)

    assert (offered.state, offered.accept_by) == ("offered", TODAY + timedelta(days=30))
    assert rate_of(risen, TODAY) == Decimal("0.0003")
    assert all(word in offered.notice_text for word in ("金卡", "万分之 2.5", "全佣"))
    assert "$" not in offered.notice_text
    done = accept_client_rate(
        rate=offered, how="paper", answered_on=date(2026, 6, 3), actor=risen.advisor, now=later(2), version=2
    )
    assert (done.state, done.valid_from, done.answer_taken_by) == ("approved", date(2026, 6, 3), risen.advisor)
    assert [rate_of(risen, date(2026, 6, day)) for day in (2, 3)] == [Decimal("0.0003"), Decimal("0.00025")]
    trail = AuditEntry.objects.filter(object_id=row.public_id).order_by("pk").values_list("action", flat=True)
    assert list(trail) == ["client_rate.approve", "client_rate.accept"]


def test_the_database_lets_no_rate_of_a_tier_hold_without_the_clients_word(risen: Client, staff: Staff) -> None:
    row = proposal(risen)
    approve_client_rate(rate=row, actor=staff("branch_manager"), now=NOW)

    with pytest.raises(IntegrityError), transaction.atomic():
        ClientRate.objects.filter(pk=row.pk).update(state="approved")


def test_a_client_who_declines_keeps_what_he_had(risen: Client, staff: Staff) -> None:
    row = approve_client_rate(rate=proposal(risen), actor=staff("branch_manager"), now=NOW)

    declined = decline_client_rate(rate=row, answered_on=TODAY, actor=risen.advisor, now=NOW)

    assert (declined.state, rate_of(risen, date(2026, 7, 1)), settle_rates(NOW)) == ("declined", Decimal("0.0003"), 0)
    with pytest.raises(NotOffered):
        accept_client_rate(rate=row, how="app", answered_on=TODAY, actor=risen.advisor, now=NOW)


@pytest.mark.parametrize("day", [date(2026, 5, 31), date(2026, 6, 2)])
def test_an_answer_lies_between_the_notice_and_today(risen: Client, staff: Staff, day: date) -> None:
    row = approve_client_rate(rate=proposal(risen), actor=staff("branch_manager"), now=NOW)

    with pytest.raises(RateNotAllowed):
        accept_client_rate(rate=row, how="app", answered_on=day, actor=risen.advisor, now=NOW)


def test_an_answer_is_taken_only_by_who_may_see_the_clients_commission(risen: Client, staff: Staff) -> None:
    row = approve_client_rate(rate=proposal(risen), actor=staff("branch_manager"), now=NOW)

    with pytest.raises(MissingRight):
        accept_client_rate(rate=row, how="app", answered_on=TODAY, actor=staff("advisor"), now=NOW)


def test_what_nobody_answers_lapses_and_cannot_be_approved_afterwards(risen: Client, staff: Staff) -> None:
    row = proposal(risen)

    with pytest.raises(ProposalExpired):
        approve_client_rate(rate=row, actor=staff("branch_manager"), now=later(15))
    assert not AuditEntry.objects.filter(object_id=row.public_id).exists()
    assert (settle_rates(later(14)), settle_rates(later(15)), settle_rates(later(15))) == (0, 1, 0)
    row.refresh_from_db()
    assert (row.state, row.decided_by) == ("lapsed", None)


def test_an_offer_lapses_when_the_client_says_nothing(risen: Client, staff: Staff) -> None:
    row = approve_client_rate(rate=proposal(risen), actor=staff("branch_manager"), now=NOW)

    with pytest.raises(ProposalExpired):
        accept_client_rate(rate=row, how="app", answered_on=TODAY, actor=risen.advisor, now=later(31))
    settle_rates(later(31))

    row.refresh_from_db()
    assert (row.state, rate_of(risen, date(2026, 8, 1))) == ("lapsed", Decimal("0.0003"))
    with pytest.raises(ClientRate.DoesNotExist):
        lapse_client_rate(rate=row, actor=system_user(), now=later(32))


def test_a_concession_returns_to_the_card_of_the_present_tier_when_it_ends(risen: Client, staff: Staff) -> None:
    settle_rates(NOW)
    ClientRate.objects.all().delete()
    row = ClientRateFactory(client=risen, rate=Decimal("0.00021"), valid_from=TODAY, valid_to=date(2026, 6, 30))
    approve_client_rate(rate=row, actor=staff("branch_manager"), now=NOW)

    assert [rate_of(risen, day) for day in (date(2026, 6, 30), date(2026, 7, 1))] == [
        Decimal("0.00021"),
        Decimal("0.00025"),
    ]
    assert (settle_rates(later(29)), settle_rates(later(30)), settle_rates(later(30))) == (0, 1, 0)
    row.refresh_from_db()
    assert row.state == "ended"
    (told,) = list(rates_of_clients(risen.advisor, date(2026, 7, 1)))
    assert told.url == reverse("tiers:proof", args=[risen.public_id])


def test_no_approval_after_the_last_day_of_what_is_asked(branch: Branch, staff: Staff) -> None:
    row = ClientRateFactory(client__branch=branch, valid_to=date(2026, 5, 31))

    with pytest.raises(ProposalExpired):
        approve_client_rate(rate=row, actor=staff("branch_manager"), now=NOW)
    row.refresh_from_db()
    assert row.state == "proposed"


def deep(client: Client, rate: str = "0.00015") -> ClientRate:
    return propose_client_rate(
        client=client,
        price=Price("A_SHARE", Decimal(rate), "all_in", Decimal(5)),
        valid_from=TODAY,
        reason="转户挽留",
        actor=client.advisor,
        now=NOW,
    )


@pytest.mark.parametrize(("first", "second"), [("branch_manager", "compliance"), ("head_office", "branch_manager")])
def test_a_deep_concession_takes_two_people_one_of_the_house(
    risen: Client, staff: Staff, first: str, second: str
) -> None:
    row = deep(risen)

    after = approve_client_rate(rate=row, actor=staff(first), now=NOW)
    assert (after.state, rate_of(risen, TODAY)) == ("proposed", Decimal("0.0003"))
    done = approve_client_rate(rate=row, actor=staff(second), now=NOW)

    assert (done.state, rate_of(risen, TODAY)) == ("approved", Decimal("0.00015"))
    trail = AuditEntry.objects.filter(object_id=row.public_id).order_by("pk").values_list("action", flat=True)
    assert list(trail) == ["client_rate.propose", "client_rate.endorse", "client_rate.approve"]


def test_two_of_the_branch_or_the_same_person_twice_are_not_enough(risen: Client, staff: Staff) -> None:
    row, manager = deep(risen), staff("branch_manager")
    approve_client_rate(rate=row, actor=manager, now=NOW)

    with pytest.raises(FourEyes):
        approve_client_rate(rate=row, actor=manager, now=NOW)
    with pytest.raises(NeedsHouse):
        approve_client_rate(rate=row, actor=staff("branch_manager"), now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        ClientRate.objects.filter(pk=row.pk).update(state="approved", decided_by=manager, decided_at=NOW)


def test_a_shallow_concession_is_the_managers_alone_to_the_last_millionth(risen: Client, staff: Staff) -> None:
    """Gold pays 0.00025; the manager goes down to 0.0002, which is also the cost line."""
    assert approve_client_rate(rate=deep(risen, "0.0002"), actor=staff("branch_manager"), now=NOW).state == "approved"
    again = deep(risen, "0.000199")
    assert approve_client_rate(rate=again, actor=staff("branch_manager"), now=NOW).state == "proposed"


def test_the_answer_is_taken_on_a_page_that_shows_the_notice(risen: Client, staff: Staff, web: Any) -> None:
    now = datetime.now(UTC)  # the page lives today: the change is dated so, and the day told is that of the offer
    TierChange.objects.filter(client=risen).update(day=local_date(now))
    settle_rates(now)
    row = ClientRate.objects.get(client=risen)
    approve_client_rate(rate=row, actor=staff("branch_manager"), now=now)
    row.refresh_from_db()
    page, url = web(risen.advisor), reverse("tiers:rate_accept", args=[row.public_id])

    shown = page.get(url)
    said = {"form_token": "t", "version": row.version, "how": "app", "answered_on": local_date(now).isoformat()}
    stranger = web(staff("advisor")).post(url, said)
    done = page.post(url, said)

    assert row.notice_text in shown.content.decode()
    assert (stranger.status_code, done.status_code) == (404, 302)
    row.refresh_from_db()
    assert (row.state, row.answered_how) == ("approved", "app")


def test_before_the_approval_there_is_no_answer_to_record_and_the_desk_says_who_proposed(
    risen: Client, staff: Staff, web: Any
) -> None:
    rate, browser = proposal(risen), web(staff("branch_manager"))

    page = browser.get(reverse("tiers:rate_accept", args=[rate.public_id])).content.decode()
    desk = browser.get(reverse("tiers:commission"), headers={"accept-language": "zh-hans"}).content.decode()

    assert "Nothing waits for the client's answer" in page and "answered_on" not in page
    assert "系统" in desk and "System" not in desk


def test_the_statement_says_what_holds_and_why_masked_and_leaves_a_trace(risen: Client, staff: Staff, web: Any) -> None:
    Client.objects.filter(pk=risen.pk).update(name="欧阳娜娜")
    url = reverse("tiers:statement", args=[risen.public_id])

    page = web(risen.advisor).get(url)

    text = page.content.decode()
    assert page.status_code == 200 and "欧阳娜娜" not in text
    assert page.context["proof"].state.tier.code == "gold"
    assert [(row.product, row.rate) for row in page.context["rates"]] == [
        ("A_SHARE", Decimal("0.0003")),
        ("BOND", Decimal("0.00005")),
    ]
    assert AuditEntry.objects.get(action="commission.statement").actor == risen.advisor
    assert web(staff("advisor")).get(url).status_code == 404
    assert web(staff("front_desk")).get(url).status_code == 403
    assert AuditEntry.objects.filter(action="commission.statement").count() == 1


def test_the_statement_tells_a_tier_by_hand_the_words_of_the_tier_and_a_rule_of_several_conditions(
    risen: Client, web: Any
) -> None:
    ladder = {tier.code: tier for tier in Tier.objects.filter(programme__company=risen.branch.company)}
    Tier.objects.filter(pk=ladder["gold"].pk).update(text_zh="专属客户经理", text_en="An account manager of your own")
    above = min((tier for tier in ladder.values() if tier.rank > ladder["gold"].rank), key=lambda tier: tier.rank)
    commission = {"metric": "commission", "span": 12, "at_least": "50000"}
    rule = {"all": [{"metric": "average", "at_least": "2000000"}, commission]}
    Tier.objects.filter(pk=above.pk).update(lower_bound=None, rule=rule)
    TierState.objects.filter(client=risen).update(earned=ladder["silver"])

    text = web(risen.advisor).get(reverse("tiers:statement", args=[risen.public_id])).content.decode()

    assert "An account manager of your own" in text
    assert f"by the rule it would be {ladder['silver'].name_en}" in text
    assert "50,000.00" in text and f"{above.name_en}, begins at" not in text


def test_the_statement_names_the_services_that_were_given(risen: Client, web: Any, staff: Staff) -> None:
    today = local_date(datetime.now(UTC))
    talk = ServiceItemFactory(company=risen.branch.company, code="talk", name_zh="资产检视", name_en="资产检视")
    for number, days in enumerate((10, 40, 500)):
        PromiseFactory(
            client=risen, item=talk, occurrence_key=str(number), state="done", kept_on=today - timedelta(days=days),
            kept_by=risen.advisor, proof="hand",
        )  # fmt: skip

    page = web(risen.advisor).get(reverse("tiers:statement", args=[risen.public_id]))

    (given,) = page.context["received"]
    assert (given.name, given.times, given.last_on) == ("资产检视", 2, today - timedelta(days=10))


@pytest.fixture
def many(branch: Branch, programme: Programme, staff: Staff) -> list[Client]:
    """Three clients who rose to gold in one evaluation."""
    clients = [ClientFactory(branch=branch, advisor=staff("advisor")) for _ in range(3)]
    put_days(branch, {client: {FIRST: 20_000_000} for client in clients})
    evaluate(branch=branch, day=FIRST, actor=system_user())
    put_days(branch, {client: {MONTH_END: 120_000_000} for client in clients})
    evaluate(branch=branch, day=MONTH_END, actor=system_user())
    settle_rates(NOW)
    return clients


def test_what_one_evaluation_proposed_is_approved_together_each_with_its_own_line(
    many: list[Client], staff: Staff
) -> None:
    rows = list(ClientRate.objects.order_by("pk"))
    run, manager = rows[0].tier_change.run, staff("branch_manager")
    reject_client_rate(rate=rows[1], actor=staff("compliance"), now=NOW, note="先核实")
    seen = [(row.public_id, 1) for row in rows]

    told = approve_run(run=run, seen=[*seen, ("0" * 26, 1)], actor=manager, now=NOW)
    again = approve_run(run=run, seen=seen, actor=manager, now=NOW)

    assert ({row.pk for row in told.done}, told.refused) == ({rows[0].pk, rows[2].pk}, {})
    assert (again.done, again.refused) == ([], {})
    assert [row.state for row in ClientRate.objects.order_by("pk")] == ["offered", "rejected", "offered"]
    trail = AuditEntry.objects.filter(actor=manager).order_by("pk").values_list("action", flat=True)
    assert list(trail) == ["client_rate.approve"] * 2 + ["client_rates.approve_run"] * 2


def test_one_that_has_changed_or_expired_is_left_out_and_the_others_go_on(many: list[Client], staff: Staff) -> None:
    first, second, third = ClientRate.objects.order_by("pk")
    ClientRate.objects.filter(pk=second.pk).update(decide_by=date(2026, 5, 31))
    seen = [(first.public_id, 9), (second.public_id, 1), (third.public_id, 1)]

    told = approve_run(run=first.tier_change.run, seen=seen, actor=staff("branch_manager"), now=NOW)

    assert [row.pk for row in told.done] == [third.pk]
    assert set(told.refused) == {first.public_id, second.public_id}
    assert ClientRate.objects.waiting().count() == 2


def test_the_page_of_an_evaluation_approves_those_ticked_and_says_what_became_of_each(
    many: list[Client], staff: Staff, web: Any, other_branch: Branch
) -> None:
    # The page lives today: what was proposed in June may be decided until then.
    ClientRate.objects.update(decide_by=local_date(datetime.now(UTC)) + timedelta(days=5))
    first, second, third = ClientRate.objects.order_by("pk")
    url = reverse("tiers:run_rates", args=[first.tier_change.run.public_id])
    manager = web(staff("branch_manager"))

    desk = manager.get("/commission/")
    page = manager.get(url)
    none = manager.post(url, {"form_token": "t0"})
    said = {"form_token": "t", "rates": [f"{first.public_id}:1", f"{third.public_id}:7"]}
    done = manager.post(url, said, follow=True)

    assert [(run["count"]) for run in desk.context["of_runs"]] == [3]
    assert list(desk.context["waiting"]) == []
    assert [row.holds.rate for row in page.context["page"]] == [Decimal("0.0003")] * 3
    assert none.status_code == 400
    assert [row.state for row in ClientRate.objects.order_by("pk")] == ["offered", "proposed", "proposed"]
    assert len(done.context["messages"]) == 2
    assert web(staff("branch_manager", branch=other_branch)).get(url).status_code == 404
    assert web(staff("advisor")).get(url).status_code == 403


def test_the_page_of_an_evaluation_costs_the_same_for_one_rate_and_for_three(
    many: list[Client], staff: Staff, web: Any, cost_of: Any
) -> None:
    manager = web(staff("branch_manager"))
    url = reverse("tiers:run_rates", args=[ClientRate.objects.first().tier_change.run.public_id])
    manager.get(url)
    three = cost_of(lambda: manager.get(url))
    ClientRate.objects.filter(pk__in=list(ClientRate.objects.values_list("pk", flat=True)[1:])).delete()

    assert cost_of(lambda: manager.get(url)) == three
