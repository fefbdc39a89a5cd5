"""The description of the API is valid, complete and without a warning."""

from __future__ import annotations

import io
import re

import pytest
from django.core.management import call_command
from django.urls import reverse

pytestmark = pytest.mark.django_db

#: The resources that the contract promises.
RESOURCES = (
    "clients",
    "assets",
    "contacts",
    "tiers",
    "matching-runs",
    "assignments",
    "follow-ups",
    "surveys",
    "complaints",
    "policies",
)


@pytest.fixture(scope="module")
def schema() -> str:
    text = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=text)
    return text.getvalue()


@pytest.mark.parametrize("resource", RESOURCES)
def test_every_promised_resource_is_described(schema, resource):
    assert f"/api/v1/{resource}/:" in schema


def test_every_write_names_its_header(schema):
    assert "Idempotency-Key" in schema and "If-Match" in schema


def test_swagger_is_served_by_us_and_asks_no_other_host(client):
    page = client.get(reverse("api:docs"))

    assert page.status_code == 200
    assert b"https://" not in page.content.replace(b"https://github.com/tfranzel/drf-spectacular", b"")


def test_swagger_keeps_to_the_content_policy_with_its_script_in_a_file(client):
    page = client.get(reverse("api:docs")).content.decode()
    script = client.get(reverse("api:docs"), {"script": ""})

    assert "<style" not in page
    assert all(" src=" in tag for tag in re.findall(r"<script[^>]*>", page))
    assert script.headers["Content-Type"].startswith("application/javascript")
    assert b"SwaggerUIBundle" in script.content
