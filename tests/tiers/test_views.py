"""Pages of the tier console and the commission desk: who gets in, what is shown, what a click does."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from crm.core.access import system_user
from crm.core.models import AuditEntry, JobRun
from crm.core.public_ids import new_public_id
from tests.factories.clients import ClientFactory
from tests.factories.tiers import ClientRateFactory, RateCardFactory, put_days
from tests.tiers.plans import plan
from tiers.models import ClientRate, Programme, RateCard, TierState
from tiers.services.commission import approve_client_rate
from tiers.services.evaluation import evaluate
from tiers.services.programmes import create_programme, seed_default_programme

pytestmark = pytest.mark.django_db

DAY = date(2026, 5, 29)
NOBODY = new_public_id()

#: (method, address, roles that may, a role that may not)
DOORS = [
    ("get", "tiers:index", [], ["advisor", "agent", "front_desk", "auditor", "branch_manager"], "administrator"),
    ("get", "tiers:preview", [], ["branch_manager"], "advisor"),
    ("post", "tiers:run_start", [], ["branch_manager"], "compliance"),
    ("get", "tiers:run", [NOBODY], ["branch_manager", "auditor"], "advisor"),
    ("post", "tiers:programme_seed", [], ["head_office"], "branch_manager"),
    ("get", "tiers:programme_new", [], ["head_office", "branch_manager"], "advisor"),
    ("get", "tiers:programme_start", [], ["head_office", "branch_manager"], "compliance"),
    ("get", "tiers:programme", [NOBODY], ["advisor", "branch_manager", "auditor"], "administrator"),
    ("get", "tiers:programme_compare", [], ["advisor", "branch_manager"], "administrator"),
    ("get", "tiers:programme_edit", [NOBODY], ["head_office", "branch_manager"], "advisor"),
    ("post", "tiers:programme_submit", [NOBODY], ["head_office", "branch_manager"], "advisor"),
    ("post", "tiers:programme_activate", [NOBODY], ["head_office", "compliance"], "branch_manager"),
    ("get", "tiers:programme_send_back", [NOBODY], ["head_office", "compliance"], "branch_manager"),
    ("post", "tiers:programme_retire", [NOBODY], ["head_office", "branch_manager"], "advisor"),
    ("get", "tiers:tier_new", [NOBODY], ["head_office", "branch_manager"], "advisor"),
    ("get", "tiers:tier_edit", [NOBODY, NOBODY], ["head_office", "branch_manager"], "compliance"),
    ("post", "tiers:tier_up", [NOBODY, NOBODY], ["branch_manager"], "advisor"),
    ("get", "tiers:proof", [NOBODY], ["advisor", "front_desk"], "administrator"),
    ("get", "tiers:change", [NOBODY], ["advisor", "front_desk"], "administrator"),
    ("get", "tiers:overrides", [], ["advisor", "branch_manager", "auditor"], "front_desk"),
    ("get", "tiers:override_request", [NOBODY], ["advisor", "account_manager"], "compliance"),
    ("get", "tiers:override_approve", [NOBODY], ["branch_manager", "head_office"], "advisor"),
    ("get", "tiers:override_end", [NOBODY], ["branch_manager", "head_office"], "compliance"),
    ("get", "tiers:commission", [], ["advisor", "compliance", "head_office"], "auditor"),
    ("get", "tiers:criteria", [], ["advisor", "branch_manager"], "front_desk"),
    ("get", "tiers:card_set", [NOBODY, "A_SHARE"], ["head_office"], "branch_manager"),
    ("get", "tiers:rate_propose", [NOBODY], ["advisor", "branch_manager"], "compliance"),
    ("get", "tiers:rate_approve", [NOBODY], ["branch_manager", "compliance", "head_office"], "advisor"),
    ("get", "tiers:rate_reject", [NOBODY], ["branch_manager"], "advisor"),
    ("get", "tiers:statement", [NOBODY], ["advisor", "branch_manager", "compliance"], "front_desk"),
    ("get", "tiers:rate_accept", [NOBODY], ["advisor", "branch_manager"], "compliance"),
    ("get", "tiers:rate_decline", [NOBODY], ["advisor", "branch_manager"], "compliance"),
    ("get", "tiers:rate_end", [NOBODY], ["branch_manager"], "advisor"),
]


@pytest.fixture
def programme(branch) -> Programme:
    return seed_default_programme(company=branch.company, actor=system_user())


@pytest.mark.parametrize(("method", "name", "args", "may", "may_not"), DOORS, ids=[door[1] for door in DOORS])
def test_the_right_opens_the_door_and_comes_before_the_row(branch, staff, web, method, name, args, may, may_not):
    url = reverse(name, args=args)

    for role in may:
        status = getattr(web(staff(role)), method)(url).status_code
        assert status == (404 if NOBODY in args else status) and status != 403
    assert getattr(web(staff(may_not)), method)(url).status_code == 403


def graded(branch, **fields):
    client = ClientFactory(branch=branch, **fields)
    put_days(branch, {client: {DAY: 60_000_000}})
    evaluate(branch=branch, day=DAY, actor=system_user())
    return client


def test_the_console_counts_the_clients_that_the_reader_may_see(branch, programme, staff, web):
    advisor = staff("advisor")
    put_days(
        branch,
        {
            c: {DAY: 60_000_000}
            for c in [*ClientFactory.create_batch(2, branch=branch), ClientFactory(branch=branch, advisor=advisor)]
        },
    )
    evaluate(branch=branch, day=DAY, actor=system_user())

    seen = {
        role: web(user).get("/tiers/").context["cards"][0]["total"]
        for role, user in (("manager", staff("branch_manager")), ("advisor", advisor))
    }

    assert seen == {"manager": 3, "advisor": 1}


def test_a_console_without_a_programme_offers_the_default_one(branch, staff, web):
    boss = web(staff("head_office"))
    assert b"Put the default programme in force" in boss.get("/tiers/").content

    boss.post(reverse("tiers:programme_seed"))

    assert Programme.objects.get().state == "active"
    assert b"House programme" in boss.get("/tiers/").content


def test_head_office_chooses_a_branch_and_a_manager_cannot_look_into_another(
    branch, other_branch, programme, staff, web
):
    assert web(staff("head_office")).get(f"/tiers/?branch={other_branch.public_id}").status_code == 200
    assert web(staff("branch_manager")).get(f"/tiers/?branch={other_branch.public_id}").status_code == 404


def test_a_preview_shows_counts_and_leaves_everything_as_it_was(branch, programme, staff, web):
    put_days(branch, {ClientFactory(branch=branch): {DAY: 60_000_000}})
    asked = {"day": "2026-05-29", "programme": programme.public_id}
    manager = web(staff("branch_manager"))

    page = manager.get(reverse("tiers:preview"), asked)
    fragment = manager.get(reverse("tiers:preview"), asked, headers={"hx-request": "true"})

    assert page.context["seen"].steps == {"first": 1}
    assert b"<html" in page.content and b"<html" not in fragment.content
    assert not TierState.objects.exists()


@pytest.mark.parametrize("wrong", [{"day": "2999-01-01"}, {"day": "x"}, {"programme": NOBODY}])
def test_a_preview_for_nonsense_says_what_is_wrong(branch, programme, staff, web, wrong):
    asked = {"day": "2026-05-29", "programme": programme.public_id, **wrong}

    assert web(staff("branch_manager")).get(reverse("tiers:preview"), asked).status_code == 422


def test_a_preview_without_a_question_offers_the_question(branch, programme, staff, web):
    page = web(staff("branch_manager")).get(reverse("tiers:preview"))

    assert page.status_code == 200
    assert b"Choose a day and a programme" in page.content
    assert page.context["form"].initial["programme"] == programme.public_id


def test_a_run_is_queued_once_and_leads_to_its_progress(branch, programme, staff, web):
    manager = web(staff("branch_manager"))
    asked = {"day": "2026-05-29", "programme": programme.public_id, "form_token": "one"}

    answer = manager.post(reverse("tiers:run_start"), asked)
    again = manager.post(reverse("tiers:run_start"), asked)

    run = JobRun.objects.get()
    assert answer.url == reverse("core:job_detail", args=[run.public_id]) and again.status_code == 302
    assert manager.post(reverse("tiers:run_start"), {**asked, "form_token": "two"}).status_code == 409
    assert manager.post(reverse("tiers:run_start"), {"day": "2026-05-29"}).status_code == 400


def test_a_run_page_shows_its_steps(branch, programme, staff, web):
    client = graded(branch, name="李和可")
    run = TierState.objects.get(client=client).run

    page = web(staff("branch_manager")).get(reverse("tiers:run", args=[run.public_id]))

    assert "李*" in page.content.decode() and "李和可" not in page.content.decode()


def test_the_proof_shows_the_arithmetic_and_what_is_missing(branch, programme, staff, web):
    client = graded(branch)

    page = web(staff("front_desk")).get(reverse("tiers:proof", args=[client.public_id]))

    text = page.content.decode()
    assert "600,000.00" in text and "400,000.00" in text and "Platinum" in text
    assert page.context["rates"] is None


def test_whoever_opens_a_proof_is_on_record(branch, programme, staff, web):
    client, desk = graded(branch), staff("front_desk")

    web(desk).get(reverse("tiers:proof", args=[client.public_id]))

    assert AuditEntry.objects.get(actor=desk, action="tier.proof").client_ref == client.public_id


def test_the_proof_of_a_foreign_client_is_not_found(branch, other_branch, programme, staff, web):
    client = ClientFactory(branch=other_branch)

    assert web(staff("branch_manager")).get(reverse("tiers:proof", args=[client.public_id])).status_code == 404


def test_a_client_without_assets_has_a_proof_page_too(branch, programme, staff, web):
    client = ClientFactory(branch=branch, name="")

    page = web(staff("branch_manager")).get(reverse("tiers:proof", args=[client.public_id]))

    assert page.status_code == 200 and client.external_id in page.content.decode()


def test_head_office_sets_a_rate_in_ten_thousandths(branch, programme, staff, web):
    tier = programme.tiers.get(code="gold")
    url = reverse("tiers:card_set", args=[tier.public_id, "A_SHARE"])
    said = {"rate": "2.5", "basis": "all_in", "min_fee": "5", "valid_from": "2026-01-01", "form_token": "t"}
    boss = web(staff("head_office"))
    assert boss.get(url).status_code == 200

    refused = boss.post(url, {**said, "rate": "31", "form_token": "r"})
    answer = boss.post(url, said)

    assert (refused.status_code, list(refused.context["form"].errors)) == (400, ["rate"])
    assert answer.status_code == 302
    assert RateCard.objects.get().rate == Decimal("0.00025")
    assert b"2.5 bp" in boss.get(reverse("tiers:commission")).content
    assert boss.get(reverse("tiers:card_set", args=[tier.public_id, "NONE"])).status_code == 404


def test_an_advisor_proposes_and_the_manager_approves(branch, programme, staff, web, time_machine):
    time_machine.move_to(f"{DAY}T10:00:00+08:00")
    advisor, manager = staff("advisor"), staff("branch_manager")
    client = graded(branch, advisor=advisor)
    url = reverse("tiers:rate_propose", args=[client.public_id])
    said = {
        "product": "A_SHARE",
        "rate": "1.8",
        "basis": "all_in",
        "min_fee": "5",
        "valid_from": str(DAY),
        "reason": "转入",
        "form_token": "p",
    }
    assert web(advisor).get(url).status_code == 200

    assert web(advisor).post(url, said).status_code == 302
    rate = ClientRate.objects.get()
    approve = reverse("tiers:rate_approve", args=[rate.public_id])
    assert b"Below the cost line" in web(manager).get(reverse("tiers:commission")).content
    assert web(manager).get(approve).status_code == 200
    assert web(manager).post(approve, {"version": 7, "form_token": "a"}).status_code == 412
    assert web(manager).post(approve, {"version": 1, "form_token": "b"}).status_code == 302
    rate.refresh_from_db()
    assert (rate.state, rate.endorsed_by) == ("proposed", manager)
    officer = staff("compliance")
    assert web(officer).post(approve, {"version": 2, "form_token": "d"}).status_code == 302

    rate.refresh_from_db()
    assert (rate.state, rate.decided_by) == ("approved", officer)
    assert web(manager).post(approve, {"version": 3, "form_token": "c"}).status_code == 409
    proof = web(advisor).get(reverse("tiers:proof", args=[client.public_id]))
    assert [row.is_own for row in proof.context["rates"]] == [True]


def test_the_proof_names_the_rates_of_today_as_the_statement_does(branch, programme, staff, web, time_machine):
    client = graded(branch)
    time_machine.move_to("2026-06-08T10:00:00+08:00")
    manager = staff("branch_manager")
    rate = ClientRateFactory(client=client, valid_from=date(2026, 6, 8))
    approve_client_rate(rate=rate, actor=manager, now=timezone.now())

    pages = [
        web(manager).get(reverse(f"tiers:{name}", args=[client.public_id])).context["rates"]
        for name in ("proof", "statement")
    ]

    assert [[(row.rate, row.is_own) for row in rates] for rates in pages] == [[(rate.rate, True)]] * 2


def test_rejecting_needs_a_word_and_ending_a_day(branch, programme, staff, web):
    manager = web(staff("branch_manager"))
    rate = ClientRateFactory(client__branch=branch)
    reject, end = (reverse(f"tiers:rate_{verb}", args=[rate.public_id]) for verb in ("reject", "end"))

    assert manager.post(reject, {"version": 1, "form_token": "a"}).status_code == 400
    assert (
        manager.post(end, {"version": 1, "form_token": "b", "last_day": "2026-06-01", "reason": "x"}).status_code == 409
    )
    assert manager.post(reject, {"version": 1, "form_token": "c", "note": "太低"}).status_code == 302
    assert manager.get(end).status_code == 200


def test_the_own_proposal_is_refused_on_the_page_too(branch, programme, staff, web):
    manager = staff("branch_manager")
    rate = ClientRateFactory(client__branch=branch, proposed_by=manager)

    answer = web(manager).post(reverse("tiers:rate_approve", args=[rate.public_id]), {"version": 1, "form_token": "a"})

    assert answer.status_code == 403
    rate.refresh_from_db()
    assert rate.state == "proposed"


def test_a_colleagues_client_is_not_found_for_a_proposal(branch, staff, web):
    client = ClientFactory(branch=branch, advisor=staff("advisor"))

    assert web(staff("advisor")).get(reverse("tiers:rate_propose", args=[client.public_id])).status_code == 404


def test_agreed_rates_are_narrowed_by_filter(branch, programme, staff, web):
    ClientRateFactory(client__branch=branch, product="FUND")
    ClientRateFactory(client__branch=branch, client__name="李和可")
    manager = web(staff("branch_manager"))

    for query, count in (("", 2), ("?product=FUND", 1), ("?q=李", 1), ("?state=approved", 0)):
        page = manager.get(f"/commission/{query}", headers={"hx-request": "true"})
        assert len(page.context["page"]) == count
    assert b"<html" not in page.content


def test_a_file_brings_a_draft_of_the_branch(branch, staff, web):
    manager = staff("branch_manager")
    url = reverse("tiers:programme_new")
    content = Path("tests/data/programme_bank.toml").read_bytes()

    wrong = web(manager).post(url, {"file": SimpleUploadedFile("p.toml", b"code = 1"), "form_token": "w"})
    answer = web(manager).post(url, {"file": SimpleUploadedFile("p.toml", content), "form_token": "f"})

    assert (wrong.status_code, answer.status_code) == (400, 302)
    made = Programme.objects.get()
    assert (made.state, made.branch, made.drafted_by, made.tiers.count()) == ("draft", branch, manager, 6)


@pytest.mark.parametrize("url", ["/tiers/", "/commission/"])
def test_pages_cost_the_same_for_one_row_and_for_ten(branch, programme, staff, web, cost_of, url):
    manager = web(staff("branch_manager"))

    def add(count: int, start: date) -> None:
        for number in range(count):
            client = ClientFactory(branch=branch)
            put_days(branch, {client: {DAY: 60_000_000}})
            ClientRateFactory(client=client)
            evaluate(branch=branch, day=start.replace(day=start.day + number), actor=system_user())
            create_programme(actor=system_user(), plan=plan(f"p{start}-{number}", 5), company=branch.company)
        RateCardFactory.create_batch(1, tier=programme.tiers.get(rank=len(RateCard.objects.all()) % 5 + 2))

    add(1, date(2026, 5, 4))
    manager.get(url)
    one = cost_of(lambda: manager.get(url))
    add(9, date(2026, 5, 5))

    assert cost_of(lambda: manager.get(url)) == one


def test_the_run_page_costs_the_same_for_one_row_and_for_ten(branch, programme, staff, web, cost_of):
    manager = web(staff("branch_manager"))
    graded(branch)
    first = reverse("tiers:run", args=[TierState.objects.get().run.public_id])
    manager.get(first)
    one = cost_of(lambda: manager.get(first))
    put_days(branch, {client: {DAY: 1} for client in ClientFactory.create_batch(9, branch=branch)})
    evaluate(branch=branch, day=DAY, actor=system_user())

    assert cost_of(lambda: manager.get(first)) == one


def test_whoever_decides_for_the_company_finds_what_waits_in_every_branch(branch, other_branch, programme, staff, web):
    here, there = ClientRateFactory(client__branch=branch), ClientRateFactory(client__branch=other_branch)

    page = web(staff("head_office", branch=None)).get(f"/commission/?branch={branch.public_id}")

    assert set(page.context["waiting"]) == {here, there}
    assert list(page.context["page"]) == [here]
    assert list(web(staff("branch_manager")).get("/commission/").context["waiting"]) == [here]


def test_the_public_sheet_shows_card_bounds_and_fees_and_no_client(branch, programme, staff, web):
    """The fee items and standards are displayed on the premises (条例 Art. 40)."""
    gold = programme.tiers.get(code="gold")
    RateCardFactory(tier=gold, rate=Decimal("0.00025"))
    rate = ClientRateFactory(client__branch=branch, client__name="张三丰", rate=CANARY)

    page = web(staff("branch_manager")).get(reverse("tiers:criteria"))

    text = page.content.decode()
    assert page.status_code == 200
    assert all(word in text for word in ("2.5", gold.name_en, "500,000.00", "2023-08-28"))
    assert "7.77" not in text and rate.client.external_id not in text and "张" not in text
    assert web(staff("front_desk")).get(reverse("tiers:criteria")).status_code == 403


CANARY = Decimal("0.000777")


@pytest.mark.parametrize("role", ["front_desk", "follow_up_caller", "account_manager", "agent", "auditor", "advisor"])
def test_nobody_else_reads_a_rate_anywhere(branch, programme, staff, web, api, role):
    """The planted rate is found by the manager and by nobody whose business it is not."""
    client = ClientFactory(branch=branch, advisor=staff("advisor"))
    ClientRateFactory(client=client, rate=CANARY, product="BOND", valid_from=DAY)
    row = ClientRateFactory(client=client, rate=CANARY, valid_from=DAY)
    pages = [
        reverse("tiers:commission"),
        reverse("tiers:proof", args=[client.public_id]),
        reverse("tiers:rate_approve", args=[row.public_id]),
        reverse("tiers:rate_accept", args=[row.public_id]),
        f"/clients/{client.public_id}/",
        f"/clients/{client.public_id}/?tab=history",
        "/",
    ]
    doors = ["/api/v1/client-rates/", f"/api/v1/client-rates/{row.public_id}/", f"/api/v1/clients/{client.public_id}/"]

    def told(user):
        seen = [web(user).get(url).content.decode() for url in pages]
        seen += [api(user).get(url).content.decode() for url in doors]
        return [text for text in seen if "7.77" in text or "0.000777" in text]

    assert told(staff("branch_manager")), "the canary must be where somebody may see it"
    assert not told(staff(role))
