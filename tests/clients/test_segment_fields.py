"""Every fact of the profile is a field of segments, or is kept out for a reason; and each finds whom a plain reading finds."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import EmptyResultSet

from clients.models import Client, ClientQuality, HouseholdMember, QuestionToAsk, StageOverride
from clients.models.profile_rows import ClientRow
from clients.provenance import FACTS, REFUSABLE, REFUSABLE_ROWS
from clients.segments import Context, fields_for
from clients.segments.catalogue import SegmentField, all_fields
from clients.segments.kinds import Shape
from crm.core.models import Branch
from tests.clients.segment_reading import disagreements
from tests.doors import Staff
from tests.factories.clients import ClientFactory

NOW = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)
TODAY = date(2026, 6, 15)

# -- every column ------------------------------------------------------------------------------------------------------

#: What no segment asks for, and why. Looked through by people: a new column goes here only with a reason of its own.
KEPT_OUT = {
    "clients_client": {
        "public_id version updated_at": "of the row, not of the client",
        "pinyin initials name_grams": "words by which the name is searched; the name is a field",
        "phone_index phone_tail id_index id_tail": "stand for sealed values, whose being there is a field",
        "quiet_until": "comes with the beginning of the quiet hours",
        "merged_into_id": "who was merged is in no list",
    },
    "clients_identitydocument": {
        "number number_index number_tail": "sealed, with what stands for it; the primary one is a field of the client",
        "is_primary": "the primary one stands in the client's own columns",
    },
    "clients_contactpoint": {
        "value value_index value_tail": "sealed, with what stands for it; a point is a field by its kind",
        "is_primary": "which of several comes first says nothing about the client",
    },
    "clients_contactperson": {"phone_index phone_tail": "stand for a sealed value, whose being there is a field"},
}
_ROW = {
    "id public_id version updated_at created_at": "of the row, not of the client",
    "source as_of": "who says so of one row, as of one fact: a pair of values",
}
_SAMPLES: dict[Shape, Any] = {
    Shape.NOTHING: None,
    Shape.TEXT: "x",
    Shape.MANY: ["x"],
    Shape.NUMBER: "1",
    Shape.NUMBERS: ["1", "2"],
    Shape.DAYS: 3,
    Shape.DAY: "2026-01-01",
    Shape.TWO_DAYS: ["2026-01-01", "2026-02-01"],
    Shape.MONTH: 5,
}


def columns_asked(field: SegmentField, context: Context) -> set[tuple[str, str]]:
    """(table, column) pairs in the SQL of every comparison of the field."""
    found: set[tuple[str, str]] = set()
    for operator in field.operators().values():
        value = _SAMPLES[operator.shape]
        if operator.shape is Shape.MANY and field.choices:
            value = [code for code, _label in field.choices(context.user)][:40] or value
        try:
            sql = str(Client.objects.filter(field.compile(operator.denies or operator.key, value, context)).query)
        except EmptyResultSet:  # nobody has any such row yet
            continue
        tables = {alias: table for table, alias in re.findall(r'"(clients_\w+)" (\w+)\b', sql)}
        for alias, column in re.findall(r'"?(\w+)"?\."(\w+)"', sql.partition(" WHERE ")[2]):
            found.add((tables.get(alias, alias), column))
    return found


def kept_out(table: str) -> set[str]:
    return {name for names in {**KEPT_OUT.get(table, {}), **_ROW} for name in names.split()}


def test_every_fact_about_a_client_is_asked_by_a_field_or_kept_out_for_a_reason(staff: Staff) -> None:
    context = Context(staff("branch_manager"), NOW)
    asked = {pair for field in all_fields() for pair in columns_asked(field, context)}

    for model in (Client, *ClientRow.__subclasses__(), HouseholdMember):
        table = model._meta.db_table
        columns = {str(field.column) for field in model._meta.concrete_fields}
        reached = {column for name, column in asked if name == table}
        assert columns - reached - kept_out(table) == set(), table
        assert {name for names in KEPT_OUT.get(table, {}) for name in names.split()} <= columns, table


# -- columns of the profile --------------------------------------------------------------------------------------------


def test_facts_of_the_profile_find_whom_they_say(branch: Branch, staff: Staff) -> None:
    manager, crowd = staff("branch_manager"), {}
    for n in range(8):
        amount = (None, Decimal(0), Decimal(100), Decimal(150))[n % 4]
        word = ("", "张三", "上海", "100%")[n % 4]
        channels = ("", "email", "email sms", "sms wechat")[n % 4]
        mute = n % 2 == 0
        is_listed = (None, True, False, True)[n % 4]
        client = ClientFactory(
            branch=branch,
            **dict.fromkeys(("income_source", "tax_residency", "controller", "beneficiary"), word),
            **dict.fromkeys(("legal_representative", "integrity_note", "avoid_topics"), word),
            debts=amount,
            own_funds=amount and -amount,
            is_listed=is_listed,
            stock_code="60上海" if is_listed else "",
            id_is_long_term=n % 3 == 0,
            forbidden_channels=channels,
            quiet_from="22:00" if n % 3 else None,
            quiet_until="08:00" if n % 3 else None,
            do_not_contact=mute,
            do_not_contact_reason="张三来电" if mute else "",
            phone="13800138000" if n % 2 else "",
            email="a@b.cn" if n % 3 else "",
            address="上海市" if n % 4 else "",
            id_number="E12345678" if n % 5 else "",
        )
        crowd[client.pk] = {
            **dict.fromkeys(("income_source", "tax_residency", "controller", "beneficiary"), word),
            **dict.fromkeys(("legal_representative", "integrity_note", "avoid_topics"), word),
            "debts": amount,
            "own_funds": amount and -amount,
            "is_listed": is_listed,
            "stock_code": "60上海" if is_listed else "",
            "id_is_long_term": n % 3 == 0,
            "forbidden_channels": channels.split(),
            "quiet_hours": n % 3 > 0,
            "do_not_contact_reason": "张三来电" if mute else "",
            "phone": "x" if n % 2 else "",
            "email": "x" if n % 3 else "",
            "address": "x" if n % 4 else "",
            "id_number": "x" if n % 5 else "",
        }

    codes = {"forbidden_channels": ["email", "sms", "phone"]}
    assert disagreements(manager, NOW, TODAY, crowd, codes=codes) == []


def test_introductions_count_those_whom_the_reader_sees(branch: Branch, other_branch: Branch, staff: Staff) -> None:
    manager, giver = staff("branch_manager"), ClientFactory(branch=branch)
    far = ClientFactory(branch=other_branch)
    crowd: dict[int, dict[str, Any]] = {giver.pk: {"introduced": 2, "by_client": False, "stage_by_hand": True}}
    for source, told in ((giver, True), (giver, True), (far, False), (None, False)):
        one = ClientFactory(branch=branch, introduced_by_client=source)
        crowd[one.pk] = {"introduced": 0, "by_client": told, "stage_by_hand": False}
    ClientFactory(branch=other_branch, introduced_by_client=giver)
    ClientFactory(branch=branch, introduced_by_client=giver, closed=True, merged_into=giver)
    said = {"client": giver, "stage": "stable", "reason": "回访", "set_by": manager, "set_at": NOW}
    StageOverride.objects.create(**said, until=TODAY)
    StageOverride.objects.create(**{**said, "client": one}, until=TODAY - timedelta(days=1))

    assert disagreements(manager, NOW, TODAY, crowd) == []


# -- quality and sources -----------------------------------------------------------------------------------------------


def test_scores_and_wanting_facts_find_whom_they_say(branch: Branch, staff: Staff) -> None:
    manager, crowd = staff("branch_manager"), {}
    for n in range(6):
        client = ClientFactory(branch=branch)
        items = ([], ["phone"], ["phone", "email"])[n % 3]
        facts: dict[str, Any] = {
            "quality": 35, "quality_complete": (0, 18, 36)[n % 3], "quality_verified": 65, "quality_fresh": (1, 2)[n % 2],
            "facts_missing": items, "facts_unverified": [], "facts_stale": items[:1], "to_ask": items,
        }  # fmt: skip
        if n < 5:
            ClientQuality.objects.create(
                client=client, score=35, completeness=facts["quality_complete"], verification=65,
                freshness=facts["quality_fresh"], missing=items, stale=items[:1], scored_on=TODAY, client_version=1,
            )  # fmt: skip
        else:
            facts |= dict.fromkeys(("quality", "quality_complete", "quality_verified", "quality_fresh"))
            facts |= dict.fromkeys(("facts_missing", "facts_stale"), [])
        for item in items:
            QuestionToAsk.objects.create(client=client, item=item, asked_for_by=manager, asked_for_at=NOW)
        QuestionToAsk.objects.create(client=client, item="city", asked_for_by=manager, asked_for_at=NOW, closed_at=NOW)
        crowd[client.pk] = facts

    codes = dict.fromkeys(("facts_missing", "facts_unverified", "facts_stale", "to_ask"), ["phone", "email", "city"])
    assert disagreements(manager, NOW, TODAY, crowd, codes=codes) == []


def test_refusals_proofs_and_sources_find_whom_they_say(branch: Branch, staff: Staff) -> None:
    """Also their denials, of clients about whom nothing is written down."""
    manager, crowd = staff("branch_manager"), {}
    mark = {"source": "staff", "on": "2026-01-01"}
    for provenance in (
        {},
        {"*": {"source": "import", "on": "2026-01-01"}},
        {"*": {"source": "client", "on": "2026-01-01"}, "phone": {**mark, "refused": True}},
        {"phone": {**mark, "refused": True}, "relations": {**mark, "refused": True}},
        {"phone": {**mark, "refused": False}, "email": {**mark, "verified": {"on": "2026-02-01", "by": "x", "how": "call"}}},
    ):  # fmt: skip
        client = ClientFactory(branch=branch, provenance=provenance)
        crowd[client.pk] = {
            "facts_refused": [name for name, said in provenance.items() if said.get("refused")],
            "facts_verified": [name for name, said in provenance.items() if "verified" in said],
            "facts_from": provenance.get("*", {}).get("source", ""),
        }

    codes = {"facts_refused": ["phone", "relations", "city"], "facts_verified": ["email", "phone"]}
    assert disagreements(manager, NOW, TODAY, crowd, codes=codes) == []


def test_every_fact_that_may_be_refused_or_verified_can_be_asked_for(staff: Staff) -> None:
    fields, manager = fields_for(staff("branch_manager")), staff("branch_manager")

    for key, names in (("facts_refused", REFUSABLE | REFUSABLE_ROWS), ("facts_verified", FACTS)):
        choices = fields[key].choices
        assert choices is not None
        assert {code for code, _label in choices(manager)} == names


def test_who_does_not_see_a_profile_has_none_of_its_facts(staff: Staff) -> None:
    assert not {field.key for field in fields_for(staff("agent")).values()} & {
        "income_source", "debts", "controller", "avoid_topics", "integrity_note", "forbidden_channels", "introduced",
        "facts_refused", "facts_verified", "facts_from", "quality_complete", "facts_missing",
    }  # fmt: skip
