"""Two clients with rows of every kind that belongs to a client, meeting in every constraint that allows one.

Who adds a kind of row adds it here as well: ``test_a_merge_and_its_undoing_leave_every_row_as_it_was`` asks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from clients.models import (
    Appointment,
    AssetMilestone,
    Client,
    ClientQuality,
    DataRequest,
    DocumentReminder,
    Erasure,
    Household,
    HouseholdMember,
    LegalHold,
    NeedsInterview,
    QuestionToAsk,
    StageOverride,
)
from clients.services import AssetDay, put_asset_days
from crm.core.access import system_user
from crm.core.models import Branch, User
from tests.factories.advisory import AgreementFactory, ReviewAnswerFactory, ReviewFactory
from tests.factories.aml import AmlGradeFactory, SuspicionFlagFactory
from tests.factories.care import FollowUpCallFactory, SurveyInvitationFactory
from tests.factories.clients import (
    AccountFactory,
    AdvisorAssignmentFactory,
    BusinessLineMarkFactory,
    ClientFactory,
    ContactLogFactory,
    ContactPersonFactory,
    ContactPointFactory,
    EntryTestFactory,
    FinancingNeedFactory,
    HoldingFactory,
    IdentityDocumentFactory,
    InvestorClassificationFactory,
    RelationFactory,
    RiskAssessmentFactory,
    TradingPermissionFactory,
)
from tests.factories.complaints import ComplaintFactory
from tests.factories.consents import ConsentRecordFactory
from tests.factories.services import PromiseFactory, ServiceItemFactory
from tests.factories.tags import ClientTagFactory, TagFactory
from tests.factories.tiers import ClientRateFactory, TierFactory, TierOverrideFactory
from tiers.models import (
    AppliedRate,
    Booking,
    EvaluationRun,
    FeeQuote,
    FormerTier,
    Publication,
    RateLeak,
    Recipient,
    ServiceDay,
    ServiceItem,
    ServicePlan,
    SimulatedClient,
    Simulation,
    TierChange,
    TierState,
)

NOW = datetime(2026, 6, 1, 2, 0, 0, 123456, tzinfo=UTC)
MAY = date(2026, 5, 1)


def assets(client: Client, *days: tuple[int, int]) -> None:
    """(day of May 2026, yuan)"""
    rows = [AssetDay(client.pk, date(2026, 5, day), yuan * 100, inflow=100) for day, yuan in days]
    put_asset_days(branch=client.branch, rows=rows, actor=system_user())


def two_full_clients(branch: Branch, staff: Callable[..., User]) -> tuple[Client, Client]:
    """(the one who will stay, the one who will leave)"""
    advisor, other = staff("advisor"), staff("advisor")
    staying = ClientFactory(branch=branch, external_id="1", name="张三", advisor=advisor, phone="+8613812348000")
    leaving = ClientFactory(
        branch=branch, external_id="2", name="张三", advisor=other, phone="+8613912349000", city="上海", silent=True
    )
    for client, who in ((staying, advisor), (leaving, other)):
        _served(client, who)
        _known(client, who)
        _promised(client, who)
        _published(client, who)
    _shared(branch, staying, leaving, staff)
    assets(staying, (4, 100), (5, 200))
    assets(leaving, (5, 30), (6, 40))
    for client in (staying, leaving):
        client.refresh_from_db()
    return staying, leaving


def _served(client: Client, who: User) -> None:
    AdvisorAssignmentFactory(client=client, advisor=who)
    client.team.create(member=who, since=date(2026, 1, 1))
    ContactLogFactory(client=client, staff=who, external_id="2026-05-01T10:00-phone", at=NOW - timedelta(days=20))
    ContactLogFactory(client=client, staff=who, at=NOW - timedelta(days=3), next_on=date(2026, 6, 9))
    NeedsInterview.objects.create(client=client, taken_on=MAY, taken_by=who, is_present=True)
    Appointment.objects.create(client=client, staff=who, channel="visit", starts_at=NOW, booked_by=who)
    QuestionToAsk.objects.create(client=client, item="phone", asked_for_by=who, asked_for_at=NOW)


def _known(client: Client, who: User) -> None:
    AccountFactory(client=client)
    BusinessLineMarkFactory(client=client)
    RiskAssessmentFactory(client=client, grade="C3" if client.external_id == "1" else "C2")
    HoldingFactory(client=client)
    HoldingFactory(client=client, security_code=f"60000{client.external_id}.SH")
    IdentityDocumentFactory(client=client, is_primary=True)
    ConsentRecordFactory(client=client)
    AmlGradeFactory(client=client)
    SuspicionFlagFactory(client=client)
    ContactPointFactory(client=client, is_primary=True)
    ContactPersonFactory(client=client)
    FinancingNeedFactory(client=client)
    TradingPermissionFactory(client=client)
    EntryTestFactory(client=client)
    InvestorClassificationFactory(client=client)
    InvestorClassificationFactory(client=client, in_force=True)
    StageOverride.objects.create(
        client=client, stage="stable", reason="稳定", until=date(2026, 9, 1), set_by=who, set_at=NOW
    )
    AssetMilestone.objects.create(client=client, amount=100, reached_on=date(2026, 5, 9 - int(client.external_id)))
    ClientQuality.objects.create(
        client=client, score=50, completeness=50, verification=50, freshness=50, scored_on=MAY, client_version=1
    )


def _promised(client: Client, who: User) -> None:
    DataRequest.objects.create(
        client=client, kind="copy", channel="counter", received_on=MAY, due_on=date(2026, 6, 9), registered_by=who
    )
    LegalHold.objects.create(client=client, reason="诉讼", set_by=who, set_at=NOW)
    Erasure.objects.create(client=client, state="rejected", reason="客户要求", proposed_by=who, proposed_at=NOW)
    AgreementFactory(client=client, advisor=who, number=f"A{client.external_id}")
    ReviewFactory(client=client)
    ReviewAnswerFactory(review__client=client, review__proposed=False, review__done=True, answer="")
    ClientRateFactory(client=client)
    ComplaintFactory(client=client, branch=client.branch)
    FollowUpCallFactory(client=client, occurrence_key="open:2026-05-04")
    SurveyInvitationFactory(client=client, branch=client.branch)
    money = dict.fromkeys(("amount", "min_fee", "commission", "handling", "regulation", "transfer", "stamp"), 1)
    FeeQuote.objects.create(
        client=client, product="A_SHARE", exchange="SSE", side="sell", day=MAY, rate="0.001", basis="net", **money,
        total=5, created_by=who,
    )  # fmt: skip
    _entitled(client, who)


def _published(client: Client, who: User) -> None:
    """Each is told of an idea of his own, and has a plan in force and one drawn up."""
    said = {
        "branch": client.branch,
        "kind": "idea",
        "title": "季度配置",
        "text": "分散配置",
        "made_by": who,
        "made_at": NOW,
    }
    row = Publication.objects.create(valid_from=MAY, valid_until=date(2026, 6, 9), **said)
    Recipient.objects.create(publication=row, client=client, state="call")
    for state, day in (("draft", None), ("agreed", MAY)):
        ServicePlan.objects.create(client=client, state=state, agreed_on=day, aim="稳健增值", made_by=who, made_at=NOW)


def _entitled(client: Client, who: User) -> None:
    """The same occurrence of both, one each so long after the last time, and a booking."""
    company = client.branch.company
    item = ServiceItem.objects.filter(company=company, code="greeting").first()
    item = item or ServiceItemFactory(company=company, code="greeting", rhythm="rolling")
    PromiseFactory(client=client, item=item, is_rolling=True, occurrence_key=f"after:2026-05-0{client.external_id}")
    PromiseFactory(client=client, item=item, occurrence_key="2026-Q2:1/1")
    pick_up = ServiceItemFactory(company=company, booked=True)
    slot = ServiceDay.objects.create(item=pick_up, branch=client.branch, day=MAY, places=2, taken=1)
    Booking.objects.create(client=client, slot=slot, at=time(9), confirm_by=MAY, asked_by=who, asked_at=NOW)


def _measured(client: Client, simulation: Simulation) -> None:
    """What was charged and found amiss, the tier of former days, a line of a sheet to try bounds on, a reminder."""
    AppliedRate.objects.create(client=client, product="A_SHARE", day=MAY, rate="0.0025")
    RateLeak.objects.create(
        client=client, product="A_SHARE", kind="below", applied="0.001", due="0.002", effect=100, since=MAY, day=MAY
    )
    FormerTier.objects.create(client=client, system="旧系统", tier="金卡", since=MAY)
    SimulatedClient.objects.create(simulation=simulation, client=client, average=100, base_rank=1)
    DocumentReminder.objects.create(
        client=client, kind="id_card", valid_until=date(2026, 8, 30), days_before=90, due_on=date(2026, 6, 1)
    )


def _shared(branch: Branch, staying: Client, leaving: Client, staff: Callable[..., User]) -> None:
    """What both have in common, what they are to each other, and what others are to them."""
    colleague = staff("account_manager")
    tag = TagFactory(branch=branch)
    tier = TierFactory(programme__branch=branch, programme__company=branch.company)
    run = EvaluationRun.objects.create(
        programme=tier.programme, branch=branch, day=MAY, window_days=20, down_after=2, actor=system_user()
    )
    simulation = Simulation.objects.create(
        programme=tier.programme, branch=branch, day=MAY, window_days=20, made_by=colleague, made_at=NOW
    )
    for client in (staying, leaving):
        client.team.create(member=colleague, since=date(2026, 1, 1))
        ClientTagFactory(client=client, tag=tag)
        TierChange.objects.create(client=client, new=tier, day=MAY, days=9, reason="first", total=9, run=run)
        TierState.objects.create(client=client, programme=tier.programme, tier=tier, since=MAY, run=run)
        TierOverrideFactory(client=client, tier=tier, before=tier)
        _measured(client, simulation)
        household = Household.objects.create(branch=branch)
        HouseholdMember.objects.create(household=household, client=client, since=MAY)
    third = ClientFactory(branch=branch, introduced_by_client=leaving)
    ClientFactory(branch=branch, closed=True, merged_into=leaving)
    for one, two in ((staying, leaving), (leaving, staying), (leaving, third), (third, leaving), (third, staying)):
        RelationFactory(client=one, other=two, outsider_name="", kind="other")
