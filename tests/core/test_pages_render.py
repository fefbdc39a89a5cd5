"""Every page of the ground floor opens for the role it is made for, and stays shut for one without the right."""

from __future__ import annotations

import pytest
from django.urls import reverse

from crm.core import audit
from crm.core.models import AuditEntry, JobRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(staff, branch):
    """One of everything a detail page can show."""
    person = staff("advisor")
    audit.record(person, "test.note", person, before={"a": 1}, after={"a": 2}, reason="because")
    run = JobRun.objects.create(kind="test.kind", actor=person, branch=branch, total=10, done=3)
    return {
        "person": person.public_id,
        "branch": branch.public_id,
        "entry": AuditEntry.objects.latest("pk").public_id,
        "run": run.public_id,
    }


PAGES = [
    ("administrator", "core:staff_list", ()),
    ("administrator", "core:staff_add", ()),
    ("administrator", "core:staff_detail", ("person",)),
    ("administrator", "core:staff_edit", ("person",)),
    ("administrator", "core:staff_disable", ("person",)),
    ("administrator", "core:staff_enable", ("person",)),
    ("administrator", "core:staff_reset", ("person",)),
    ("administrator", "core:staff_end_access", ("person",)),
    ("branch_manager", "core:delegation_list", ()),
    ("branch_manager", "core:delegation_add", ()),
    ("branch_manager", "core:organisation", ()),
    ("administrator", "core:company_edit", ()),
    ("administrator", "core:region_add", ()),
    ("administrator", "core:branch_add", ()),
    ("administrator", "core:branch_edit", ("branch",)),
    ("administrator", "core:branch_open", ("branch",)),
    ("administrator", "core:department_add", ()),
    ("advisor", "core:settings", ()),
    ("advisor", "core:hours_list", ()),
    ("branch_manager", "core:hours_edit", ("branch",)),
    ("advisor", "core:policy_list", ()),
    ("advisor", "core:policy_detail", ("=matching.weights",)),
    ("branch_manager", "core:policy_add", ("=matching.weights",)),
    ("compliance", "core:policy_add", ("=suitability.bands",)),
    ("compliance", "core:audit_list", ()),
    ("compliance", "core:audit_detail", ("entry",)),
    ("compliance", "core:audit_export", ()),
    ("branch_manager", "core:job_list", ()),
    ("branch_manager", "core:job_detail", ("run",)),
    ("agent", "core:profile", ()),
    ("agent", "core:styleguide", ()),
]


def address(world, name, arguments):
    return reverse(name, args=[a[1:] if a.startswith("=") else world[a] for a in arguments])


@pytest.mark.parametrize(("role", "name", "arguments"), PAGES)
def test_the_page_opens(web, staff, world, role, name, arguments):
    page = web(staff(role)).get(address(world, name, arguments))

    text = page.content.decode()
    assert page.status_code == 200
    assert "<h1>" in text
    for forbidden in (" style=", "<script>", "onclick=", "{{", "{%"):
        assert forbidden not in text.replace("<style>", "")


CLOSED = sorted(
    {
        name
        for _role, name, arguments in PAGES
        if name
        not in {
            "core:settings",
            "core:hours_list",
            "core:policy_list",
            "core:policy_detail",
            "core:profile",
            "core:styleguide",
        }
    }
)


@pytest.mark.parametrize("name", CLOSED)
def test_the_page_stays_shut_without_its_right(web, staff, world, name):
    arguments = next(arguments for _role, page, arguments in PAGES if page == name)

    assert web(staff("agent")).get(address(world, name, arguments)).status_code == 403


@pytest.mark.parametrize(("role", "name", "arguments"), PAGES)
def test_nobody_enters_without_signing_in(client, world, role, name, arguments):
    page = client.get(address(world, name, arguments))

    assert page.status_code == 302
    assert page["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("name", ["core:staff_list", "core:audit_list", "core:job_list", "core:policy_list"])
def test_htmx_gets_the_rows_alone_and_a_browser_the_whole_page(web, staff, world, name):
    browser = web(staff("compliance"))

    assert "<html" not in browser.get(reverse(name), headers={"HX-Request": "true"}).content.decode()
    back = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in browser.get(reverse(name), headers=back).content.decode()
