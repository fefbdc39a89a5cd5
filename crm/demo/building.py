"""Building the demo branch from beginning to end, and saying in one digest what was built."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.db.models import Count, Sum
from django.utils import timezone

from advisory.models import AdvisoryAgreement, MatchingRun, PortfolioReview
from advisory.services import approve_matching, run_matching
from care.models import FollowUpCall, SurveyAnswer
from clients.models import (
    Account,
    Client,
    ClientQuality,
    ClientTag,
    ContactLog,
    DailyAsset,
    Holding,
    InvestorClassification,
    NeedsInterview,
    TradingPermission,
)
from complaints.models import Complaint
from crm.core.access import system_user
from crm.core.audit import seal_entries
from crm.core.models import User
from crm.demo.account_books import bring_accounts
from crm.demo.branch_life import Life
from crm.demo.by_hand import give_by_hand
from crm.demo.clientele import Clientele, bring_clients
from crm.demo.concessions import agree_rates, charge_rates
from crm.demo.consents import record_consents
from crm.demo.data_rights import exercise_rights
from crm.demo.doubles import stand_twice
from crm.demo.grades import grade_for_laundering
from crm.demo.known_facts import know_clients
from crm.demo.labels import put_tags
from crm.demo.lists_out import take_lists_out
from crm.demo.plans import agree_plans
from crm.demo.professionals import classify_investors
from crm.demo.profiles import draw_profiles
from crm.demo.reviews import review_portfolios
from crm.demo.services import give_services
from crm.demo.sets import keep_sets
from crm.demo.staffing import Crew, hire
from crm.demo.trading_rights import grant_permissions
from crm.demo.wishes import ask_needs
from crm.roles import HEAD_OFFICE, MANAGER
from tiers.models import PlanStepMark, Promise, RateBasis, ServicePlan, Tier, TierState
from tiers.services.commission import Price, set_rate_card
from tiers.services.evaluation import evaluate
from tiers.services.programmes import seed_default_programme

#: For a book of two thousand.
_CONTACTS, _COMPLAINTS = 700, 40


def is_empty() -> bool:
    """Whether nobody has worked here yet."""
    return not User.objects.filter(is_system=False).exists()


def build(*, seed: int, today: date, clients: int, say: Callable[[str], None]) -> Crew:
    """Build the demo in its order: people, clients and assets, tiers, contacts, complaints, matching, agreements, calls."""
    crew = hire(seed=seed, today=today)
    say(f"{User.objects.filter(is_system=False).count()} members of staff in {len(crew.branches)} branches")
    life = Life(crew, seed=seed, today=today)
    clientele = bring_clients(crew=crew, count=clients, seed=seed, today=today, now=life.now)
    say(f"{clients} clients with {DailyAsset.objects.count()} daily rows")
    bring_accounts(crew=crew, days=clientele.days, seed=seed)
    grant_permissions(crew=crew, today=today, seed=seed)
    classify_investors(crew=crew, today=today)
    say(f"{Account.objects.count()} accounts, {TradingPermission.objects.count()} trading permissions")
    _grade(crew, clientele, today)
    say("tiers evaluated")
    say(f"{agree_rates(crew=crew, today=today)} rates of clients")
    say(f"{charge_rates(crew=crew, today=today)} leaks of commission")
    say(f"{give_by_hand(crew=crew, today=today)} tiers by hand")
    life.contacts(_CONTACTS * clients // 2000)
    life.bookings()
    say(f"{ask_needs(seed=seed, today=today)} needs interviews")
    say(f"{put_tags(crew, clientele.days, seed=seed, now=life.now)} tags on clients")
    say(f"{know_clients(seed=seed, today=today)} clients weighed")
    say(f"{draw_profiles(crew=crew, seed=seed, today=today, now=life.now)} entries of profiles")
    say(f"{record_consents(crew=crew, seed=seed, today=today)} bases of personal data")
    say(f"{grade_for_laundering(crew=crew, seed=seed, today=today)} grades for money laundering")
    life.complaints(max(30, _COMPLAINTS * clients // 2000))
    say(f"{ContactLog.objects.count()} contacts, {Complaint.objects.count()} complaints")
    _match(crew, life)
    say(f"{keep_sets(crew)} segments")
    say(f"{give_services(crew=crew, today=today, now=life.now)} promises to clients")
    say(f"{agree_plans(crew=crew, today=today)} service plans")
    say(f"{life.agreements()} advisory agreements")
    say(f"{review_portfolios(crew=crew, today=today, now=life.now)} portfolio reviews")
    life.calls()
    life.surveys()
    say(f"{FollowUpCall.objects.count()} follow-up calls planned")
    say(f"{exercise_rights(crew, today=today, now=life.now)} requests about data")
    say(f"{stand_twice(crew, now=life.now)} suspected duplicates")
    say(f"{take_lists_out(crew, now=life.now)} lists taken out")
    # The entries bear the time of building, whatever morning the demo stands at.
    seal_entries(timezone.now() + timedelta(minutes=1))
    return crew


def _grade(crew: Crew, clientele: Clientele, today: date) -> None:
    """The default programme at the month-ends of the last months and on the newest day, as the nights would have done."""
    seed_default_programme(company=crew.company, actor=system_user())
    _set_rates(crew, today)
    days = clientele.days
    month_ends = [day for day, following in pairwise(days) if day.month != following.month]
    for day in [*month_ends[-4:], days[-1]]:
        for branch in crew.branches:
            evaluate(branch=branch, day=day, actor=system_user())


#: Rates of the lowest and the highest tier in hundred-thousandths; those between fall evenly. Invented for the demo.
_RATES = {"A_SHARE": (30, 12), "FUND": (20, 8), "BOND": (5, 2), "MARGIN": (35, 15), "BSE": (40, 22)}


def _set_rates(crew: Crew, today: date) -> None:
    """A rate card of the head office: the higher the tier, the lower the rate."""
    actor = crew.of(None, HEAD_OFFICE)[0]
    tiers = list(Tier.objects.filter(programme__company=crew.company).order_by("rank"))
    since = today.replace(day=1)
    for place, tier in enumerate(tiers):
        for product, (first, last) in _RATES.items():
            millionths = first * 10 - (first - last) * 10 * place // (len(tiers) - 1)
            price = Price(product, Decimal(millionths) / 1_000_000, RateBasis.ALL_IN, Decimal(5))
            set_rate_card(tier=tier, price=price, valid_from=since, actor=actor, reason="示范费率")


def _match(crew: Crew, life: Life) -> None:
    """The first branch's matching was approved this morning, the second one's waits for its manager."""
    for place, branch in enumerate(crew.branches):
        manager = crew.of(branch, MANAGER)[0]
        run = run_matching(actor=manager, branch=branch, now=life.now)
        # A run notes when it was really computed; the demo's stands at the demo's morning.
        MatchingRun.objects.filter(pk=run.pk).update(created_at=life.now - timedelta(minutes=20))
        if place == 0:
            approve_matching(actor=manager, run=run, now=life.now)


def digest() -> str:
    """SHA-256 over what the demo's rows say, without ids, passwords and the time of building."""
    found = hashlib.sha256()
    for line in _facts():
        found.update(repr(line).encode())
    return found.hexdigest()


def _facts() -> Iterable[Any]:
    users = User.objects.filter(is_system=False).order_by("staff_number")
    yield from users.values_list("staff_number", "name", "branch__code")
    for client in Client.objects.select_related("advisor", "branch").order_by("branch__code", "external_id"):
        advisor = client.advisor.staff_number if client.advisor else ""
        yield client.branch.code, client.external_id, client.name, client.phone, client.id_number, advisor
    yield list(
        DailyAsset.objects.values("day").annotate(total=Sum("net_assets")).values_list("day", "total").order_by("day")
    )
    yield list(
        Holding.objects.order_by("client__external_id", "security_code").values_list("security_code", "quantity")
    )
    yield list(
        TierState.objects.values("tier__code")
        .annotate(n=Count("pk"))
        .values_list("tier__code", "n")
        .order_by("tier__code")
    )
    yield list(Complaint.objects.order_by("number").values_list("number", "state", "subject", "compensation"))
    yield list(AdvisoryAgreement.objects.order_by("number").values_list("number", "advisor__staff_number", "signed_on"))
    plans = ServicePlan.objects.order_by("client__branch__code", "client__external_id", "state")
    yield list(plans.values_list("client__external_id", "state", "aim", "agreed_on"))
    marks = PlanStepMark.objects.order_by("step__plan__client__branch__code", "step__plan__client__external_id", "at")
    yield list(marks.values_list("step__position", "kind", "occurrence_on", "day", "word"))
    reviews = PortfolioReview.objects.order_by("client__branch__code", "client__external_id", "due_on", "state")
    yield list(reviews.values_list("due_on", "state", "outcome", "answer", "causes"))
    calls = FollowUpCall.objects.order_by("client__external_id", "programme__code", "due_on")
    yield list(calls.values_list("client__external_id", "programme__code", "due_on", "state", "attempts_made"))
    yield list(
        ContactLog.objects.order_by("client__external_id", "at", "content").values_list("at", "channel", "content")
    )
    accounts = Account.objects.order_by("client__external_id", "kind", "number_tail")
    yield list(accounts.values_list("client__external_id", "kind", "number_tail", "first_trade_on", "margin_ratio"))
    tagged = ClientTag.objects.order_by("client__branch__code", "client__external_id", "family", "tag__name")
    yield list(tagged.values_list("tag__code", "tag__name", "value"))
    needs = NeedsInterview.objects.order_by("client__branch__code", "client__external_id", "taken_on")
    yield list(needs.values_list("taken_on", "goals", "horizon", "capital", "loss_tolerance", "products", "refused"))
    classes = InvestorClassification.objects.order_by("client__external_id", "requested_at")
    yield list(classes.values_list("client__external_id", "wanted", "state", "valid_until"))
    permissions = TradingPermission.objects.order_by("client__external_id", "code", "asked_at")
    yield list(permissions.values_list("client__external_id", "code", "state", "opened_on", "exemption"))
    known = ClientQuality.objects.order_by("client__branch__code", "client__external_id")
    yield list(known.values_list("score", "completeness", "verification", "freshness", "missing"))
    promises = Promise.objects.order_by("client__branch__code", "client__external_id", "item__code", "due_on")
    yield list(promises.values_list("item__code", "event__name", "due_on", "state", "kept_on", "closed_as"))
    yield sorted(SurveyAnswer.objects.values_list("satisfaction", "recommendation"))
