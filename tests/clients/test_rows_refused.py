"""A client refuses to give rows of a kind, or further ones: it is on file until he gives one after all."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from clients import provenance, services
from clients.errors import NotRefusable
from clients.models import Client, ContactPoint, Relation
from clients.provenance import Origin
from clients.services import change_client, score_clients
from crm.core.importing.mapping import from_tables
from crm.core.models import AuditEntry, Branch
from crm.core.public_ids import new_public_id
from crm.core.services.importing import import_file
from tests.doors import Api, Staff, Web
from tests.factories.clients import ClientFactory, ContactPointFactory, RelationFactory

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
TODAY = date(2026, 6, 1)
MAY = date(2026, 5, 20)
#: What the panel says where rows are on file already, and where none is.
BADGES = {True: ("拒绝提供更多<", "Refused to provide more<"), False: ("拒绝提供<", "Refused to provide<")}


def sent(version: int, **said: Any) -> dict[str, Any]:
    return {"form_token": new_public_id(), "version": version, **said}


def origin(client: Client, name: str) -> Origin:
    return provenance.origin(Client.objects.values_list("provenance", flat=True).get(pk=client.pk), name)


def refusing(branch: Branch, *names: str, **facts: Any) -> Client:
    held = provenance.stamped({}, [], source="client", on=MAY, refused=dict.fromkeys(names, True))
    made: Client = ClientFactory(branch=branch, provenance=held, **facts)
    return made


@pytest.mark.parametrize("has_one", BADGES)
def test_a_page_notes_the_refusal_shows_it_and_takes_it_back(
    branch: Branch, staff: Staff, web: Web, has_one: bool
) -> None:
    client, browser = ClientFactory(branch=branch), web(staff("front_desk"))
    RelationFactory.create_batch(int(has_one), client=client)
    url, tab = f"/clients/{client.public_id}/refused/relation/", f"/clients/{client.public_id}/?tab=profile"

    form = browser.get(url)
    noted = browser.post(url, sent(1, refused="on", source="client", as_of="2026-05-20"))
    held, page = origin(client, "relations"), browser.get(tab).content.decode()
    stale = browser.post(url, sent(1, source="client"))
    browser.post(url, sent(2, source="client"))

    assert (form.status_code, noted.status_code, stale.status_code) == (200, 302, 412)
    assert held == Origin("client", MAY, refused=True)
    panel = page[page.index('id="relations"') :]
    assert any(badge in panel[panel.index("<tbody>") :] for badge in BADGES[has_one])
    assert "2026-05-20" in panel
    client.refresh_from_db()
    assert "relations" not in client.provenance


def test_over_rest_a_refusal_of_rows_is_said_like_that_of_a_fact(branch: Branch, staff: Staff, api: Api) -> None:
    client, phone = ClientFactory(branch=branch), api(staff("front_desk"))
    url, said = f"/api/v1/clients/{client.public_id}/", {"source": "client", "as_of": "2026-05-20"}

    answer = phone.patch(url, {"refused": {"documents": True}, **said}, format="json", headers={"If-Match": '"1"'})
    wrong = phone.patch(url, {"refused": {"hobbies": True}}, format="json", headers={"If-Match": '"2"'})

    assert answer.data["profile"]["origins"]["documents"] == {"source": "client", "on": "2026-05-20", "refused": True}
    assert wrong.status_code == 400
    assert (AuditEntry.objects.get(action="client.change").after or {})["refused"] == {"documents": True}


def test_rows_on_file_stay_when_further_ones_are_refused(branch: Branch, staff: Staff) -> None:
    row = RelationFactory(client__branch=branch)

    change_client(client=row.client, values={}, refused={"relations": True}, actor=staff("advisor"), now=NOW)

    assert list(Relation.objects.present()) == [row]
    assert origin(row.client, "relations").refused


@pytest.mark.parametrize("name", ["contact_persons", "financing_needs"])
def test_a_person_is_not_asked_for_what_only_institutions_have(
    branch: Branch, staff: Staff, web: Web, name: str
) -> None:
    client, firm = ClientFactory(branch=branch), ClientFactory(branch=branch, kind="institution")
    desk, page = staff("front_desk"), f"/refused/{name.removesuffix('s')}/"

    with pytest.raises(NotRefusable):
        change_client(client=client, values={}, refused={name: True}, actor=desk, now=NOW)

    assert [web(desk).get(f"/clients/{one.public_id}{page}").status_code for one in (client, firm)] == [404, 200]


def test_whoever_gives_such_a_row_after_all_refuses_it_no_longer(branch: Branch, staff: Staff) -> None:
    client, desk = refusing(branch, "relations", "contact_points"), staff("front_desk")

    services.add_relation(
        client=client, values={"kind": "spouse", "outsider_name": "王芳", "source": "client"}, actor=desk, now=NOW
    )

    client.refresh_from_db()
    assert provenance.refused_facts(client.provenance) == {"contact_points"}


def test_a_file_does_not_speak_for_the_client_who_refuses(branch: Branch, staff: Staff) -> None:
    client = refusing(branch, "contact_points", external_id="1")
    mapping = from_tables({"columns": {"external_id": "客户号", "phones": "电话"}})

    import_file(
        actor=staff("front_desk"),
        kind="clients",
        branch=branch,
        file_name="a.csv",
        raw="客户号,电话\n1,13812348000\n".encode(),
        mapping=mapping,
    )

    assert ContactPoint.objects.filter(client=client, source="import").exists()
    assert origin(client, "contact_points").refused
    said = {"kind": "wechat", "value": "zhang_san", "source": "system"}
    services.add_contact_point(client=client, values=said, actor=staff("front_desk"), now=NOW)
    assert origin(client, "contact_points").refused


def test_who_refused_under_one_number_has_refused_under_the_one_that_stays(branch: Branch, staff: Staff) -> None:
    staying, leaving = ClientFactory(branch=branch), refusing(branch, "relations")
    ContactPointFactory(client=leaving)
    asked = services.ask_merge(
        staying=staying, leaving=leaving, actor=staff("front_desk"), now=NOW, reason="同一人", choices={}
    )

    done = services.approve_merge(record=asked, actor=staff("branch_manager"), now=NOW)
    merged = origin(staying, "relations")
    services.undo_merge(record=done, actor=staff("branch_manager"), now=NOW, reason="不是同一人")

    assert merged == Origin("client", MAY, refused=True)
    assert not origin(staying, "relations").refused


def test_no_kind_of_rows_is_an_item_of_the_score_so_a_refusal_moves_none(branch: Branch, staff: Staff) -> None:
    client = ClientFactory(branch=branch)
    score_clients([client.pk], TODAY)
    client.refresh_from_db()
    before = client.quality.score

    change_client(client=client, values={}, refused={"relations": True}, actor=staff("advisor"), now=NOW)

    client.quality.refresh_from_db()
    assert client.quality.score == before
    assert client.quality.refused == []
