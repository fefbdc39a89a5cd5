"""The state table: what each step asks, where it leads, who may take it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from complaints.errors import ExtensionTooLong, FactsMissing, OwnProposal, Recused, StepNotPossible
from complaints.models import Complaint, ComplaintEvent
from complaints.services import act
from complaints.steps import STEPS, possible
from crm.core.errors import MissingRight, StaleEdit
from crm.core.models import AuditEntry, Outbound
from tests.complaints.conftest import FACTS, MONDAY
from tests.factories.clients import ClientFactory

pytestmark = pytest.mark.django_db
WHOLE_WAY = ("accept", "contact", "propose", "approve", "reply", "close")


def test_the_usual_way_leads_from_registration_to_the_close(heard, walk):
    complaint = walk(heard(), *WHOLE_WAY)

    assert complaint.state == "closed"
    assert complaint.closed_at == MONDAY
    assert [event.action for event in complaint.events.all()] == ["register", *WHOLE_WAY]
    assert not complaint.clocks.running().exists()


def test_each_step_leaves_an_entry_in_the_trail_that_names_the_client(heard, walk):
    complaint = walk(heard(), *WHOLE_WAY)

    entries = AuditEntry.objects.filter(object_id=complaint.public_id, client_ref=complaint.client.public_id)
    assert set(entries.values_list("action", flat=True)) == {f"complaint.{name}" for name in ("register", *WHOLE_WAY)}


def test_a_step_that_the_table_does_not_know_from_here_is_refused(heard, crew):
    complaint = heard()

    for action in ("approve", "reply", "close", "reopen", "object"):
        with pytest.raises((StepNotPossible, FactsMissing)):
            act(actor=crew.manager, complaint=complaint, action=action, now=MONDAY, **FACTS.get(action, {}))
    with pytest.raises(StepNotPossible):
        act(actor=crew.manager, complaint=complaint, action="vanish", now=MONDAY)


def test_who_only_takes_complaints_down_takes_no_step(heard, crew):
    with pytest.raises(MissingRight):
        act(actor=crew.advisor, complaint=heard(), action="note", now=MONDAY, note="x")
    with pytest.raises(MissingRight):
        act(actor=crew.desk, complaint=heard(), action="refuse", now=MONDAY, note="x")


def test_nobody_approves_his_own_opinion(heard, walk, crew):
    complaint = walk(heard(), "accept")
    complaint = act(actor=crew.manager, complaint=complaint, action="propose", now=MONDAY, **FACTS["propose"])

    with pytest.raises(OwnProposal):
        act(actor=crew.manager, complaint=complaint, action="approve", now=MONDAY)
    assert "approve" not in [step.action for step in possible(complaint, crew.manager)]
    assert act(actor=crew.compliance, complaint=complaint, action="approve", now=MONDAY).approved_by == crew.compliance


def test_the_database_itself_refuses_an_approver_who_proposed(heard, walk, crew):
    complaint = walk(heard(), "accept", "propose")

    with pytest.raises(IntegrityError), transaction.atomic():
        Complaint.objects.filter(pk=complaint.pk).update(approved_by=crew.desk)


def test_the_database_itself_refuses_a_handler_who_is_complained_of(heard, crew):
    complaint = heard(complained_of=crew.advisor)

    with pytest.raises(IntegrityError), transaction.atomic():
        Complaint.objects.filter(pk=complaint.pk).update(handler=crew.advisor)


@pytest.mark.parametrize("end", ["closed", "not_accepted", "transferred", "withdrawn"])
def test_the_database_itself_refuses_an_end_without_its_time(heard, end):
    with pytest.raises(IntegrityError), transaction.atomic():
        Complaint.objects.filter(pk=heard().pk).update(state=end)


def test_an_objection_leads_back_to_the_investigation_and_needs_a_new_approval(heard, walk):
    complaint = walk(heard(), "accept", "propose", "approve", "reply", "object", "propose")

    assert complaint.state == "approving"
    assert complaint.approved_by is None


def test_a_reopened_complaint_runs_through_a_second_round(heard, walk):
    later = MONDAY + timedelta(days=30)
    complaint = walk(walk(heard(), *WHOLE_WAY), "reopen", now=later)

    assert (complaint.state, complaint.rounds, complaint.closed_at) == ("investigating", 2, None)
    running = complaint.clocks.running()
    assert {clock.kind for clock in running} == {"first_contact", "internal", "close"}
    assert {clock.round for clock in running} == {2}


@pytest.mark.parametrize(
    ("action", "end"), [("refuse", "not_accepted"), ("transfer", "transferred"), ("withdraw", "withdrawn")]
)
def test_every_end_stops_every_clock(heard, walk, action, end):
    complaint = walk(heard(), action)

    assert complaint.state == end
    assert complaint.closed_at is not None
    assert not complaint.clocks.running().exists()


def test_a_step_says_what_it_must_put_on_record(heard, crew):
    complaint = heard()

    with pytest.raises(FactsMissing) as refused:
        act(actor=crew.manager, complaint=complaint, action="refuse", now=MONDAY, note="  ")
    assert list(refused.value.fields) == ["note"]
    with pytest.raises(FactsMissing) as refused:
        act(actor=crew.manager, complaint=complaint, action="note", now=MONDAY, note="x", state="closed")
    assert list(refused.value.fields) == ["state"]


def test_compensation_has_an_amount_and_waits_for_approval(heard, walk, crew):
    complaint = walk(heard(), "accept")
    said = {"opinion": "多收佣金", "outcome": "compensated"}

    with pytest.raises(FactsMissing):
        act(actor=crew.desk, complaint=complaint, action="propose", now=MONDAY, **said)
    complaint = act(
        actor=crew.desk, complaint=complaint, action="propose", now=MONDAY, compensation=Decimal("1860.00"), **said
    )

    assert complaint.compensation == Decimal("1860.00")
    assert complaint.approved_by is None
    with pytest.raises(StepNotPossible):
        act(actor=crew.desk, complaint=complaint, action="reply", now=MONDAY, reply="赔付")


def test_the_amount_of_an_opinion_that_was_sent_back_does_not_outlive_it(heard, walk, crew):
    complaint = act(
        actor=crew.desk, complaint=walk(heard(), "accept"), action="propose", now=MONDAY,
        opinion="多收佣金", outcome="compensated", compensation=Decimal("5000.00"),
    )  # fmt: skip
    complaint = walk(complaint, "send_back")
    said = {"opinion": "核查后不属实", "outcome": "rejected"}

    with pytest.raises(FactsMissing):
        act(actor=crew.desk, complaint=complaint, action="propose", now=MONDAY, compensation=Decimal(5000), **said)
    complaint = act(actor=crew.desk, complaint=complaint, action="propose", now=MONDAY, **said)

    complaint.refresh_from_db()
    assert complaint.compensation == 0


def test_a_handler_is_somebody_who_sees_the_complaint(heard, crew, staff, other_branch):
    complaint = heard()
    stranger = staff("front_desk", branch=other_branch)

    for action in ("assign", "accept"):
        with pytest.raises(FactsMissing) as refused:
            act(actor=crew.compliance, complaint=complaint, action=action, now=MONDAY, handler=stranger)
        assert list(refused.value.fields) == ["handler"]
    assert act(actor=crew.manager, complaint=complaint, action="assign", now=MONDAY, handler=crew.compliance).handler


def test_a_step_over_somebody_elses_change_is_refused_and_changes_nothing(heard, walk, crew):
    complaint = heard()
    seen = complaint.version
    walk(complaint, "note")

    with pytest.raises(StaleEdit):
        act(actor=crew.desk, complaint=complaint, action="contact", now=MONDAY, version=seen, note="x")
    assert not ComplaintEvent.objects.filter(action="contact").exists()


# -- recusal -----------------------------------------------------------------------------------------------------------


def test_nobody_handles_a_complaint_about_himself_or_about_somebody_above_him(heard, crew, staff):
    middle = staff("front_desk", manager=crew.manager)
    below = staff("front_desk", manager=middle)
    complaint = heard(complained_of=crew.manager, actor=crew.colleague)

    for person in (crew.manager, middle, below):
        with pytest.raises(Recused):
            act(actor=person, complaint=complaint, action="note", now=MONDAY, note="x")
        with pytest.raises(Recused):
            act(actor=crew.compliance, complaint=complaint, action="accept", now=MONDAY, handler=person)
    assert (
        act(actor=crew.compliance, complaint=complaint, action="accept", now=MONDAY, handler=crew.compliance).handler
        == crew.compliance
    )


def test_a_complaint_about_oneself_is_in_no_set_and_no_count(heard, crew, staff):
    below = staff("front_desk", manager=crew.manager)
    heard(complained_of=crew.manager)
    heard(complained_of=crew.advisor)
    heard()

    def seen(person):
        return Complaint.objects.visible_to(person).count()

    assert seen(crew.manager) == 2
    assert seen(below) == 2
    assert seen(crew.advisor) == 1  # neither his own nor his manager's
    assert seen(crew.compliance) == 3
    assert AuditEntry.objects.visible_to(crew.manager).filter(action="complaint.register").count() == 2


def test_a_ring_of_managers_does_no_harm(heard, crew, staff):
    one = staff("front_desk")
    two = staff("front_desk", manager=one)
    one.manager = two
    one.save(update_fields=["manager"])

    heard(complained_of=one)

    assert not Complaint.objects.visible_to(two).exists()
    assert not Complaint.objects.visible_to(one).exists()


def test_each_role_sees_what_the_contract_says(heard, crew, staff, other_branch):
    heard(client=ClientFactory(branch=other_branch))
    own = heard()
    agent = staff("agent")
    introduced = heard(client=ClientFactory(branch=own.branch, introducer=agent))

    def seen(person):
        return set(Complaint.objects.visible_to(person).values_list("pk", flat=True))

    assert seen(crew.advisor) == {own.pk}
    assert seen(agent) == {introduced.pk}
    assert seen(crew.desk) == {own.pk, introduced.pk}
    assert len(seen(staff("auditor"))) == 3
    assert len(seen(staff("head_office"))) == 3
    assert seen(staff("administrator")) == set()


def test_whoever_is_named_later_gives_up_what_he_holds(heard, walk, crew, staff):
    below = staff("front_desk", manager=crew.desk)
    complaint = walk(heard(), "accept")
    complaint = act(actor=crew.manager, complaint=complaint, action="assign", now=MONDAY, handler=below)

    complaint = act(
        actor=crew.manager,
        complaint=complaint,
        action="name_person",
        now=MONDAY,
        complained_of=crew.desk,
        note="调查所得",
    )

    assert (complaint.complained_of, complaint.handler, complaint.state) == (crew.desk, None, "investigating")
    for person in (crew.desk, below):
        assert not Complaint.objects.visible_to(person).exists()


@pytest.mark.parametrize("way", [("accept", "propose"), ("accept", "propose", "approve", "reply")])
@pytest.mark.parametrize("guilty", ["desk", "manager"])
def test_an_opinion_of_whoever_is_complained_of_falls(heard, walk, crew, way, guilty):
    complaint = walk(heard(), *way)
    about = getattr(crew, guilty)

    complaint = act(actor=crew.compliance, complaint=complaint, action="name_person", now=MONDAY, complained_of=about)

    complaint.refresh_from_db()
    fell = guilty == "desk" or "approve" in way
    assert complaint.state == ("investigating" if fell else "approving")
    assert (complaint.proposed_by is None) is fell
    assert complaint.approved_by is None


def test_only_who_decides_on_acceptance_names_somebody(heard, crew):
    with pytest.raises(MissingRight):
        act(actor=crew.desk, complaint=heard(), action="name_person", now=MONDAY, complained_of=crew.advisor)


def test_once_there_is_an_opinion_somebody_else_confirms_a_withdrawal(heard, walk, crew):
    complaint = walk(heard(), "accept", "propose")

    with pytest.raises(StepNotPossible):
        act(actor=crew.desk, complaint=complaint, action="withdraw", now=MONDAY, note="客户撤诉")
    with pytest.raises(MissingRight):
        act(actor=crew.desk, complaint=complaint, action="confirm_withdrawal", now=MONDAY, note="客户撤诉")
    Complaint.objects.update(proposed_by=crew.manager)
    with pytest.raises(OwnProposal):
        act(actor=crew.manager, complaint=complaint, action="confirm_withdrawal", now=MONDAY, note="客户撤诉")
    complaint = act(
        actor=crew.compliance, complaint=complaint, action="confirm_withdrawal", now=MONDAY, note="客户撤诉"
    )

    assert complaint.state == "withdrawn"
    assert not complaint.clocks.running().exists()


# -- extension ---------------------------------------------------------------------------------------------------------


def test_an_extension_is_approved_by_another_moves_the_legal_limit_and_the_complainant_is_told(heard, walk, crew):
    complaint = walk(heard(), "accept")
    before = complaint.clocks.get(kind="close").due_on

    complaint = walk(complaint, "ask_extension")
    with pytest.raises((OwnProposal, MissingRight)):
        act(actor=crew.desk, complaint=complaint, action="extend", now=MONDAY)
    complaint = walk(complaint, "extend")

    assert complaint.extended_by_days == 20
    assert complaint.clocks.get(kind="close").due_on == before + timedelta(days=20)
    assert Outbound.objects.filter(purpose="complaint.extend").count() == 1
    with pytest.raises(ExtensionTooLong):
        walk(complaint, "ask_extension")
    assert "ask_extension" not in [step.action for step in possible(complaint, crew.desk)]


def test_nobody_approves_the_extension_he_asked_for(heard, walk, crew):
    complaint = walk(heard(), "accept")
    complaint = act(
        actor=crew.manager, complaint=complaint, action="ask_extension", now=MONDAY, **FACTS["ask_extension"]
    )

    with pytest.raises(OwnProposal):
        act(actor=crew.manager, complaint=complaint, action="extend", now=MONDAY)


@pytest.mark.parametrize("days", [0, 31, 60])
def test_an_extension_is_no_longer_than_thirty_days(heard, walk, crew, days):
    complaint = walk(heard(), "accept")

    with pytest.raises(ExtensionTooLong):
        act(actor=crew.desk, complaint=complaint, action="ask_extension", now=MONDAY, extension_days=days, note="x")


def test_a_refused_extension_leaves_the_limit_where_it_was(heard, walk):
    complaint = walk(heard(), "accept")
    before = complaint.clocks.get(kind="close").due_on

    complaint = walk(complaint, "ask_extension", "refuse_extension")

    assert complaint.extension_days is None
    assert complaint.clocks.get(kind="close").due_on == before


# -- the table itself --------------------------------------------------------------------------------------------------


@pytest.mark.nodb
def test_every_step_that_ends_a_complaint_stops_all_its_clocks():
    ends = [step for step in STEPS if step.to in Complaint.ENDED]

    assert ends
    assert all(len(step.stops) == 4 for step in ends)


@pytest.mark.nodb
def test_every_state_is_reached_and_every_open_state_is_left():
    reached = {step.to for step in STEPS if step.to} | {Complaint.State.REGISTERED}
    left = {state for step in STEPS if step.to for state in step.origin}

    assert reached == set(Complaint.State)
    assert left >= set(Complaint.State) - set(Complaint.ENDED)


@pytest.mark.nodb
def test_the_decision_record_prints_the_table_as_it_is():
    from pathlib import Path

    text = (Path(__file__).resolve().parents[2] / "docs/adr/0006-one-state-table-for-complaints.md").read_text("utf-8")
    missing = [
        f"{origin.value} --> {step.to.value}: {step.action}"
        for step in STEPS
        if step.to
        for origin in step.origin
        if f"{origin.value} --> {step.to.value}: {step.action}" not in text
    ]

    assert missing == []
