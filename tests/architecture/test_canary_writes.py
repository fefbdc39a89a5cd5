"""The canary of ``test_canary`` in what answers a write: refused forms, warnings of likeness, previews, files that are taken out.

Each door is pressed with nothing, with what its own form begins with, and with words that could be meant; whatever happens
is rolled back. What comes back is searched for the private values of a client whom the reader sees masked.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django import forms
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from clients.forms.export import kinds_for
from clients.models import Client, DuplicatePair, MergeRecord
from crm.core import masking
from crm.core.clocks import database_now
from crm.core.jobs import run_waiting_jobs
from crm.core.models import ImportBatch, User
from crm.core.public_ids import new_public_id
from tests.architecture.matrix import MATRIX
from tests.architecture.test_canary import SECRETS, addresses, canary, known_ids, leaks, read, trail, visitors_of
from tests.factories.clients import ClientFactory

pytestmark = pytest.mark.django_db

__all__ = ["canary"]
WRITES = ("post", "put", "patch", "delete")
#: Doors that show a private value on purpose, to whoever says why and while his budget lasts: pressed without a reason only.
REVEALS = {
    *("clients:reveal", "clients:row_reveal", "clients:account_reveal"),
    *(f"api:{at}-reveal" for at in ("clients", "documents", "contact-points", "contact-persons", "accounts")),
    # The file that a client gets of his own data, after his identity was checked.
    "api:data-requests-file",
}
#: Words by the name of their field; none of them is private, and together they mean the canary.
WORDS: dict[str, Any] = {
    "name": "闻人鸢飞",
    "birth_date": "1988-11-22",
    "external_id": "CANARY-1",
    "number": "CANARY-1",
    "other_number": "CANARY-1",
    "kind": "person",
    "reason": "核对客户资料",
    "note": "核对客户资料",
    "content": "问候",
    "channel": "phone",
    "field": "preferred_channel",
    "said": {"channel": "wechat"},
    "filter": "",
    "until": "2026-06-30",
    "day": "2026-06-01",
    "on": "1",
}
#: Kinds of routes that are walked: those of clients, over REST the whole product's.
LEADS = (
    "clients:",
    "api:clients",
    "api:contact",
    "api:account",
    "api:bulk",
    "api:client",
    "api:duplicates",
    "api:data-",
)
LEADS += ("api:documents", "api:relations", "api:households", "api:needs", "api:investor", "api:trading", "api:tags")
LEADS += (
    "api:appointments",
    "api:quality",
    "api:segments",
    "api:saved",
    "api:next",
    "api:business",
    "api:merges",
    "api:legal",
    "api:erasures",
)


def filled(form: Any) -> dict[str, Any]:
    """What a form would send as it stands, with a word wherever nothing stands yet."""
    said: dict[str, Any] = {}
    for name, field in form.fields.items():
        value = form.initial.get(name, field.initial)
        if callable(value):
            value = value()
        choices = list(getattr(field, "choices", ()) or ())
        if value in (None, "") and choices:
            value = next((key for key, _label in reversed(choices) if key), "")
        if value in (None, "") and isinstance(field, forms.DateField):
            value = "2026-06-01"
        said[name] = WORDS.get(name, "") if value in (None, "") else value
    return {name: value for name, value in said.items() if value is not None}


def bodies(visitor: Any, name: str, address: str, client: Client) -> Iterator[dict[str, Any]]:
    yield {}
    if name in REVEALS:
        return
    if name.startswith("clients:"):
        with transaction.atomic():
            shown = visitor.get(address)
            transaction.set_rollback(True)
        form = (shown.context or {}).get("form") if shown.status_code == 200 and shown.context else None
        if isinstance(form, forms.Form):
            said = filled(form)
            yield said
            yield {**said, **{key: "?" for key in said if key not in ("version", "form_token")}}
    yield {**WORDS, "version": client.version, "form_token": new_public_id(), "ids": client.public_id}


def press(visitor: Any, method: str, address: str, said: dict[str, Any]) -> Any:
    headers = {"idempotency-key": new_public_id(), "if-match": '"1"'}
    shape = {"format": "json"} if address.startswith("/api/") else {}
    if method != "post" and not shape:
        shape = {"content_type": "application/json"}
    with transaction.atomic():
        answer = getattr(visitor, method)(address, said, headers=headers, **shape)
        # What is said on the next page travels in a cookie or the session until then.
        text = read(answer) + "".join(str(one) for one in get_messages(answer.wsgi_request))
        transaction.set_rollback(True)
    return answer.status_code, text


def walk(user: User, web: Any, api: Any, client: Client, pressed: dict[str, int]) -> Iterator[str]:
    """Press every door of clients that writes and say what leaked; ``pressed`` gets the status of each."""
    visitors, ids = visitors_of(user, web, api), known_ids(client)
    for method, name, right in MATRIX:
        if method not in WRITES or not name.startswith(LEADS):
            continue
        held = "." not in right or user.has_perm(right)
        visitor = visitors["api" if name.startswith("api:") else "web"]
        for address in list(addresses(name, ids))[:40]:
            status = 0
            for said in bodies(visitor, name, address, client):
                status, text = press(visitor, method, address, said)
                yield from (f"{method} {name} {address}: {kind}" for kind in leaks(text, SECRETS))
                assert status < 500, (method, address, said)
                if status in (403, 404):
                    break  # of another kind of row
                pressed.setdefault(f"{method} {name}", status)
            if status not in (403, 404) or not held:
                break


@pytest.fixture
def beside(canary: Client) -> Client:
    """Somebody who looks like the canary, with a suspicion and a merge that waits."""
    other = ClientFactory(branch=canary.branch, name=canary.name, birth_date=canary.birth_date, phone="+8613600000000")
    first, second = sorted((canary.pk, other.pk))
    DuplicatePair.objects.create(
        branch=canary.branch,
        first_id=first,
        second_id=second,
        reasons=["name_birthday"],
        score=80,
        found_on=date(2026, 6, 1),
    )
    MergeRecord.objects.create(
        staying=other,
        leaving=canary,
        requested_by=canary.advisor,
        requested_at=database_now(),
        reason="同一人",
        state="proposed",
        seen_versions=[1, 1],
    )
    return other


def test_no_answer_to_a_write_shows_a_private_value(
    canary: Client, beside: Client, staff: Any, web: Any, api: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    pressed: dict[str, int] = {}

    assert list(walk(staff("branch_manager"), web, api, canary, pressed)) == []

    assert len(pressed) > 90
    assert leaks(caplog.text, SECRETS) == []
    assert leaks(trail(), SECRETS) == []


def test_the_walk_over_writes_finds_a_planted_leak(
    canary: Client, staff: Any, web: Any, api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(masking.MASKS, "phone", lambda value: value)

    found = walk(staff("branch_manager"), web, api, canary, {})

    assert any("clients:edit" in line and line.endswith(": phone") for line in found)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_every_kind_of_export_carries_masks_alone(canary: Client, staff: Any, web: Any, form: str) -> None:
    manager = staff("branch_manager")
    browser = web(manager)

    for kind in kinds_for(manager):
        page = browser.get(f"/clients/export/?what={kind.key}").context["form"]
        said = {**{k: v for k, v in page.initial.items() if v is not None}, "reason": "月度核对客户资料", "form": form}
        answer = browser.post(
            f"/clients/export/?what={kind.key}", {**said, "since": "2026-05-01", "until": "2026-06-30"}
        )

        assert answer.status_code < 400, kind.key
        assert leaks(read(answer), SECRETS) == [], kind.key


def test_a_file_that_names_him_tells_nothing_of_what_is_on_file(canary: Client, staff: Any, web: Any) -> None:
    """The check says what would change and what is rejected; what stands in the file is the sender's own."""
    clerk = staff("front_desk")
    browser = web(clerk)
    table = "客户号,姓名,手机,证件号码,邮箱,地址\nCANARY-1,闻人鸢飞,13900001111,123,another@example.com,别处\n"
    sent = SimpleUploadedFile("客户.csv", table.encode())
    said = {"form_token": "t", "kind": "clients", "branch": canary.branch.public_id, "source": "guess", "file": sent}

    assert browser.post("/imports/new/", said).status_code == 302
    run_waiting_jobs(database_now())
    batch = ImportBatch.objects.get()

    shown = [f"/imports/{batch.public_id}/{part}" for part in ("", "errors/", "warnings/", "mapping/")]
    answers = {at: browser.get(at) for at in shown}
    assert batch.rejected + batch.updated > 0
    assert answers[shown[0]].status_code == answers[shown[1]].status_code == 200
    assert [at for at, answer in answers.items() if leaks(read(answer), SECRETS)] == []
