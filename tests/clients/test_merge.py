"""Two clients are one: what stays, what goes over, and the way back row for row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps

from clients.errors import ClientMerged, MergeAddsAssets, MergeContradicted, MergeMoved, NotMerged, NotOneClient
from clients.models import AdvisorAssignment, Client, ContactLog, ContactPoint, DailyAsset, Holding, MergeRecord
from clients.registry import Moves, Stays, bound
from clients.services import assign_advisor, change_client, log_contact
from clients.services.merges import approve_merge, ask_merge, preview_merge, reject_merge, undo_merge
from crm.core.errors import AlreadyDecided, FourEyes, InvalidInput, StaleEdit
from crm.core.models import AuditEntry, Branch, Policy, User
from tests.clients.two_clients import NOW, assets, two_full_clients
from tests.doors import Staff
from tests.factories.clients import (
    AccountFactory,
    ClientFactory,
    ContactLogFactory,
    ContactPointFactory,
    HoldingFactory,
    RiskAssessmentFactory,
)


@pytest.fixture
def desk(staff: Staff) -> User:
    return staff("front_desk")


@pytest.fixture
def manager(staff: Staff) -> User:
    return staff("branch_manager")


@pytest.fixture
def pair(branch: Branch) -> tuple[Client, Client]:
    staying = ClientFactory(branch=branch, external_id="1001", name="张三", phone="+8613812348000")
    leaving = ClientFactory(branch=branch, external_id="1002", name="张叁", city="上海", phone="+8613812348000")
    return staying, leaving


@pytest.fixture
def merge(desk: User, manager: User) -> Callable[..., MergeRecord]:
    def do(staying: Client, leaving: Client, **said: Any) -> MergeRecord:
        record = ask_merge(staying=staying, leaving=leaving, actor=desk, now=NOW, reason="同一人", **said)
        return approve_merge(record=record, actor=manager, now=NOW)

    return do


# -- what everybody declares -------------------------------------------------------------------------------------------


def test_every_kind_of_row_says_what_becomes_of_it_in_a_merge() -> None:
    assert [kind.key for kind in bound() if kind.on_merge is None] == []


def test_every_rule_names_a_constraint_that_is_there() -> None:
    for kind in bound():
        if isinstance(kind.on_merge, Moves):
            names = {rule.name for rule in kind.model_class._meta.constraints}
            if kind.is_keyed_by_client:
                names.add("")  # the way to the client is itself unique and has no name
            assert set(kind.on_merge.settle) <= names, kind.key


# -- what stays and what goes over -------------------------------------------------------------------------------------


@pytest.mark.parametrize("chosen", ["staying", "leaving"])
def test_phones_and_addresses_that_were_not_chosen_stay_as_further_contact_points(
    branch: Branch, merge: Any, manager: User, chosen: str
) -> None:
    mine = {"phone": "+8613812348000", "address": "上海市浦东新区世纪大道1号"}
    theirs = {"phone": "+8613912349000", "address": "上海市黄浦区人民路2号", "email": "same@example.com"}
    staying = ClientFactory(branch=branch, name="张三", email="same@example.com", **mine)
    leaving = ClientFactory(branch=branch, name="张三", **theirs)
    ContactPointFactory(client=staying, kind="address", value=theirs["address"])

    record = merge(staying, leaving, choices={"phone": chosen})

    staying.refresh_from_db()
    other = theirs if chosen == "staying" else mine
    assert staying.phone != other["phone"]
    points = ContactPoint.objects.present().filter(client=staying)
    assert [(row.value, row.is_primary) for row in points.filter(kind="phone")] == [(other["phone"], False)]
    assert points.filter(kind="address").count() == 1, "the address was on file already"
    assert not points.filter(kind="email").exists(), "both have the same"
    found = Client.objects.visible_to(manager).filter(contactpoint_rows__value_tail=other["phone"][-4:])
    assert list(found) == [staying]

    undo_merge(record=record, actor=manager, now=NOW, reason="两位客户")

    assert [row.value for row in ContactPoint.objects.all()] == [theirs["address"]]
    leaving.refresh_from_db()
    assert leaving.phone == theirs["phone"]


def test_the_value_of_the_client_who_stays_stands_and_his_blanks_are_filled(pair: Any, merge: Any) -> None:
    staying, leaving = pair

    merge(staying, leaving)

    staying.refresh_from_db()
    assert (staying.name, staying.city) == ("张三", "上海")
    assert Client.objects.filter(pk=staying.pk, pinyin="zhangsan").exists()


def test_a_chosen_fact_comes_with_its_source_and_its_search_words(pair: Any, merge: Any) -> None:
    staying, leaving = pair
    leaving.provenance = {"name": {"source": "client", "on": "2026-05-01"}}
    leaving.save()

    merge(staying, leaving, choices={"name": "leaving"})

    staying.refresh_from_db()
    assert staying.name == "张叁"
    assert staying.provenance["name"] == {"source": "client", "on": "2026-05-01"}
    assert "叁" in staying.name_grams


def test_rows_go_over_and_the_number_of_the_merged_client_stays_his(pair: Any, merge: Any) -> None:
    staying, leaving = pair
    contact, account = ContactLogFactory(client=leaving), AccountFactory(client=leaving)

    record = merge(staying, leaving)

    contact.refresh_from_db(), account.refresh_from_db(), leaving.refresh_from_db()
    assert contact.client == account.client == staying
    assert (leaving.merged_into, leaving.status, leaving.external_id) == (staying, "closed", "1002")
    assert record.counts == {"clients.contactlog:client": 1, "clients.account:client": 1}


def test_amounts_of_one_day_are_added_and_sums_are_made_anew(pair: Any, merge: Any) -> None:
    staying, leaving = pair
    assets(staying, (4, 100), (5, 200))
    assets(leaving, (5, 30), (6, 40))

    with pytest.raises(MergeAddsAssets):
        merge(staying, leaving)
    merge(staying, leaving, adds_assets=True)

    rows = DailyAsset.objects.filter(client=staying).order_by("day")
    assert [(row.day.day, row.net_assets, row.sum_net_assets, row.days_on_file) for row in rows] == [
        (4, Decimal(100), Decimal(100), 1),
        (5, Decimal(230), Decimal(330), 2),
        (6, Decimal(40), Decimal(370), 3),
    ]
    assert not DailyAsset.objects.filter(client=leaving).exists()
    staying.refresh_from_db()
    assert staying.total_assets == 40


def test_holdings_of_one_day_are_added(pair: Any, merge: Any) -> None:
    staying, leaving = pair
    HoldingFactory(client=staying), HoldingFactory(client=leaving, quantity=50, cost=None)

    merge(staying, leaving, adds_assets=True)

    held = Holding.objects.get()
    assert (held.client, held.quantity, held.cost) == (staying, 150, None)


def test_of_two_advisors_the_chosen_one_has_the_client_and_the_other_stands_in_the_history(
    pair: Any, merge: Any, staff: Staff
) -> None:
    staying, leaving = pair
    ours, theirs = staff("advisor"), staff("advisor")
    for client, advisor in ((staying, ours), (leaving, theirs)):
        assign_advisor(client=client, advisor=advisor, actor=ours, now=NOW - timedelta(days=9), reason="开户")
        client.refresh_from_db()

    merge(staying, leaving, choices={"advisor": "leaving"})

    staying.refresh_from_db()
    assert staying.advisor == theirs
    history = AdvisorAssignment.objects.filter(client=staying)
    assert history.get(until=None).advisor == theirs
    assert history.exclude(until=None).get().advisor == ours


def test_who_asked_not_to_be_contacted_has_asked_under_either_number(branch: Branch, merge: Any) -> None:
    staying, leaving = ClientFactory(branch=branch), ClientFactory(branch=branch, silent=True)

    merge(staying, leaving)

    staying.refresh_from_db()
    assert staying.do_not_contact


def test_the_newest_assessment_of_both_is_the_risk_grade(pair: Any, merge: Any) -> None:
    staying, leaving = pair
    RiskAssessmentFactory(client=staying, grade="C5", assessed_on=date(2025, 1, 2))
    RiskAssessmentFactory(client=leaving, grade="C2", assessed_on=date(2026, 1, 2))

    merge(staying, leaving)

    staying.refresh_from_db()
    assert staying.risk_grade == "C2"


def test_earlier_merges_follow(branch: Branch, merge: Any) -> None:
    a, b, c = (ClientFactory(branch=branch) for _number in range(3))

    merge(b, a)
    merge(c, b)

    a.refresh_from_db()
    assert a.merged_into == c


# -- who may, and when -------------------------------------------------------------------------------------------------


def test_nobody_approves_his_own_merge(pair: Any, manager: User) -> None:
    record = ask_merge(staying=pair[0], leaving=pair[1], actor=manager, now=NOW, reason="同一人")

    assert record.state == "proposed"
    with pytest.raises(FourEyes):
        approve_merge(record=record, actor=manager, now=NOW)


def test_where_the_house_asks_for_no_second_person_the_merge_is_done_at_once(pair: Any, manager: User) -> None:
    Policy.objects.filter(policy_key__key="merge.four_eyes").update(value=False)

    assert ask_merge(staying=pair[0], leaving=pair[1], actor=manager, now=NOW, reason="同一人").state == "done"


def test_what_is_approved_is_what_was_seen(pair: Any, desk: User, manager: User) -> None:
    record = ask_merge(staying=pair[0], leaving=pair[1], actor=desk, now=NOW, reason="同一人")
    change_client(client=pair[1], values={"city": "苏州"}, actor=desk, now=NOW)

    with pytest.raises(MergeMoved):
        approve_merge(record=record, actor=manager, now=NOW)


def test_a_stale_preview_is_refused(pair: Any, desk: User) -> None:
    with pytest.raises(StaleEdit):
        ask_merge(staying=pair[0], leaving=pair[1], actor=desk, now=NOW, reason="同一人", versions=(1, 7))


@pytest.mark.parametrize("other", ["kind", "branch", "self"])
def test_only_two_of_one_kind_and_branch_are_one(pair: Any, desk: User, other_branch: Branch, other: str) -> None:
    staying, leaving = pair
    if other == "kind":
        leaving = ClientFactory(branch=staying.branch, kind="institution")
    elif other == "branch":
        leaving = ClientFactory(branch=other_branch)
    else:
        leaving = staying

    with pytest.raises(NotOneClient):
        ask_merge(staying=staying, leaving=leaving, actor=desk, now=NOW, reason="同一人")


def test_a_reason_is_needed_and_a_fact_that_is_none_refused(pair: Any, desk: User) -> None:
    with pytest.raises(InvalidInput):
        ask_merge(staying=pair[0], leaving=pair[1], actor=desk, now=NOW, reason="  ")
    with pytest.raises(InvalidInput):
        ask_merge(staying=pair[0], leaving=pair[1], actor=desk, now=NOW, reason="同一人", choices={"pk": "leaving"})


def test_a_rejected_merge_changes_nothing_and_may_be_asked_again(pair: Any, desk: User, manager: User) -> None:
    record = ask_merge(staying=pair[0], leaving=pair[1], actor=desk, now=NOW, reason="同一人")

    reject_merge(record=record, actor=manager, now=NOW, note="不是同一人")

    with pytest.raises(AlreadyDecided):
        approve_merge(record=record, actor=manager, now=NOW)
    assert ask_merge(staying=pair[0], leaving=pair[1], actor=desk, now=NOW, reason="再看").state == "proposed"


def test_nothing_is_changed_about_a_merged_client(pair: Any, merge: Any, desk: User) -> None:
    staying, leaving = pair
    merge(staying, leaving)

    with pytest.raises(ClientMerged):
        change_client(client=leaving, values={"city": "苏州"}, actor=desk, now=NOW)
    with pytest.raises(ClientMerged):
        log_contact(client=leaving, channel="phone", content="问候", actor=desk, now=NOW)


def test_both_clients_have_it_on_their_trail(pair: Any, merge: Any) -> None:
    merge(*pair)

    seen = AuditEntry.objects.filter(action="client.merge").values_list("client_ref", flat=True)
    assert set(seen) == {client.public_id for client in pair}


def test_the_preview_counts_masks_and_says_what_is_newer(pair: Any, desk: User) -> None:
    staying, leaving = pair
    leaving.phone, leaving.provenance = "+8613912349000", {"phone": {"source": "client", "on": "2026-05-02"}}
    staying.provenance = {"phone": {"source": "staff", "on": "2024-05-02"}}
    leaving.save(), staying.save()
    ContactLogFactory(client=leaving)

    seen = preview_merge(staying=staying, leaving=leaving, reader=desk, now=NOW)

    phone = next(fact for fact in seen.facts if fact.key == "phone")
    assert (phone.newer, phone.default) == ("leaving", "staying")
    assert "13912349000" not in phone.leaving
    assert [count for _label, count in seen.counts] == [1]
    assert seen.needs_approval


# -- the way back ------------------------------------------------------------------------------------------------------

#: What a merge and its undoing leave behind on purpose.
_TRACES = {"clients.mergerecord", "core.auditentry", "core.auditseal"}
_MOVES_ON = {"clients.client": {"version", "updated_at"}}


def dump() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the trade's tables, opened where it is sealed."""
    found = {}
    for model in apps.get_models():
        label = model._meta.label_lower
        if label in _TRACES or model._meta.app_label not in ("clients", "tiers", "advisory", "complaints", "care"):
            continue
        names = [f.attname for f in model._meta.concrete_fields if f.attname not in _MOVES_ON.get(label, ())]
        rows = model._base_manager.all()
        found[label] = sorted(repr([(name, getattr(row, name)) for name in names]) for row in rows)
    return found


def test_a_merge_and_its_undoing_leave_every_row_as_it_was(branch: Branch, staff: Staff, merge: Any) -> None:
    staying, leaving = two_full_clients(branch, staff)
    bare = [k.key for k in bound() if not isinstance(k.on_merge, Stays) and not k.rows(leaving.pk).exists()]
    assert bare == [], "the test must have a row of every kind that goes over"
    before = dump()

    record = merge(staying, leaving, adds_assets=True, choices={"phone": "leaving", "advisor": "leaving"})
    merged = dump()
    undo_merge(record=record, actor=staff("branch_manager"), now=NOW + timedelta(days=1), reason="不是同一人")

    after = dump()
    for label, rows in before.items():
        assert after[label] == rows, label
    assert merged != before


def test_after_a_merge_no_row_that_moves_is_left_behind(branch: Branch, staff: Staff, merge: Any) -> None:
    staying, leaving = two_full_clients(branch, staff)

    merge(staying, leaving, adds_assets=True)

    left = [kind.key for kind in bound() if not isinstance(kind.on_merge, Stays) and kind.rows(leaving.pk).exists()]
    assert left == []


def test_what_came_later_stays_with_the_client_who_stayed(pair: Any, merge: Any, desk: User, manager: User) -> None:
    staying, leaving = pair
    old = ContactLogFactory(client=leaving)
    record = merge(staying, leaving, choices={"city": "leaving"})
    staying.refresh_from_db()
    new = log_contact(client=staying, channel="phone", content="合并后", actor=desk, now=NOW)
    change_client(client=staying, values={"city": "苏州"}, actor=desk, now=NOW)

    undo_merge(record=record, actor=manager, now=NOW, reason="不是同一人")

    old.refresh_from_db(), new.refresh_from_db(), staying.refresh_from_db(), leaving.refresh_from_db()
    assert (old.client, new.client) == (leaving, staying)
    assert (staying.city, leaving.city) == ("苏州", "上海")
    assert leaving.merged_into is None
    assert leaving.status == "active"
    assert staying.last_contact_at == new.at


def test_a_corrected_day_stands_in_the_way(pair: Any, merge: Any, manager: User) -> None:
    staying, leaving = pair
    assets(leaving, (5, 30))
    record = merge(staying, leaving)
    assets(staying, (5, 31))

    with pytest.raises(MergeContradicted):
        undo_merge(record=record, actor=manager, now=NOW, reason="不是同一人")
    assert MergeRecord.objects.get(pk=record.pk).state == "done"


def test_merges_are_undone_in_the_opposite_order(branch: Branch, merge: Any, manager: User) -> None:
    a, b, c = (ClientFactory(branch=branch) for _number in range(3))
    first, second = merge(b, a), merge(c, b)

    with pytest.raises(NotMerged):
        undo_merge(record=first, actor=manager, now=NOW, reason="错")
    undo_merge(record=second, actor=manager, now=NOW, reason="错")
    undo_merge(record=first, actor=manager, now=NOW, reason="错")

    assert not Client.objects.exclude(merged_into=None).exists()


def test_what_the_record_keeps_lies_sealed(pair: Any, merge: Any) -> None:
    from django.db import connection

    record = merge(*pair)

    with connection.cursor() as cursor:
        cursor.execute("SELECT kept FROM clients_mergerecord WHERE id = %s", [record.pk])
        (kept,) = cursor.fetchone()
    assert "上海" not in kept
    assert "上海" in MergeRecord.objects.get(pk=record.pk).kept


def test_contacts_with_the_same_key_in_two_files_both_stay(pair: Any, merge: Any) -> None:
    for client in pair:
        ContactLogFactory(client=client, external_id="7")

    merge(*pair)

    assert ContactLog.objects.filter(client=pair[0]).count() == 2
