"""The merge in the browser, over REST, in the search and in files."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from clients.models import Client, ContactLog, DailyAsset, Holding, MergeRecord
from clients.services.merges import approve_merge, ask_merge, gather_strays
from crm.core.access import system_user
from crm.core.models import AuditEntry, Branch
from tests.clients.test_pages import token
from tests.doors import Staff, Web
from tests.factories.clients import ClientFactory, ContactLogFactory

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


@pytest.fixture
def pair(branch: Branch) -> tuple[Client, Client]:
    return (
        ClientFactory(branch=branch, external_id="1001", name="张三", phone="+8613812348000"),
        ClientFactory(branch=branch, external_id="1002", name="张叁", phone="+8613912349000", city="上海"),
    )


@pytest.fixture
def merged(pair: tuple[Client, Client], staff: Staff) -> MergeRecord:
    record = ask_merge(staying=pair[0], leaving=pair[1], actor=staff("front_desk"), now=NOW, reason="同一人")
    return approve_merge(record=record, actor=staff("branch_manager"), now=NOW)


# -- the pages ---------------------------------------------------------------------------------------------------------


def test_a_merge_is_previewed_asked_for_approved_and_undone_in_the_browser(
    pair: tuple[Client, Client], staff: Staff, web: Web
) -> None:
    staying, leaving = pair
    ContactLogFactory(client=leaving)
    desk, manager = web(staff("front_desk")), web(staff("branch_manager"))
    url = f"/clients/{staying.public_id}/merge/?with={leaving.public_id}"

    page = desk.get(url)
    text = page.content.decode()
    assert "13912349000" not in text
    assert 'name="fact_name"' in text
    said = {"form_token": token(page), "version": 1, "leaving_version": 1, "reason": "同一人", "fact_name": "leaving"}
    said |= {"fact_phone": "staying", "fact_city": "leaving"}
    asked = desk.post(url, said)
    record = MergeRecord.objects.get()
    assert asked["Location"] == f"/clients/merges/{record.public_id}/"
    assert record.state == "proposed"

    assert "张叁" in manager.get("/clients/duplicates/?show=waiting").content.decode()
    assert "Approve" not in desk.get(record.get_absolute_url()).content.decode()
    for step, more in (("approve", {}), ("undo", {"reason": "不是同一人"})):
        form = manager.get(f"/clients/merges/{record.public_id}/{step}/")
        record.refresh_from_db()
        more |= {"form_token": token(form), "version": record.version}
        answer = manager.post(f"/clients/merges/{record.public_id}/{step}/", more)
        assert answer.status_code == 302, answer.content.decode()
        staying.refresh_from_db()
        assert (staying.name, staying.city) == (("张叁", "上海") if step == "approve" else ("张三", ""))
    assert "Undone" in manager.get(record.get_absolute_url()).content.decode()


def test_the_other_client_is_found_by_his_number(pair: tuple[Client, Client], staff: Staff, web: Web) -> None:
    staying, leaving = pair
    browser, url = web(staff("front_desk")), f"/clients/{pair[0].public_id}/merge/"

    assert browser.get(url).status_code == 200
    assert browser.get(url, {"number": "1002"})["Location"].endswith(f"?with={leaving.public_id}")
    assert browser.get(url, {"number": "9999"}).status_code == 400
    assert browser.get(url, {"with": staying.public_id}).status_code == 409


def test_a_preview_that_has_become_old_is_refused(pair: tuple[Client, Client], staff: Staff, web: Web) -> None:
    staying, leaving = pair
    browser = web(staff("front_desk"))
    url = f"/clients/{staying.public_id}/merge/?with={leaving.public_id}"
    page = browser.get(url)
    leaving.save_changed(["city"])

    said = {"form_token": token(page), "version": 1, "leaving_version": 1, "reason": "同一人"}
    said |= {f"fact_{key}": "staying" for key in ("name", "phone", "city")}

    assert browser.post(url, said).status_code == 412
    assert not MergeRecord.objects.exists()


def test_the_page_of_a_merged_client_leads_to_the_one_who_stayed(
    pair: tuple[Client, Client], merged: MergeRecord, branch: Branch, other_branch: Branch, staff: Staff, web: Web
) -> None:
    staying, leaving = pair

    answer = web(staff("front_desk")).get(leaving.get_absolute_url(), follow=True)

    assert answer.redirect_chain == [(staying.get_absolute_url(), 302)]
    assert "1002 was merged into client 1001" in answer.content.decode()
    assert web(staff("front_desk", branch=other_branch)).get(leaving.get_absolute_url()).status_code == 404


def test_a_merged_client_stands_in_no_list_and_his_number_finds_the_other(
    pair: tuple[Client, Client], merged: MergeRecord, staff: Staff, web: Web
) -> None:
    browser = web(staff("front_desk"))

    assert pair[1].public_id not in browser.get("/clients/").content.decode()
    for url in ("/clients/", "/search/", "/search/palette/"):
        text = browser.get(url, {"q": "1002"}).content.decode()
        assert f"/clients/{pair[0].public_id}/" in text
        assert f"/clients/{pair[1].public_id}/" not in text


def test_a_stray_row_comes_home(pair: tuple[Client, Client], merged: MergeRecord) -> None:
    stray = ContactLogFactory(client=pair[1])

    assert gather_strays(actor=system_user(), now=NOW) == 1
    assert gather_strays(actor=system_user(), now=NOW) == 0
    stray.refresh_from_db()
    assert stray.client == pair[0]
    assert AuditEntry.objects.filter(action="client.gather_strays").count() == 1


# -- REST --------------------------------------------------------------------------------------------------------------


def test_over_rest_a_merge_is_previewed_asked_for_approved_and_undone(
    pair: tuple[Client, Client], staff: Staff, api: Any
) -> None:
    ids = {"staying": pair[0].public_id, "leaving": pair[1].public_id}
    desk, manager = api(staff("front_desk")), api(staff("branch_manager"))
    seen = desk.get("/api/v1/client-merges/preview/", ids).json()
    assert [fact["key"] for fact in seen["facts"]] == ["name", "phone", "city"]
    assert "13912349000" not in str(seen)
    versions = {name: seen[name] for name in ("staying_version", "leaving_version")}
    body = {**ids, **versions, "reason": "同一人", "choices": {"city": "leaving"}}

    assert desk.post("/api/v1/client-merges/", body, format="json").status_code == 400
    made = desk.post("/api/v1/client-merges/", body, format="json", headers={"Idempotency-Key": "a"})
    again = desk.post("/api/v1/client-merges/", body, format="json", headers={"Idempotency-Key": "a"})
    assert (made.status_code, again.status_code, again.json()["id"]) == (201, 200, made.json()["id"])
    url = f"/api/v1/client-merges/{made.json()['id']}/"
    assert desk.post(f"{url}approve/", {}, format="json", headers={"Idempotency-Key": "b"}).status_code == 403

    def act(step: str, said: dict[str, str], etag: str) -> Any:
        headers = {"Idempotency-Key": step, "If-Match": etag}
        return manager.post(f"{url}{step}/", said, format="json", headers=headers)

    assert manager.post(f"{url}approve/", {}, format="json", headers={"Idempotency-Key": "b"}).status_code == 428
    assert act("approve", {}, '"77"').status_code == 412
    done = act("approve", {}, made["ETag"])
    assert done.json()["state"] == "done"
    assert act("reject", {"note": "晚了"}, done["ETag"]).status_code == 409
    undone = act("undo", {"reason": "不是同一人"}, done["ETag"])
    assert undone.json()["state"] == "undone"
    assert [row["state"] for row in manager.get("/api/v1/client-merges/").json()["results"]] == ["undone"]


def test_over_rest_the_refusals_have_their_status(
    pair: tuple[Client, Client], other_branch: Branch, staff: Staff, api: Any
) -> None:
    phone = api(staff("front_desk"))
    foreign = ClientFactory(branch=other_branch)
    url = "/api/v1/client-merges/preview/"

    assert phone.get(url, {"staying": pair[0].public_id, "leaving": foreign.public_id}).status_code == 404
    assert phone.get(url, {"staying": pair[0].public_id, "leaving": pair[0].public_id}).status_code == 400
    assert api(staff("advisor")).get(url).status_code == 403


# -- files that still name the number of the merged client -------------------------------------------------------------


def bring(kind: str, branch: Branch, path: Path, columns: dict[str, str], text: str, *more: str) -> dict[str, Any]:
    """Run ``import_<kind>``; the counts of its last line."""
    import io
    import json

    data, mapping, out = path / f"{kind}.csv", path / f"{kind}.toml", io.StringIO()
    data.write_text(text, encoding="utf-8")
    lines = "\n".join(f'{field} = "{column}"' for field, column in columns.items())
    mapping.write_text(f'[file]\nkind = "csv"\n\n[columns]\n{lines}\n', encoding="utf-8")
    try:
        call_command(f"import_{kind}", str(data), "--mapping", str(mapping), "--branch", branch.code, *more, stdout=out)
    except SystemExit as left:
        assert left.code in (0, 1)
    return json.loads(out.getvalue().strip().splitlines()[-1])


def test_amounts_of_both_numbers_are_one_sum_and_the_same_file_again_changes_nothing(
    pair: tuple[Client, Client], merged: MergeRecord, branch: Branch, tmp_path: Path
) -> None:
    columns = {"external_id": "号", "day": "日", "net_assets": "资产"}
    text = "号,日,资产\n1001,2026-05-04,100\n1002,2026-05-04,30\n1002,2026-05-05,40\n"

    first = bring("assets", branch, tmp_path, columns, text)
    second = bring("assets", branch, tmp_path, columns, text + "\n")

    assert first["rejected"] == second["rejected"] == 0
    assert second["unchanged"] == 3
    rows = DailyAsset.objects.order_by("day").values_list("client_id", "net_assets")
    assert [(pk, int(amount)) for pk, amount in rows] == [(pair[0].pk, 130), (pair[0].pk, 40)]


def test_the_same_number_twice_for_a_day_is_still_refused(
    pair: tuple[Client, Client], merged: MergeRecord, branch: Branch, tmp_path: Path
) -> None:
    columns = {"external_id": "号", "day": "日", "net_assets": "资产"}
    text = "号,日,资产\n1002,2026-05-04,100\n1002,2026-05-04,30\n"

    assert bring("assets", branch, tmp_path, columns, text)["rejected"] == 1


def test_holdings_of_both_numbers_are_one_sum(
    pair: tuple[Client, Client], merged: MergeRecord, branch: Branch, tmp_path: Path
) -> None:
    columns = {"external_id": "号", "day": "日", "security_code": "码", "security_name": "名", "quantity": "量"}
    columns["market_value"] = "值"
    text = "号,日,码,名,量,值\n1001,2026-05-04,600519,茅台,100,10\n1002,2026-05-04,600519,茅台,50,5\n"

    first = bring("holdings", branch, tmp_path, columns, text)
    second = bring("holdings", branch, tmp_path, columns, text + "\n")

    held = Holding.objects.get()
    assert (held.client, held.quantity, int(held.market_value)) == (pair[0], 150, 15)
    assert (first["rejected"], second["unchanged"]) == (0, 2)


def test_contacts_reach_the_one_who_stayed_and_facts_of_the_old_number_change_nothing(
    pair: tuple[Client, Client], merged: MergeRecord, branch: Branch, tmp_path: Path
) -> None:
    contacts = bring(
        "contacts",
        branch,
        tmp_path,
        {"external_id": "号", "on": "日", "channel": "道"},
        "号,日,道\n1002,2026-05-04,phone\n",
    )
    facts = bring("clients", branch, tmp_path, {"external_id": "号", "city": "市"}, "号,市\n1002,北京\n")

    assert (contacts["created"], facts["unchanged"]) == (1, 1)
    assert ContactLog.objects.get().client == pair[0]
    assert not Client.objects.filter(city="北京").exists()


def test_a_file_checked_before_a_merge_is_not_applied_after_it(
    pair: tuple[Client, Client], branch: Branch, staff: Staff, tmp_path: Path
) -> None:
    from crm.core.importing import ImportStale, target_of
    from crm.core.importing.engine import context_of
    from crm.core.importing.targets import Stage
    from crm.core.models import ImportBatch

    batch = ImportBatch.objects.create(
        kind="assets", branch=branch, file_name="a", sha256="0", actor=staff("front_desk")
    )
    record = ask_merge(staying=pair[0], leaving=pair[1], actor=staff("front_desk"), now=NOW, reason="同一人")
    approve_merge(record=record, actor=staff("branch_manager"), now=NOW)

    for kind in ("assets", "holdings", "contacts", "clients", "accounts", "margins", "complaints"):
        with pytest.raises(ImportStale):
            target_of(kind).apply(context_of(batch, now=NOW, mapped=frozenset()), Stage(batch))


def test_days_to_come_go_on_under_the_client_who_stayed(
    pair: tuple[Client, Client], merged: MergeRecord, branch: Branch
) -> None:
    from clients.services import AssetDay, put_asset_days
    from clients.services.merges import undo_merge

    put_asset_days(branch=branch, rows=[AssetDay(pair[0].pk, date(2026, 6, 2), 500)], actor=system_user())

    undo_merge(record=merged, actor=system_user(), now=NOW, reason="不是同一人")

    assert DailyAsset.objects.get().client_id == pair[0].pk
