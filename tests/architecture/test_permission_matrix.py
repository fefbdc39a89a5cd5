"""Every door has a line in the matrix, and every role finds it open or shut as the line says."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from crm.core.public_ids import new_public_id
from crm.roles import ROLES
from tests.architecture.matrix import EXEMPT, MATRIX, OWN

UNKNOWN = new_public_id()
#: What a path may ask for, when no row stands behind it.
SAMPLES: dict[str, Any] = {"day": "2026-01-05", "year": 2026, "key": "visit.new_account_days", "token": "x" * 22}


def routes(resolver: URLResolver | None = None, lead: str = "") -> Iterator[str]:
    """The full name of every route of the product."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            space = f"{lead}{entry.namespace}:" if entry.namespace else lead
            yield from routes(entry, space)
        elif isinstance(entry, URLPattern) and entry.name:
            yield f"{lead}{entry.name}"


@cache
def address(name: str) -> str:
    """The path of a route, with an id that no row has wherever it asks for one."""
    try:
        return reverse(name)
    except NoReverseMatch:
        pass
    for pattern in _patterns(name):
        names = pattern.pattern.converters or dict.fromkeys(pattern.pattern.regex.groupindex)
        return reverse(name, kwargs={key: SAMPLES.get(key, UNKNOWN) for key in names})
    raise AssertionError(name)


def _patterns(name: str, resolver: URLResolver | None = None, lead: str = "") -> Iterator[URLPattern]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            space = f"{lead}{entry.namespace}:" if entry.namespace else lead
            yield from _patterns(name, entry, space)
        elif isinstance(entry, URLPattern) and f"{lead}{entry.name}" == name:
            yield entry


def _exempt(name: str) -> bool:
    return name in EXEMPT or any(name.startswith(lead[:-1]) for lead in EXEMPT if lead.endswith("*"))


@pytest.mark.nodb
def test_every_route_has_a_line_or_a_written_exemption():
    listed = {name for _method, name, _right in MATRIX}

    missing = sorted(name for name in set(routes()) if name not in listed and not _exempt(name))

    assert missing == []


@pytest.mark.nodb
def test_no_line_speaks_of_a_route_that_is_gone():
    assert sorted({name for _method, name, _right in MATRIX} - set(routes())) == []


@pytest.mark.nodb
def test_every_right_of_the_matrix_is_somebodys():
    """A right that no role holds would make a door that nobody can open."""
    held = {right for role in ROLES for right in role.rights}

    assert sorted({right for _method, _name, right in MATRIX if right not in (OWN, *held)}) == []


@pytest.mark.django_db
@pytest.mark.parametrize("role", [row.key for row in ROLES])
def test_each_role_finds_every_door_open_or_shut(role, staff, web, api, django_user_model):
    user = staff(role)
    rights = next(row.rights for row in ROLES if row.key == role)
    browser, phone = web(user), api(user)
    browser.raise_request_exception = phone.raise_request_exception = False

    wrong = []
    for method, name, right in MATRIX:
        visitor = phone if name.startswith("api:") else browser
        status = getattr(visitor, method)(address(name)).status_code
        may = right == OWN or right in rights
        if (status == 403) == may or status >= 500:
            wrong.append(f"{method} {name} ({right}): {status}, may: {may}")

    assert wrong == []


@pytest.mark.django_db
def test_a_stranger_finds_every_door_shut():
    browser = Browser(headers={"accept-language": "en"}, raise_request_exception=False)

    open_doors = []
    for method, name, _right in MATRIX:
        answer = getattr(browser, method)(address(name))
        to_log_in = answer.status_code == 302 and answer["Location"].startswith(reverse("account_login"))
        if not to_log_in and answer.status_code != 401:
            open_doors.append(f"{method} {name}: {answer.status_code}")

    assert open_doors == []


@pytest.mark.django_db
def test_a_door_with_the_wrong_right_would_be_found(staff, web):
    """The walk can fail: an advisor does not open the staff page, whatever a line says."""
    browser = web(staff("advisor"))

    assert browser.get(reverse("core:staff_list")).status_code == 403
