"""Related persons and households."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from clients.errors import ClientRestricted, InAHousehold, NotInAHousehold, OtherUnknown, RelationTaken
from clients.models import Client, Household, HouseholdMember, Relation
from clients.services import (
    add_relation,
    change_relation,
    found_household,
    join_household,
    leave_household,
    remove_row,
)
from clients.services.relations import client_with_number
from crm.core.errors import InvalidInput
from crm.core.models import AuditEntry, Branch
from tests.doors import Staff
from tests.factories.clients import ClientFactory, RelationFactory

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


def test_a_relation_is_told_from_both_sides(branch: Branch, staff: Staff) -> None:
    father, son = ClientFactory(branch=branch), ClientFactory(branch=branch)

    row = add_relation(client=son, values={"kind": "parent", "other": father}, actor=staff("advisor"), now=NOW)

    assert list(Relation.objects.of(father)) == list(Relation.objects.of(son)) == [row]
    assert (row.kind_for(son), row.kind_for(father)) == ("parent", "child")


def test_every_relation_has_its_other_side() -> None:
    assert set(Relation.INVERSE) == set(Relation.Kind.values)
    assert all(Relation.INVERSE[Relation.INVERSE[kind]] == kind for kind in Relation.Kind.values)


def test_the_same_relation_is_not_put_on_file_from_the_other_side(branch: Branch, staff: Staff) -> None:
    one, two, advisor = ClientFactory(branch=branch), ClientFactory(branch=branch), staff("advisor")
    add_relation(client=one, values={"kind": "parent", "other": two}, actor=advisor, now=NOW)

    with pytest.raises(RelationTaken):
        add_relation(client=one, values={"kind": "parent", "other": two}, actor=advisor, now=NOW)
    with pytest.raises(RelationTaken):
        add_relation(client=two, values={"kind": "child", "other": one}, actor=advisor, now=NOW)


def test_somebody_outside_is_only_named_and_stays_out_of_the_trail(branch: Branch, staff: Staff) -> None:
    client = ClientFactory(branch=branch)

    row = add_relation(
        client=client,
        values={"kind": "agent", "outsider_name": "李 四", "mandate_until": date(2027, 1, 1)},
        actor=staff("advisor"),
        now=NOW,
    )

    assert row.outsider_name == "李四"
    assert "李四" not in str(AuditEntry.objects.get(action="relation.add").after)


@pytest.mark.parametrize("wrong", [{}, {"both": True}, {"self": True}])
def test_a_relation_names_exactly_one_other_person(branch: Branch, staff: Staff, wrong: dict[str, Any]) -> None:
    client, values = ClientFactory(branch=branch), {"kind": "other"}
    if "both" in wrong:
        values |= {"other": ClientFactory(branch=branch), "outsider_name": "李四"}
    if "self" in wrong:
        values |= {"other": client}

    with pytest.raises(InvalidInput):
        add_relation(client=client, values=values, actor=staff("advisor"), now=NOW)


def test_the_database_knows_nobody_related_to_himself(branch: Branch) -> None:
    row = RelationFactory(client__branch=branch)

    with pytest.raises(IntegrityError), transaction.atomic():
        Relation.objects.filter(pk=row.pk).update(other=row.client)


def test_a_mandate_is_prolonged_and_a_relation_taken_off(branch: Branch, staff: Staff) -> None:
    row, advisor = RelationFactory(client__branch=branch, kind="agent"), staff("advisor")

    change_relation(row=row, values={"mandate_until": date(2028, 1, 1)}, actor=advisor, now=NOW, version=1)
    remove_row(row=row, actor=advisor, now=NOW, reason="委托终止")

    row.refresh_from_db()
    assert row.mandate_until == date(2028, 1, 1)
    assert not Relation.objects.of(row.client).exists()


def test_a_client_whom_one_may_not_see_cannot_be_named(branch: Branch, other_branch: Branch, staff: Staff) -> None:
    client, desk = ClientFactory(branch=branch), staff("front_desk")
    ClientFactory(branch=other_branch, external_id="777001")

    with pytest.raises(OtherUnknown) as foreign:
        client_with_number(desk, client, "777001")
    with pytest.raises(OtherUnknown) as unknown:
        client_with_number(desk, client, "777002")

    assert str(foreign.value) == str(unknown.value)


def test_a_client_is_in_one_household_at_a_time(branch: Branch, staff: Staff) -> None:
    one, two, advisor = ClientFactory(branch=branch), ClientFactory(branch=branch), staff("advisor")
    home = found_household(client=one, name="张家", actor=advisor, now=NOW)
    join_household(household=home, client=two, actor=advisor, now=NOW)

    with pytest.raises(InAHousehold):
        found_household(client=two, name="李家", actor=advisor, now=NOW)

    assert Household.objects.count() == 1
    assert HouseholdMember.objects.filter(household=home).count() == 2


def test_a_household_that_nobody_is_left_in_goes(branch: Branch, staff: Staff) -> None:
    one, two, advisor = ClientFactory(branch=branch), ClientFactory(branch=branch), staff("advisor")
    home = found_household(client=one, name="张家", actor=advisor, now=NOW)
    join_household(household=home, client=two, actor=advisor, now=NOW)

    leave_household(client=one, actor=advisor, now=NOW)
    assert Household.objects.exists()
    leave_household(client=two, actor=advisor, now=NOW)

    assert not Household.objects.exists()
    with pytest.raises(NotInAHousehold):
        leave_household(client=two, actor=advisor, now=NOW)


def test_a_household_is_seen_by_whoever_sees_a_member(branch: Branch, other_branch: Branch, staff: Staff) -> None:
    mine, foreign = ClientFactory(branch=branch), ClientFactory(branch=other_branch)
    home = found_household(client=mine, name="张家", actor=staff("advisor"), now=NOW)
    join_household(household=home, client=foreign, actor=staff("advisor"), now=NOW)

    desk = staff("front_desk")
    assert list(Household.objects.visible_to(desk)) == [home]
    assert [row.client for row in HouseholdMember.objects.visible_to(desk)] == [mine]


def test_no_relation_is_put_on_file_of_a_client_whose_data_are_restricted(branch: Branch, staff: Staff) -> None:
    one, two = ClientFactory.create_batch(2, branch=branch)
    Client.objects.filter(pk=one.pk).update(restricted_on=date(2026, 5, 1), restriction_reason="PIPL 47")

    with pytest.raises(ClientRestricted):
        add_relation(client=one, values={"kind": "spouse", "other": two}, actor=staff("front_desk"), now=NOW)
