"""One change for many clients: shown first, carried out once, each by the service of one client, taken back while it stands."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from clients.errors import AlreadyUndone, NobodyChosen, PreviewTooOld, TooManyClients
from clients.forms.bulk import FORMS
from clients.models import AdvisorAssignment, BulkEdit, BusinessLineMark, Client, ClientTag, StageOverride
from clients.services import (
    apply_bulk_edit,
    assign_advisor,
    change_client,
    mark_line,
    set_do_not_contact,
    set_stage,
    undo_bulk_edit,
)
from clients.services.bulk_fields import FIELDS
from crm.core.errors import InvalidInput, MissingRight
from crm.core.models import AuditEntry, Branch, Policy, User
from tests.clients.bulk_ground import NOW, WECHAT, all_of, plan, states
from tests.doors import Staff
from tests.factories.clients import ClientFactory, ContactLogFactory
from tests.factories.tags import TagFactory
from tests.racing import Meeting, on_postgresql, race

TODAY = date(2026, 6, 1)


def do(actor: User, clients: Any, field: str = "preferred_channel", said: Any = None) -> BulkEdit:
    return apply_bulk_edit(edit=plan(actor, clients, field, said), actor=actor, now=NOW)


# -- the preview -------------------------------------------------------------------------------------------------------


def test_the_preview_says_who_would_change_and_who_stays_and_changes_nobody(branch: Branch, staff: Staff) -> None:
    changes, same = ClientFactory(branch=branch), ClientFactory(branch=branch, preferred_channel="wechat")
    ClientFactory(branch=branch, restricted_on=TODAY, restriction_reason="PIPL 47")
    manager = staff("branch_manager")

    edit = plan(manager, all_of(branch), unseen=2)

    assert states(edit) == {("planned", ""): 1, ("skipped", "same"): 1, ("skipped", "restricted"): 1}
    assert (edit.rows.get(state="planned").client, edit.unseen) == (changes, 2)
    assert Client.objects.get(pk=changes.pk).preferred_channel == ""
    assert not AuditEntry.objects.filter(action="client.change").exists()
    assert same.version == Client.objects.get(pk=same.pk).version


def test_what_the_service_of_one_client_refuses_is_told_before_the_preview(branch: Branch, staff: Staff) -> None:
    ClientFactory.create_batch(2, branch=branch)
    manager, far = staff("branch_manager"), {"stage": "stable", "until": "2099-01-01", "reason": "长期合作"}

    with pytest.raises(InvalidInput) as refused:
        plan(manager, all_of(branch), "stage", far)
    with pytest.raises(InvalidInput) as no_note:
        plan(manager, all_of(branch), "line", {"line": "advice", "on": True, "note": ""})

    assert (list(refused.value.fields), list(no_note.value.fields)) == (["until"], ["note"])
    assert not BulkEdit.objects.exists() and not StageOverride.objects.exists()


def test_nobody_and_too_many_are_refused_by_the_figure(branch: Branch, staff: Staff) -> None:
    ClientFactory.create_batch(3, branch=branch)
    Policy.objects.filter(policy_key_id="bulk.most_clients").update(value=2)
    manager = staff("branch_manager")

    with pytest.raises(TooManyClients):
        plan(manager, all_of(branch))
    with pytest.raises(NobodyChosen):
        plan(manager, Client.objects.none())


def test_each_field_has_its_form_and_asks_its_own_right(branch: Branch, staff: Staff) -> None:
    ClientFactory(branch=branch)

    assert FORMS.keys() == FIELDS.keys()
    with pytest.raises(MissingRight):
        plan(staff("front_desk"), all_of(branch), "advisor", {"advisor": "", "reason": "调整"})
    with pytest.raises(InvalidInput):
        plan(staff("branch_manager"), all_of(branch), "total_assets", {"to": 1})


# -- carrying out ------------------------------------------------------------------------------------------------------


def test_each_client_changes_with_his_own_line_in_the_trail_and_only_once(branch: Branch, staff: Staff) -> None:
    clients = ClientFactory.create_batch(3, branch=branch)
    manager = staff("branch_manager")
    edit = plan(manager, all_of(branch))

    for _press in range(2):
        apply_bulk_edit(edit=edit, actor=manager, now=NOW)

    assert set(all_of(branch).values_list("preferred_channel", flat=True)) == {"wechat"}
    own = AuditEntry.objects.filter(action="client.change").values_list("client_ref", flat=True)
    assert sorted(own) == sorted(client.public_id for client in clients)
    assert AuditEntry.objects.filter(action="client.bulk_edit").count() == 1


def test_who_was_changed_after_the_preview_stays_as_he_is(branch: Branch, staff: Staff) -> None:
    first, second = ClientFactory.create_batch(2, branch=branch)
    manager = staff("branch_manager")
    edit = plan(manager, all_of(branch))
    change_client(client=first, values={"preferred_channel": "sms"}, actor=staff("front_desk"), now=NOW)

    apply_bulk_edit(edit=edit, actor=manager, now=NOW)

    assert Client.objects.get(pk=first.pk).preferred_channel == "sms"
    assert Client.objects.get(pk=second.pk).preferred_channel == "wechat"
    assert states(edit) == {("done", ""): 1, ("skipped", "changed"): 1}


def test_a_mark_set_meanwhile_is_a_change_although_the_version_stands(branch: Branch, staff: Staff) -> None:
    client, manager = ClientFactory(branch=branch), staff("branch_manager")
    edit = plan(manager, all_of(branch), "line", {"line": "advice", "on": True, "note": "晨会"})
    mark_line(client=client, line="advice", note="别的用途", actor=staff("front_desk"), now=NOW)

    apply_bulk_edit(edit=edit, actor=manager, now=NOW)

    assert BusinessLineMark.objects.get().note == "别的用途"
    assert states(edit) == {("skipped", "changed"): 1}


def test_who_left_the_reach_or_was_restricted_meanwhile_stays_as_he_is(
    branch: Branch, other_branch: Branch, staff: Staff
) -> None:
    gone, stored = ClientFactory.create_batch(2, branch=branch)
    manager = staff("branch_manager")
    edit = plan(manager, all_of(branch))
    Client.objects.filter(pk=gone.pk).update(branch=other_branch)
    Client.objects.filter(pk=stored.pk).update(restricted_on=TODAY, restriction_reason="PIPL 47")

    apply_bulk_edit(edit=edit, actor=manager, now=NOW)

    assert states(edit) == {("skipped", "unseen"): 2}


def test_an_old_preview_and_that_of_somebody_else_are_not_carried_out(branch: Branch, staff: Staff) -> None:
    ClientFactory(branch=branch)
    manager = staff("branch_manager")
    edit = plan(manager, all_of(branch))

    with pytest.raises(PreviewTooOld):
        apply_bulk_edit(edit=edit, actor=manager, now=NOW + timedelta(hours=2))
    with pytest.raises(BulkEdit.DoesNotExist):
        apply_bulk_edit(edit=edit, actor=staff("branch_manager"), now=NOW)


# -- every field, there and back ---------------------------------------------------------------------------------------


def _ground(branch: Branch, staff: Staff) -> tuple[Client, dict[str, Any]]:
    """A client with something on file everywhere, and what each field is to become."""
    taker = staff("advisor")
    client = ClientFactory(branch=branch, external_id="900001", forbidden_channels="sms")
    introducer = ClientFactory(branch=branch, external_id="900002")
    Client.objects.filter(pk=introducer.pk).update(status="closed", closed_on=TODAY)
    tag = TagFactory(branch=branch, name="移居海外")
    ContactLogFactory(client=client, next_on=date(2026, 6, 5), at=NOW - timedelta(days=1))
    Client.objects.filter(pk=client.pk).update(next_contact_on=date(2026, 6, 5), stage="stable")
    said: dict[str, Any] = {
        "advisor": {"advisor": taker.public_id, "reason": "重新分配"},
        "preferred_channel": WECHAT,
        "forbidden_channel": {"channel": "phone", "on": True},
        "do_not_contact": {"on": True, "reason": "客户要求"},
        "next_date": {"to": "2026-06-20"},
        "stage": {"stage": "growing", "until": "2026-06-20", "reason": "长期合作"},
        "line": {"line": "advice", "on": True, "note": "订阅晨会"},
        "introduced_by": {"introducer": introducer.public_id, "number": "900002"},
        "tag": {"tag": tag.public_id, "name": tag.name, "on": True},
    }
    return client, said


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_a_field_is_changed_and_put_back(branch: Branch, staff: Staff, field: str) -> None:
    manager = staff("branch_manager")
    client, said = _ground(branch, staff)
    mine, kind = Client.objects.filter(pk=client.pk), FIELDS[field]
    before = kind.held([client.pk], said[field])[client.pk]

    edit = do(manager, mine, field, said[field])
    after = kind.held([client.pk], said[field])[client.pk]
    again = plan(manager, mine, field, said[field])
    words = kind.words(after)
    undo_bulk_edit(edit=edit, actor=manager, now=NOW + timedelta(seconds=5))

    assert states(edit) == {("undone", ""): 1}
    assert before != after and words and kind.words(before)
    assert states(again) == {("skipped", "same"): 1}
    assert kind.same(kind.held([client.pk], said[field])[client.pk], before)


@pytest.mark.parametrize("field", ["line", "tag", "do_not_contact", "forbidden_channel"])
def test_what_is_there_is_taken_away_for_many_and_comes_back(branch: Branch, staff: Staff, field: str) -> None:
    manager = staff("branch_manager")
    client, said = _ground(branch, staff)
    mine, kind = Client.objects.filter(pk=client.pk), FIELDS[field]
    do(manager, mine, field, said[field])
    before = kind.held([client.pk], said[field])[client.pk]

    edit = do(manager, mine, field, {**said[field], "on": False, "reason": "客户改变主意"})
    gone = kind.held([client.pk], said[field])[client.pk]
    undo_bulk_edit(edit=edit, actor=manager, now=NOW + timedelta(hours=1))

    assert gone != before
    assert kind.same(kind.held([client.pk], said[field])[client.pk], before)


def test_a_stage_that_stood_by_hand_before_stands_again(branch: Branch, staff: Staff) -> None:
    manager, client = staff("branch_manager"), ClientFactory(branch=branch)
    terms = {"until": date(2026, 6, 10), "reason": "刚来", "actor": manager, "now": NOW}
    set_stage(client=client, stage="new", **terms)
    edit = do(manager, all_of(branch), "stage", {"stage": "stable", "until": "2026-06-20", "reason": "长期合作"})

    undo_bulk_edit(edit=edit, actor=manager, now=NOW)

    held = StageOverride.objects.open().get()
    assert (held.stage, held.until, held.reason) == ("new", date(2026, 6, 10), "刚来")


# -- taking back -------------------------------------------------------------------------------------------------------


def test_taking_back_keeps_what_somebody_has_changed_since(branch: Branch, staff: Staff) -> None:
    first, second = ClientFactory.create_batch(2, branch=branch)
    manager = staff("branch_manager")
    edit = do(manager, all_of(branch))
    change_client(client=first, values={"preferred_channel": "sms"}, actor=staff("front_desk"), now=NOW)
    change_client(client=second, values={"city": "苏州"}, actor=staff("front_desk"), now=NOW)

    undo_bulk_edit(edit=edit, actor=manager, now=NOW)

    assert dict(all_of(branch).values_list("pk", "preferred_channel")) == {first.pk: "sms", second.pk: ""}
    assert Client.objects.get(pk=second.pk).city == "苏州"
    assert states(edit) == {("undone", ""): 1, ("kept", ""): 1}


def test_who_got_the_client_again_from_somebody_else_keeps_him(branch: Branch, staff: Staff) -> None:
    client, manager, taker = ClientFactory(branch=branch), staff("branch_manager"), staff("advisor")
    edit = do(manager, all_of(branch), "advisor", {"advisor": taker.public_id, "reason": "分配"})
    for advisor in (None, taker):
        assign_advisor(client=client, advisor=advisor, actor=manager, now=NOW, reason="当面约定")

    undo_bulk_edit(edit=edit, actor=manager, now=NOW)

    assert Client.objects.get().advisor == taker
    assert AdvisorAssignment.objects.filter(until=None).count() == 1


def test_who_asked_again_to_be_left_alone_is_left_alone(branch: Branch, staff: Staff) -> None:
    client, manager, desk = ClientFactory(branch=branch), staff("branch_manager"), staff("front_desk")
    edit = do(manager, all_of(branch), "do_not_contact", {"on": True, "reason": "活动期间暂停联系"})
    set_do_not_contact(client=client, do_not_contact=False, reason="客户愿意", actor=desk)
    set_do_not_contact(client=client, do_not_contact=True, reason="客户来电要求", actor=desk)

    undo_bulk_edit(edit=edit, actor=manager, now=NOW)

    client.refresh_from_db()
    assert (client.do_not_contact, client.do_not_contact_reason) == (True, "客户来电要求")
    assert states(edit) == {("kept", ""): 1}


def test_it_is_taken_back_once_and_not_for_ever(branch: Branch, staff: Staff) -> None:
    ClientFactory(branch=branch)
    manager = staff("branch_manager")
    first = do(manager, all_of(branch))
    undo_bulk_edit(edit=first, actor=manager, now=NOW)
    late = do(manager, all_of(branch))

    for edit, now in ((first, NOW), (late, NOW + timedelta(days=2)), (plan(manager, all_of(branch)), NOW)):
        with pytest.raises(AlreadyUndone):
            undo_bulk_edit(edit=edit, actor=manager, now=now)
    with pytest.raises(AlreadyUndone):
        apply_bulk_edit(edit=first, actor=manager, now=NOW)


# -- cost and races ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_planning_costs_the_same_for_one_and_for_ten(branch: Branch, staff: Staff, cost_of: Any, field: str) -> None:
    manager = staff("branch_manager")
    client, said = _ground(branch, staff)
    plan(manager, all_of(branch).filter(pk=client.pk), field, said[field])
    one = cost_of(lambda: plan(manager, all_of(branch).filter(pk=client.pk), field, said[field]))
    more = ClientFactory.create_batch(9, branch=branch, next_contact_on=date(2026, 6, 5))
    ten = all_of(branch).filter(pk__in=[client.pk, *(one.pk for one in more)])

    assert cost_of(lambda: plan(manager, ten, field, said[field])) == one


def _two_at_once(branch: Branch, people: list[User]) -> list[Any]:
    said = [{"channel": "wechat"}, {"channel": "sms"}]
    edits = [plan(people[n], all_of(branch), said=said[n]) for n in range(2)]
    return race(2, lambda n: apply_bulk_edit(edit=edits[n], actor=people[n], now=NOW))


@pytest.mark.django_db(transaction=True)
def test_of_two_who_change_the_same_clients_at_once_one_wins_and_the_other_is_told(
    branch: Branch, staff: Staff
) -> None:
    ClientFactory.create_batch(4, branch=branch)

    edits = _two_at_once(branch, [staff("branch_manager"), staff("branch_manager")])

    counts = [states(edit) for edit in edits]
    done = sum(found.get(("done", ""), 0) for found in counts)
    told = sum(found.get(("skipped", "changed"), 0) for found in counts)
    assert (done, told) == (4, 4)
    assert AuditEntry.objects.filter(action="client.change").count() == 4


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_both_would_write(branch: Branch, staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: who only reads the version before he writes finds it unchanged, and so does the other."""
    ClientFactory(branch=branch)
    meeting = Meeting(2)

    def unlocked(rows: Any, *, version: int | None = None, **lookup: Any) -> Any:
        row = rows.get(**lookup)
        if isinstance(row, Client):
            meeting.wait()
        return row

    monkeypatch.setattr("clients.services.bulk.lock", unlocked)

    edits = _two_at_once(branch, [staff("branch_manager"), staff("branch_manager")])

    assert sum(states(edit).get(("done", ""), 0) for edit in edits) == 2


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_once_change_each_client_once(branch: Branch, staff: Staff) -> None:
    ClientFactory.create_batch(2, branch=branch)
    manager = staff("branch_manager")
    edit = plan(manager, all_of(branch))

    race(2, lambda _n: apply_bulk_edit(edit=edit, actor=manager, now=NOW))

    assert AuditEntry.objects.filter(action="client.change").count() == 2
    assert AuditEntry.objects.filter(action="client.bulk_edit").count() == 1
    assert ClientTag.objects.count() == 0
