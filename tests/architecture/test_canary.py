"""A canary among the clients: his private values are looked for in every answer of every door, in the log and in the trail.

Masks are applied in many places (pages, REST, files, errors, logs); this asks none of them, only what leaves the house.
"""

from __future__ import annotations

import io
import itertools
import json
import logging
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from django.test import Client as Browser

from clients.models import Client
from clients.registry import bound
from crm.core import masking
from crm.core.models import AuditEntry, Branch, User
from crm.overview import tabs
from tests.architecture.matrix import MATRIX
from tests.architecture.test_permission_matrix import SAMPLES, UNKNOWN, _patterns
from tests.factories.clients import (
    AccountFactory,
    ClientFactory,
    ContactLogFactory,
    ContactPersonFactory,
    ContactPointFactory,
    FinancingNeedFactory,
    HoldingFactory,
    IdentityDocumentFactory,
    InvestorClassificationFactory,
    RelationFactory,
    RiskAssessmentFactory,
    TradingPermissionFactory,
)

pytestmark = pytest.mark.django_db

NAME = "闻人鸢飞"
#: What nobody may read without asking for it with a reason. None of them contains another.
SECRETS = {
    "phone": "13917364825",
    "document": "110101198811223334",
    "e-mail": "canary.singing@example.com",
    "address": "上海市浦东新区探针路77弄5号",
    "second phone": "13826471935",
    "passport": "E73519264",
    "account": "880073519264",
    "phone of a contact person": "13735192648",
}
#: Values for the parts of an address that name no row.
PARTS: dict[str, list[str]] = {
    "field": ["phone", "value", "number"],
    "group": ["basics", "wealth", "work", "person"],
    "kind": ["document", "contact_point", "contact_person", "financing_need", "relation"],
    "code": ["star"],
    "step": ["approve"],
    "product": ["A_SHARE"],
}
TABS = ("", *(f"?tab={tab.key}" for tab in tabs.TABS))


@pytest.fixture
def canary(branch: Branch, staff: Callable[..., User]) -> Client:
    """A client with everything on file, in the book of an advisor and brought by an agent."""
    client = ClientFactory(
        branch=branch,
        name=NAME,
        external_id="CANARY-1",
        phone=f"+86{SECRETS['phone']}",
        id_number=SECRETS["document"],
        email=SECRETS["e-mail"],
        address=SECRETS["address"],
        birth_date=date(1988, 11, 22),
        advisor=staff("advisor"),
        introducer=staff("agent"),
        assessed=True,
    )
    ContactPointFactory(client=client, value=f"+86{SECRETS['second phone']}")
    ContactPersonFactory(client=client, phone=f"+86{SECRETS['phone of a contact person']}")
    IdentityDocumentFactory(client=client, number=SECRETS["passport"])
    AccountFactory(client=client, number=SECRETS["account"])
    RelationFactory(client=client)
    for make in (FinancingNeedFactory, ContactLogFactory, HoldingFactory, RiskAssessmentFactory):
        make(client=client)
    TradingPermissionFactory(client=client)
    InvestorClassificationFactory(client=client)
    return client


def known_ids(client: Client) -> list[str]:
    """Public ids of the client and of every row that belongs to him, the client's first."""
    found = [client.public_id]
    for kind in bound():
        found += [row.public_id for row in kind.rows(client.pk)[:3] if hasattr(row, "public_id")]
    return list(dict.fromkeys(found))


def addresses(name: str, ids: list[str]) -> Iterator[str]:
    """Every address of a route that the client's rows and the sample parts give."""
    from django.urls import reverse

    for pattern in _patterns(name):
        names = list(pattern.pattern.converters or dict.fromkeys(pattern.pattern.regex.groupindex))
        pools = [
            ids
            if part in {"public_id", "id", "pk", "row", "mark"}
            else PARTS.get(part, [str(SAMPLES.get(part, UNKNOWN))])
            for part in names
        ]
        for values in itertools.islice(itertools.product(*pools), 120):
            yield reverse(name, kwargs=dict(zip(names, values, strict=True)))
        return


def read(answer: Any) -> str:
    """The whole answer as text; a workbook is unpacked."""
    raw = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if raw[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            raw = b"\n".join(packed.read(part) for part in packed.namelist())
    return raw.decode("utf-8", "replace") + json.dumps(dict(answer.headers), ensure_ascii=False)


def leaks(text: str, secrets: dict[str, str]) -> list[str]:
    bare = text.replace(" ", "").replace("-", "")
    return [kind for kind, value in secrets.items() if value in text or value.replace("-", "") in bare]


def trail() -> str:
    """All that entries say beside who and when."""
    said = AuditEntry.objects.values("before", "after", "reason", "object_id", "client_ref")
    return json.dumps(list(said), ensure_ascii=False, default=str)


def walk(
    visitors: dict[str, Any], user: User, client: Client, secrets: dict[str, str], opened: list[str]
) -> Iterator[str]:
    """GET every door with every row of the client and say what leaked; ``opened`` gets the doors that showed something.

    A door whose right the visitor does not hold is tried once: the permission matrix shows that it is shut.
    """
    ids = known_ids(client)
    for method, name, right in MATRIX:
        if method != "get":
            continue
        held = "." not in right or user.has_perm(right)
        visitor = visitors["api" if name.startswith("api:") else "web"]
        for address in addresses(name, ids):
            answer = visitor.get(address)
            yield from (f"{name} {address}: {kind}" for kind in leaks(read(answer), secrets))
            if answer.status_code == 200:
                opened.append(name)
            if answer.status_code == 200 or not held:
                break
    for address in (*(f"{client.get_absolute_url()}{tab}" for tab in TABS), "/clients/?q=wryf", "/search/?q=wryf"):
        yield from (f"{address}: {kind}" for kind in leaks(read(visitors["web"].get(address)), secrets))


def visitors_of(user: User, web: Any, api: Any) -> dict[str, Any]:
    browser, phone = web(user), api(user)
    browser.raise_request_exception = phone.raise_request_exception = False
    return {"web": browser, "api": phone}


@pytest.mark.parametrize("role", ["branch_manager", "agent"])
def test_no_door_shows_a_private_value_unasked(
    canary: Client, staff: Any, web: Any, api: Any, caplog: pytest.LogCaptureFixture, role: str
) -> None:
    user = canary.introducer if role == "agent" else staff(role)
    secrets = {**SECRETS, "name": NAME} if role == "agent" else SECRETS
    caplog.set_level(logging.INFO)

    opened: list[str] = []

    assert list(walk(visitors_of(user, web, api), user, canary, secrets, opened)) == []

    assert len(opened) > (100 if role == "branch_manager" else 10)
    assert leaks(caplog.text, {**SECRETS, "name": NAME}) == []
    assert leaks(trail(), SECRETS) == []


def test_an_export_carries_masks_alone(canary: Client, staff: Any, web: Any) -> None:
    browser: Browser = web(staff("branch_manager"))
    form = browser.get("/clients/export/").context["form"]
    said = {"reason": "月度核对客户资料", "form": "csv", **{k: v for k, v in form.initial.items() if v is not None}}

    answer = browser.post("/clients/export/", said)

    assert answer.status_code < 400
    assert leaks(read(answer), SECRETS) == []


@pytest.mark.parametrize("typed", list(SECRETS.values()))
def test_what_is_wrong_in_a_form_reaches_neither_the_log_nor_the_trail(
    canary: Client, staff: Any, web: Any, api: Any, caplog: pytest.LogCaptureFixture, typed: str
) -> None:
    manager = staff("branch_manager")
    caplog.set_level(logging.DEBUG)
    values = {"external_id": "CANARY-1", "name": NAME, "phone": typed, "id_number": typed}

    told = api(manager).post(
        "/api/v1/clients/", values, format="json", headers={"Idempotency-Key": f"canary-{len(typed)}"}
    )
    shown = web(manager).post("/clients/new/", values)

    assert (told.status_code, shown.status_code) == (400, 400)
    assert told.data["fields"] and shown.context["form"].errors
    assert caplog.records and leaks(caplog.text, {"typed": typed}) == []
    assert leaks(trail(), {"typed": typed}) == []


def test_the_walk_finds_a_planted_leak(
    canary: Client, staff: Any, web: Any, api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(masking.MASKS, "phone", lambda value: value)

    manager = staff("branch_manager")
    found = walk(visitors_of(manager, web, api), manager, canary, SECRETS, [])

    assert any(line.endswith(": phone") for line in found)
