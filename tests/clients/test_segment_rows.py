"""Segments that ask for what there may be several of: each finds whom a plain reading of the rows finds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from clients.models import Client, Household, HouseholdMember, Relation
from clients.segments import Context, compiled, fields_for, parse
from crm.core.models import Branch
from tests.clients.segment_reading import disagreements
from tests.doors import Staff
from tests.factories.clients import (
    ClientFactory,
    ContactPersonFactory,
    ContactPointFactory,
    FinancingNeedFactory,
    IdentityDocumentFactory,
    RelationFactory,
)

NOW = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)
TODAY = date(2026, 6, 15)
GONE = {"removed_at": NOW}
DAYS = [TODAY + timedelta(days=n) for n in (-91, -30, -1, 0, 30, 31)]


def test_further_documents_find_whom_they_say(branch: Branch, staff: Staff) -> None:
    manager, crowd = staff("branch_manager"), {}
    for n in range(6):
        client, lasts = ClientFactory(branch=branch), n == 4
        rows = [("passport", DAYS[n]), ("licence", DAYS[(n + 2) % 6])][: n % 3]
        for kind, until in rows:
            IdentityDocumentFactory(
                client=client, kind=kind, valid_until=None if lasts else until, is_long_term=lasts, issued_by="上海市"
            )
        IdentityDocumentFactory(client=client, kind="other", valid_until=DAYS[0], issued_by="张", **GONE)
        if n == 3:
            IdentityDocumentFactory(
                client=client, kind="id_card", is_primary=True, issued_by="张三", valid_until=DAYS[1]
            )
        crowd[client.pk] = {
            "documents": [kind for kind, _until in rows],
            "documents_until": [] if lasts else [until for _kind, until in rows],
            "documents_lasting": lasts and bool(rows),
            "documents_issuer": ["张三"] * (n == 3) + ["上海市"] * len(rows),
        }

    codes = {"documents": ["passport", "licence", "other"]}
    assert disagreements(manager, NOW, TODAY, crowd, codes=codes) == []


def test_contact_points_find_whom_they_say(branch: Branch, staff: Staff) -> None:
    """Also those that stand in the client's own columns alone."""
    manager, crowd = staff("branch_manager"), {}
    for n in range(6):
        client = ClientFactory(branch=branch, phone="13800138000" if n % 2 else "")
        kinds = [["wechat"], ["email", "wechat"], ["phone"]][n % 3]
        for kind in kinds:
            ContactPointFactory(
                client=client, kind=kind, label="张三家" if n % 2 else "", verified_on=DAYS[n] if n < 4 else None,
                is_preferred=kind == "wechat", is_forbidden=kind == "phone",
            )  # fmt: skip
        ContactPointFactory(client=client, kind="address", label="上海", **GONE)
        crowd[client.pk] = {
            "points": [*kinds, *(["phone"] if n % 2 else [])],
            "points_preferred": [kind for kind in kinds if kind == "wechat"],
            "points_forbidden": [kind for kind in kinds if kind == "phone"],
            "points_verified": [DAYS[n]] if n < 4 else [],
            "points_label": ["张三家"] if n % 2 else [],
        }

    kinds = ["wechat", "phone", "address"]
    codes = dict.fromkeys(("points", "points_preferred", "points_forbidden"), kinds)
    assert disagreements(manager, NOW, TODAY, crowd, codes=codes) == []


def test_contact_persons_find_whom_they_say(branch: Branch, staff: Staff) -> None:
    manager, crowd = staff("branch_manager"), {}
    for n in range(4):
        client = ClientFactory(branch=branch, kind="institution")
        people = [("张三", "董秘", date(1980, 6, 16)), ("李四", "", None)][: n % 3]
        for name, position, born in people:
            ContactPersonFactory(
                client=client, name=name, position=position, birth_date=born, is_decision_maker=name == "李四",
                phone="13900139000" if name == "张三" else "", email="", note="上海人" if n % 2 else "",
            )  # fmt: skip
        ContactPersonFactory(client=client, name="张", note="张", is_decision_maker=True, **GONE)
        crowd[client.pk] = {
            "person_name": [name for name, _position, _born in people],
            "person_position": [position for _name, position, _born in people if position],
            "person_birthday": [born for _name, _position, born in people if born],
            "person_phone": ["x"] if people else [],
            "person_email": [],
            "person_note": ["上海人"] if people and n % 2 else [],
            "person_decides": len(people) == 2,
        }

    assert disagreements(manager, NOW, TODAY, crowd) == []


def test_financing_needs_find_whom_they_say(branch: Branch, staff: Staff) -> None:
    manager, other, crowd = staff("branch_manager"), staff("advisor"), {}
    for n in range(5):
        client = ClientFactory(branch=branch, kind="institution")
        open_ones = [("ipo", Decimal(100), DAYS[n]), ("bonds", None, None)][: n % 3]
        for kind, amount, expected in open_ones:
            FinancingNeedFactory(
                client=client, kind=kind, amount=amount, expected_on=expected, recorded_by=manager, note="张",
                status="followed" if n == 4 else "open",
            )  # fmt: skip
        ended = n in (0, 1)
        if ended:
            FinancingNeedFactory(
                client=client, kind="pledge", amount=Decimal(200), status="handed_on", handed_to="上海分公司",
                handed_on=DAYS[1], recorded_by=other, note="",
            )  # fmt: skip
        FinancingNeedFactory(client=client, kind="merger", recorded_by=other, note="张三", **GONE)
        crowd[client.pk] = {
            "financing": [kind for kind, _amount, _expected in open_ones],
            "financing_expected": [expected for _kind, _amount, expected in open_ones if expected],
            "financing_amount": [amount for _kind, amount, _expected in open_ones if amount is not None],
            "financing_state": ["followed" if n == 4 else "open"] * len(open_ones) + ["handed_on"] * ended,
            "financing_handed_to": ["上海分公司"] * ended,
            "financing_handed_on": [DAYS[1]] * ended,
            "financing_note": ["张"] * len(open_ones),
            "financing_by": [manager.public_id] * bool(open_ones) + [other.public_id] * ended,
        }

    codes = {
        "financing": ["ipo", "pledge", "merger"],
        "financing_state": ["followed", "handed_on", "done"],
        "financing_by": [other.public_id, manager.public_id],
    }
    assert disagreements(manager, NOW, TODAY, crowd, codes=codes) == []
    mine = compiled(parse({"all": [{"field": "financing_by", "op": "mine"}]}, other), Context(other, NOW))
    assert Client.objects.filter(mine).count() == 2


def test_relations_are_told_from_either_side_and_only_where_both_are_seen(
    branch: Branch, other_branch: Branch, staff: Staff
) -> None:
    manager = staff("branch_manager")
    father, son, alone = (ClientFactory(branch=branch) for _n in range(3))
    far, merged = ClientFactory(branch=other_branch), ClientFactory(branch=branch, closed=True, merged_into=alone)
    RelationFactory(client=father, kind="child", other=son, outsider_name="", mandate_until=DAYS[4], note="张三")
    RelationFactory(client=father, kind="spouse", other=None, outsider_name="张氏")
    for hidden in (far, merged):
        RelationFactory(client=alone, kind="sibling", other=hidden, outsider_name="", note="上海")
    RelationFactory(client=alone, kind="parent", other=None, outsider_name="上海", **GONE)

    nothing: dict[str, Any] = {"relation": [], "relation_client": False, "relation_name": [], "mandate_until": []}
    crowd = {
        father.pk: {
            "relation": ["child", "spouse"], "relation_client": True, "relation_name": ["张氏"],
            "mandate_until": [DAYS[4]], "relation_note": ["张三"],
        },
        son.pk: {**nothing, "relation": ["parent"], "relation_client": True, "mandate_until": [DAYS[4]],
                 "relation_note": ["张三"]},
        alone.pk: {**nothing, "relation_note": []},
    }  # fmt: skip
    for values in (["child", "spouse", "sibling"], ["parent", "other"], ["sibling"]):
        assert disagreements(manager, NOW, TODAY, crowd, codes={"relation": values}) == []


def test_a_household_is_worth_what_the_reader_sees_of_it(branch: Branch, other_branch: Branch, staff: Staff) -> None:
    manager, crowd = staff("branch_manager"), {}
    home, flat = (Household.objects.create(branch=branch, name=name) for name in ("张三一家", "上海之家"))
    for household, worth in ((home, 50), (home, 100), (flat, 200), (None, 500)):
        client = ClientFactory(branch=branch, total_assets=worth)
        if household:
            HouseholdMember.objects.create(household=household, client=client, since=DAYS[1])
        crowd[client.pk] = {
            "household": household is not None,
            "household_name": household.name if household else "",
            "household_since": DAYS[1] if household else None,
            "household_assets": {home: Decimal(150), flat: Decimal(200)}.get(household),
        }
    far = ClientFactory(branch=other_branch, total_assets=1000)
    HouseholdMember.objects.create(household=home, client=far, since=DAYS[0])

    assert disagreements(manager, NOW, TODAY, crowd) == []


def test_who_does_not_see_rows_of_a_profile_has_no_field_of_them(staff: Staff) -> None:
    assert not [
        key
        for key in fields_for(staff("agent"))
        if key.startswith(("documents", "points", "person_", "financing", "relation", "mandate", "household"))
    ]
    assert {kind for kind, inverse in Relation.INVERSE.items() if inverse == "parent"} == {"child"}
