"""Panels of other apps on the client page: each behind its own right and its own ``visible_to``."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from advisory.models import AdvisoryAgreement
from care.models import FollowUpCall
from clients.models import Client, ClientQuality, ClientTag, Holding, NeedsInterview
from clients.querysets.scope import client_q
from crm.core.models import Branch
from crm.overview.pieces import along
from tests.doors import Staff, Web
from tests.factories.advisory import AgreementFactory
from tests.factories.care import FollowUpCallFactory
from tests.factories.clients import ClientFactory
from tests.factories.complaints import ComplaintFactory
from tests.factories.tiers import ProgrammeFactory, TierFactory, put_days
from tiers.models import EvaluationRun, Promise, TierState


def test_open_complaints_and_due_calls_stand_beside_the_facts(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch)
    complaint = ComplaintFactory(client=client)
    closed = ComplaintFactory(client=client, closed=True)
    call = FollowUpCallFactory(client=client)

    text = web(staff("branch_manager")).get(f"/clients/{client.public_id}/").content.decode()

    assert complaint.number in text
    assert closed.number not in text
    assert call.get_absolute_url() in text


def test_nobody_learns_on_the_client_page_of_a_complaint_about_himself(branch: Branch, staff: Staff, web: Web) -> None:
    advisor = staff("advisor")
    client = ClientFactory(branch=branch, advisor=advisor)
    about_him = ComplaintFactory(client=client, complained_of=advisor)
    other = ComplaintFactory(client=client)

    text = web(advisor).get(f"/clients/{client.public_id}/").content.decode()

    assert about_him.number not in text
    assert other.number in text


def test_a_role_without_the_right_sees_no_panel(branch: Branch, staff: Staff, web: Web) -> None:
    agent = staff("agent")
    client = ClientFactory(branch=branch, introducer=agent)
    complaint = ComplaintFactory(client=client)

    text = web(agent).get(f"/clients/{client.public_id}/").content.decode()

    assert (complaint.number in text) == agent.has_perm("complaints.view_complaint")


def test_a_complaint_is_taken_down_for_the_client_of_the_page(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch)
    address = f"/complaints/new/?client={client.public_id}"

    assert address in _page(web(staff("front_desk")), client)
    assert address not in _page(web(staff("auditor", branch=None)), client)
    form = web(staff("front_desk")).get(address)
    assert form.context["client"] == client


def test_a_complaint_shows_its_state_and_the_call_its_day(branch: Branch, staff: Staff, web: Web) -> None:
    client = ClientFactory(branch=branch)
    complaint = ComplaintFactory(client=client)
    call = FollowUpCallFactory(client=client, due_on=date(2026, 6, 9))

    text = _page(web(staff("branch_manager")), client)

    assert str(complaint.get_state_display()) in text
    assert "2026-06-09" in text
    assert str(call.get_state_display()) in text


def test_the_agreement_in_force_stands_on_the_page_and_an_ended_one_does_not(
    branch: Branch, staff: Staff, web: Web
) -> None:
    advisor = staff("advisor")
    client = ClientFactory(branch=branch, advisor=advisor, assessed=True)
    ended = AgreementFactory(client=client, advisor=advisor, ended_on=date(2026, 6, 5))

    text = _page(web(advisor), client)
    assert ended.number not in text
    assert f"/agreements/client/{client.public_id}/sign/" in text

    signed = AgreementFactory(client=client, advisor=advisor, signed_on=date(2026, 6, 6))
    text = _page(web(advisor), client)
    assert signed.number in text
    assert f"/agreements/client/{client.public_id}/sign/" not in text
    assert signed.number not in _page(web(staff("front_desk")), client)


def test_the_brief_before_a_call_leaves_out_empty_panels(branch: Branch, staff: Staff, web: Web) -> None:
    advisor = staff("advisor")
    client = ClientFactory(branch=branch, advisor=advisor)

    text = web(advisor).get(f"/clients/{client.public_id}/brief/").content.decode()
    assert "complaints/new" not in text
    assert "No agreement in force" not in text

    complaint = ComplaintFactory(client=client)
    text = web(advisor).get(f"/clients/{client.public_id}/brief/").content.decode()
    assert complaint.number in text


@pytest.mark.parametrize("role", ["branch_manager", "advisor", "agent", "front_desk"])
@pytest.mark.parametrize(
    "model", [AdvisoryAgreement, FollowUpCall, ClientQuality, ClientTag, Holding, NeedsInterview, Promise, TierState]
)
def test_what_comes_in_the_clients_own_statement_is_seen_by_whoever_sees_him(
    staff: Staff, model: Any, role: str
) -> None:
    user = staff(role)

    asked = model.objects.visible_to(user)

    assert str(asked.query) == str(model.objects.filter(client_q(user, "client__")).query)


def test_what_was_asked_for_one_day_is_asked_anew_for_the_next(branch: Branch, staff: Staff) -> None:
    client = ClientFactory(branch=branch)
    AgreementFactory(client=client, advisor=staff("advisor"), signed_on=date(2026, 6, 1), ended_on=date(2026, 6, 9))
    manager = staff("branch_manager")

    def in_force(day: date) -> bool:
        rows = Client.objects.annotate(**along(manager, day))
        return rows.get(pk=client.pk).agreement_along is not None

    assert [in_force(date(2026, 6, day)) for day in (8, 9, 8)] == [True, False, True]


def _page(browser: Any, client: Any) -> str:
    answer = browser.get(f"/clients/{client.public_id}/", headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_who_fell_below_his_tier_is_said_to_lack_what_keeps_it_not_what_lifts_him(
    branch: Branch, staff: Staff, web: Web
) -> None:
    advisor = staff("advisor")
    programme = ProgrammeFactory(company=branch.company, branch=branch)
    plain = TierFactory(programme=programme)
    silver = TierFactory(programme=programme, rank=2, name_en="Silver", lower_bound=Decimal(100_000))
    held, below = ClientFactory.create_batch(2, branch=branch, advisor=advisor)
    run = EvaluationRun.objects.create(
        branch=branch, programme=programme, day=date(2026, 6, 1), actor=advisor, window_days=60, down_after=2
    )
    for client, tier in ((held, silver), (below, plain)):
        TierState.objects.create(client=client, programme=programme, tier=tier, since=date(2026, 1, 1), run=run)
    put_days(branch, {one: {date(2026, 6, 1): 6_000_000} for one in (held, below)})

    def brief(one: Client) -> str:
        return " ".join(web(advisor).get(f"/clients/{one.public_id}/brief/").content.decode().split())

    assert "short of keeping Silver" in brief(held)
    assert "short of Silver" in brief(below)
