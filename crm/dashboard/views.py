"""The home page of a branch: its numbers, each of which opens its records."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import permission_required
from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from care.models import FollowUpCall, SurveyInvitation
from clients.models import BranchDay, Client
from complaints.models import Complaint
from crm.core.clocks import Calendar, at_local, calendar_gap, local_date
from crm.core.models import Branch, LookCount, Policy, User
from crm.dashboard.feed import glance
from crm.dashboard.handling import handling_times
from crm.dashboard.quality import mean_score
from tiers.models import RateLeak, Tier, TierState

_MONTHS = 13


@require_safe
@permission_required("core.view_branchhome", raise_exception=True)
def branch_home(request: HttpRequest) -> HttpResponse:
    """One branch, or all that the reader sees together; ``?branch=CODE`` chooses."""
    user: Any = request.user
    now = timezone.now()
    today = local_date(now)
    branches = list(Branch.objects.visible_to(user).open().order_by("code"))
    chosen = next((branch for branch in branches if branch.code == request.GET.get("branch")), None)
    shown = [chosen] if chosen else branches
    ids = [branch.pk for branch in shown]
    context = {
        "today": today,
        "branches": branches,
        "chosen": chosen,
        "alarms": _alarms(user, shown, now, today),
        "stats": _stats(user, ids, today, chosen),
        "tier_chart": _tier_chart(user, ids),
        "money_charts": _money_charts(ids, today),
        "overdue": _overdue(user, ids, today),
        "contacts": glance(user, ids, today),
        "handling": handling_times(user, shown, today),
    }
    return render(request, "dashboard/branch.html", context)


def _alarms(user: User, branches: list[Branch], now: datetime, today: date) -> list[dict[str, str]]:
    """What a manager has to know before anything else: the file that has not come, the calendar that ends."""
    found = []
    calendar = Calendar.around(today, before=30)
    expected = calendar.add_trading_days(today, -1)
    due = Policy.objects.set_at("assets.file_due", today)
    on_file = dict(BranchDay.objects.filter(branch__in=branches).order_by().values_list("branch").annotate(Max("day")))
    for branch in branches:
        due_at = at_local(today, time.fromisoformat(due.get(branch.pk, due[None])))
        newest = on_file.get(branch.pk)
        if now >= due_at and (newest is None or newest < expected):
            found.append(
                {
                    "title": _("Today's asset file has not arrived"),
                    "text": _("%(branch)s: the newest day on file is %(day)s, expected is %(expected)s.")
                    % {"branch": branch.name, "day": newest or _("none"), "expected": expected},
                    "url": reverse("core:imports"),
                    "action": _("Import a file"),
                }
            )
    found += _busy_readers(user, branches, today)
    if (year := calendar_gap(today)) is not None:
        found.append(
            {
                "title": _("The calendar of %(year)s is missing") % {"year": year},
                "text": _("Deadlines that reach into it are estimates until the notice is imported."),
                "url": reverse("core:calendar"),
                "action": _("Open the calendar"),
            }
        )
    return found


def _busy_readers(user: User, branches: list[Branch], today: date) -> list[dict[str, str]]:
    """Who has nearly used up what one may look at in a day; for those who may read the trail."""
    if not user.has_perm("core.view_auditentry"):
        return []
    rows = LookCount.objects.visible_to(user).near_budget(today).filter(user__branch__in=branches)
    return [
        {
            "title": _("%(name)s is looking at unusually many clients") % {"name": row.user.name},
            "text": _("Today %(looks)d of %(budget)d details opened, %(reveals)d of %(most)d private values seen.")
            % {"looks": row.looks, "budget": row.budget, "reveals": row.reveals, "most": row.reveal_budget},
            "url": f"{reverse('core:audit_list')}?actor={row.user.staff_number}&reads=yes",
            "action": _("Open the trail"),
        }
        for row in rows.select_related("user").order_by("-looks", "pk")[:5]
    ]


def _stats(user: User, ids: list[int], today: date, chosen: Branch | None) -> list[dict[str, Any]]:
    """The headline numbers with the page that shows their records: what is counted here and listed there is the same."""

    def listing(page: str, **narrowed: Any) -> str:
        query = {**narrowed, **({"branch": chosen.public_id} if chosen else {})}
        return f"{reverse(page)}?{urlencode(query)}" if query else reverse(page)

    known = mean_score(user, ids)
    return [
        *_money(ids, today, listing),
        *_counts(user, today, chosen, listing),
        *_thought(user, ids),
        *([known] if known else []),
        *_leaks(user, ids, listing),
    ]


def _money(ids: list[int], today: date, listing: Callable[..., str]) -> list[dict[str, Any]]:
    """Assets by the newest file of each branch, and the net inflow since the first of the month."""
    days = list(BranchDay.objects.filter(branch_id__in=ids, day__gte=today - timedelta(days=40)).order_by("-day"))
    newest = {row.branch_id: row for row in reversed(days)}  # of each branch: one file may be late
    assets = sum((row.net_assets for row in newest.values()), start=0)
    oldest = min((row.day for row in newest.values()), default="")
    inflow = sum((row.inflow - row.outflow for row in days if row.day >= today.replace(day=1)), start=0)
    return [
        {"label": _("Net assets"), "money": assets, "url": listing("clients:list"), "hint": str(oldest)},
        {"label": _("Net inflow this month"), "money": inflow, "signed": True, "url": listing("dashboard:inflow")},
    ]


def _counts(user: User, today: date, chosen: Branch | None, listing: Callable[..., str]) -> list[dict[str, Any]]:
    """Clients, complaints and calls; the filters of the lists name the same sets."""
    of_branch = {"branch": chosen} if chosen else {}
    clients = Client.objects.visible_to(user).filter(**of_branch)
    complaints = Complaint.objects.visible_to(user).filter(**of_branch)
    calls = FollowUpCall.objects.visible_to(user).filter(**{f"client__{name}": one for name, one in of_branch.items()})
    month = today.replace(day=1)
    new, alone = clients.filter(opened_on__gte=month), clients.staying().without_advisor()
    told = [
        (_("Clients served"), clients.staying(), listing("clients:list", status="staying")),
        (_("New this month"), new, listing("clients:list", sort="-new", opened_from=month)),
        (_("Without an advisor"), alone, listing("clients:list", status="staying", advisor="null")),
        (_("Open complaints"), complaints.open(), listing("complaints:list", state="open")),
        (_("Overdue complaints"), complaints.overdue(today), listing("complaints:list", overdue="true")),
        (_("Follow-up calls due"), calls.callable_on(today), listing("care:queue", view="all", callable="true")),
        (_("Overdue calls"), calls.overdue(today), listing("care:queue", view="all", overdue="true")),
    ]
    return [{"label": label, "value": rows.count(), "url": url} for label, rows, url in told]


def _thought(user: User, ids: list[int]) -> list[dict[str, Any]]:
    """What clients think, where the branch asks them, and on how many answers that rests."""
    if not user.has_perm("care.view_surveyinvitation"):
        return []
    surveys = SurveyInvitation.objects.visible_to(user).filter(branch_id__in=ids).results()
    said = {"answered": surveys["answered"], "asked": surveys["asked"]}
    rests_on = ngettext(
        "%(answered)s answer of %(asked)s asked", "%(answered)s answers of %(asked)s asked", said["answered"]
    )
    rests_on %= said
    return [
        {
            "label": _("Satisfaction (1 to 5)"),
            "value": f"{surveys['satisfaction']:.1f}" if surveys["answered"] else "—",
            "url": reverse("care:surveys"),
            "hint": rests_on,
        },
        {
            "label": _("Net promoter score"),
            "value": surveys["nps"] if surveys["nps"] is not None else "—",
            "url": reverse("care:surveys"),
            "hint": rests_on,
        },
    ]


def _leaks(user: User, ids: list[int], listing: Callable[..., str]) -> list[dict[str, Any]]:
    """What runs away in a year, for those who may see commission; what stands above the tier's rate is told beside it."""
    if not user.has_perm("tiers.view_rateleak"):
        return []
    rows = RateLeak.objects.visible_to(user).filter(client__branch_id__in=ids)
    told = {row["kind"]: row for row in rows.by_kind()}
    above = told.pop(RateLeak.Kind.ABOVE, {"effect": 0})["effect"] or 0
    is_above = Q(kind=RateLeak.Kind.ABOVE)
    whose = rows.aggregate(
        losing=Count("client", distinct=True, filter=~is_above), dear=Count("client", distinct=True, filter=is_above)
    )
    losing, dear = whose["losing"], whose["dear"]
    return [
        {
            "label": _("Commission leaks a year"),
            "money": sum((row["effect"] for row in told.values()), start=0),
            "url": listing("tiers:leaks"),
            "hint": ngettext("at %(count)d client", "at %(count)d clients", losing) % {"count": losing},
        },
        {
            "label": _("Charged above the tier's rate a year"),
            "money": above,
            "url": listing("tiers:leaks", kind=RateLeak.Kind.ABOVE),
            "hint": ngettext("at %(count)d client", "at %(count)d clients", dear) % {"count": dear},
        },
    ]


def _tier_chart(user: User, ids: list[int]) -> dict[str, Any] | None:
    """Clients by tier, in the order of the programme."""
    counts = dict(
        TierState.objects.visible_to(user)
        .filter(client__branch_id__in=ids)
        .still_clients()
        .values_list("tier_id")
        .annotate(Count("pk"))
    )
    tiers = list(Tier.objects.filter(pk__in=counts).order_by("programme_id", "rank"))
    if not tiers:
        return None
    return {
        "kind": "bar",
        "categories": [tier.name for tier in tiers],
        "category_label": _("Tier"),
        "series": [
            {
                "name": _("Clients"),
                "data": [counts[tier.pk] for tier in tiers],
                "tone": "accent",
                "slots": [tier.palette for tier in tiers],
            }
        ],
        "unit": "count",
    }


def _money_charts(ids: list[int], today: date) -> list[dict[str, Any]]:
    """Assets at the end of each of thirteen months, and the net inflow in each."""
    first = _months_back(today.replace(day=1), _MONTHS - 1)
    months: dict[str, dict[str, Any]] = {}
    for row in BranchDay.objects.filter(branch_id__in=ids, day__gte=first).order_by("day"):
        month = months.setdefault(f"{row.day:%Y-%m}", {"inflow": 0, "ends": {}})
        month["inflow"] += row.inflow - row.outflow
        month["ends"][row.branch_id] = row.net_assets
    if not months:
        return []
    shared = {"categories": list(months), "category_label": _("Month"), "unit": "yuan"}
    ends = [str(sum(month["ends"].values())) for month in months.values()]
    inflow = [str(month["inflow"]) for month in months.values()]
    return [
        {"kind": "area", "series": [{"name": _("Assets at month-end"), "data": ends, "tone": "accent"}], **shared},
        {"kind": "bar", "series": [{"name": _("Net inflow"), "data": inflow, "tone": "accent"}], **shared},
    ]


def _months_back(month: date, count: int) -> date:
    place = month.year * 12 + month.month - 1 - count
    return date(place // 12, place % 12 + 1, 1)


def _overdue(user: User, ids: list[int], today: date) -> list[dict[str, Any]]:
    """Overdue work by person: complaints by handler, calls by caller."""
    people: dict[str, dict[str, Any]] = {}
    complaints = Complaint.objects.visible_to(user).filter(branch_id__in=ids).overdue_by_handler(today)
    for row in complaints:
        _entry(people, row["handler__public_id"], row["handler__name"])["complaints"] += row["overdue"]
    calls = (
        FollowUpCall.objects.visible_to(user)
        .filter(client__branch_id__in=ids)
        .overdue(today)
        .values("caller__public_id", "caller__name")
        .annotate(overdue=Count("pk"))
        .order_by()
    )
    for row in calls:
        _entry(people, row["caller__public_id"], row["caller__name"])["calls"] += row["overdue"]
    return sorted(people.values(), key=lambda entry: -(entry["complaints"] + entry["calls"]))


def _entry(people: dict[str, dict[str, Any]], public_id: str | None, name: str | None) -> dict[str, Any]:
    """The line of one person; two of the same name have a line each."""
    return people.setdefault(public_id or "", {"name": name or _("Not assigned yet"), "complaints": 0, "calls": 0})
