"""A day at either end of the calendar narrows no list and breaks none: it has no midnight in another time zone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.clients import ClientFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_nobody_could_mean_is_refused_and_never_a_fault(
    branch: Any, staff: Any, web: Any, api: Any, day: str
) -> None:
    officer = staff("compliance")
    client = ClientFactory(branch=branch)
    browser, phone = web(officer), api(officer)
    browser.raise_request_exception = phone.raise_request_exception = False
    resources = {
        "contacts": ("at_after", "at_before"),
        "complaints": ("received_after", "received_before"),
        "needs-interviews": ("taken_on_after", "taken_on_before"),
        "looks": ("since",),
        f"clients/{client.public_id}/timeline": ("since", "until"),
    }

    told = {
        f"{name} {field}": phone.get(f"/api/v1/{name}/", {"client": client.public_id, field: day}).status_code
        for name, fields in resources.items()
        for field in fields
    }
    shown = {
        address: browser.get(address).status_code
        for address in (
            f"/complaints/?received_after={day}",
            f"/complaints/?received_before={day}",
            f"/audit/?at_before={day}",
            f"/clients/{client.public_id}/?tab=looks&since={day}",
            f"/clients/{client.public_id}/?tab=timeline&until={day}",
        )
    }

    assert set(told.values()) == {400}, told
    assert set(shown.values()) == {200}, shown
    assert web(staff("branch_manager")).get(f"/branch/contacts/?day={day}").status_code == 200
