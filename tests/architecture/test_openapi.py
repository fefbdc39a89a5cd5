"""The description of the API is valid, complete and without a warning."""

from __future__ import annotations

import io
import json
import re
from datetime import date
from typing import Any

import jsonschema
import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from care.models import SurveyRound
from crm.core.jobs import start_job
from crm.core.models import Delegation, ImportBatch
from tests.factories.advisory import AgreementFactory, ReviewFactory
from tests.factories.care import FollowUpCallFactory, SurveyInvitationFactory
from tests.factories.clients import (
    AccountFactory,
    AdvisorAssignmentFactory,
    ClientFactory,
    ContactLogFactory,
    InvestorClassificationFactory,
    MarginDayFactory,
    TradingPermissionFactory,
)
from tests.factories.complaints import ComplaintFactory
from tests.factories.tiers import ClientRateFactory, RateCardFactory, TierOverrideFactory

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
    "survey-rounds",
    "complaints",
    "policies",
    "accounts",
    "trading-permissions",
    "investor-classifications",
    "hand-overs",
    "agreements",
    "portfolio-reviews",
    "evaluations",
    "rate-cards",
    "client-rates",
    "tier-overrides",
    "imports",
    "jobs",
    "delegations",
)


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    text = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", stdout=text)
    return json.loads(text.getvalue())  # type: ignore[no-any-return]  # JSON has no type


@pytest.mark.parametrize("resource", RESOURCES)
def test_every_promised_resource_is_described(described, resource):
    assert f"/api/v1/{resource}/" in described["paths"]


def test_every_write_names_its_header(described):
    named = {
        header["name"]
        for path in described["paths"].values()
        for method in ("post", "patch", "put")
        for header in path.get(method, {}).get("parameters", ())
    }

    assert {"Idempotency-Key", "If-Match"} <= named


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


def test_a_repeated_key_is_described_beside_the_first_answer(described):
    for place in ("clients", "contacts", "complaints", "matching-runs"):
        assert {"200", "201", "422"} <= set(described["paths"][f"/api/v1/{place}/"]["post"]["responses"]), place


def test_commands_say_that_they_take_no_other_names(described):
    components = described["components"]["schemas"]

    assert all(
        components[name]["additionalProperties"] is False
        for name in ("ContactCreateRequest", "RegisterComplaintRequest")
    )


def test_real_answers_are_as_described(described, branch, staff, api):
    advisor = staff("advisor")
    bare, full = ClientFactory(branch=branch, external_id="9001"), ClientFactory(branch=branch, advisor=advisor)
    AdvisorAssignmentFactory(client=full, advisor=advisor)
    ContactLogFactory(client=bare)
    ComplaintFactory(branch=branch, client=None)
    ComplaintFactory(branch=branch, client=full)
    FollowUpCallFactory(client=full)
    SurveyInvitationFactory(branch=branch)
    AccountFactory(client=bare)
    MarginDayFactory(account__client=full)
    TradingPermissionFactory(client=full)
    TradingPermissionFactory(client=bare, waiting=True)
    InvestorClassificationFactory(client=bare)
    InvestorClassificationFactory(client=full, in_force=True)
    AgreementFactory(client__branch=branch)
    ReviewFactory(client=full, done=True)
    RateCardFactory(tier__programme__company=branch.company)
    ClientRateFactory(client__branch=branch)
    TierOverrideFactory(client__branch=branch)
    manager = staff("branch_manager")
    SurveyRound.objects.create(branch=branch, segment_name="a", title="a", made_by=manager, made_at=timezone.now())
    start_job("imports.check", actor=manager, params={}, branch=branch)
    ImportBatch.objects.create(kind="clients", branch=branch, file_name="a.csv", actor=manager)
    Delegation.objects.create(
        absent=advisor, deputy=manager, first_day=date(2026, 6, 1), last_day=date(2026, 6, 2), reason="休假"
    )
    phone = api(manager)

    seen = set()
    for resource in RESOURCES:
        path = f"/api/v1/{resource}/"
        asked = {"client": bare.public_id} if resource == "assets" else {}
        rows = _checked(phone, described, path, path, asked)["results"]
        for one in [path for path in described["paths"] if re.fullmatch(rf"/api/v1/{resource}/{{\w+}}/", path)]:
            for row in rows[:3]:
                _checked(phone, described, one, re.sub(r"{\w+}", row["id"], one), {})
                seen.add(resource)

    assert seen == set(RESOURCES) - {"assets", "matching-runs", "hand-overs", "evaluations"}, "those have no rows here"
    tier = "/api/v1/tiers/clients/{client}/"
    _checked(phone, described, tier, tier.replace("{client}", bare.public_id), {})
    touches = "/api/v1/clients/{client_id}/timeline/"
    assert _checked(phone, described, touches, touches.replace("{client_id}", bare.public_id), {})["results"]


def test_an_answer_that_is_not_as_described_is_found(described):
    one = described["components"]["schemas"]["ContactRead"]["properties"]["duration_seconds"]

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate("a minute", _nullable(one))
    jsonschema.validate(None, _nullable(one))


def _checked(phone: Any, described: dict[str, Any], path: str, address: str, asked: dict[str, str]) -> Any:
    answer = phone.get(address, asked)
    assert answer.status_code == 200, (address, answer.content)
    said = described["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    jsonschema.validate(answer.json(), {**_nullable(said), "components": _nullable(described["components"])})
    return answer.json()


def _nullable(schema: Any) -> Any:
    """OpenAPI 3.0's ``nullable`` in the words of JSON Schema."""
    if isinstance(schema, list):
        return [_nullable(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _nullable(part) for name, part in schema.items() if name != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain
