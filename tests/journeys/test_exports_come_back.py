"""What leaves as a file of contacts or daily assets comes in again equal: nothing changes, and what was lost is restored."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from clients.models import Client, ContactLog, DailyAsset
from clients.services import log_contact, put_asset_days
from clients.services.asset_sql import AssetDay
from crm.core.models import Branch, User
from tests.doors import Staff
from tests.factories.clients import ClientFactory, ContactLogFactory

pytestmark = pytest.mark.django_db

MAPPINGS = Path(__file__).resolve().parents[2] / "mappings"
SPAN = {"since": "2026-05-01", "until": "2026-06-30"}
#: What a contact or a day says; keys, times of writing and texts that follow from others apart.
CONTACT = ("client_id", "at", "channel", "direction", "purpose", "outcome", "mood", "duration_seconds", "content")
CONTACT += ("next_on", "next_content", "staff_id")


@pytest.fixture
def manager(branch: Branch, staff: Staff) -> User:
    return staff("branch_manager")


@pytest.fixture
def filled(branch: Branch, manager: User) -> list[Client]:
    """Two clients with contacts of every kind, typed here and brought by a file, and with days of assets, one negative."""
    first, second = ClientFactory(branch=branch), ClientFactory(branch=branch, name="")
    log_contact(
        client=first,
        channel="phone",
        content='=1+1 问候，\n第二行 "引号"; 分号',
        actor=manager,
        now=datetime(2026, 6, 3, 2, 30, 15, 123456, tzinfo=UTC),
        next_on=date(2026, 6, 20),
        details={"next_content": "-50 万的到期", "mood": "good"},
    )
    ContactLogFactory(
        client=second, at=datetime(2026, 5, 7, 1, 2, 3, tzinfo=UTC), external_id="CRM-7", channel="unknown",
        direction="in", purpose="complaint", outcome="no_answer", mood="bad", duration_seconds=79, content="",
    )  # fmt: skip
    ContactLogFactory(client=second, at=datetime(2026, 5, 7, 1, 2, 3, tzinfo=UTC), channel="visit", content="0012")
    days = [
        AssetDay(first.pk, date(2026, 6, 1), 12_345_678_901_23, 5, 6, 7, 8, 9, 10, 11),
        AssetDay(first.pk, date(2026, 6, 2), -1_05),
        AssetDay(second.pk, date(2026, 6, 2), 0, cash=1),
    ]
    put_asset_days(branch=branch, rows=days, actor=manager)
    return [first, second]


def taken_out(browser: Any, kind: str, form: str) -> bytes:
    said = {"form": form, "reason": "季度核对", "form_token": f"{kind}{form}", **SPAN}
    answer = browser.post(f"/clients/export/?what={kind}", said)
    assert answer.status_code == 200
    return bytes(answer.content)


def brought_in(file: Path, kind: str, language: str, branch: Branch, capsys: Any) -> dict[str, int]:
    mapping = MAPPINGS / f"export_{kind}_{'zh' if language == 'zh-hans' else 'en'}.toml"
    try:
        call_command(f"import_{kind}", str(file), "--mapping", str(mapping), "--branch", branch.code)
    except SystemExit as left:
        assert not left.code, Path(f"{file}.errors.csv").read_text()
    said: dict[str, int] = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    return said


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize(("kind", "rows"), [("contacts", 3), ("assets", 3)])
def test_an_export_changes_nothing_when_it_comes_in_again_and_restores_what_was_lost(
    filled: list[Client], manager: User, branch: Branch, web: Any, tmp_path: Path, capsys: Any,
    kind: str, rows: int, language: str, form: str,
) -> None:  # fmt: skip
    User.objects.filter(pk=manager.pk).update(language=language)
    file = tmp_path / f"{kind}.{form}"
    file.write_bytes(taken_out(web(User.objects.get(pk=manager.pk)), kind, form))
    model: Any = {"contacts": ContactLog, "assets": DailyAsset}[kind]
    before = list(model.objects.order_by("pk").values())
    clients = list(Client.objects.order_by("pk").values("total_assets", "last_contact_at", "next_contact_on"))

    again = brought_in(file, kind, language, branch, capsys)

    assert (again["created"], again["updated"], again["unchanged"], again["rejected"]) == (0, 0, rows, 0)
    assert list(model.objects.order_by("pk").values()) == before

    model.objects.all().delete() if kind == "contacts" else model.objects.all()._raw_delete("default")
    restored = brought_in(file, kind, language, branch, capsys)

    assert (restored["created"], restored["rejected"]) == (rows, 0)
    if kind == "assets":
        assert list(model.objects.order_by("pk").values()) == before
    else:
        order, seconds = ("client_id", "at", "channel"), {"microsecond": 0}
        was = sorted(
            (tuple(row["at"].replace(**seconds) if name == "at" else row[name] for name in CONTACT) for row in before),
            key=str,
        )
        now = sorted(model.objects.order_by(*order).values_list(*CONTACT), key=str)
        assert now == was
    assert list(Client.objects.order_by("pk").values("total_assets", "next_contact_on")) == [
        {name: row[name] for name in ("total_assets", "next_contact_on")} for row in clients
    ]


def test_a_contact_under_its_public_id_that_says_otherwise_is_refused(
    filled: list[Client], branch: Branch, manager: User, tmp_path: Path, capsys: Any
) -> None:
    row = ContactLog.objects.get(channel="visit")
    head = "Client number,Contact number,At,What was said\n"
    file, mapping = tmp_path / "c.csv", tmp_path / "m.toml"
    mapping.write_text(
        '[columns]\nexternal_id = "Client number"\ncontact_id = "Contact number"\nat = "At"\ncontent = "What was said"\n'
    )

    def bring(client: Client, content: str) -> dict[str, int]:
        file.write_text(f"{head}{client.external_id},{row.public_id},2026-05-07 09:02:03,{content}\n", encoding="utf-8")
        with suppress(SystemExit):
            call_command("import_contacts", str(file), "--mapping", str(mapping), "--branch", branch.code)
        said: dict[str, int] = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
        return said

    assert bring(filled[1], "0012")["rejected"] == 1  # without a channel the row says that it is not known
    assert bring(filled[1], "别的")["rejected"] == 1
    assert bring(filled[0], "0012")["created"] == 1  # of another client the number means nothing
    assert ContactLog.objects.count() == 4
