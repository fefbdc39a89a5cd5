"""The demo as a whole: the same for the same arguments, every state told, and enough people for every pair of eyes."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import F
from django.test import TestCase

from advisory.models import MatchingRun
from care.models import FollowUpCall, SurveyAnswer, SurveyInvitation
from care.services.calls import is_independent
from clients.models import Client, DuplicatePair, Holding, MergeRecord
from complaints.models import Complaint, ComplaintClock
from complaints.querysets import self_and_superiors
from crm.core import audit
from crm.core.models import AuditEntry, Branch, ExportRequest, User
from crm.demo.building import build, digest
from crm.demo.securities import securities
from tiers.models import Promise, RateLeak, TierOverride

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 27)
CLIENTS = 60


def _build(seed: int = 1) -> str:
    build(seed=seed, today=DAY, clients=CLIENTS, say=lambda _text: None)
    return digest()


def test_the_same_arguments_build_the_same_and_another_seed_something_else():
    found = []
    for seed in (1, 1, 2):
        with transaction.atomic():
            found.append(_build(seed))
            transaction.set_rollback(True)

    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("clients", [0, 19])
def test_a_demo_too_small_to_show_anything_is_refused_in_words(clients):
    with pytest.raises(CommandError, match="20"):
        call_command("demo", "--clients", str(clients))

    assert not User.objects.filter(is_system=False).exists()


@pytest.mark.django_db(transaction=True)
def test_the_command_builds_it_as_it_is_called_with_no_transaction_around_it(capsys):
    call_command("demo", "--clients", "60")

    assert Client.objects.count() >= 60
    assert audit.verify() == []


class TestTheBranch(TestCase):
    """What one building of the demo shows."""

    @classmethod
    def setUpTestData(cls) -> None:
        _build()

    def test_each_branch_can_run_every_rule_of_two_pairs_of_eyes_also_when_its_head_is_complained_of(self):
        rights = {
            "a rate": ("tiers.add_clientrate", "tiers.approve_clientrate"),
            "an opinion": ("complaints.handle_complaint", "complaints.approve_complaint"),
            "a call that is not possible": ("care.make_followupcall", "care.approve_unable"),
        }
        for branch in Branch.objects.all():
            people = [
                person
                for person in User.objects.active().filter(is_system=False)
                if person.branch_id in (None, branch.pk) and person.scope.company_id == branch.company_id
            ]
            head = next(person for person in people if person.branch_id and person.manager_id is None)
            away = {person.pk for person in people if head.pk in self_and_superiors(person)}
            for what, (asks, decides) in rights.items():
                asking = {person.pk for person in people if person.has_perm(asks)}
                deciding = {person.pk for person in people if person.has_perm(decides)}
                assert asking and deciding - {next(iter(asking))}, (branch.code, what)
            free = [person for person in people if person.pk not in away]
            handlers = {p.pk for p in free if p.has_perm("complaints.handle_complaint")}
            approvers = {p.pk for p in free if p.has_perm("complaints.approve_complaint")}
            assert any(handlers - {approver} for approver in approvers), branch.code

    def test_complaints_stand_in_every_state_some_handed_on_some_from_strangers_of_their_own(self):
        for branch in Branch.objects.all():
            told = set(Complaint.objects.filter(branch=branch).values_list("state", flat=True))
            assert told == set(Complaint.State.values), branch.code
        assert ComplaintClock.objects.filter(is_imposed=True).exists()
        assert SurveyAnswer.objects.exists() and SurveyInvitation.objects.filter(answer=None).exists()
        strangers = [(c.complainant_name, c.complainant_phone) for c in Complaint.objects.filter(client=None)]

        assert len(strangers) > 2
        assert len(set(strangers)) == len(strangers)

    def test_the_desk_shows_a_leak_of_every_kind_and_tiers_by_hand_that_hold_wait_and_were_refused(self):
        assert set(RateLeak.objects.values_list("kind", flat=True)) == set(RateLeak.Kind.values)
        assert set(TierOverride.objects.values_list("state", flat=True)) >= {"holding", "proposed", "rejected"}

    def test_most_promises_are_kept_each_branch_has_called_out_an_event_and_a_segment_was_asked(self):
        owed = Promise.objects.by_state()
        assert owed["done"] > 3 * owed["missed"] > 0
        for branch in Branch.objects.filter(clients__isnull=False).distinct():
            asked = Promise.objects.filter(event__branch=branch).by_state()
            assert asked["asked"] >= asked["done"] > 0, branch.code
        assert SurveyAnswer.objects.exclude(invitation__round=None).exists()

    def test_what_the_demo_tells_is_consistent_real_and_sealed(self):
        runs = MatchingRun.objects.exclude(decided_at=None)
        assert runs and all(run.created_at <= run.decided_at for run in runs)
        assert not Complaint.objects.filter(closed_at__lt=F("received_at")).exists()
        known = {security.code for security in securities()}

        assert set(Holding.objects.values_list("security_code", flat=True)) <= known
        again = Client.objects.filter(external_id__startswith="9")  # taken in a second time
        assert Client.objects.count() - again.count() == CLIENTS
        assert DuplicatePair.objects.filter(state="open", score=100).exists()
        assert MergeRecord.objects.filter(state="proposed").count() == 1
        assert set(ExportRequest.objects.values_list("state", flat=True)) == {"done", "ready", "requested"}
        assert Client.objects.exclude(advisor=None).exists()
        made = FollowUpCall.objects.exclude(caller=None).select_related("client", "caller")

        assert made.exists()
        assert [call for call in made if not is_independent(call.caller, call)] == []
        assert not AuditEntry.objects.unsealed().exists()
        assert audit.verify() == []
