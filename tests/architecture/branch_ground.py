"""One row of every kind that an address may name, in one branch: table → public id."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

from django.apps import apps
from django.db.models import Model
from django.utils import timezone

from advisory.models import HandOver, MatchingRun
from clients.models import (
    Appointment,
    BulkEdit,
    Client,
    DataPurpose,
    DataRequest,
    DuplicatePair,
    Erasure,
    LegalHold,
    MergeRecord,
    NextDateMove,
    SavedView,
    Segment,
)
from clients.services import found_household, score_clients
from crm.core.models import Branch, Delegation, ImportBatch, JobRun, User
from crm.core.models.importing import ImportMapping
from crm.core.public_ids import new_public_id
from tests.factories import advisory, aml, care, clients, complaints, consents, services, tags, tiers
from tests.factories.core import UserFactory
from tests.factories.needs import NeedsInterviewFactory

ABOUT_A_CLIENT: tuple[Any, ...] = (
    *(clients.ContactLogFactory, clients.IdentityDocumentFactory, clients.ContactPointFactory, clients.RelationFactory),
    *(clients.AccountFactory, clients.BusinessLineMarkFactory, clients.TradingPermissionFactory),
    *(clients.InvestorClassificationFactory, NeedsInterviewFactory, complaints.ComplaintFactory),
    *(care.FollowUpCallFactory, advisory.AgreementFactory, tiers.ClientRateFactory, tiers.TierOverrideFactory),
    *(services.PromiseFactory, clients.HoldingFactory, consents.ConsentRecordFactory, advisory.ReviewFactory),
    *(aml.AmlGradeFactory, aml.SuspicionFlagFactory),
)


def rows_of_a_branch(branch: Branch) -> dict[str, str]:
    """Make them; the client's own row is the one that the others are about."""
    now, person = timezone.now(), UserFactory(role="front_desk", branch=branch)
    client = clients.ClientFactory(branch=branch)
    firm = clients.ClientFactory(branch=branch, kind="institution")
    made: list[Any] = [factory(client=client) for factory in ABOUT_A_CLIENT]
    made += [factory(client=firm) for factory in (clients.ContactPersonFactory, clients.FinancingNeedFactory)]
    made += [client, person, *_of_data(client, firm, person, now), *_of_the_branch(branch, person, now)]
    made.append(care.FindingFactory(call=care.FollowUpCallFactory(client=client, state="done", done_at=now)))
    made.append(care.SurveyInvitationFactory(branch=branch, client=client))
    made.append(advisory.AdvisorFactory(user__branch=branch))
    tier = tiers.TierFactory(programme__branch=branch)
    item = services.ServiceItemFactory(company=branch.company)
    known = {Client: client, Branch: branch, User: person, type(branch.company): branch.company, type(tier): tier}
    known |= {type(tier.programme): tier.programme, type(item): item, **{type(row): row for row in made}}
    for label, said in FILLED.items():
        row = filled(label, known, **said)
        known[type(row)] = row
        made.append(row)
    made.append(found_household(client=client, name="张家", actor=person, now=now))
    score_clients([client.pk], date(2026, 6, 1))
    # Of two rows of one kind the first counts.
    return {row._meta.db_table: row.public_id for row in reversed(made)}


#: Kinds without a factory of their own, filled in from what their fields ask; with what a constraint wants besides.
FILLED: dict[str, dict[str, Any]] = {
    "core.AuditEntry": {},
    "core.ExportRequest": {},
    "core.Attachment": {"owner_type": "clients.contactlog"},
    "clients.TagChange": {"is_set": True},
    "clients.DocumentReminder": {},
    "clients.AdvisorAssignment": {},
    "tiers.EvaluationRun": {},
    "tiers.Simulation": {},
    "tiers.TierChange": {"reason": "first", "days": 1},
    "tiers.FeeQuote": {"rate": "0.001", "total": 1, "handling": 0, "regulation": 0, "transfer": 0, "stamp": 0},
    "tiers.MarketEvent": {"tier_codes": "gold"},
    "tiers.ServiceDay": {},
    "tiers.ServicePlan": {},
    "tiers.PlanStep": {"title": "季度面谈", "period": "quarter"},
    "tiers.Booking": {"at": time(10)},
    "tiers.PreferenceSegment": {},
    "tiers.Publication": {"state": "withdrawn"},
    "tiers.Recipient": {"state": "chosen"},
    "tiers.AppliedRate": {"rate": 0},
    "tiers.RateLeak": {},
    "care.SurveyRound": {},
}


def filled(label: str, known: dict[type[Model], Any], **said: Any) -> Any:
    """A row of the model with something in every field that asks for it, about the rows in ``known``."""
    model = apps.get_model(label)
    for field in model._meta.concrete_fields:
        if field.name in said or field.primary_key or (field.has_default() and not field.is_relation):
            continue
        if field.is_relation:
            if field.related_model in known and (not field.null or field.name in ("branch", "client", "run")):
                said[field.name] = known[field.related_model]
        elif not field.null and not field.blank:
            said[field.name] = _something(field)
    return model._default_manager.create(**said)


def _something(field: Any) -> Any:
    kind = field.get_internal_type()
    if field.choices:
        return field.choices[0][0]
    if kind == "DateTimeField":
        return timezone.now()
    if kind == "DateField":
        return timezone.localdate()
    if "Integer" in kind or kind == "DecimalField":
        return 1
    return {} if kind == "JSONField" else new_public_id()[-(field.max_length or 26) :]


def _of_data(client: Client, firm: Client, person: Any, now: Any) -> list[Any]:
    at = {"client": client, "proposed_by": person, "proposed_at": now}
    log = clients.ContactLogFactory(client=client)
    return [
        LegalHold.objects.create(client=client, reason="法院调查", set_by=person, set_at=now),
        Erasure.objects.create(reason="期满", **at),
        DataRequest.objects.create(
            client=client, kind="access", channel="app", received_on=now.date(), due_on=now.date(), registered_by=person
        ),
        NextDateMove.objects.create(contact=log, moved_to=now.date(), moved_by=person, moved_at=now),
        DuplicatePair.objects.create(
            branch=client.branch, first=client, second=firm, reasons=["document"], score=100, found_on=now.date()
        ),
        Appointment.objects.create(client=client, staff=person, starts_at=now + timedelta(days=1), booked_by=person),
        MergeRecord.objects.create(
            staying=client, leaving=firm, requested_by=person, requested_at=now, reason="同一人", state="proposed"
        ),
    ]


def _of_the_branch(branch: Branch, person: Any, now: Any) -> list[Any]:
    own = {"owner": person, "company": branch.company, "branch": branch}
    other = UserFactory(role="front_desk", branch=branch)
    return [
        tags.TagFactory(branch=branch),
        consents.PrivacyNoticeFactory(branch=branch, effective_from=date(2090, 1, 1)),
        DataPurpose.objects.get(code="marketing"),
        BulkEdit.objects.create(actor=person, field="preferred_channel", said={"channel": "sms"}, made_at=now),
        Segment.objects.create(name="甲", rule={"all": []}, share="branch", **own),
        SavedView.objects.create(name="甲", share="branch", **own),
        ImportBatch.objects.create(branch=branch, kind="clients", file_name="a.csv", sha256="0" * 64, actor=person),
        ImportMapping.objects.create(branch=branch, kind="clients", name="甲", body={}),
        JobRun.objects.create(kind="clients.erase", branch=branch, actor=person),
        Delegation.objects.create(
            absent=person,
            deputy=other,
            first_day=now.date(),
            last_day=now.date(),
            reason="休假",
        ),
        MatchingRun.objects.create(branch=branch, created_by=person, continuity_points=1, state="proposed"),
        HandOver.objects.create(
            branch=branch, giver=person, taker=other, clients=1, reason="离职", done_by=person, done_at=now
        ),
    ]
