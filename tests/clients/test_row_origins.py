"""Who says so of each row of a profile, and since when: from pages, programs and files, beside the client's own columns."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction
from django.utils import timezone

from clients import provenance, services
from clients.models import Client, ContactPoint, Relation
from clients.models.profile_rows import ClientRow
from clients.provenance import Origin
from clients.services.told import told
from crm.core.clocks import local_date
from crm.core.errors import InvalidInput
from crm.core.importing.mapping import from_tables
from crm.core.models import AuditEntry, Branch, User
from crm.core.public_ids import new_public_id
from crm.core.services.importing import import_file
from tests.doors import Api, Staff, Web
from tests.factories.clients import (
    ClientFactory,
    ContactPersonFactory,
    ContactPointFactory,
    FinancingNeedFactory,
    IdentityDocumentFactory,
    RelationFactory,
)

#: Late in the evening of UTC it is tomorrow in Shanghai.
NOW = datetime(2026, 5, 31, 17, 0, tzinfo=UTC)
TODAY = date(2026, 6, 1)
MAY = date(2026, 5, 20)
PHONE, OTHER_PHONE = "13812348000", "13912348000"
#: Kind of rows in addresses → a factory, what is put on file, what is changed later.
KINDS: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "documents": (IdentityDocumentFactory, {"kind": "passport", "number": "E12345678"}, {"issued_by": "移民局"}),
    "contact-points": (ContactPointFactory, {"kind": "phone", "value": PHONE}, {"label": "家"}),
    "contact-persons": (ContactPersonFactory, {"name": "王芳"}, {"position": "总经理"}),
    "financing-needs": (FinancingNeedFactory, {"kind": "ipo", "status": "open"}, {"note": "三年内"}),
    "relations": (RelationFactory, {"kind": "spouse", "outsider_name": "王芳"}, {"note": "异地"}),
}
EACH_KIND = pytest.mark.parametrize("slug", KINDS)


def sent(version: int | None = None, **said: Any) -> dict[str, Any]:
    return {"form_token": new_public_id(), **({"version": version} if version is not None else {}), **said}


def owner(branch: Branch, slug: str, **facts: Any) -> Client:
    kind = "institution" if slug in ("contact-persons", "financing-needs") else "person"
    return ClientFactory(branch=branch, kind=kind, **facts)


def said_of(row: ClientRow) -> tuple[str, date]:
    row.refresh_from_db()
    return row.source, row.as_of


def origin(client: Client, name: str) -> Origin:
    return provenance.origin(Client.objects.values_list("provenance", flat=True).get(pk=client.pk), name)


# -- whole requests ----------------------------------------------------------------------------------------------------


@EACH_KIND
def test_a_page_takes_who_says_so_and_since_when_and_shows_it(
    branch: Branch, staff: Staff, web: Web, slug: str
) -> None:
    factory, said, changed = KINDS[slug]
    client, browser = owner(branch, slug), web(staff("branch_manager"))
    model = factory._meta.model
    today = local_date(timezone.now())

    form = browser.get(f"/clients/{client.public_id}/{slug}/new/").content.decode()
    browser.post(f"/clients/{client.public_id}/{slug}/new/", sent(**said, source="client", as_of="2026-05-20"))
    row = model.objects.get()
    first = said_of(row)
    shown = browser.get(f"/clients/{client.public_id}/?tab=profile").content.decode()
    edit = browser.get(f"/clients/{client.public_id}/{slug}/{row.public_id}/").content.decode()
    browser.post(f"/clients/{client.public_id}/{slug}/{row.public_id}/", sent(1, **said, **changed))

    assert 'name="source"' in form
    assert 'name="as_of"' in form
    assert first == ("client", MAY)
    assert "客户提供 · 2026-05-20" in shown or "Client · 2026-05-20" in shown
    assert "2026-05-20" in edit
    assert said_of(row) == ("staff", today)


def test_the_fold_is_open_where_something_in_it_is_wrong(branch: Branch, staff: Staff, web: Web) -> None:
    browser, url = web(staff("front_desk")), f"/clients/{ClientFactory(branch=branch).public_id}/relations/new/"
    said = {"kind": "spouse", "outsider_name": "王芳", "as_of": "2999-01-01"}

    shut, refused = browser.get(url).content.decode(), browser.post(url, sent(**said))

    assert '<details class="form-fold"><summary>' in shut
    assert '<details class="form-fold" open>' in refused.content.decode()
    assert set(refused.context["form"].errors) == {"as_of"}


@EACH_KIND
def test_over_rest_a_row_tells_and_takes_who_says_so_and_since_when(
    branch: Branch, staff: Staff, api: Api, slug: str
) -> None:
    _factory, said, changed = KINDS[slug]
    client, phone = owner(branch, slug), api(staff("branch_manager"))
    url, body = f"/api/v1/{slug}/", {"client": client.public_id, **said}

    made = phone.post(
        url, {**body, "source": "client", "as_of": "2026-05-20"}, format="json", headers={"Idempotency-Key": "k1"}
    )
    one = f"{url}{made.data['id']}/"
    answers = [
        phone.patch(one, {**changed, **words}, format="json", headers={"If-Match": f'"{version}"'})
        for version, words in (
            (1, {"source": "system", "as_of": "2026-05-21"}),
            (2, {"source": "nobody"}),
            (2, {"as_of": "2999-01-01"}),
            (2, {"as_of": "1899-12-31"}),
        )
    ]

    assert (made.status_code, made.data["source"], made.data["as_of"]) == (201, "client", "2026-05-20")
    assert [answer.status_code for answer in answers] == [200, 400, 400, 400]
    told_now = phone.get(one).data
    assert (told_now["source"], told_now["as_of"], told_now["version"]) == ("system", "2026-05-21", 2)


def test_a_file_says_that_its_contact_points_come_from_it_as_of_its_day(branch: Branch, staff: Staff) -> None:
    held = ContactPointFactory(client__branch=branch, client__external_id="1", value=f"+86{PHONE}", source="client")
    mapping = from_tables({"columns": {"external_id": "客户号", "name": "姓名", "phones": "电话"}})

    import_file(
        actor=staff("front_desk"),
        kind="clients",
        branch=branch,
        file_name="a.csv",
        raw=f"客户号,姓名,电话\n1,张三,{PHONE};{OTHER_PHONE}\n2,李四,{OTHER_PHONE}\n".encode(),
        mapping=mapping,
        day=MAY,
    )

    fresh = ContactPoint.objects.exclude(pk=held.pk)
    assert [(row.source, row.as_of) for row in fresh] == [("import", MAY), ("import", MAY)]
    assert said_of(held)[0] == "client"


def test_the_copy_of_his_data_tells_the_client_who_says_so_and_since_when(branch: Branch, staff: Staff) -> None:
    client = owner(branch, "contact-persons")
    for factory, _said, _changed in KINDS.values():
        factory(client=client, source="client", as_of=MAY)

    parts = {part["title"]: part["rows"] for part in told(client, staff("compliance"))}

    for factory, _said, _changed in KINDS.values():
        line = dict(parts[str(factory._meta.model._meta.verbose_name_plural)][0])
        assert MAY.isoformat() in line.values()
        assert {"客户提供", "Client"} & set(line.values())


# -- the rule ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ClientRow.__subclasses__(), ids=lambda model: model.__name__)
def test_no_row_is_on_file_without_who_says_so_and_since_when(branch: Branch, model: Any) -> None:
    """There is no default for the day: whoever writes a row and forgets it is stopped by the database."""
    factory = next(one for one, *_rest in KINDS.values() if one._meta.model is model)
    row = factory(client__branch=branch)
    rows = model.objects.filter(pk=row.pk)

    assert not model._meta.get_field("as_of").has_default()
    for wrong in ({"as_of": None}, {"source": ""}, {"source": "rumour"}, {"as_of": date(1899, 12, 31)}):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**wrong)


@EACH_KIND
def test_whoever_is_not_named_is_staff_today_and_a_change_says_so_anew(branch: Branch, staff: Staff, slug: str) -> None:
    _factory, said, changed = KINDS[slug]
    client, actor = owner(branch, slug), staff("branch_manager")
    name = slug.removesuffix("s").replace("-", "_")
    add, change = getattr(services, f"add_{name}"), getattr(services, f"change_{name}")

    row = add(client=client, values=said, actor=actor, now=NOW)
    first = said_of(row)
    change(row=row, values={**changed, "source": "client", "as_of": MAY}, actor=actor, now=NOW)
    by_client = said_of(row)
    change(row=row, values=changed, actor=actor, now=NOW)
    untouched = said_of(row)
    change(row=row, values={next(iter(changed)): "另"}, actor=actor, now=NOW)

    assert (first, by_client, untouched) == (("staff", TODAY), ("client", MAY), ("client", MAY))
    assert said_of(row) == ("staff", TODAY)
    entries = [entry for entry in AuditEntry.objects.order_by("pk") if entry.action.endswith(".change")]
    assert [(entry.before or {}).get("source") for entry in entries] == ["staff", "client"]
    assert [(entry.after or {}).get("as_of") for entry in entries] == [MAY.isoformat(), TODAY.isoformat()]


def test_a_row_that_was_asked_again_is_as_of_that_day_with_the_same_content(branch: Branch, staff: Staff) -> None:
    row = RelationFactory(client__branch=branch, source="import", as_of=date(2020, 1, 2))
    actor, change = staff("branch_manager"), services.change_relation

    change(row=row, values={"kind": row.kind, "source": "client"}, actor=actor, now=NOW)
    by_client = said_of(row)
    change(row=row, values={"as_of": MAY}, actor=actor, now=NOW)

    assert by_client == ("client", TODAY)
    assert said_of(row) == ("client", MAY)


def test_a_day_to_come_is_refused_beside_its_box(branch: Branch, staff: Staff) -> None:
    with pytest.raises(InvalidInput) as refusal:
        services.add_relation(
            client=ClientFactory(branch=branch),
            values={"kind": "spouse", "outsider_name": "王芳", "as_of": TODAY + timedelta(days=1)},
            actor=staff("advisor"),
            now=NOW,
        )

    assert set(refusal.value.fields) == {"as_of"}


def test_a_verified_contact_point_keeps_who_said_it(branch: Branch, staff: Staff) -> None:
    row = ContactPointFactory(client__branch=branch, source="client", as_of=MAY)

    services.change_contact_point(row=row, values={"verified_on": date(2026, 5, 28)}, actor=staff("advisor"), now=NOW)

    assert said_of(row) == ("client", date(2026, 5, 28))


# -- beside the client's own columns -----------------------------------------------------------------------------------


def point(client: Client, actor: User, value: str = PHONE, **more: Any) -> ContactPoint:
    row: ContactPoint = services.add_contact_point(
        client=client, values={"kind": "phone", "value": value, **more}, actor=actor, now=NOW
    )
    return row


def test_a_row_that_leads_gives_the_column_its_source_and_day(branch: Branch, staff: Staff) -> None:
    client, desk = ClientFactory(branch=branch), staff("front_desk")
    row = point(client, desk, source="client", as_of=MAY)

    services.change_contact_point(row=row, values={"is_primary": True}, actor=desk, now=NOW)

    assert origin(client, "phone") == Origin("client", MAY)
    assert said_of(row) == ("client", MAY)


def test_a_row_that_says_what_the_column_says_already_gives_it_source_and_day_too(branch: Branch, staff: Staff) -> None:
    held = provenance.verified(provenance.for_all("import", date(2026, 1, 2)), ["phone"], how="call", on=MAY, by="")
    client = ClientFactory(branch=branch, phone=f"+86{PHONE}", provenance=held)
    later = MAY + timedelta(days=2)

    point(client, staff("front_desk"), is_primary=True, source="client", as_of=later)

    known = origin(client, "phone")
    assert (known.source, known.on, known.verified_on) == ("client", later, MAY)


def test_a_primary_document_gives_its_source_to_all_that_it_says(branch: Branch, staff: Staff) -> None:
    client, desk = ClientFactory(branch=branch), staff("front_desk")
    said = {"kind": "passport", "number": "E12345678", "valid_until": date(2030, 1, 2), "is_primary": True}

    row = services.add_document(client=client, values={**said, "source": "client", "as_of": MAY}, actor=desk, now=NOW)
    services.change_document(row=row, values={"valid_until": date(2031, 1, 2)}, actor=desk, now=NOW)

    assert origin(client, "id_valid_until") == Origin("staff", TODAY)
    assert origin(client, "id_number") == Origin("staff", TODAY)


@pytest.mark.parametrize("how", ["confirmed", "verified"])
def test_a_primary_row_takes_source_and_day_of_the_column(branch: Branch, staff: Staff, how: str) -> None:
    client, desk = ClientFactory(branch=branch), staff("front_desk")
    row = point(client, desk, is_primary=True, as_of=MAY)
    paper = services.add_document(
        client=client,
        values={"kind": "passport", "number": "E12345678", "is_primary": True, "as_of": MAY},
        actor=desk,
        now=NOW,
    )
    further = point(client, desk, OTHER_PHONE, as_of=MAY)
    client.refresh_from_db()

    if how == "confirmed":
        services.confirm_facts(client=client, names=["phone", "id_number"], actor=desk, now=NOW)
    else:
        services.verify_facts(client=client, items=["phone", "id_number"], how="call", actor=desk, now=NOW)

    source = "client" if how == "confirmed" else "staff"
    assert said_of(row) == said_of(paper) == (source, TODAY)
    assert (origin(client, "phone").source, origin(client, "phone").on) == (source, TODAY)
    assert said_of(further) == ("staff", MAY)


def test_a_row_that_steps_down_keeps_who_said_it(branch: Branch, staff: Staff) -> None:
    client, desk = ClientFactory(branch=branch), staff("front_desk")
    row = point(client, desk, is_primary=True, source="client", as_of=MAY)

    services.change_client(client=client, values={"phone": OTHER_PHONE}, actor=desk, now=NOW)

    assert said_of(row) == ("client", MAY)
    assert origin(client, "phone") == Origin("staff", TODAY)


# -- one client of two -------------------------------------------------------------------------------------------------


def merge(staying: Client, leaving: Client, staff: Staff, **choices: str) -> Any:
    asked = services.ask_merge(
        staying=staying, leaving=leaving, actor=staff("front_desk"), now=NOW, reason="同一人", choices=choices
    )
    return services.approve_merge(record=asked, actor=staff("branch_manager"), now=NOW)


def test_a_phone_that_was_not_chosen_goes_on_as_a_row_with_its_source(branch: Branch, staff: Staff) -> None:
    staying = ClientFactory(branch=branch, phone=f"+86{PHONE}")
    leaving = ClientFactory(branch=branch, phone=f"+86{OTHER_PHONE}", provenance=provenance.for_all("import", MAY))

    merge(staying, leaving, staff, phone="staying")

    row = ContactPoint.objects.get(client=staying)
    assert (row.value, row.source, row.as_of) == (f"+86{OTHER_PHONE}", "import", MAY)


def test_a_phone_of_which_nobody_knows_who_said_it_goes_on_as_staffs_of_the_day(branch: Branch, staff: Staff) -> None:
    staying = ClientFactory(branch=branch, phone=f"+86{PHONE}")
    leaving = ClientFactory(branch=branch, phone=f"+86{OTHER_PHONE}")

    merge(staying, leaving, staff, phone="staying")

    row = ContactPoint.objects.get(client=staying)
    assert (row.source, row.as_of) == ("staff", TODAY)


def test_a_primary_row_that_comes_over_gives_the_column_its_source_until_the_merge_is_undone(
    branch: Branch, staff: Staff
) -> None:
    both = {"branch": branch, "phone": f"+86{PHONE}"}
    staying = ClientFactory(**both, provenance=provenance.for_all("import", date(2026, 1, 2)))
    leaving = ClientFactory(**both)
    row = point(leaving, staff("front_desk"), is_primary=True, source="client", as_of=MAY)

    done = merge(staying, leaving, staff)
    row.refresh_from_db()
    merged = (row.client_id, row.is_primary, origin(staying, "phone"))
    services.undo_merge(record=done, actor=staff("branch_manager"), now=NOW, reason="不是同一人")

    assert merged == (staying.pk, True, Origin("client", MAY))
    assert origin(staying, "phone") == Origin("import", date(2026, 1, 2))
    assert said_of(row) == ("client", MAY)


def test_a_row_set_aside_before_rows_had_a_day_comes_back_as_of_the_day_it_was_made(
    branch: Branch, staff: Staff
) -> None:
    staying, leaving = ClientFactory(branch=branch), ClientFactory(branch=branch)
    row = RelationFactory(client=leaving, other=staying)
    made = local_date(row.created_at)
    done = merge(staying, leaving, staff)
    done.kept = done.kept.replace(f', "source": "staff", "as_of": "{row.as_of}"', "")
    assert "as_of" not in done.kept
    done.save()

    services.undo_merge(record=done, actor=staff("branch_manager"), now=NOW, reason="不是同一人")

    back = Relation.objects.get()
    assert (back.source, back.as_of) == ("staff", made)


# -- rows from before --------------------------------------------------------------------------------------------------


def test_rows_from_before_are_as_of_the_day_in_shanghai_on_which_they_were_made(branch: Branch) -> None:
    step = import_module("clients.migrations.0032_who_says_so_of_a_row")
    rows = [factory(client=owner(branch, slug)) for slug, (factory, *_rest) in KINDS.items()]
    for row in rows:
        type(row)._base_manager.filter(pk=row.pk).update(created_at=NOW, as_of=step.UNFILLED)
    later = RelationFactory(client__branch=branch, as_of=MAY)

    step.fill(apps, None)
    step.fill(apps, None)

    assert {said_of(row) for row in rows} == {("staff", TODAY)}
    assert said_of(later) == ("staff", MAY)
    assert {row._meta.model_name for row in rows} == set(step.KINDS)
