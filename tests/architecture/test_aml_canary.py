"""A client with a money-laundering grade and a flag of suspicion: neither is found behind any door by who may not know."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from clients.models import Client
from clients.services import grade_client, raise_suspicion
from crm.core.models import Branch
from tests.architecture.test_canary import visitors_of, walk
from tests.factories.clients import ClientFactory
from tests.factories.core import UserFactory

pytestmark = pytest.mark.django_db

#: A word of the reasons and the day of the review, neither of which stands anywhere else.
GRADE = {"reasons of the grade": "canary-reasons", "review": "2031-03-17"}
SUSPICION = {"suspicion": "canary-suspicion"}


@pytest.fixture
def client_(branch: Branch) -> Client:
    from django.utils import timezone

    from clients.models import AmlGrade

    made: Client = ClientFactory(branch=branch, name="闻人鸢飞")
    officer, now = UserFactory(role="compliance", branch=branch), timezone.now()
    grade_client(
        client=made, grade="high", occasion="first", reasons="现金频繁 canary-reasons", graded_on=date(2026, 5, 4),
        actor=officer, now=now,
    )  # fmt: skip
    AmlGrade.objects.update(review_on=date(2031, 3, 17))
    raise_suspicion(client=made, reason="往来可疑 canary-suspicion", actor=officer, now=now)
    return made


def test_whoever_may_not_know_finds_neither_grade_nor_suspicion_behind_any_door(
    client_: Client, staff: Any, web: Any, api: Any
) -> None:
    office, opened = staff("head_office"), []

    found = list(walk(visitors_of(office, web, api), office, client_, GRADE | SUSPICION, opened))

    assert found == []
    assert len(opened) > 80


def test_the_head_of_the_branch_finds_the_grade_on_its_own_pages_and_no_suspicion(
    client_: Client, staff: Any, web: Any, api: Any
) -> None:
    manager = staff("branch_manager")

    found = list(walk(visitors_of(manager, web, api), manager, client_, GRADE | SUSPICION, []))

    doors = {line.split()[0] for line in found}
    assert not any(line.endswith(": suspicion") for line in found)
    assert {"clients:aml", "clients:aml_client", "api:aml-grades-list"} & doors
    assert {door for door in doors if "aml" not in door} <= {"core:audit_detail", "core:audit_export"}
