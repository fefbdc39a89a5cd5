"""Numbers of the tier console lead to the rows they count."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.urls import reverse

from clients.models import Client
from crm.core.access import system_user
from crm.core.models import Branch, User
from tests.factories.clients import ClientFactory
from tests.factories.tiers import put_days
from tiers.models import EvaluationRun
from tiers.services.drafts import start_draft
from tiers.services.evaluation import evaluate
from tiers.services.programmes import seed_default_programme

pytestmark = pytest.mark.django_db

Staff = Callable[..., User]
FIRST, MONTH_END = date(2026, 5, 15), date(2026, 5, 29)


@pytest.fixture
def graded(branch: Branch) -> list[Client]:
    """Three who are silver in mid-May; at its end one has become gold, one is new, and of the others one is suspended and one
    has closed his account."""
    seed_default_programme(company=branch.company, actor=system_user())
    clients = ClientFactory.create_batch(3, branch=branch)
    put_days(branch, {client: {FIRST: 20_000_000} for client in clients})
    evaluate(branch=branch, day=FIRST, actor=system_user())
    clients.append(ClientFactory(branch=branch))
    put_days(
        branch, {client: {MONTH_END: 20_000_000} for client in clients[1:]} | {clients[0]: {MONTH_END: 120_000_000}}
    )
    evaluate(branch=branch, day=MONTH_END, actor=system_user())
    Client.objects.filter(pk=clients[1].pk).update(status="suspended")
    Client.objects.filter(pk=clients[2].pk).update(status="closed", closed_on=MONTH_END)
    return clients


def test_the_number_of_clients_of_a_tier_opens_as_many_clients(
    branch: Branch, graded: list[Client], staff: Staff, web: Any
) -> None:
    manager = web(staff("branch_manager"))

    page = manager.get(reverse("tiers:index"))

    (card,) = page.context["cards"]
    told = {row["tier"].code: row["count"] for row in card["tiers"] if row["count"]}
    opened = {}
    for code in told:
        url = f"{page.context['clients_url']}{code}"
        assert f'href="{url.replace("&", "&amp;")}"' in page.content.decode()
        opened[code] = len(manager.get(url).context["page"].rows)
    assert told == opened == {"gold": 1, "silver": 2}


def test_the_steps_of_a_run_are_shown_by_their_kind(
    branch: Branch, graded: list[Client], staff: Staff, web: Any
) -> None:
    run = EvaluationRun.objects.get(day=MONTH_END)
    manager, url = web(staff("branch_manager")), reverse("tiers:run", args=[run.public_id])

    shown = {
        step: [change.client for change in manager.get(url, {"step": step}).context["page"]]
        for step in ("up", "down", "first", "nonsense")
    }

    assert (run.up, run.down, run.first) == (1, 0, 1)
    assert (shown["up"], shown["down"], shown["first"]) == ([graded[0]], [], [graded[3]])
    assert len(shown["nonsense"]) == 2


def test_an_empty_shell_says_that_it_has_no_tiers_and_offers_no_bounds_to_try(
    branch: Branch, graded: list[Client], staff: Staff, web: Any
) -> None:
    boss = staff("branch_manager")
    named = {"name_zh": "财富泰山", "name_en": "Wealth Taishan", "effective_from": MONTH_END}
    draft = start_draft(actor=boss, values=named, company=branch.company, branch=branch, code="wealth-taishan")
    manager, try_url = web(boss), reverse("tiers:simulation_start", args=[draft.public_id])

    pages = [
        manager.get(url).content.decode()
        for url in (reverse("tiers:index"), reverse("tiers:programme", args=[draft.public_id]))
    ]

    assert all("No tiers yet." in text and try_url not in text for text in pages)
    governing = reverse("tiers:simulation_start", args=[EvaluationRun.objects.first().programme.public_id])
    assert governing in pages[0]
