"""What people and programs see when something is missing, shut or broken – and that it never tells more than it must."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from crm.core.views import errors

STATUSES = {
    400: errors.handler400,
    403: errors.handler403,
    404: errors.handler404,
    500: errors.handler500,
}


def asked(path="/x/"):
    request = RequestFactory().get(path)
    from django.contrib.auth.models import AnonymousUser

    request.user = AnonymousUser()
    return request


@pytest.mark.django_db
@pytest.mark.parametrize("status", STATUSES)
def test_each_fault_has_a_page_with_its_status(status):
    answer = STATUSES[status](asked())

    assert answer.status_code == status
    assert "<h1>" in answer.content.decode()


@pytest.mark.parametrize("status", STATUSES)
def test_a_program_gets_the_same_as_a_problem(status):
    answer = STATUSES[status](asked("/api/v1/nothing/"))

    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")


def test_the_exception_itself_is_never_shown():
    answer = errors.handler404(asked(), exception=ValueError("client 13812348000"))

    assert "138" not in answer.content.decode()


def test_the_page_of_a_fault_does_not_fail_when_its_template_does(monkeypatch):
    def broken(*_args, **_options):
        raise RuntimeError("no database")

    monkeypatch.setattr(errors, "render", broken)

    answer = errors.handler500(asked())

    assert answer.status_code == 500
    assert answer["Content-Type"].startswith("text/plain")


def test_a_form_from_elsewhere_has_a_page_of_its_own():
    assert errors.csrf_failure(asked(), reason="x").status_code == 403
